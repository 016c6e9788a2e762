import assert from "node:assert/strict";
import { test } from "node:test";

import { Delivery } from "../src/keel-delivery.js";
import { checkOptions } from "../src/options.js";
import {
  isMustSend,
  nounKey,
  parseValue,
  projectHash,
  type RawEvent,
  rawValue,
  recordKey,
  recordPrefix,
  sealedValue,
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
  distinctId: string;
  sessionId: string;
  key: string;
  identityKey: string;
  raw: string;
  sealed: string;
}>("records.json");

const project = projectHash(fixture.apiKey);

const rawEvent: RawEvent = {
  uuid: fixture.uuid,
  timestamp: "2026-01-02T03:04:05.678Z",
  event: "booking_completed",
  team: "42",
  url: "https://book.example/ada/intro?utm_source=mail",
  referrer: "https://blog.example/posts/7",
  distinct_id: fixture.distinctId,
  session_id: fixture.sessionId,
  device_id: fixture.distinctId,
  identified: false,
};

const properties = { bookingId: 7, note: 'café "x"' };

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
  assert.equal(Date.parse(rawEvent.timestamp), fixture.capturedMs);
});

test("a raw value is that of the fixture, member by member in the same order", () => {
  assert.equal(rawValue(rawEvent, JSON.stringify(properties)), fixture.raw);
});

test("a raw value that no gate holds names no team", () => {
  const { team, ...ungated } = rawEvent;
  assert.equal(team, "42");
  assert.equal(rawValue(ungated, "{}").includes("team"), false);
});

test("a raw value is read back with everything that it says", () => {
  assert.deepEqual(parseValue(fixture.raw), { stage: "raw", ...rawEvent, properties });
});

test("a sealed value is that of the fixture, its body word for word", () => {
  const sealed = parseValue(fixture.sealed);
  assert.ok(sealed?.stage === "sealed");
  assert.equal(sealed.team, "42");
  assert.equal(sealed.body.event, "booking_completed");
  assert.equal(sealedValue(sealed.team, JSON.stringify(sealed.body)), fixture.sealed);
});

test("a sealed value that no gate holds names no team", () => {
  assert.equal(sealedValue(undefined, '{"event":"x"}'), '{"stage":"sealed","body":{"event":"x"}}');
  assert.equal(sealedValue('4"2', "{}"), '{"stage":"sealed","team":"4\\"2","body":{}}');
});

test("the keel seals the raw value of the fixture into the sealed one", (t) => {
  const entries = installStorage();
  const identity = { distinct_id: fixture.distinctId, device_id: fixture.distinctId, identified: false };
  entries.set(fixture.identityKey, JSON.stringify(identity));
  entries.set(fixture.key, fixture.raw);
  t.mock.method(globalThis, "fetch", async () => new Response(""));
  const options = checkOptions(fixture.apiKey, { teamId: 42, isTeamEnabled: true });
  const records = new Map([[fixture.key, ""]]);
  new Delivery(options, new TeamGate(options), records, () => {}).exit();
  const sealed = entries.get(fixture.key)?.replace(`"$lib_version":"${__VERSION__}"`, '"$lib_version":"0.1.0"');
  assert.equal(sealed, fixture.sealed);
});

test("every cut of a value is torn, and so is what somebody else wrote", () => {
  for (const value of [fixture.raw, fixture.sealed]) {
    for (let end = 0; end < value.length; end++) assert.equal(parseValue(value.slice(0, end)), undefined, `${end}`);
  }
  for (const value of ["null", "true", "7", '"raw"', "[]", "{}", '{"stage":"other"}', '{"body":{"event":"e"}}']) {
    assert.equal(parseValue(value), undefined, value);
  }
});

test("a value that lacks what it needs is torn, as for the engine", () => {
  const complete = { stage: "raw", uuid: "u", timestamp: "t", event: "e", properties: {} };
  assert.ok(parseValue(JSON.stringify(complete)));
  for (const member of ["uuid", "timestamp", "event", "properties"]) {
    const value = JSON.stringify({ ...complete, [member]: undefined });
    assert.equal(parseValue(value), undefined, value);
  }
  for (const value of [
    '{"stage":"raw","uuid":"u","timestamp":"t","event":"e","properties":[]}',
    '{"stage":"sealed"}',
    '{"stage":"sealed","body":{}}',
    '{"stage":"sealed","body":{"event":""}}',
    '{"stage":"sealed","body":[]}',
  ]) {
    assert.equal(parseValue(value), undefined, value);
  }
});

test("a torn record keeps no other record from leaving", (t) => {
  const entries = installStorage();
  const tornKey = recordKey(project, fixture.capturedMs - 1, 0, "0190b3a2-7c1e-7a3b-9f00-000000000000");
  entries.set(tornKey, '{"stage":"sealed","body":{}}');
  entries.set(fixture.key, fixture.sealed);
  const fetched = t.mock.method(globalThis, "fetch", async () => new Response(""));
  const options = checkOptions(fixture.apiKey, { teamId: 42, isTeamEnabled: true });
  const records = new Map([
    [tornKey, ""],
    [fixture.key, ""],
  ]);
  assert.doesNotThrow(() => new Delivery(options, new TeamGate(options), records, () => {}).exit());
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
