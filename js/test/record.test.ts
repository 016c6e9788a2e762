import assert from "node:assert/strict";
import { test } from "node:test";

import type { Consent } from "../src/consent.js";
import { Delivery } from "../src/keel-delivery.js";
import { Notices } from "../src/notices.js";
import { checkOptions } from "../src/options.js";
import { isMustSend, nounKey, parseValue, projectHash, recordKey, recordPrefix, recordValue } from "../src/record.js";
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
  held: string;
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

test("a sealed value is that of the fixture, its body word for word", () => {
  const sealed = parseValue(fixture.sealed);
  assert.ok(sealed);
  assert.equal(sealed.team, "42");
  assert.equal(sealed.body.event, "booking_completed");
  assert.equal(recordValue({ team: "42", open: true, body: JSON.stringify(sealed.body) }), fixture.sealed);
});

test("a sealed value that no gate holds names no team", () => {
  const textOf = (team: string | undefined, open?: boolean) => recordValue({ team, open, body: "{}" });
  assert.equal(textOf(undefined), '{"stage":"sealed","body":{}}');
  assert.equal(textOf('4"2', true), '{"stage":"sealed","team":"4\\"2","body":{}}');
});

test("a whole event that its page may still change is taken as it is by whoever else finds it", () => {
  const raw = recordValue({ team: "42", open: true, body: '{"event":"x"}' }, "raw");
  assert.equal(raw, '{"stage":"raw","team":"42","body":{"event":"x"}}');
  assert.deepEqual(parseValue(raw), { team: "42", held: false, body: { event: "x" } });
});

test("a value whose team nobody knew says so, as that of the fixture does", () => {
  const held = parseValue(fixture.held);
  assert.equal(held?.held, true);
  assert.equal(recordValue({ team: "42", open: undefined, body: JSON.stringify(held?.body) }), fixture.held);
});

test("every cut of a value is torn, and so is what somebody else wrote", () => {
  const value = fixture.sealed;
  for (let end = 0; end < value.length; end++) assert.equal(parseValue(value.slice(0, end)), undefined, `${end}`);
  for (const value of ["null", "true", "7", '"raw"', "[]", "{}", '{"stage":"other"}', '{"body":{"event":"e"}}']) {
    assert.equal(parseValue(value), undefined, value);
  }
});

test("a value that lacks what it needs is torn, as for the engine", () => {
  for (const value of [
    '{"stage":"raw"}',
    '{"stage":"sealed"}',
    '{"stage":"sealed","body":{}}',
    '{"stage":"sealed","body":{"event":""}}',
    '{"stage":"sealed","body":[]}',
    '{"stage":"cooked","body":{"event":"e"}}',
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
