// What is noted where the module has trapped, because no module is left then to do so: the record that it was at, and the event that it
// was given.

import type { BookingProperties, CapturedEvent } from "../engine/engine.js";
import { copyOf } from "./copy.js";
import { facadeVisitor } from "./facade-visitor.js";
import { storeEntry } from "./journal.js";
import { readObject, write } from "./local-storage.js";
import { isMustSend } from "./must-send.js";
import { nounKey } from "./storage-keys.js";
import { teamOf } from "./team-id.js";
import type { Shared } from "./tracker-source.js";
import { uuidv7 } from "./uuid.js";

/** How many records are remembered at most. */
const QUARANTINE_MAX = 20;

/** Notes that this version has trapped on a record (the engine's `quarantine.rs` reads it). */
export function noteTrap(project: string, uuid: string): void {
  const key = nounKey("quarantine", project);
  const { [uuid]: _, ...others } = readObject<Record<string, string>>(key);
  const kept = Object.entries(others).slice(1 - QUARANTINE_MAX);
  write(key, JSON.stringify(Object.fromEntries([...kept, [uuid, __VERSION__]])));
}

/** Stores the event of a call that this version has trapped in, where it may be stored: another version may make it. */
export function storeTrapped(shared: Shared, name: string, args: readonly unknown[]): CapturedEvent | undefined {
  const { project, options } = shared;
  if (shared.consent() !== "granted" || [options.beforeSend ?? []].flat().length > 0) return undefined;
  const copies = args.map(copyOf);
  const isOwn = name !== "capture";
  const event = isOwn ? name.replace("trackBooking", "booking_").toLowerCase() : String(copies[0]);
  const { teamId } = { ...(copies[isOwn ? 0 : 1] as BookingProperties | undefined) };
  const moment = shared.clock();
  const uuid = uuidv7(moment.ms);
  const [visitorOf] = facadeVisitor(project, options);
  const key = storeEntry(project, {
    ...moment,
    uuid,
    name,
    args: copies,
    page: shared.page,
    team: teamOf(teamId) || (teamOf(options.teamId) ?? ""),
    mustSend: isMustSend(event),
    visitor: visitorOf(),
    identity: [],
    trapped: __VERSION__,
  });
  if (key) noteTrap(project, uuid);
  return key ? { uuid, event } : undefined;
}
