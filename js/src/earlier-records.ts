// Records of the first keels, which stored what they knew of an event and left the sealing to others. They are sealed here,
// before anybody else sees them; the form is kept readable for queues that such a page has left.

import { addressProperties, ownedProperties } from "./event.js";
import { recordPrefix, recordValue } from "./record.js";
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
    return recordValue(team, JSON.stringify(body));
  } catch {
    // It was cut off; whoever reads it finds that out.
    return value;
  }
}

/** Seals what storage holds of that form. */
export function sealStored(project: string, apiKey: string): void {
  for (const key of storage.keys()) {
    const value = key.startsWith(recordPrefix(project)) ? (storage.get(key) ?? "") : "";
    const sealed = sealEarlier(value, apiKey);
    if (sealed !== value) storage.put(key, sealed);
  }
}
