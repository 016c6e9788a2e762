// The record format of storage, as the engine's `record.rs` defines it. `tests/fixtures/records.json` holds both to it.

import { KEY_PREFIX } from "./storage.js";

/** The format that this version writes and reads. */
const RECORD_FORMAT = "1";

/** The hash of a project key in storage keys: 32-bit FNV-1a. */
export function projectHash(apiKey: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < apiKey.length; index++) hash = Math.imul(hash ^ apiKey.charCodeAt(index), 0x01000193);
  return (hash >>> 0).toString(36);
}

/** The key of something that is stored once for each project. */
export const nounKey = (noun: string, project: string) => `${KEY_PREFIX}${noun}:${project}`;

/** What the keys of all records of a project start with. */
export const recordPrefix = (project: string) => `${KEY_PREFIX}${RECORD_FORMAT}:${project}:`;

/** The key of one record. */
export const recordKey = (project: string, capturedMs: number, sequence: number, uuid: string) =>
  `${recordPrefix(project)}${capturedMs.toString(36)}:${sequence.toString(36)}:${uuid}`;

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

/** How a team is written in a record and told to the engine: without a character that separates anything there. */
export const teamText = (team = ""): string => encodeURIComponent(team);

/** The value of a record. It is raw while its own page may still change who it is about, and held where nobody knew its team. */
export function recordValue(
  { team, open, mustSend, body }: Omit<NewRecord, "key" | "event">,
  stage: "sealed" | "raw" = "sealed",
): string {
  const held = team !== undefined && open === undefined ? "h" : "";
  return `${stage[0]}${held}${mustSend ? "m" : ""}\t${teamText(team)}\t${body}`;
}

/** When a record was captured, as its key says. */
export const capturedMsOf = (key: string): number => Number.parseInt(key.split(":")[3] ?? "", 36);

/** A record's value, read. */
export interface RecordValue {
  readonly team: string | undefined;
  /** Whether nobody knew that team when it was captured. */
  readonly held: boolean;
  readonly mustSend: boolean;
  readonly event: string;
  readonly body: string;
}

/** Reads a record's value; `undefined`, where it is torn or written by somebody else. */
export function parseValue(value: string): RecordValue | undefined {
  const [marks = "", team = "", body = "", ...more] = value.split("\t");
  const has = (mark: string) => marks.includes(mark);
  try {
    const { event } = JSON.parse(body);
    const isWhole = has("s") !== has("r") && typeof event === "string" && event !== "" && more.length === 0;
    const read = { team: decodeURIComponent(team) || undefined, held: has("h"), mustSend: has("m"), event, body };
    return isWhole ? read : undefined;
  } catch {
    return undefined;
  }
}

/** The value of a record for the engine, which does not look into the event: where that is damaged, what is no record. */
export const wholeValue = (value: string): string => (parseValue(value) ? value : "torn");

/** Whether an event goes at once: a page is usually left right after it, or money depends on it. */
export const isMustSend = (event: string) =>
  /^(booking_(completed|failed)|\$identify)$/.test(event) || event.startsWith("payment_");
