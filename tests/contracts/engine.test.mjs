// When a page loads the engine: as soon as there may be something for it to do, and never for those whom nobody tracks.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SECOND, World } from "./world.mjs";

const book = (tracker) => tracker.trackBookingCompleted({ bookingId: 1, bookingUid: "b" });

/** Opens a page of team 42 whose callback answers when the test does. */
async function visitAsking(world, options = {}) {
  const asked = {};
  const isTeamEnabled = () =>
    new Promise((resolve) => {
      asked.answer = resolve;
    });
  return Object.assign(asked, await world.visit({ teamId: 42, isTeamEnabled, ...options }));
}

/** Lets a page load its engine, where it wants one; whether it has. */
async function hasEngine(world, page, tracker) {
  await world.settle();
  assert.equal(page.modulesAsked > 0, tracker.stats().engine === "wasm");
  return page.modulesAsked > 0;
}

test("a page that nobody tracks loads no engine, whatever it captures", async () => {
  for (const options of [
    { teamId: 42, isTeamEnabled: false },
    { teamId: 42, isTeamEnabled: async () => false },
    { teamId: 42, isTeamEnabled: undefined, bootstrap: { teams: { 42: false } } },
    { isTeamEnabled: undefined },
    { teamId: 42, consent: "required" },
  ]) {
    const world = new World();
    const { page, tracker } = await world.visit(options);
    book(tracker);
    tracker.identify("ada");
    await world.settle();
    await tracker.flush();
    page.hide();
    page.show();
    page.tell(page.window, "online", {});
    await world.settle();
    assert.equal(page.modulesAsked, 0);
    page.leave();
    assert.deepEqual(world.server.requests, []);
    assert.equal(tracker.stats().engine, "keel");
  }
});

test("a page loads it as soon as its team is known to be tracked", async () => {
  for (const options of [
    { teamId: 42 },
    { isTeamEnabled: undefined, ungated: "track" },
    { teamId: 42, isTeamEnabled: async () => true },
    { teamId: 42, isTeamEnabled: undefined, bootstrap: { teams: { 42: true } } },
  ]) {
    const world = new World();
    const { page, tracker } = await world.visit(options);
    tracker.isTeamTracked();
    assert.ok(await hasEngine(world, page, tracker));
    assert.equal(page.modulesAsked, 1);
  }
});

test("what is held waits without an engine, and goes with one as soon as the team is tracked", async () => {
  const world = new World();
  const asked = await visitAsking(world);
  const { page, tracker } = asked;
  tracker.trackBookingStarted({});
  book(tracker);
  const flushed = tracker.flush();
  await world.settle();
  assert.deepEqual([page.modulesAsked, tracker.stats().held], [0, 2]);
  asked.answer(true);
  await flushed;
  assert.ok(await hasEngine(world, page, tracker));
  assert.deepEqual(world.server.names(), ["booking_started", "booking_completed"]);
  assert.deepEqual([tracker.stats().captured, tracker.stats().confirmed], [2, 2]);
});

test("a page loads it where nobody can say, so that what is held has its keeper", async () => {
  const world = new World();
  const { page, tracker } = await world.visit({ teamId: 42, isTeamEnabled: () => new Promise(() => {}) });
  tracker.capture("a");
  assert.equal(await hasEngine(world, page, tracker), false);
  // Until the question has taken too long.
  await world.pass(11 * SECOND);
  assert.ok(await hasEngine(world, page, tracker));
  assert.equal(tracker.stats().held, 1);
});

test("a flush that opens the gate sends what it held once", async () => {
  const world = new World();
  const asked = await visitAsking(world);
  const { page, tracker } = asked;
  const { fetch } = page.window;
  page.window.fetch = async (...request) => {
    const response = await fetch(...request);
    // A server that takes its time, so that a second sender would not know of the first.
    await new Promise((resolve) => world.setTimer(resolve, 300));
    return response;
  };
  book(tracker);
  const flushed = tracker.flush();
  await world.settle();
  asked.answer(true);
  await world.pass(5 * SECOND);
  await flushed;
  assert.deepEqual([world.server.requests.length, world.server.names()], [1, ["booking_completed"]]);
  assert.deepEqual([tracker.stats().captured, tracker.stats().confirmed], [1, 1]);
});

test("no engine starts after `shutdown`, whatever is heard or asked for then", async () => {
  const world = new World();
  const asked = await visitAsking(world, { requestTimeout: 60_000 });
  const { page, tracker } = asked;
  tracker.capture("a");
  // What a component does that is taken off the page: nobody waits for it.
  void tracker.shutdown();
  await world.pass(61 * SECOND);
  const modulesAsked = page.modulesAsked;
  const { engine, waiting } = tracker.stats();
  asked.answer(true);
  await world.pass(60 * SECOND);
  await tracker.ready;
  assert.deepEqual(world.server.requests, []);
  assert.deepEqual(
    [page.modulesAsked, tracker.stats().engine, tracker.stats().waiting],
    [modulesAsked, engine, waiting],
  );
});

test("what another tab has settled while a page held it is counted as that", async () => {
  for (const how of ["hide", "answer"]) {
    const world = new World();
    const asked = await visitAsking(world, { requestTimeout: 60_000 });
    const { page, tracker } = asked;
    book(tracker);
    world.setClock(61 * SECOND);
    const other = await world.visit({ teamId: 42 });
    await world.pass(30 * SECOND);
    assert.equal(other.tracker.stats().confirmed, 1);
    if (how === "hide") page.hide();
    else asked.answer(true);
    await world.settle();
    const { captured, settledElsewhere, waiting, held } = tracker.stats();
    assert.deepEqual(
      { captured, settledElsewhere, waiting, held },
      { captured: 1, settledElsewhere: 1, waiting: 0, held: 0 },
    );
    assert.equal(world.server.requests.length, 1);
  }
});

test("a page loads it for what an earlier page has left", async () => {
  const world = new World();
  const first = await world.visit({ teamId: 42 });
  world.server.isDown = true;
  book(first.tracker);
  await world.settle();
  first.page.leave();
  world.server.isDown = false;
  const { page, tracker } = await world.visit({ isTeamEnabled: (team) => team === "42" });
  assert.ok(await hasEngine(world, page, tracker));
  await world.pass(61 * SECOND);
  assert.deepEqual(world.server.names(), ["booking_completed"]);
  assert.equal(tracker.stats().adopted, 1);
});

test("a page that comes back loads it for what another one has left meanwhile", async () => {
  const world = new World();
  const { page, tracker } = await world.visit({ isTeamEnabled: (team) => team === "42" });
  assert.equal(page.modulesAsked, 0);
  page.hide();
  const other = await world.visit({ teamId: 42 });
  world.server.isDown = true;
  book(other.tracker);
  await world.settle();
  other.page.leave();
  world.server.isDown = false;
  page.show();
  assert.ok(await hasEngine(world, page, tracker));
  await world.pass(61 * SECOND);
  assert.deepEqual(world.server.names(), ["booking_completed"]);
});

test("who asks for `ready` has it loaded", async () => {
  const world = new World();
  const { page, tracker } = await world.visit({ teamId: 42, isTeamEnabled: false });
  assert.equal(page.modulesAsked, 0);
  await tracker.ready;
  assert.deepEqual([page.modulesAsked, tracker.stats().engine], [1, "wasm"]);
});
