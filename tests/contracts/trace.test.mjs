// No trace: a visitor whose team is not tracked leaves nothing in any storage; one that has said no leaves the answer.

import assert from "node:assert/strict";
import { test } from "node:test";
import { runInContext } from "node:vm";
import { DAY, MINUTE, SECOND, World } from "./world.mjs";

const keysOf = (storage) => [...storage.entries.keys()].filter((key) => key.startsWith("phbt:"));

/** Everything that a page can say of its visitor. */
function sayEverything(tracker, properties = {}) {
  for (const read of ["getDistinctId", "getAnonymousId", "getSessionId", "getGroups", "stats"]) tracker[read]();
  tracker.identify("ada", { plan: "pro" });
  tracker.register({ plan: "pro" });
  tracker.registerForSession({ test: "a" });
  tracker.group("company", "acme");
  tracker.alias("crm-7");
  tracker.setPersonProperties({ plan: "team" });
  tracker.trackBookingStarted({ eventTypeId: 1, ...properties });
  tracker.trackBookingFailed({ error: "x", ...properties });
  tracker.reset();
  tracker.getSessionId();
}

test("a team that is not tracked, or nothing that could say so: no storage holds anything", async () => {
  for (const isTeamEnabled of [false, undefined]) {
    const world = new World();
    const { page, tracker } = await world.visit({ isTeamEnabled, teamId: 42 });
    sayEverything(tracker);
    page.hide();
    await world.pass(MINUTE);
    assert.deepEqual([keysOf(world.localStorage), keysOf(page.tab), world.server.requests.length], [[], [], 0]);
  }
});

test("a callback that has not been asked yet: nothing is stored before an event names a team", async () => {
  const world = new World();
  const { page, tracker } = await world.visit({ isTeamEnabled: () => true });
  for (const read of ["getDistinctId", "getSessionId", "getGroups"]) tracker[read]();
  tracker.identify("ada");
  tracker.registerForSession({ test: "a" });
  assert.deepEqual([keysOf(world.localStorage), keysOf(page.tab)], [[], []]);
  tracker.capture("slot_selected", { teamId: 1 });
  assert.ok(keysOf(world.localStorage).length > 0 && keysOf(page.tab).length > 0);
});

test("a callback that says no takes everything with it, also what is said afterwards", async () => {
  const world = new World();
  const { page, tracker } = await world.visit({ isTeamEnabled: async () => false });
  sayEverything(tracker, { teamId: 1 });
  await world.pass(10 * SECOND);
  assert.deepEqual([keysOf(world.localStorage), keysOf(page.tab)], [[], []]);
  sayEverything(tracker, { teamId: 1 });
  await world.pass(MINUTE);
  assert.deepEqual([keysOf(world.localStorage), keysOf(page.tab), world.server.requests.length], [[], [], 0]);
});

test("a no leaves a visitor alone whom earlier pages know", async () => {
  const world = new World();
  const { page: earlier, tracker: first } = await world.visit();
  first.identify("ada");
  await first.flush();
  earlier.leave();
  const { tracker } = await world.visit({ isTeamEnabled: async () => false });
  tracker.capture("slot_selected", { teamId: 1 });
  await world.pass(MINUTE);
  const { tracker: later } = await world.visit();
  assert.equal(later.getDistinctId(), "ada");
});

for (const [how, wake] of [
  ["in the back/forward cache", (page) => page.tell(page.window, "pageshow", { persisted: true })],
  ["frozen", (page) => page.tell(page.window.document, "resume")],
]) {
  test(`a tab that was ${how} through a denial and a new consent gives up what was denied`, async () => {
    const world = new World();
    const { page, tracker: sleeper } = await world.visit({ flushInterval: 3_600_000 });
    sleeper.register({ plan: "pro" });
    sleeper.capture("denied");
    const before = sleeper.getDistinctId();
    page.isOpen = false;
    const { tracker } = await world.visit();
    await world.pass(SECOND);
    tracker.optOut();
    tracker.optIn();
    page.isOpen = true;
    wake(page);
    await world.pass(10 * MINUTE);
    assert.deepEqual(world.server.names(), []);
    assert.notEqual(sleeper.getDistinctId(), before);
    sleeper.capture("agreed");
    await sleeper.flush();
    await world.settle();
    const [{ event, properties }] = world.server.events;
    assert.deepEqual([event, properties.plan], ["agreed", undefined]);
  });
}

