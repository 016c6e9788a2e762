import assert from "node:assert/strict";
import { test } from "node:test";

import { personOf, visitorOf } from "../src/entry-events.js";
import type { IdentityCall } from "../src/journal.js";
import type { OutgoingEvent } from "../src/types.js";

const ANON = "0190b3a2-7c1d-7000-8000-00000000000d";
const CALL = "0190b3a2-7c1e-7a3b-9f00-0123456789ab";
const LATER = "0190b3a2-7c1f-7a3b-9f00-0123456789ab";

/** The visitor of a browser that nobody knows. */
const stored = JSON.stringify({ distinct_id: ANON, device_id: ANON, identified: false, untracked: true });
const known = JSON.stringify({ distinct_id: "ada", device_id: ANON, identified: true });

const follow = (visitor: string, ...identity: IdentityCall[]) => personOf({ visitor, identity });

test("a page that has said nothing is about the stored visitor", () => {
  assert.deepEqual(follow(stored), { distinct_id: ANON, device_id: ANON, identified: false });
  assert.deepEqual(follow(known), { distinct_id: "ada", device_id: ANON, identified: true });
});

test("a stored visitor without a device is its own, and nobody knows it", () => {
  assert.deepEqual(follow(`{"distinct_id":"${ANON}"}`), { distinct_id: ANON, device_id: ANON, identified: false });
});

test("`identify` names the person and leaves the device", () => {
  const ada = { distinct_id: "ada", device_id: ANON, identified: true };
  assert.deepEqual(follow(stored, ["identify", "ada", CALL]), ada);
  assert.deepEqual(follow(stored, ["identify", "bob", CALL], ["identify", "ada", LATER]), ada);
});

test("`identify` by an id that PostHog does not take changes nothing", () => {
  for (const id of ["", " ", "null", "undefined", "guest", "0", "x".repeat(201), 7, null, {}]) {
    assert.deepEqual(follow(stored, ["identify", id, CALL]), follow(stored), String(id));
  }
});

test("`reset` makes a person whose id is the uuid of the call, on the same device", () => {
  const fresh = { distinct_id: CALL, device_id: ANON, identified: false };
  for (const options of [undefined, null, {}, { purge: true }, { newDevice: false }]) {
    assert.deepEqual(follow(known, ["reset", options, CALL]), fresh);
  }
});

test("`reset` with `newDevice` makes another device as well", () => {
  const fresh = { distinct_id: CALL, device_id: CALL, identified: false };
  assert.deepEqual(follow(known, ["reset", { newDevice: true }, CALL]), fresh);
});

test("`reset` with a bootstrapped id is about that one", () => {
  const anonymous = { bootstrap: { distinctId: "anon-7" } };
  assert.deepEqual(follow(known, ["reset", anonymous, CALL]), {
    distinct_id: "anon-7",
    device_id: ANON,
    identified: false,
  });
  assert.deepEqual(follow(known, ["reset", { ...anonymous, newDevice: true }, CALL]), {
    distinct_id: "anon-7",
    device_id: "anon-7",
    identified: false,
  });
});

test("`reset` with a bootstrapped person is about somebody who is known, and that id is no device's", () => {
  const bootstrap = { distinctId: "bob", isIdentified: true };
  assert.deepEqual(follow(known, ["reset", { bootstrap }, CALL]), {
    distinct_id: "bob",
    device_id: ANON,
    identified: true,
  });
  assert.deepEqual(follow(known, ["reset", { bootstrap, newDevice: true }, CALL]), {
    distinct_id: "bob",
    device_id: CALL,
    identified: true,
  });
});

test("calls are followed in their order", () => {
  assert.deepEqual(follow(stored, ["identify", "ada", CALL], ["reset", undefined, LATER]), {
    distinct_id: LATER,
    device_id: ANON,
    identified: false,
  });
  assert.deepEqual(follow(stored, ["reset", { newDevice: true }, CALL], ["identify", "ada", LATER]), {
    distinct_id: "ada",
    device_id: CALL,
    identified: true,
  });
});

test("where the stored visitor is damaged, nobody knows who the event is about", () => {
  for (const visitor of ["", "{", "null", "7", "{}", '{"distinct_id":7}', '{"distinct_id":"null"}', "[]"]) {
    assert.equal(follow(visitor, ["identify", "ada", CALL]), undefined, visitor);
  }
  assert.equal(personOf({ visitor: stored, identity: undefined as never }), undefined);
  assert.equal(personOf({ visitor: stored, identity: [null as never] }), undefined);
});

/** An event with these properties. */
const eventWith = (properties: Record<string, unknown>): OutgoingEvent => ({
  event: "e",
  uuid: CALL,
  distinct_id: "ada",
  timestamp: "2026-01-02T03:04:05.678Z",
  properties,
});

test("what an event says of whom it is about is read back as that", () => {
  const event = eventWith({ $device_id: ANON, $is_identified: true, bookingId: 7 });
  assert.deepEqual(follow(visitorOf(event)), { distinct_id: "ada", device_id: ANON, identified: true });
});

test("an event whose hook has taken that out is about its own id, and nobody who is known", () => {
  assert.equal(visitorOf(eventWith({})), '{"distinct_id":"ada","device_id":"","identified":false}');
  assert.equal(JSON.parse(visitorOf(eventWith({ $is_identified: "true" }))).identified, false);
});
