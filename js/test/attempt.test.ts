import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { Attempt } from "../src/attempt.js";

let now = 0;
mock.method(performance, "now", () => now);

beforeEach(() => {
  now = 5_000.4;
});

const UUID_V7 = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

test("an attempt begins with an id of its own and keeps what the page passes", () => {
  const properties = { eventTypeId: 7, own: "x" };
  const begun = new Attempt().begin(properties);
  assert.match(String(begun.attemptId), UUID_V7);
  assert.deepEqual(begun, { ...properties, attemptId: begun.attemptId });
  assert.deepEqual(properties, { eventTypeId: 7, own: "x" });
});

test("the page may name the attempt itself", () => {
  const attempt = new Attempt();
  assert.deepEqual(attempt.begin({ attemptId: "mine" }), { attemptId: "mine" });
  assert.deepEqual(attempt.join({ attemptId: "mine" }), { attemptId: "mine", elapsedMs: 0 });
});

test("an event that joins has the attempt's id and the whole milliseconds since it began", () => {
  const attempt = new Attempt();
  const { attemptId } = attempt.begin({});
  now += 1_234.5;
  assert.deepEqual(attempt.join({ bookingId: 7 }), { attemptId, elapsedMs: 1_235, bookingId: 7 });
  now += 1_000;
  assert.deepEqual(attempt.join({}), { attemptId, elapsedMs: 2_235 });
});

test("without an attempt there is neither an id nor a time", () => {
  assert.deepEqual(new Attempt().join({ bookingId: 7 }), { bookingId: 7 });
});

test("an event of another attempt keeps that one's id and gets no time", () => {
  const attempt = new Attempt();
  attempt.begin({});
  assert.deepEqual(attempt.join({ attemptId: "other" }), { attemptId: "other" });
});

test("a time that the page has measured is left alone", () => {
  const attempt = new Attempt();
  const { attemptId } = attempt.begin({});
  now += 100;
  assert.deepEqual(attempt.join({ elapsedMs: 7 }), { attemptId, elapsedMs: 7 });
});

test("the next beginning ends the attempt before it", () => {
  const attempt = new Attempt();
  const first = attempt.begin({});
  now += 1_000;
  const second = attempt.begin({});
  assert.notEqual(second.attemptId, first.attemptId);
  now += 10;
  assert.deepEqual(attempt.join({}), { attemptId: second.attemptId, elapsedMs: 10 });
});

test("members that are there without a value count as left out", () => {
  const attempt = new Attempt();
  const begun = attempt.begin({ attemptId: undefined } as never);
  assert.match(String(begun.attemptId), UUID_V7);
  now += 10;
  const joined = attempt.join({ attemptId: undefined, elapsedMs: undefined } as never);
  assert.deepEqual(joined, { attemptId: begun.attemptId, elapsedMs: 10 });
});
