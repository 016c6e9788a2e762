// The record format of storage, as the engine's `record.rs` defines it. `tests/fixtures/records.json` holds both to it.

import { KEY_PREFIX } from "./storage.js";

/** The format that this version writes and reads. */
const RECORD_FORMAT = 1;

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
  /** Whether it goes at once, whatever its name says. */
  readonly atOnce: boolean;
}

/** The value of a record. It is raw while its own page may still change who it is about, and held where nobody knew its team. */
export function recordValue(
  { team, open, body }: Pick<NewRecord, "team" | "open" | "body">,
  stage: "sealed" | "raw" = "sealed",
): string {
  if (team === undefined) return `{"stage":"${stage}","body":${body}}`;
  const held = open === undefined ? '"held":true,' : "";
  return `{"stage":"${stage}",${held}"team":${JSON.stringify(team)},"body":${body}}`;
}

/** When a record was captured, as its key says. */
export const capturedMsOf = (key: string): number => Number.parseInt(key.split(":")[3] ?? "", 36);

/** A record's value, read. */
export interface RecordValue {
  readonly team?: string;
  /** Whether nobody knew that team when it was captured. */
  readonly held: boolean;
  readonly body: { readonly event: string };
}

/** Reads a record's value; `undefined`, where it is torn or written by somebody else: what the engine calls torn. */
export function parseValue(text: string): RecordValue | undefined {
  try {
    const { stage, team, held, body } = JSON.parse(text);
    const isWhole = /^(raw|sealed)$/.test(stage) && typeof body.event === "string" && body.event !== "";
    return isWhole ? { ...(team && { team }), held: held === true, body } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether an event goes at once: a page is usually left right after it, or money depends on it. */
export const isMustSend = (event: string) =>
  /^(booking_(completed|failed)|\$identify)$/.test(event) || event.startsWith("payment_");