test("trackers of one page hear of a denial and of a consent from each other", async () => {
  const world = new World();
  const { page, tracker: one } = await world.visit({ consent: "required" });
  const two = page.track({ consent: "required" });
  two.capture("held");
  one.optIn();
  await two.ready;
  await two.flush();
  await world.settle();
  assert.deepEqual(world.server.names(), ["held"]);
  two.capture("waits");
  one.optOut();
  assert.deepEqual([two.stats().waiting, two.stats().dropped.purged], [0, 1]);
});

test("timers that go off after a denial which this tab has not heard of send and store nothing", async () => {
  const world = new World();
  const { tracker } = await world.visit({ flushInterval: 10_000 });
  tracker.capture("before");
  const key = `phbt:consent:${world.stored()[0].split(":")[2]}`;
  world.localStorage.entries.clear();
  world.localStorage.entries.set(key, "denied");
  await world.pass(10 * MINUTE);
  assert.deepEqual([world.server.requests.length, keysOf(world.localStorage)], [0, [key]]);
});

test("a denial is remembered also where storage was full when it was said", async () => {
  const world = new World();
  const { page, tracker } = await world.visit();
  tracker.capture("before");
  const { seenBy } = world.localStorage;
  assert.equal(typeof seenBy, "function");
  const stored = world.localStorage.entries;
  const set = stored.set.bind(stored);
  stored.set = (key, value) => {
    if (!stored.has(key) && stored.size > 2) throw new Error("QuotaExceededError");
    return set(key, value);
  };
  tracker.optOut();
  stored.set = set;
  page.leave();
  const { tracker: later } = await world.visit();
  assert.equal(later.consent(), "denied");
});

test("consent that this page has read holds on it, also where the visitor clears the storage", async () => {
  const world = new World();
  const { tracker: first } = await world.visit({ consent: "required" });
  first.optIn();
  const { tracker } = await world.visit({ consent: "required" });
  world.localStorage.entries.clear();
  assert.equal(tracker.consent(), "granted");
  const { tracker: next } = await world.visit({ consent: "required" });
  assert.equal(next.consent(), "pending");
});

test("after shutdown a consent opens nothing, and a denial still removes everything", async () => {
  const world = new World();
  const { page, tracker } = await world.visit({ consent: "required" });
  tracker.capture("held");
  await tracker.shutdown();
  tracker.optIn();
  await world.pass(DAY / 24);
  assert.deepEqual([world.server.requests.length, world.stored()], [0, []]);

  const { tracker: open } = await world.visit();
  open.capture("stored");
  await open.shutdown();
  const { tracker: other } = await world.visit();
  other.optOut();
  assert.deepEqual([world.stored(), keysOf(page.tab)], [[], []]);
});

test("a tab that slept through a denial leaves alone what others have stored since", async () => {
  const world = new World();
  const { page: sleeping, tracker: sleeper } = await world.visit({ flushInterval: 3_600_000 });
  sleeper.capture("denied");
  sleeping.isOpen = false;
  const { page, tracker } = await world.visit({ flushInterval: 3_600_000 });
  await world.pass(SECOND);
  tracker.optOut();
  tracker.optIn();
  tracker.identify("ada");
  world.server.isDown = true;
  tracker.trackBookingCompleted({ bookingId: 1, bookingUid: "u" });
  page.leave();
  sleeping.isOpen = true;
  sleeping.tell(sleeping.window, "pageshow", { persisted: true });
  sleeping.leave();
  await world.pass(10 * MINUTE);
  world.server.isDown = false;
  const { tracker: next } = await world.visit();
  assert.equal(next.getDistinctId(), "ada");
  await world.pass(60 * MINUTE);
  assert.ok(world.server.names().includes("booking_completed"));
  assert.ok(!world.server.names().includes("denied"));
});

