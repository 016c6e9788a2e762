// From entries of the journal to events and back: who an entry's event is about, and what the entry of a record says.

import { isLegalDistinctId } from "./distinct-id.js";
import type { Entry, IdentityCall } from "./journal.js";
import type { OutgoingEvent, ResetOptions } from "./types.js";

/** Who an event is about. */
export interface Person {
  readonly distinct_id: string;
  readonly device_id: string;
  readonly identified: boolean;
}

/** Who the visitor was when an entry was made: its stored identity, followed through what its page has said since. */
export function personOf({ visitor, identity }: Pick<Entry, "visitor" | "identity">): Person | undefined {
  try {
    const { distinct_id, device_id, identified = false }: Partial<Person> = JSON.parse(visitor);
    if (!isLegalDistinctId(distinct_id)) return undefined;
    return identity.reduce(follow, { distinct_id, device_id: device_id ?? distinct_id, identified });
  } catch {
    // Somebody has damaged it.
    return undefined;
  }
}

function follow(person: Person, [name, given, uuid]: IdentityCall): Person {
  if (name === "identify") {
    // A bootstrap, which is no call and has no uuid, leaves a known person who it is.
    const isNamed = isLegalDistinctId(given) && (uuid || !person.identified);
    return isNamed ? { ...person, distinct_id: given, identified: true } : person;
  }
  const { newDevice = false, bootstrap } = { ...(given as ResetOptions | null) };
  const { distinctId, isIdentified = false } = bootstrap ?? {};
  const id = isLegalDistinctId(distinctId) ? distinctId : uuid;
  const device_id = distinctId && !isIdentified ? id : uuid;
  const fresh = { distinct_id: id, device_id, identified: Boolean(distinctId) && isIdentified };
  return newDevice ? fresh : { ...fresh, device_id: person.device_id };
}

/** What an event says of whom it is about. */
export function visitorOf({ distinct_id, properties: { $device_id, $is_identified } }: OutgoingEvent): string {
  const person: Person = { distinct_id, device_id: String($device_id ?? ""), identified: $is_identified === true };
  return JSON.stringify(person);
}
