import assert from "node:assert/strict";
import { test } from "node:test";

import { capturedKey, KEY_PREFIX, nounKey, projectHash, RECORD_FORMAT } from "../src/storage-keys.js";
import { readFixture } from "./repository.js";

/** The names that the engine's `record.rs` has too. */
const fixture = readFixture<{
  apiKey: string;
  project: string;
  capturedMs: number;
  sequence: number;
  uuid: string;
  key: string;
  identityKey: string;
}>("records.json");

test("a project key is hashed by FNV-1a and written in base 36", () => {
  assert.equal(projectHash(fixture.apiKey), fixture.project);
  // The test vectors of the hash's authors.
  assert.equal(projectHash(""), (0x811c9dc5).toString(36));
  assert.equal(projectHash("a"), (0xe40c292c).toString(36));
  assert.equal(projectHash("foobar"), (0xbf9cf968).toString(36));
});

test("what is stored once for each project has the key of the fixture that the engine shares", () => {
  assert.equal(nounKey("identity", fixture.project), fixture.identityKey);
});

test("time, sequence and uuid of a key are those of the fixture that the engine shares", () => {
  const { capturedMs, sequence, uuid, key, project } = fixture;
  assert.equal(nounKey(RECORD_FORMAT, project), `${KEY_PREFIX}${RECORD_FORMAT}:${project}`);
  assert.equal(`${nounKey(RECORD_FORMAT, project)}:${capturedKey(capturedMs, sequence, uuid)}`, key);
});

test("keys of one project sort by time", () => {
  const times = [1_000_000_000_000, 1_767_323_045_678, 1_767_323_045_679, 2_821_109_907_455];
  const keys = times.map((ms) => capturedKey(ms, 0, fixture.uuid));
  assert.deepEqual([...keys].sort(), keys);
});
