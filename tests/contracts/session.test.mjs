// Sessions and windows: idle and longest time, across tabs and duplicated tabs, rotation, reset, bootstrap.

import assert from "node:assert/strict";
import { test } from "node:test";
import { HOUR, MINUTE, SECOND, START, World } from "./world.mjs";

const idsOf = async (world, tracker, name) => {
  await tracker.flush();
  await world.settle();
  const { $session_id: session, $window_id: window } = world.server.named(name)[0].properties;
  return { session, window };
};

test("session-manager: one session while somebody is there, another after 30 idle minutes", async () => {
  const world = new World();
  const { tracker } = await world.visit();
  tracker.capture("one");
  await world.pass(29 * MINUTE);
  tracker.capture("two");
  await world.pass(29 * MINUTE);
  tracker.capture("three");
  await world.pass(31 * MINUTE);
  tracker.capture("four");
  const [one, two, three, four] = await Promise.all(
    ["one", "two", "three", "four"].map((name) => idsOf(world, tracker, name)),
  );
  assert.deepEqual(two, one);
  assert.deepEqual(three, one);
  assert.notEqual(four.session, one.session);
  assert.notEqual(four.window, one.window, "the window rotates with it");
});

test("session-manager: a session lasts 24 hours at most, and an id says when it began", async () => {
  const world = new World();
  const { tracker } = await world.visit();
  const first = tracker.getSessionId();
  assert.equal(Number.parseInt(first.replace(/-/g, "").slice(0, 12), 16), START);
  for (let hours = 0; hours < 23.5; hours += 0.25) {
    await world.pass(HOUR / 4);
    tracker.capture("still_here");
    assert.equal(tracker.getSessionId(), first);
  }
  await world.pass(29 * MINUTE);
  tracker.capture("still_here");
  await world.pass(2 * MINUTE);
  assert.notEqual(tracker.getSessionId(), first);
});

test("get-session-id: stable in the session, and never one that is over", async () => {
  const world = new World();
  const { tracker } = await world.visit();
  const first = tracker.getSessionId();
  assert.equal(tracker.getSessionId(), first);
  await world.pass(31 * MINUTE);
  const second = tracker.getSessionId();
  assert.notEqual(second, first);
  tracker.capture("after");
  assert.equal((await idsOf(world, tracker, "after")).session, second);
});

test("session-manager: tabs share a session and have windows of their own; either keeps it alive", async () => {
  const world = new World();
  const { tracker: one } = await world.visit();
  const { tracker: two } = await world.visit();
  one.capture("in one");
  await world.pass(20 * MINUTE);
  two.capture("in two");
  await world.pass(20 * MINUTE);
  one.capture("again in one");
  const first = await idsOf(world, one, "in one");
  const second = await idsOf(world, two, "in two");
  assert.equal(second.session, first.session);
  assert.notEqual(second.window, first.window);
  assert.deepEqual(await idsOf(world, one, "again in one"), first);
});

test("session-manager: what another tab has rotated is taken over", async () => {
  const world = new World();
  const { tracker: one } = await world.visit();
  const { tracker: two } = await world.visit();
  one.capture("before");
  await world.pass(31 * MINUTE);
  two.capture("rotated");
  one.capture("after");
  const rotated = await idsOf(world, two, "rotated");
  assert.equal((await idsOf(world, one, "after")).session, rotated.session);
});

test("session-manager: a window outlives a navigation, and a duplicated tab is another one", async () => {
  const world = new World();
  const { page, tracker } = await world.visit();
  tracker.capture("one");
  const first = await idsOf(world, tracker, "one");
  // A tab that is duplicated has a copy of what its original holds at that moment.
  const copy = new page.tab.constructor();
  copy.entries = new Map(page.tab.entries);
  const { tracker: duplicate } = await world.visit({}, { tab: copy });
  duplicate.capture("duplicated");
  page.leave();
  const { tracker: next } = await world.visit({}, { tab: page.tab });
  next.capture("next");
  assert.deepEqual(await idsOf(world, next, "next"), first);
  const duplicated = await idsOf(world, duplicate, "duplicated");
  assert.equal(duplicated.session, first.session);
  assert.notEqual(duplicated.window, first.window);
});

