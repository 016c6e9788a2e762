// Faults that users of comparable trackers report: events that are lost, or wrong. Each test stands for one of them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { HOUR, MINUTE, SECOND, World } from "./world.mjs";

const delivered = async (world, ...trackers) => {
  for (const tracker of trackers) await tracker.flush();
  await world.pass(11 * SECOND);
};
const propertiesOf = (world, name) => world.server.named(name)[0]?.properties;
const idsOf = (world, name) => {
  const { $session_id: session, $window_id: window } = propertiesOf(world, name);
  return { session, window };
};

const firstVisits = {
  "names its visitor": (tracker) => tracker.identify("user_7"),
  "asks for the session": (tracker) => tracker.getSessionId(),
  "asks for the visitor": (tracker) => tracker.getDistinctId(),
  "sets properties of the person": (tracker) => tracker.setPersonProperties({ plan: "pro" }),
  "loads flags": (tracker) => tracker.reloadFeatureFlags(),
};
for (const [deed, act] of Object.entries(firstVisits)) {
  test(`a page that first ${deed} and is left, and the next page of its tab: one session, one window`, async () => {
    const world = new World();
    const { page, tracker } = await world.visit();
    act(tracker);
    tracker.capture("a");
    await world.pass(2 * SECOND);
    page.leave();
    const { tracker: next } = await world.visit({}, { tab: page.tab });
    next.capture("b");
    await delivered(world, next);
    assert.deepEqual(idsOf(world, "b"), idsOf(world, "a"));
  });
}

for (const source of [{ teamGateUrl: "https://book.example/team-gate" }, { teamFlag: true }]) {
  const [name] = Object.keys(source);
  test(`${name}: the team of the options is asked about when the page starts, so that its only event goes as the page is left`, async () => {
    const world = new World();
    world.host = () => [200, "true"];
    world.flags.answer = { flags: { "posthog-booking-tracking": true } };
    const { page, tracker } = await world.visit({ isTeamEnabled: undefined, teamId: 42, ...source });
    await world.pass(3 * SECOND);
    tracker.trackBookingCompleted({ bookingUid: "b" });
    page.leave();
    await world.settle();
    assert.deepEqual(world.server.names(), ["booking_completed"]);
  });
}

test("600 flags: a booking is sent, and what it carries of flags is what fits", async () => {
  const world = new World();
  world.flags.answer.flags = Object.fromEntries(
    Array.from({ length: 600 }, (_, place) => [`some-flag-with-a-long-name-${place}`, `variant-of-${place}`]),
  );
  const { page, tracker } = await world.visit({ teamId: 42, featureFlags: true });
  await world.pass(SECOND);
  tracker.trackBookingCompleted({ bookingUid: "b" });
  await delivered(world, tracker);
  const { bookingUid, teamId } = propertiesOf(world, "booking_completed") ?? {};
  assert.equal(bookingUid, "b");
  assert.equal(teamId, undefined);
  assert.deepEqual(
    page.console.filter((line) => line.startsWith("error")),
    [],
  );
});

test("flags that are read in a loop evict no booking", async () => {
  const world = new World();
  const { tracker } = await world.visit({ teamId: 42, featureFlags: true });
  await world.pass(SECOND);
  world.server.isDown = true;
  tracker.trackBookingStarted({ eventTypeId: 7 });
  for (let place = 0; place < 2_000; place++) tracker.getFeatureFlag(`flag-${place}`);
  await world.pass(SECOND);
  world.server.isDown = false;
  await world.pass(2 * MINUTE);
  assert.equal(world.server.named("booking_started").length, 1);
});

test("reading flags writes to storage once at most, when the task is over; what it adds is told and survives the page", async () => {
  const world = new World();
  world.flags.answer.flags = Object.fromEntries(Array.from({ length: 100 }, (_, place) => [`flag-${place}`, true]));
  const { page, tracker } = await world.visit({ teamId: 42, featureFlags: true, flushAt: 500 });
  await world.pass(SECOND);
  tracker.capture("a");
  await delivered(world, tracker);
  // The session is noted every five seconds.
  tracker.capture("b");
  const written = [];
  const { onChange } = world.localStorage;
  world.localStorage.onChange = (...change) => {
    written.push(change[1]);
    onChange(...change);
  };
  for (let place = 0; place < 100; place++) tracker.getFeatureFlag(`flag-${place}`);
  assert.deepEqual(written, []);
  await world.pass(SECOND);
  assert.deepEqual(
    written.map((key) => key.split(":")[1]),
    ["flags"],
  );
  world.server.isDown = true;
  page.hide();
  page.leave();
  world.server.isDown = false;
  await world.settle();
  const { tracker: next } = await world.visit();
  await world.pass(MINUTE);
  await delivered(world, next);
  assert.equal(world.server.named("$feature_flag_called").length, 100);
});

