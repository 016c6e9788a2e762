// The names of what this product stores. The engine's `record.rs` has the same; `tests/fixtures/records.json` holds both to it.

/** What every key of this product starts with. */
export const KEY_PREFIX = "phbt:";

/** The format of records that this version writes and reads. */
export const RECORD_FORMAT = "1";

/** The hash of a project key in storage keys: 32-bit FNV-1a. */
export function projectHash(apiKey: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < apiKey.length; index++) hash = Math.imul(hash ^ apiKey.charCodeAt(index), 0x01000193);
  return (hash >>> 0).toString(36);
}

/** The key of something that is stored once for each project. */
export const nounKey = (noun: string, project: string) => `${KEY_PREFIX}${noun}:${project}`;

/** The part of a key that says when and by whom something was captured. */
export const capturedKey = (ms: number, sequence: number, uuid: string): string =>
  `${ms.toString(36)}:${sequence.toString(36)}:${uuid}`;
