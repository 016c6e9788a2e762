import assert from "node:assert/strict";
import { test } from "node:test";

import { attempts } from "../src/attempt.js";

const NOW = 5_000.4;

const UUID_V7 = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

test("an attempt begins with an id of its own and keeps what the page passes", () => {
  const properties = { eventTypeId: 7, own: "x" };
  const begun = attempts()[0](properties, NOW, true);
  assert.match(String(begun.attemptId), UUID_V7);
  assert.deepEqual(begun, { ...properties, attemptId: begun.attemptId });
  assert.deepEqual(properties, { eventTypeId: 7, own: "x" });
});

test("the page may name the attempt itself", () => {
  const [join] = attempts();
  assert.deepEqual(join({ attemptId: "mine" }, NOW, true), { attemptId: "mine" });
  assert.deepEqual(join({ attemptId: "mine" }, NOW), { attemptId: "mine", elapsedMs: 0 });
});

test("an event that joins has the attempt's id and the whole milliseconds since it began", () => {
  const [join] = attempts();
  const { attemptId } = join({}, NOW, true);
  assert.deepEqual(join({ bookingId: 7 }, NOW + 1_234.5), { attemptId, elapsedMs: 1_235, bookingId: 7 });
  assert.deepEqual(join({}, NOW + 2_234.5), { attemptId, elapsedMs: 2_235 });
});

test("without an attempt there is neither an id nor a time", () => {
  assert.deepEqual(attempts()[0]({ bookingId: 7 }, NOW), { bookingId: 7 });
});

test("an event of another attempt keeps that one's id and gets no time", () => {
  const [join] = attempts();
  join({}, NOW, true);
  assert.deepEqual(join({ attemptId: "other" }, NOW), { attemptId: "other" });
});

test("a time that the page has measured is left alone", () => {
  const [join] = attempts();
  const { attemptId } = join({}, NOW, true);
  assert.deepEqual(join({ elapsedMs: 7 }, NOW + 100), { attemptId, elapsedMs: 7 });
});

test("the next beginning ends the attempt before it", () => {
  const [join] = attempts();
  const first = join({}, NOW, true);
  const second = join({}, NOW + 1_000, true);
  assert.notEqual(second.attemptId, first.attemptId);
  assert.deepEqual(join({}, NOW + 1_010), { attemptId: second.attemptId, elapsedMs: 10 });
});

test("members that are there without a value count as left out", () => {
  const [join] = attempts();
  const begun = join({ attemptId: undefined } as never, NOW, true);
  assert.match(String(begun.attemptId), UUID_V7);
  const joined = join({ attemptId: undefined, elapsedMs: undefined } as never, NOW + 10);
  assert.deepEqual(joined, { attemptId: begun.attemptId, elapsedMs: 10 });
});

test("what comes after the end of an attempt belongs to none", () => {
  const [join, end] = attempts();
  join({ attemptId: "mine" }, NOW, true);
  end();
  assert.deepEqual(join({ bookingId: 7 }, NOW + 10), { bookingId: 7 });
});

test("the attempts of one page are none of another's", () => {
  const [join] = attempts();
  join({}, NOW, true);
  assert.deepEqual(attempts()[0]({}, NOW), {});
});
