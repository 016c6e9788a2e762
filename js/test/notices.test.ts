import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { ALL_REASONS, DROP_REASONS, NOTICE_CODES, Notices } from "../src/notices.js";
import type { DropReason } from "../src/types.js";
import { readFixture } from "./repository.js";

const said: string[] = [];
let isBroken = false;
for (const level of ["debug", "info", "log", "warn", "error"] as const) {
  mock.method(console, level, (text: string) => {
    said.push(`${level} ${text}`);
    if (isBroken) throw new Error("a console of the page's own");
  });
}

beforeEach(() => {
  said.length = 0;
  isBroken = false;
});

const WARNINGS = NOTICE_CODES.slice(DROP_REASONS, -3);

test("the codes are those of the fixture that the engine shares", () => {
  assert.deepEqual([...NOTICE_CODES.slice(0, -5)], readFixture("notice-codes.json"));
});

test("the reasons to drop an event are those of the public type", () => {
  // The compiler demands every reason here, and no other.
  const reasons: Record<DropReason, true> = {
    gate_shut: true,
    gate_unknown: true,
    invalid: true,
    too_large: true,
    rejected: true,
    expired: true,
    evicted: true,
    torn: true,
    duplicate: true,
    shut_down: true,
    forbidden: true,
    purged: true,
    ungated: true,
    no_consent: true,
    before_send: true,
  };
  assert.deepEqual(ALL_REASONS, Object.keys(reasons));
});

test("every warning is said once, whether debug is on or not", () => {
  for (const debug of [false, true]) {
    for (const code of WARNINGS) {
      said.length = 0;
      const notices = new Notices(debug);
      for (let round = 0; round < 3; round++) notices.report(code, "booking_started");
      assert.equal(said.length, 1, code);
      assert.match(said[0] ?? "", /^warn \[PostHogBookingTracker\] .*\. (Pass|Check|Nothing) .*\.$/, code);
    }
  }
});

test("one warning does not keep another from being said", () => {
  const notices = new Notices(false);
  for (const code of WARNINGS) notices.report(code);
  assert.equal(new Set(said).size, WARNINGS.length);
});

test("a drop is said each time, with the event and the reason, in debug only", () => {
  for (const code of ALL_REASONS) {
    said.length = 0;
    new Notices(false).report(code, "booking_started");
    assert.deepEqual(said, []);
    const notices = new Notices(true);
    notices.report(code, "booking_started");
    notices.report(code);
    assert.deepEqual(said, [
      `debug [PostHogBookingTracker] dropped booking_started: ${code}`,
      `debug [PostHogBookingTracker] dropped an event: ${code}`,
    ]);
  }
});

test("what is meant for debug is silent without it", () => {
  new Notices(false).debug("x");
  assert.deepEqual(said, []);
  new Notices(true).debug("x");
  assert.deepEqual(said, ["debug [PostHogBookingTracker] x"]);
});

test("what a call did wrong is said each time, in debug or not", () => {
  const notices = new Notices(false);
  for (let round = 0; round < 2; round++) notices.warn("x");
  assert.deepEqual(said, ["warn [PostHogBookingTracker] x", "warn [PostHogBookingTracker] x"]);
});

test("a console that throws is survived", () => {
  isBroken = true;
  const notices = new Notices(true);
  for (const code of NOTICE_CODES) notices.report(code, "x");
  assert.equal(said.length, NOTICE_CODES.length);
});

test("a console without methods is survived", () => {
  const { debug, warn } = console;
  Object.assign(console, { debug: undefined, warn: undefined });
  try {
    const notices = new Notices(true);
    for (const code of NOTICE_CODES) notices.report(code, "x");
  } finally {
    Object.assign(console, { debug, warn });
  }
});
