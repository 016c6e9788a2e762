import assert from "node:assert/strict";
import { test } from "node:test";

import { attempts } from "../src/attempt.js";

const NOW = 5_000.4;

const UUID_V7 = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

test("an attempt begins with an id of its own and keeps what the page passes", () => {
  const properties = { eventTypeId: 7, own: "x" };
  const begun = attempts().join(properties, NOW, true);
  assert.match(String(begun.attemptId), UUID_V7);
  assert.deepEqual(begun, { ...properties, attemptId: begun.attemptId });
  assert.deepEqual(properties, { eventTypeId: 7, own: "x" });
});

test("the page may name the attempt itself", () => {
  const attempt = attempts();
  assert.deepEqual(attempt.join({ attemptId: "mine" }, NOW, true), { attemptId: "mine" });
  assert.deepEqual(attempt.join({ attemptId: "mine" }, NOW), { attemptId: "mine", elapsedMs: 0 });
});

test("an event that joins has the attempt's id and the whole milliseconds since it began", () => {
  const attempt = attempts();
  const { attemptId } = attempt.join({}, NOW, true);
  assert.deepEqual(attempt.join({ bookingId: 7 }, NOW + 1_234.5), { attemptId, elapsedMs: 1_235, bookingId: 7 });
  assert.deepEqual(attempt.join({}, NOW + 2_234.5), { attemptId, elapsedMs: 2_235 });
});

test("without an attempt there is neither an id nor a time", () => {
  assert.deepEqual(attempts().join({ bookingId: 7 }, NOW), { bookingId: 7 });
});

test("an event of another attempt keeps that one's id and gets no time", () => {
  const attempt = attempts();
  attempt.join({}, NOW, true);
  assert.deepEqual(attempt.join({ attemptId: "other" }, NOW), { attemptId: "other" });
});

test("a time that the page has measured is left alone", () => {
  const attempt = attempts();
  const { attemptId } = attempt.join({}, NOW, true);
  assert.deepEqual(attempt.join({ elapsedMs: 7 }, NOW + 100), { attemptId, elapsedMs: 7 });
});

test("the next beginning ends the attempt before it", () => {
  const attempt = attempts();
  const first = attempt.join({}, NOW, true);
  const second = attempt.join({}, NOW + 1_000, true);
  assert.notEqual(second.attemptId, first.attemptId);
  assert.deepEqual(attempt.join({}, NOW + 1_010), { attemptId: second.attemptId, elapsedMs: 10 });
});

test("members that are there without a value count as left out", () => {
  const attempt = attempts();
  const begun = attempt.join({ attemptId: undefined } as never, NOW, true);
  assert.match(String(begun.attemptId), UUID_V7);
  const joined = attempt.join({ attemptId: undefined, elapsedMs: undefined } as never, NOW + 10);
  assert.deepEqual(joined, { attemptId: begun.attemptId, elapsedMs: 10 });
});

test("what comes after the end of an attempt belongs to none", () => {
  const attempt = attempts();
  attempt.join({ attemptId: "mine" }, NOW, true);
  attempt.end();
  assert.deepEqual(attempt.join({ bookingId: 7 }, NOW + 10), { bookingId: 7 });
});

test("the attempts of one page are none of another's", () => {
  const attempt = attempts();
  attempt.join({}, NOW, true);
  assert.deepEqual(attempts().join({}, NOW), {});
});