test("a flag that is read before a reset is met by who was there", async () => {
  const world = new World();
  const { tracker } = await world.visit({ teamId: 42, featureFlags: true });
  await world.pass(SECOND);
  tracker.identify("alice");
  tracker.getFeatureFlag("colour");
  tracker.reset();
  await delivered(world, tracker);
  assert.equal(world.server.named("$feature_flag_called")[0].distinct_id, "alice");
});

test("a must-send event that is dropped is said aloud", async () => {
  const world = new World();
  const { page, tracker } = await world.visit();
  tracker.trackBookingCompleted({ notes: "x".repeat(40_000) });
  await world.settle();
  const said = page.console.filter((line) => line.includes("booking_completed"));
  assert.equal(said.length, 1, page.console.join("\n"));
  assert.match(said[0], /^warn: .*too_large/);
});

test("one tab resets, the other keeps its person: the other keeps that person's session as well", async () => {
  const world = new World();
  const { tracker: one } = await world.visit();
  one.identify("alice");
  one.capture("a");
  await world.pass(SECOND);
  const { tracker: two } = await world.visit();
  two.capture("b");
  await world.pass(SECOND);
  one.reset();
  one.capture("c");
  await world.pass(SECOND);
  two.capture("d");
  await delivered(world, one, two);
  const session = (name) => propertiesOf(world, name).$session_id;
  const who = (name) => world.server.named(name)[0].distinct_id;
  assert.equal(session("b"), session("a"));
  assert.notEqual(session("c"), session("a"));
  const isAlice = who("d") === "alice";
  assert.equal(session("d"), isAlice ? session("a") : session("c"), `d is about ${who("d")}`);
});

test("two trackers of one key that are both asked for the visitor first: one visitor", async () => {
  const world = new World();
  const page = world.open();
  const [one, two] = [page.track(), page.track()];
  assert.equal(one.getDistinctId(), two.getDistinctId());
  one.identify("alice");
  two.capture("a");
  await delivered(world, one, two);
  assert.equal(world.server.named("a")[0].distinct_id, "alice");
});

test("two copies of the script on one page: one visitor", async () => {
  const world = new World();
  const page = world.open();
  const one = page.track();
  page.runAgain();
  const two = page.track();
  const ids = [one.getDistinctId(), two.getDistinctId()];
  assert.equal(ids[0], ids[1]);
  one.identify("alice");
  two.capture("a");
  await delivered(world, one, two);
  assert.equal(world.server.named("a")[0].distinct_id, "alice");
});

test("identified as somebody else without a reset: flags are not asked for with the properties of the person before", async () => {
  const world = new World();
  const { tracker } = await world.visit({ teamId: 42, featureFlags: true });
  await world.pass(SECOND);
  tracker.identify("alice", { plan: "pro", email: "alice@example.com" });
  await world.pass(SECOND);
  assert.equal(world.flags.last.person_properties.plan, "pro");
  tracker.identify("bob");
  await world.pass(SECOND);
  assert.equal(world.flags.last.distinct_id, "bob");
  assert.equal(world.flags.last.person_properties.plan, undefined);
  assert.equal(world.flags.last.person_properties.email, undefined);
});

test("a proxy that redirects: events are kept and never follow, and the mend is said once", async () => {
  const world = new World();
  const { page, tracker } = await world.visit();
  world.server.answerNext("redirect", "redirect", "redirect", "redirect", "redirect");
  tracker.trackBookingCompleted({ bookingUid: "b" });
  await world.pass(10 * MINUTE);
  tracker.flush();
  await world.pass(10 * MINUTE);
  assert.deepEqual(world.server.names(), ["booking_completed"]);
  const said = page.console.filter((line) => line.includes("redirect"));
  assert.equal(said.length, 1, page.console.join("\n"));
});

test("behind a proxy that redirects nothing is evicted as if by an ad blocker", async () => {
  const world = new World();
  world.server.answerAll = "redirect";
  for (let visit = 0; visit < 4; visit++) {
    const { page, tracker } = await world.visit();
    tracker.trackBookingFailed({});
    await world.pass(MINUTE);
    page.leave();
  }
  const { page, tracker } = await world.visit();
  for (let place = 0; place < 150; place++) tracker.capture("slot_selected", { place });
  await world.pass(HOUR);
  assert.equal(tracker.stats().dropped.evicted ?? 0, 0);
  page.leave();
  world.server.answerAll = undefined;
  const { tracker: next } = await world.visit();
  await delivered(world, next);
  assert.equal(world.server.named("slot_selected").length, 150);
});
