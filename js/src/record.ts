// The record of an event in storage. What its value looks like is the engine's own affair (`record.rs`).

import { capturedKey, nounKey, RECORD_FORMAT } from "./storage-keys.js";

/** What the keys of all records of a project start with. */
export const recordPrefix = (project: string) => `${nounKey(RECORD_FORMAT, project)}:`;

/** The key of one record. */
export const recordKey = (project: string, capturedMs: number, sequence: number, uuid: string) =>
  recordPrefix(project) + capturedKey(capturedMs, sequence, uuid);

/** When a record was captured, as its key says. */
export const capturedMsOf = (key: string): number => Number.parseInt(key.split(":")[3] ?? "", 36);

/** A record that is to be stored. */
export interface NewRecord {
  readonly key: string;
  readonly event: string;
  /** The event's JSON text. */
  readonly body: string;
  /** The team whose gate must be open; absent, where no gate holds the event. */
  readonly team: string | undefined;
  /** What is known of that team. */
  readonly open: boolean | undefined;
  /** Whether it goes at once. */
  readonly mustSend: boolean;
}
