import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { pageClock } from "../src/clock.js";
import { openPage } from "./page-double.js";

const NOW = 1_767_323_045_678;

beforeEach(() => {
  openPage("https://book.example/ada?x=1", "https://blog.example/");
  mock.timers.enable({ apis: ["Date"], now: NOW });
});
afterEach(() => mock.timers.reset());

test("a clock says when and where, and counts what happens on its page", () => {
  const clock = pageClock();
  const { monotonicMs, ...moment } = clock();
  const expected = { ms: NOW, sequence: 0, href: "https://book.example/ada?x=1", referrer: "https://blog.example/" };
  assert.deepEqual(moment, expected);
  assert.ok(monotonicMs > 0);
  assert.equal(clock().sequence, 1);
  assert.equal(pageClock()().sequence, 0, "another page counts on its own");
});

test("no two moments of a page have one time", () => {
  const clock = pageClock();
  assert.deepEqual([clock().ms, clock().ms, clock().ms], [NOW, NOW + 1, NOW + 2]);
  mock.timers.tick(2);
  assert.equal(clock().ms, NOW + 3);
  mock.timers.tick(10);
  assert.equal(clock().ms, NOW + 12);
});

test("a step back under a second goes on by a millisecond", () => {
  const clock = pageClock();
  clock();
  mock.timers.setTime(NOW - 999);
  assert.equal(clock().ms, NOW + 1);
});

test("a clock that is set back is believed", () => {
  const clock = pageClock();
  clock();
  mock.timers.setTime(NOW - 1_000);
  assert.equal(clock().ms, NOW - 1_000);
  assert.equal(clock().ms, NOW - 999);
});
