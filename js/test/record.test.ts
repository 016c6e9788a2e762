import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { isMustSend } from "../src/must-send.js";
import { Quarantine } from "../src/quarantine.js";
import { recordKey, recordPrefix } from "../src/record.js";
import { nounKey, projectHash } from "../src/storage-keys.js";
import { readFixture } from "./repository.js";
import { installStorage } from "./storage-double.js";

/** The storage format as the engine's `record.rs` reads it too. */
const fixture = readFixture<{
  apiKey: string;
  capturedMs: number;
  sequence: number;
  uuid: string;
  key: string;
  sealed: string;
  raw: string;
  held: string;
  ungated: string;
}>("records.json");

const project = projectHash(fixture.apiKey);

test("the key of a record is that of the fixture that the engine shares", () => {
  assert.equal(recordKey(project, fixture.capturedMs, fixture.sequence, fixture.uuid), fixture.key);
  assert.ok(fixture.key.startsWith(recordPrefix(project)));
});

test("what a page is left after, and what money depends on, goes at once", () => {
  for (const event of ["booking_completed", "booking_failed", "$identify", "payment_processed", "payment_"]) {
    assert.equal(isMustSend(event), true, event);
  }
  for (const event of ["booking_started", "booking_completed2", "a booking_failed", "$identify ", "my_payment_", ""]) {
    assert.equal(isMustSend(event), false, event);
  }
});

let entries = new Map<string, string>();
beforeEach(() => {
  entries = installStorage();
});

const quarantineKey = nounKey("quarantine", project);
const versionsOf = () => JSON.parse(entries.get(quarantineKey) ?? "{}");

test("a quarantine remembers which version has trapped on a record", () => {
  const quarantine = new Quarantine(project);
  assert.deepEqual([quarantine.uuids, quarantine.untried], [[], []]);
  quarantine.add(fixture.uuid);
  assert.deepEqual(versionsOf(), { [fixture.uuid]: __VERSION__ });
  assert.deepEqual(new Quarantine(project).uuids, [fixture.uuid]);
});

test("a record is tried by every other version, once", () => {
  entries.set(quarantineKey, JSON.stringify({ earlier: "0.0.1", mine: __VERSION__ }));
  const quarantine = new Quarantine(project);
  assert.deepEqual(quarantine.uuids, ["earlier", "mine"]);
  assert.deepEqual(quarantine.untried, ["earlier"]);
  quarantine.add("earlier");
  assert.deepEqual(quarantine.untried, []);
});

test("a quarantine keeps the 20 records that were noted last", () => {
  const quarantine = new Quarantine(project);
  for (let n = 0; n < 20; n++) quarantine.add(`record ${n}`);
  quarantine.add("record 0");
  quarantine.add("record 20");
  assert.equal(quarantine.uuids.length, 20);
  assert.deepEqual(quarantine.uuids.slice(-2), ["record 0", "record 20"]);
  assert.ok(!quarantine.uuids.includes("record 1"));
});

test("a quarantine forgets a record of which nothing is stored any more", () => {
  const quarantine = new Quarantine(project);
  quarantine.add(fixture.uuid);
  quarantine.add("gone");
  entries.set(fixture.key, fixture.sealed);
  quarantine.tidy();
  assert.deepEqual(versionsOf(), { [fixture.uuid]: __VERSION__ });
  entries.delete(fixture.key);
  quarantine.tidy();
  assert.equal(entries.has(quarantineKey), false);
});

test("a quarantine that somebody has damaged is empty, and works again", () => {
  for (const text of ["", "{", "null", "7"]) {
    entries.set(quarantineKey, text);
    const quarantine = new Quarantine(project);
    assert.deepEqual(quarantine.uuids, [], text);
    quarantine.add(fixture.uuid);
    assert.deepEqual(quarantine.uuids, [fixture.uuid], text);
  }
});
