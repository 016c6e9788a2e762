import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { DROP_REASONS, noDrops } from "../src/drop-reasons.js";
import { type NoticeCode, Notices } from "../src/notices.js";
import { readFixture, readText } from "./repository.js";

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

/** The codes that the engine reports: its reasons to drop an event, and two warnings. */
const ENGINE_CODES = readFixture<NoticeCode[]>("notice-codes.json");

/** The reasons that never reach the engine: an event is given up before it is stored. */
const REASONS_OF_THE_PAGE = ["ungated", "no_consent", "before_send"];

// The compiler demands every warning here, and no other.
const WARNINGS = Object.keys({
  nothing_opens_the_gate: true,
  gate_unanswered: true,
  unauthorised: true,
  web_page: true,
} satisfies Record<Exclude<NoticeCode, (typeof DROP_REASONS)[number]>, true>) as NoticeCode[];

const NOTICE_CODES: readonly NoticeCode[] = [...DROP_REASONS, ...WARNINGS];

test("the reasons to drop an event are those of the engine, and behind them those of the page", () => {
  const reasons = ENGINE_CODES.filter((code) => !WARNINGS.includes(code));
  assert.deepEqual(DROP_REASONS, [...reasons, ...REASONS_OF_THE_PAGE]);
});

test("the fixture has every reason of the engine's own list, in its order", () => {
  const [, list = ""] = /^const CODES: [^=]*= \[([^\]]*)\];/m.exec(readText("src/engine/ledger.rs")) ?? [];
  const codes = [...list.matchAll(/"(\w+)"/g)].map(([, code]) => code);
  assert.ok(codes.length > 0);
  assert.deepEqual(ENGINE_CODES.slice(0, codes.length), codes);
});

test("whatever the engine reports is known here", () => {
  for (const code of ENGINE_CODES) assert.ok(NOTICE_CODES.includes(code), code);
});

test("a page that has dropped nothing has a count for every reason", () => {
  assert.deepEqual(Object.keys(noDrops()), DROP_REASONS);
  assert.ok(Object.values(noDrops()).every((count) => count === 0));
  noDrops().expired++;
  assert.equal(noDrops().expired, 0, "each count is its own");
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
  for (const code of DROP_REASONS) {
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
