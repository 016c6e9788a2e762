// Records of the first keels, which stored what they knew of an event and left the sealing to others. They are sealed here,
// where they are read; the form is kept readable for queues that such a page has left.

import { addressProperties, ownedProperties } from "./event.js";
import { recordValue } from "./record.js";
import * as storage from "./storage.js";

/** The value of a record as it is read today: that of an earlier form, sealed; any other one as it is. */
export function sealEarlier(value: string, apiKey: string): string {
  if (!value.startsWith('{"stage":"raw","uuid":')) return value;
  try {
    const { event, uuid, timestamp, team, properties, ...raw } = JSON.parse(value);
    const who = {
      distinctId: raw.distinct_id,
      deviceId: raw.device_id,
      isIdentified: raw.identified,
      hasProfile: raw.identified || event === "$identify",
      sessionId: raw.session_id,
    };
    const all = { ...addressProperties(raw), ...properties, ...ownedProperties(apiKey, who) };
    const body = { event, uuid, distinct_id: raw.distinct_id, timestamp, properties: all };
    return recordValue({ team, open: true, body: JSON.stringify(body) });
  } catch {
    // It was cut off; whoever reads it finds that out.
    return value;
  }
}

/** A stored value, as `storage.get` gives it; a record of that form is sealed in its place first. */
export function readStored(key: string, apiKey: string): string | undefined {
  const value = storage.get(key);
  const sealed = value && sealEarlier(value, apiKey);
  if (sealed && sealed !== value) storage.put(key, sealed);
  return sealed;
}