test("session-manager: activity is stored every 5 seconds at most", async () => {
  const world = new World();
  const { tracker } = await world.visit();
  const stored = () => [...world.localStorage.entries].find(([key]) => key.includes(":session:"))[1];
  tracker.capture("one");
  const first = stored();
  await world.pass(4 * SECOND);
  tracker.capture("two");
  assert.equal(stored(), first);
  await world.pass(2 * SECOND);
  tracker.capture("three");
  assert.notEqual(stored(), first);
});

test("session-manager: a clock that was far ahead or a damaged session begins another one", async () => {
  const world = new World();
  const { tracker } = await world.visit();
  tracker.capture("one");
  const key = [...world.localStorage.entries.keys()].find((name) => name.includes(":session:"));
  const id = tracker.getSessionId();
  for (const damaged of ["x", `${id}:x:y`, `${id}:${(START + 48 * HOUR).toString(36)}:${START.toString(36)}`]) {
    world.localStorage.entries.set(key, damaged);
    const { tracker: next } = await world.visit();
    assert.notEqual(next.getSessionId(), id, damaged);
    assert.equal(next.getSessionId(), next.getSessionId());
  }
});

test("register for session: until the session ends, in this tab", async () => {
  const world = new World();
  const { tracker } = await world.visit();
  tracker.registerForSession({ test: "a" });
  tracker.capture("one");
  const { tracker: other } = await world.visit();
  other.capture("elsewhere");
  await world.pass(31 * MINUTE);
  tracker.capture("two");
  for (const each of [tracker, other]) await each.flush();
  await world.settle();
  const values = ["one", "elsewhere", "two"].map((name) => world.server.named(name)[0].properties.test);
  assert.deepEqual(values, ["a", undefined, undefined]);
});

test("bootstrap: a session that the server has begun, where it is one", async () => {
  const sessionOf = async (sessionId) => {
    const { tracker } = await new World().visit({ bootstrap: { sessionId } });
    return tracker.getSessionId();
  };
  const idAt = (ms) =>
    `${ms
      .toString(16)
      .padStart(12, "0")
      .replace(/^(.{8})/, "$1-")}-7a3b-9f00-0123456789ab`;
  assert.equal(await sessionOf(idAt(START - MINUTE)), idAt(START - MINUTE));
  assert.equal(await sessionOf(idAt(START + 59 * SECOND)), idAt(START + 59 * SECOND));
  for (const refused of [
    idAt(START + 2 * MINUTE),
    idAt(START - 25 * HOUR),
    "0190b3a2-7c1e-4a3b-9f00-0123456789ab",
    "x",
    "",
  ]) {
    assert.notEqual(await sessionOf(refused), refused);
  }
});

test("session-manager: asking is no activity", async () => {
  const world = new World();
  const { tracker } = await world.visit();
  tracker.capture("one");
  const first = tracker.getSessionId();
  for (let minutes = 0; minutes < 40; minutes += 10) {
    await world.pass(10 * MINUTE);
    tracker.getDistinctId();
  }
  assert.notEqual(tracker.getSessionId(), first);
});

test("session-manager: an event that was held long leaves the session of another tab alone", async () => {
  const world = new World();
  const { tracker: held } = await world.visit({ consent: "required" });
  held.capture("held");
  await world.pass(40 * MINUTE);
  const { tracker: other } = await world.visit();
  other.capture("one");
  held.optIn();
  await held.ready;
  const { tracker: third } = await world.visit();
  third.capture("three");
  other.capture("two");
  const one = await idsOf(world, other, "one");
  assert.deepEqual(await idsOf(world, other, "two"), one);
  assert.equal((await idsOf(world, third, "three")).session, one.session);
  await held.flush();
  await world.settle();
  assert.equal(world.server.named("held").length, 1);
});