test("a no for one team leaves a visitor alone whom another tab or tracker has stored", async () => {
  const world = new World();
  const { page, tracker: untracked } = await world.visit({ isTeamEnabled: async (team) => team !== "8" });
  untracked.getDistinctId();
  const { tracker } = await world.visit();
  tracker.identify("ada");
  await tracker.flush();
  untracked.capture("x", { teamId: 8 });
  await world.pass(MINUTE);
  const beside = page.track();
  await beside.ready;
  assert.equal(tracker.getDistinctId(), "ada");
  const { tracker: next } = await world.visit();
  assert.equal(next.getDistinctId(), "ada");
});

test("a no that comes on a later page takes the traces of the earlier one with it", async () => {
  const world = new World();
  const { page, tracker } = await world.visit({ isTeamEnabled: () => new Promise(() => {}) });
  tracker.capture("x", { teamId: 8 });
  page.leave();
  assert.ok(keysOf(world.localStorage).length > 0);
  const { page: next } = await world.visit({ isTeamEnabled: async () => false });
  // Where there are no locks, what another page has left is taken over after a minute.
  await world.pass(2 * MINUTE);
  assert.deepEqual([keysOf(world.localStorage), keysOf(next.tab)], [[], []]);
});

test("what is only registered for a team of which nothing is known is not stored", async () => {
  const world = new World();
  const { page, tracker } = await world.visit({ teamId: 7, isTeamEnabled: async () => false });
  tracker.register({ plan: "pro" });
  tracker.group("company", "acme");
  await world.pass(MINUTE);
  assert.deepEqual([keysOf(world.localStorage), keysOf(page.tab)], [[], []]);
});

test("without WebAssembly a consent after a denial delivers as well", async () => {
  const world = new World();
  const page = world.open();
  Object.defineProperty(page.window, "WebAssembly", { value: undefined });
  const tracker = page.track();
  tracker.optOut();
  await world.pass(10 * SECOND);
  tracker.optIn();
  tracker.trackBookingFailed({ error: "x" });
  await world.pass(10 * SECOND);
  assert.deepEqual(world.server.names(), ["booking_failed"]);
});

test("a denial is known by its time also where posthog-js or the browser had said no before", async () => {
  const world = new World();
  const { page, tracker: sleeper } = await world.visit({ flushInterval: 3_600_000 });
  sleeper.capture("denied");
  page.isOpen = false;
  const { page: other, tracker } = await world.visit(
    { respectGpc: true },
    { navigator: { globalPrivacyControl: true } },
  );
  tracker.optOut();
  await world.pass(SECOND);
  other.window.navigator.globalPrivacyControl = false;
  tracker.optIn();
  page.isOpen = true;
  page.tell(page.window, "pageshow", { persisted: true });
  await world.pass(10 * MINUTE);
  assert.deepEqual(world.server.names(), []);
});

test("a browser that has Temporal says the time zone at once, and Intl is never asked", async () => {
  const world = new World();
  const page = world.open();
  runInContext(
    "Intl.DateTimeFormat = () => { throw new Error('slow') }; Temporal = { Now: { timeZoneId: () => 'Asia/Tokyo' } }",
    page.window,
  );
  const tracker = page.track({});
  tracker.capture("x");
  await tracker.flush();
  assert.equal(world.server.named("x")[0].properties.$timezone, "Asia/Tokyo");
});

test("the time zone is found out before an event needs it, and once a day", async () => {
  const world = new World();
  const asked = [];
  const visit = async () => {
    const page = world.open();
    const count = asked.push(0) - 1;
    page.window.asked = () => asked[count]++;
    runInContext(
      "const { DateTimeFormat } = Intl; Intl.DateTimeFormat = () => (asked(), DateTimeFormat())",
      page.window,
    );
    const tracker = page.track({});
    await world.pass(2 * SECOND);
    const beforeItsEvent = asked[count];
    tracker.capture("x");
    await tracker.flush();
    page.leave();
    return beforeItsEvent;
  };
  assert.deepEqual([await visit(), await visit(), asked], [1, 0, [1, 0]]);
  await world.pass(DAY);
  await visit();
  const zones = world.server.named("x").map(({ properties }) => properties.$timezone);
  assert.deepEqual([asked, new Set(zones).size, typeof zones[0]], [[1, 0, 1], 1, "string"]);
});
