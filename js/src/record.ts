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

/** What a page knows of an event before it is sealed. Addresses are reduced. */
export interface RawEvent {
  readonly uuid: string;
  /** ISO 8601 in UTC. */
  readonly timestamp: string;
  readonly event: string;
  /** The team whose gate must be open; absent, where no gate holds the event. */
  readonly team?: string;
  readonly url: string;
  readonly referrer: string;
  readonly distinct_id: string;
  readonly session_id: string;
  /** Who was known on which device, so that whoever seals the record seals it alike. */
  readonly device_id: string;
  readonly identified: boolean;
}

/** The value of a record that is still to be sealed. `properties` is JSON text. */
export const rawValue = (raw: RawEvent, properties: string) =>
  `${JSON.stringify({ stage: "raw", ...raw }).slice(0, -1)},"properties":${properties}}`;

/** The value of a sealed record. `body` is the event's JSON text. */
export const sealedValue = (team: string | undefined, body: string) =>
  `{"stage":"sealed",${team === undefined ? "" : `"team":${JSON.stringify(team)},`}"body":${body}}`;

/** A record's value, read. */
export type RecordValue =
  | ({ readonly stage: "raw"; readonly properties: Record<string, unknown> } & RawEvent)
  | { readonly stage: "sealed"; readonly team?: string; readonly body: { readonly event: string } };

/** Reads a record's value; `undefined`, where it is torn or written by somebody else: what the engine calls torn. */
export function parseValue(text: string): RecordValue | undefined {
  try {
    const value = JSON.parse(text);
    const { stage, uuid, timestamp, event, properties, body } = value;
    const whole = stage === "raw" ? areTexts(uuid, timestamp, event) && isObject(properties) : stage === "sealed";
    return whole && (stage === "raw" || (isObject(body) && areTexts(body.event))) ? value : undefined;
  } catch {
    return undefined;
  }
}

const areTexts = (...values: unknown[]) => values.every((value) => typeof value === "string" && value !== "");

const isObject = (value: unknown): value is { readonly event?: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether an event goes at once: a page is usually left right after it, or money depends on it. */
export const isMustSend = (event: string) =>
  /^(booking_(completed|failed)|\$identify)$/.test(event) || event.startsWith("payment_");
