import assert from "node:assert/strict";
import { test } from "node:test";

import type { Consent } from "../src/consent.js";
import { Delivery } from "../src/keel-delivery.js";
import { Notices } from "../src/notices.js";
import { readOptions } from "../src/options.js";
import {
  isMustSend,
  type NewRecord,
  nounKey,
  parseValue,
  projectHash,
  recordKey,
  recordPrefix,
  recordValue,
  wholeValue,
} from "../src/record.js";
import { TeamGate } from "../src/team-gate.js";
import { readFixture } from "./repository.js";
import { installStorage } from "./storage-double.js";

/** The storage format as the engine's `record.rs` reads it too. */
const fixture = readFixture<{
  apiKey: string;
  capturedMs: number;
  sequence: number;
  uuid: string;
  key: string;
  identityKey: string;
  sealed: string;
  raw: string;
  held: string;
  ungated: string;
}>("records.json");

const project = projectHash(fixture.apiKey);

test("a project key is hashed by FNV-1a and written in base 36", () => {
  assert.equal(project, (0xddfab0cc).toString(36));
  // The test vectors of the hash's authors.
  assert.equal(projectHash(""), (0x811c9dc5).toString(36));
  assert.equal(projectHash("a"), (0xe40c292c).toString(36));
  assert.equal(projectHash("foobar"), (0xbf9cf968).toString(36));
});

test("keys are those of the fixture that the engine shares", () => {
  assert.equal(recordKey(project, fixture.capturedMs, fixture.sequence, fixture.uuid), fixture.key);
  assert.equal(nounKey("identity", project), fixture.identityKey);
  assert.ok(fixture.key.startsWith(recordPrefix(project)));
});

const valueWith = (parts: Partial<NewRecord>, stage?: "raw") =>
  recordValue({ team: "42", open: true, mustSend: true, body: "{}", ...parts }, stage);

test("values are those of the fixture that the engine shares, and are read as they were written", () => {
  const { body = "" } = parseValue(fixture.sealed) ?? {};
  assert.equal(JSON.parse(body).properties.note, 'café "x"');
  const read = { team: "42", held: false, mustSend: true, event: "booking_completed", body };
  for (const [value, parts, stage, expected] of [
    [fixture.sealed, {}, undefined, read],
    [fixture.raw, {}, "raw", read],
    [fixture.held, { team: "a & b", open: undefined }, undefined, { ...read, team: "a & b", held: true }],
    [fixture.ungated, { team: undefined, open: undefined }, undefined, { ...read, team: undefined }],
  ] as const) {
    assert.equal(valueWith({ ...parts, body }, stage), value);
    assert.deepEqual(parseValue(value), expected);
  }
});

test("no team breaks the format, and none is mistaken for another", () => {
  const body = '{"event":"e"}';
  for (const team of ["a\tb", "a\nb", "a b", "a%20b", "größe", "😀", " "]) {
    const value = valueWith({ team, body });
    assert.equal(value.split("\t").length, 3);
    assert.doesNotMatch(value, /\n/);
    assert.equal(parseValue(value)?.team, team);
  }
});

test("every cut of a value is torn, and so is what somebody else wrote", () => {
  const value = fixture.sealed;
  for (let end = 0; end < value.length; end++) assert.equal(parseValue(value.slice(0, end)), undefined, `${end}`);
  for (const value of ["", " ", "null", "{}", '{"event":"e"}', "s", "s\t42"]) {
    assert.equal(parseValue(value), undefined, value);
  }
});

test("a value that lacks what it needs is torn, for the engine too", () => {
  for (const value of [
    '\t42\t{"event":"e"}',
    'sr\t42\t{"event":"e"}',
    'm\t42\t{"event":"e"}',
    "s\t42\t{}",
    's\t42\t{"event":""}',
    's\t42\t{"event":7}',
    's\t42\t{"event":"e"',
    "s\t42\t[]",
    "s\t42\tnull",
    's\t%\t{"event":"e"}',
    's\t42\t{"event":"e"}\t',
  ]) {
    assert.equal(parseValue(value), undefined, value);
    assert.equal(wholeValue(value), "torn");
  }
  assert.equal(wholeValue(fixture.raw), fixture.raw);
  assert.equal(parseValue('sz\t42\t{"event":"e"}')?.event, "e", "a mark of a later version");
});

test("a torn record keeps no other record from leaving", (t) => {
  const entries = installStorage();
  const tornKey = recordKey(project, fixture.capturedMs - 1, 0, "0190b3a2-7c1e-7a3b-9f00-000000000000");
  entries.set(tornKey, "s\t42\t{}");
  entries.set(fixture.key, fixture.sealed);
  const fetched = t.mock.method(globalThis, "fetch", async () => new Response(""));
  const { options = assert.fail() } = readOptions(fixture.apiKey, { teamId: 42, isTeamEnabled: true });
  const records = new Map([
    [tornKey, ""],
    [fixture.key, ""],
  ]);
  assert.doesNotThrow(() =>
    new Delivery(
      options,
      { isGranted: true } as Consent,
      new TeamGate(options, { isGranted: true }, new Notices(false)),
      records,
      () => {},
    ).exit(),
  );
  assert.equal(fetched.mock.callCount(), 1);
});

test("what a page is left after, and what money depends on, goes at once", () => {
  for (const event of ["booking_completed", "booking_failed", "$identify", "payment_processed", "payment_"]) {
    assert.equal(isMustSend(event), true, event);
  }
  for (const event of ["booking_started", "booking_completed2", "a booking_failed", "$identify ", "my_payment_", ""]) {
    assert.equal(isMustSend(event), false, event);
  }
});
