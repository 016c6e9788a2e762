// The gate and the flags at odds with the world: damaged storage, sources that hang, tabs and trackers beside each other, a
// denial or a reset in the middle of a question, posthog-js that comes late.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR, MINUTE, SECOND, START, World } from "./world.mjs";

const URL_SOURCE = { isTeamEnabled: undefined, teamGateUrl: "/team-gate" };

const same = (actual, expected, why) => assert.deepEqual(structuredClone(actual), expected, why);

const names = async (world) => {
  await world.settle();
  return world.server.names();
};

/** After so many requests the host hangs, so that a storm ends. */
function limited(world, answer, max = 300) {
  const from = world.hostAsked.length;
  world.host = () => (world.hostAsked.length - from > max ? ["hang", ""] : answer);
}

/** The key under which tracked teams are stored. */
function gateKey(world) {
  const project = world
    .stored()
    .find((key) => /^phbt:(identity|session|sentinel):/.test(key))
    ?.split(":")[2];
  return `phbt:gate:${project}`;
}

/** Opens a page that finds this where an earlier one has stored its flags. */
async function visitWithFlags(world, stored) {
  const { page, tracker } = await world.visit();
  tracker.capture("x");
  tracker.setPersonPropertiesForFlags({ a: 1 });
  await world.settle();
  const [key] = world.stored().filter((found) => found.includes(":flags:"));
  page.leave();
  world.localStorage.entries.set(key, stored);
  return world.visit();
}

/** A posthog-js with a visitor and flags. */
const posthogOf = (id, flags) => ({
  __loaded: true,
  config: { token: "phc_contract" },
  get_distinct_id: () => id,
  get_property: (name) => (name === "$enabled_feature_flags" ? flags : undefined),
  getGroups: () => ({}),
});

test("a stored answer from the future is none, and asks once", async () => {
  const world = new World();
  const { page } = await world.visit({ teamId: 1 });
  page.track({ teamId: 1 }).capture("x");
  page.leave();
  world.localStorage.entries.set(gateKey(world), JSON.stringify({ 42: START + 2 * DAY }));
  limited(world, [200, "true"]);
  const { tracker } = await world.visit({ ...URL_SOURCE, teamId: 42 });
  tracker.trackBookingCompleted({ bookingId: 1, bookingUid: "b" });
  await world.settle();
  const _asked1 = world.hostAsked.length;
  await world.settle();
  assert.ok(world.hostAsked.length <= 2, `asked ${world.hostAsked.length} times without any time passing`);
  assert.equal(tracker.isTeamTracked(), true);
});

test("a page that nobody sees stops for a team that is switched off", async () => {
  const world = new World();
  world.host = () => [200, "true"];
  const { page, tracker } = await world.visit({ ...URL_SOURCE, teamId: 42, gateTtl: 60_000 });
  tracker.capture("seen");
  await tracker.flush();
  page.hide();
  world.host = () => [200, "false"];
  await world.pass(HOUR);
  tracker.capture("payment_received");
  await world.pass(SECOND);
  same(await names(world), ["seen"]);
});

test("a page that nobody sees stops when another tab hears of it", async () => {
  const world = new World();
  world.host = () => [200, "true"];
  const o = { ...URL_SOURCE, teamId: 42, gateTtl: 60_000 };
  const { page, tracker } = await world.visit(o);
  tracker.capture("seen");
  await world.pass(11 * SECOND);
  page.hide();
  const { tracker: second } = await world.visit(o);
  assert.equal(second.isTeamTracked(), true);
  world.host = () => [200, "false"];
  await world.pass(HOUR);
  assert.equal(second.isTeamTracked(), false);
  assert.equal(tracker.isTeamTracked(), false);
  tracker.capture("payment_received");
  await world.pass(SECOND);
  same(await names(world), ["seen"]);
});

test("a tab whose own source is down stops when another tab hears of it", async () => {
  const world = new World();
  let down = false;
  world.host = () => [200, "true"];
  const a = await world.visit({
    isTeamEnabled: () => {
      if (down) throw 1;
      return true;
    },
    teamId: 42,
  });
  a.tracker.capture("x");
  await world.pass(SECOND);
  const b = await world.visit({ ...URL_SOURCE, teamId: 42, gateTtl: 10_000 });
  b.tracker.isTeamTracked();
  down = true;
  world.host = () => [200, "false"];
  await world.pass(11 * SECOND);
  same([b.tracker.isTeamTracked(), a.tracker.isTeamTracked()], [false, undefined]);
});

test("a team of the server that one tab finds switched off is so in the others", async () => {
  const world = new World();
  world.host = () => [200, "false"];
  const o = { ...URL_SOURCE, teamId: 42, bootstrap: { teams: { 42: true } } };
  const a = await world.visit({ ...o, gateTtl: 86_400_000 });
  const b = await world.visit({ ...o, gateTtl: 10_000 });
  a.tracker.isTeamTracked();
  b.tracker.isTeamTracked();
  await world.pass(11 * SECOND);
  same([b.tracker.isTeamTracked(), a.tracker.isTeamTracked()], [false, false]);
});

test("a no of the server ends what earlier pages remember", async () => {
  const world = new World();
  world.host = () => [200, "true"];
  const first = await world.visit({ ...URL_SOURCE, teamId: 42 });
  first.tracker.capture("x");
  await world.pass(SECOND);
  first.page.leave();
  world.host = () => [503, ""];
  const second = await world.visit({ ...URL_SOURCE, teamId: 42, bootstrap: { teams: { 42: false } } });
  second.tracker.capture("y");
  await world.pass(SECOND);
  second.page.leave();
  const third = await world.visit({ ...URL_SOURCE, teamId: 42 });
  assert.equal(third.tracker.isTeamTracked(), undefined);
});

test("a source that never settles does not keep the next one from being asked", async () => {
  const world = new World();
  world.host = () => [200, "true"];
  const { tracker } = await world.visit({
    isTeamEnabled: () => new Promise(() => {}),
    teamGateUrl: "/team-gate",
    teamId: 42,
  });
  tracker.capture("seen");
  await world.pass(DAY + HOUR);
  same(await names(world), ["seen"]);
});

test("after a denial nobody else is asked", async () => {
  const world = new World();
  let answer;
  world.host = () => [200, "true"];
  const { tracker } = await world.visit({
    isTeamEnabled: () => new Promise((r) => (answer = r)),
    teamGateUrl: "/team-gate",
    teamId: 42,
  });
  tracker.capture("seen");
  await world.settle();
  tracker.optOut();
  answer(undefined);
  await world.settle();
  assert.equal(world.hostAsked.length, 0);
});

test("after a denial no request to PostHog's flags is repeated, neither the gate's nor the page's", async () => {
  for (const options of [{ isTeamEnabled: undefined, teamFlag: true }, { featureFlags: true }]) {
    const world = new World();
    world.flags.answerNext(0, 200);
    const { tracker } = await world.visit({ ...options, teamId: 42 });
    tracker.capture("x");
    await world.pass(10);
    assert.equal(world.flags.requests.length, 1);
    tracker.optOut();
    await world.pass(SECOND);
    assert.equal(world.flags.requests.length, 1);
  }
});

test("after a team is shut a request for flags is not repeated", async () => {
  const world = new World();
  world.flags.answerNext(0, 200);
  let open = true;
  const { tracker } = await world.visit({ isTeamEnabled: () => open, featureFlags: true, teamId: 42, gateTtl: 1000 });
  tracker.capture("x");
  await world.pass(970);
  world.flags.answerNext(0, 200);
  tracker.reloadFeatureFlags();
  await world.pass(10);
  open = false;
  await world.pass(100);
  assert.equal(tracker.isTeamTracked(), false);
  const m = world.flags.requests.length;
  await world.pass(SECOND);
  assert.equal(world.flags.requests.length, m);
});

test("an answer about a visitor that has denied and agreed again is about somebody else", async () => {
  const world = new World();
  world.flags.answer = { flags: { a: "old" } };
  world.flags.answerNext("hold", 500);
  const { tracker } = await world.visit({ featureFlags: true, teamId: 42 });
  await world.pass(10);
  tracker.optOut();
  tracker.optIn();
  world.flags.release();
  await world.pass(SECOND);
  same(tracker.getFeatureFlags(), {});
});

test("damaged flags in storage lose no event", async () => {
  for (const damage of [
    '{"flags":{"a":null},"loadedMs":"x"}',
    '{"flags":null,"loadedMs":"x"}',
    `{"flags":{"a":null},"loadedMs":${START}}`,
  ]) {
    const world = new World();
    const { tracker } = await visitWithFlags(world, damage);
    tracker.trackBookingCompleted({ bookingId: 1, bookingUid: "b" });
    await world.settle();
    assert.equal(tracker.stats().dropped.invalid, 0, damage);
  }
});

test("damaged groups in storage lose no event", async () => {
  const world = new World();
  const { tracker } = await visitWithFlags(world, '{"groups":null}');
  tracker.group("company", "acme");
  await tracker.flush();
  await world.settle();
  same(world.server.named("$groupidentify").length, 1);
});

test("an answer with a damaged flag is read without it, and ends the load", async () => {
  const world = new World();
  const rejections = [];
  const on = (e) => rejections.push(e);
  process.on("unhandledRejection", on);
  const { tracker } = await world.visit({ teamId: 42 });
  for (const body of ['{"flags":{"a":null}}', '{"flags":{},"quotaLimited":{}}']) {
    Object.defineProperty(world.flags, "body", { value: body, configurable: true });
    let done = false;
    tracker.reloadFeatureFlags().then(() => (done = true));
    await world.pass(30 * SECOND);
    assert.ok(done, body);
  }
  process.off("unhandledRejection", on);
  assert.equal(rejections.length, 0);
});

test("an answer with a damaged quota is read, and ends the load", async () => {
  const world = new World();
  const { tracker } = await world.visit({ teamId: 42 });
  Object.defineProperty(world.flags, "body", { value: '{"flags":{},"quotaLimited":{}}', configurable: true });
  let done = false;
  const on = (_e) => process.on("unhandledRejection", on);
  tracker.reloadFeatureFlags().then(() => (done = true));
  await world.pass(30 * SECOND);
  process.off("unhandledRejection", on);
  assert.ok(done);
});

test("while posthog-js is awaited no flags are loaded, and then those of its visitor", async () => {
  const world = new World();
  const { page } = await (async () => {
    const page = world.open();
    page.tracker = page.track({ identity: "auto", featureFlags: true, teamId: 42 });
    return { page };
  })();
  await world.pass(500);
  page.window.posthog = posthogOf("ph-visitor");
  await world.pass(MINUTE);
  assert.deepEqual(
    world.flags.requests.map(({ body }) => body.distinct_id),
    ["ph-visitor"],
  );
});

test("when posthog-js says that the visitor is somebody else, flags are loaded and told anew", async () => {
  const world = new World();
  let id = "ph-one";
  const page = world.open();
  page.window.posthog = {
    ...posthogOf(""),
    get_distinct_id: () => id,
    get_property: (n) => (n === "$user_state" ? "identified" : undefined),
  };
  const tracker = page.track({ identity: "auto", featureFlags: true, teamId: 42 });
  world.flags.answer = { flags: { a: true } };
  await world.pass(SECOND);
  tracker.getFeatureFlag("a");
  id = "ph-two";
  tracker.capture("x");
  tracker.getFeatureFlag("a");
  await world.pass(MINUTE);
  assert.equal(world.flags.requests.at(-1).body.distinct_id, "ph-two");
});

test("held in memory while posthog-js is awaited: about its visitor", async () => {
  for (const holdUnknown of ["durable", "memory"]) {
    const world = new World();
    const page = world.open();
    const tracker = page.track({ ...URL_SOURCE, identity: "auto", teamId: 42, holdUnknown });
    tracker.capture("early");
    await world.pass(500);
    page.window.posthog = posthogOf("ph-visitor");
    await world.pass(5 * SECOND);
    world.host = () => [200, "true"];
    await world.pass(MINUTE);
    assert.equal(world.server.events[0].distinct_id, "ph-visitor", holdUnknown);
  }
});

test("held for a team while posthog-js is awaited: about its visitor", async () => {
  const world = new World();
  const page = world.open();
  world.host = () => [200, "true"];
  const tracker = page.track({ ...URL_SOURCE, identity: "auto" });
  tracker.group("company", "acme");
  await world.pass(500);
  page.window.posthog = posthogOf("ph-visitor");
  await world.pass(5 * SECOND);
  tracker.capture("later", { teamId: 42 });
  await world.pass(MINUTE);
  assert.deepEqual(
    world.server.events.map((e) => e.distinct_id),
    ["ph-visitor", "ph-visitor"],
  );
});

test("held in memory: a shutdown asks, and sends what that lets go", async () => {
  const world = new World();
  let answer;
  const { tracker } = await world.visit({
    isTeamEnabled: () => new Promise((r) => (answer = r)),
    teamId: 42,
    holdUnknown: "memory",
  });
  tracker.trackBookingCompleted({ bookingId: 1, bookingUid: "b" });
  await world.settle();
  const done = tracker.shutdown();
  await world.settle();
  answer(true);
  await world.pass(MINUTE);
  await done;
  same(world.server.names(), ["booking_completed"]);
});

test("an identify while flags are loading is told with the next request", async () => {
  const world = new World();
  const { page, tracker } = await world.visit({ teamId: 42 });
  const orig = page.window.fetch;
  const go = [];
  page.window.fetch = (a, i) => (a.includes("/flags/") ? new Promise((r) => go.push(() => r(orig(a, i)))) : orig(a, i));
  tracker.getFeatureFlag("a");
  await world.pass(10);
  const anon = tracker.getDistinctId();
  tracker.identify("ada");
  await world.pass(10);
  go.shift()();
  await world.pass(10);
  go.shift()();
  await world.settle();
  same(world.flags.last.$anon_distinct_id, anon);
});

test("a bootstrapped flag that is null is not on", async () => {
  const world = new World();
  const { tracker } = await world.visit({
    teamId: 42,
    bootstrap: { featureFlags: { a: null, b: undefined, c: 0, d: "" } },
  });
  same(
    ["a", "b", "c", "d"].map((k) => tracker.isFeatureEnabled(k, { sendEvent: false })),
    [undefined, undefined, undefined, undefined],
  );
});

test("who listens while consent is denied hears when it is given", async () => {
  const world = new World();
  const { tracker } = await world.visit({ teamId: 42, consent: "required" });
  tracker.optOut();
  const told = [];
  tracker.onTeamGate((t, s) => told.push(`${t} ${s}`));
  tracker.onFeatureFlags(() => told.push("flags"));
  tracker.optIn();
  await world.pass(MINUTE);
  assert.deepEqual(told, ["42 open", "flags"]);
});

test("a page's own yes speaks for its own team, not for the team of an event", async () => {
  const world = new World();
  const { tracker } = await world.visit({ isTeamEnabled: true, teamId: 42, teamGateUrl: "/team-gate" });
  world.host = () => [200, "false"];
  tracker.trackBookingCompleted({ bookingId: 1, bookingUid: "b", teamId: 43 });
  await world.pass(MINUTE);
  same(world.server.names(), []);
});

test("a page's own no speaks for its own team, not for the team of an event", async () => {
  const world = new World();
  world.host = () => [200, "true"];
  const { tracker } = await world.visit({ isTeamEnabled: false, teamId: 42, teamGateUrl: "/team-gate" });
  tracker.trackBookingCompleted({ bookingId: 1, bookingUid: "b", teamId: 43 });
  await world.pass(MINUTE);
  same([tracker.isTeamTracked(43), world.server.names()], [true, ["booking_completed"]]);
});

test("after setTeam an event that names the page's first team goes through that team's gate", async () => {
  const world = new World();
  const { tracker } = await world.visit({ isTeamEnabled: true, teamId: 42 });
  tracker.setTeam(7);
  tracker.trackBookingCompleted({ bookingId: 1, bookingUid: "b", teamId: 42 });
  await world.pass(MINUTE);
  same(world.server.names(), ["booking_completed"]);
});

test("offline at the first load, flags are loaded when there is a network", async () => {
  const world = new World();
  world.flags.answerNext(0, 0);
  const { page } = await world.visit({ featureFlags: true, teamId: 42 });
  await world.pass(SECOND);
  assert.equal(world.flags.requests.length, 2);
  page.tell(page.window, "online");
  await world.pass(SECOND);
  assert.equal(world.flags.requests.length, 3);
});

test("two trackers of one page tell each other what they learn", async () => {
  const world = new World();
  world.host = () => [200, "true"];
  const page = world.open();
  const a = page.track({ ...URL_SOURCE, teamId: 42, gateTtl: 10_000 });
  const b = page.track({ ...URL_SOURCE, teamId: 42, gateTtl: 3_600_000 });
  a.capture("x");
  b.capture("y");
  await world.pass(SECOND);
  world.host = () => [200, "false"];
  await world.pass(11 * SECOND);
  same([a.isTeamTracked(), b.isTeamTracked()], [false, false]);
});

test("two trackers of one page: a reset in one ends the other's load as well", async () => {
  const world = new World();
  const page = world.open();
  const a = page.track({ teamId: 42 });
  const b = page.track({ teamId: 42 });
  await world.settle();
  a.capture("x");
  b.capture("y");
  const orig = page.window.fetch;
  const go = [];
  page.window.fetch = (u, i) => (u.includes("/flags/") ? new Promise((r) => go.push(() => r(orig(u, i)))) : orig(u, i));
  world.flags.answer = { flags: { a: "old" } };
  b.reloadFeatureFlags();
  await world.pass(10);
  a.reset();
  go[0]();
  await world.settle();
  assert.equal(a.getFeatureFlag("a", { sendEvent: false }), undefined);
});

test("flags are requested once at the start of a page with a team", async () => {
  const world = new World();
  await world.visit({ featureFlags: true, teamId: 42 });
  await world.pass(SECOND);
  assert.equal(world.flags.requests.length, 1);
});

test("an answer of the gate while flags are loading costs no second request", async () => {
  const world = new World();
  world.host = () => [200, "true"];
  const { page, tracker } = await world.visit({ ...URL_SOURCE, teamId: 42, gateTtl: 1000 });
  tracker.capture("x");
  await world.pass(900);
  const orig = page.window.fetch;
  const go = [];
  page.window.fetch = (a, i) => (a.includes("/flags/") ? new Promise((r) => go.push(() => r(orig(a, i)))) : orig(a, i));
  tracker.getFeatureFlag("a");
  await world.pass(500); // the gate is renewed meanwhile
  go.shift()();
  await world.pass(500);
  assert.equal(go.length, 0);
});

test("an event without a team does not make the page forget which team was named last", async () => {
  const world = new World();
  world.host = () => [200, "true"];
  const { page, tracker } = await world.visit(URL_SOURCE);
  tracker.trackBookingStarted({ teamId: 42 });
  await world.pass(SECOND);
  tracker.capture("scrolled");
  tracker.identify("ada");
  page.leave();
  await world.settle();
  assert.ok(world.server.names().includes("$identify"));
});

test("a load that fails leaves posthog-js's flags on the events", async () => {
  const world = new World();
  const page = world.open();
  page.window.posthog = posthogOf("ph", { beta: true });
  const tracker = page.track({ identity: "auto", teamId: 42 });
  await world.settle();
  tracker.capture("one");
  world.flags.answerNext(0, 0);
  tracker.getFeatureFlag("x");
  await world.pass(SECOND);
  tracker.capture("two");
  await tracker.flush();
  await world.settle();
  same(
    world.server.events.map((e) => [e.event, e.properties["$feature/beta"]]),
    [
      ["one", true],
      ["two", true],
    ],
  );
});

test("after a denial and a new consent flags are loaded for the new visitor", async () => {
  const world = new World();
  world.flags.answer = { flags: { a: true } };
  const { tracker } = await world.visit({ featureFlags: true });
  await world.pass(SECOND);
  tracker.optOut();
  await world.pass(SECOND);
  tracker.optIn();
  tracker.getFeatureFlag("a");
  await world.pass(MINUTE);
  await tracker.flush();
  await world.settle();
  assert.equal(tracker.getFeatureFlag("a"), true);
});

test("an event that names its own team carries that group, whatever setTeam has said", async () => {
  const world = new World();
  world.host = (t) => [200, String(t === "42")];
  const { tracker } = await world.visit(URL_SOURCE);
  tracker.setTeam(42);
  tracker.capture("x");
  await world.pass(SECOND);
  tracker.setTeam(7);
  await world.pass(SECOND);
  tracker.capture("seen", { teamId: 42 });
  await tracker.flush();
  await world.settle();
  assert.notEqual(world.server.named("seen")[0].properties.$groups?.team, "7");
});

test("a team that is shut while a page adopts takes nothing of another team's away", async () => {
  const world = new World();
  const one = await world.visit(URL_SOURCE);
  one.tracker.capture("seven", { teamId: 7 });
  one.tracker.capture("held", { teamId: 42 });
  await world.settle();
  const id = one.tracker.getDistinctId();
  one.page.leave();
  await world.pass(2 * MINUTE);
  const two = await world.visit({ ...URL_SOURCE, bootstrap: { teams: { 7: false } } });
  await world.pass(2 * MINUTE);
  const stored = world.stored().map((k) => k.split(":")[1]);
  two.page.leave();
  const three = await world.visit(URL_SOURCE);
  assert.ok(stored.includes("sentinel") && stored.includes("identity"), stored.join());
  assert.equal(three.tracker.getDistinctId(), id);
});

test("flags by the names of Object's own members are none", async () => {
  const world = new World();
  world.flags.answer = { flags: JSON.parse('{"__proto__": true, "constructor": "x", "a": true}') };
  const { tracker } = await world.visit({ featureFlags: true, bootstrap: { featureFlags: { b: true } } });
  await world.pass(SECOND);
  same(
    ["__proto__", "constructor", "toString"].map((k) => tracker.getFeatureFlag(k)),
    [true, "x", undefined],
  );
});

test("held in memory: nothing is stored, whatever the page calls", async () => {
  const world = new World();
  const { page, tracker } = await world.visit({
    ...URL_SOURCE,
    teamId: 42,
    holdUnknown: "memory",
    featureFlags: true,
    bootstrap: { featureFlags: { a: true }, sessionId: undefined },
  });
  tracker.capture("x");
  tracker.identify("ada");
  tracker.setTeam(7);
  tracker.register({ a: 1 });
  tracker.registerForSession({ b: 1 });
  tracker.getFeatureFlag("a");
  tracker.reset();
  tracker.setPersonPropertiesForFlags({ a: 1 });
  tracker.alias("x", "y");
  tracker.getSessionId();
  tracker.onFeatureFlags(() => {});
  page.hide();
  page.show();
  await world.pass(MINUTE);
  same([world.stored(), [...page.tab.entries.keys()]], [[], []]);
});

test("bootstrapped flags that nobody has read do not overwrite PostHog's answer", async () => {
  const world = new World();
  world.flags.answer = { flags: { a: true } };
  const { tracker } = await world.visit({ featureFlags: true, bootstrap: { featureFlags: { b: true } } });
  await world.pass(SECOND);
  same(tracker.getFeatureFlags(), { a: true });
});

test("a flag that was met on the page of a team that is shut is told where it may be", async () => {
  const world = new World();
  world.host = (t) => [200, String(t === "42")];
  world.flags.answer = { flags: { a: true } };
  const { tracker } = await world.visit({ ...URL_SOURCE, featureFlags: true });
  tracker.setTeam(42);
  tracker.capture("x");
  await world.pass(SECOND);
  tracker.setTeam(7);
  await world.pass(SECOND);
  assert.equal(tracker.getFeatureFlag("a"), true);
  tracker.setTeam(42);
  assert.equal(tracker.getFeatureFlag("a"), true);
  await tracker.flush();
  await world.settle();
  assert.equal(world.server.named("$feature_flag_called").length, 1);
});

test("a flag that was met after a shutdown is told by the next page", async () => {
  const world = new World();
  world.flags.answer = { flags: { a: true } };
  const one = await world.visit({ featureFlags: true, teamId: 42 });
  one.tracker.capture("x");
  await world.pass(SECOND);
  one.tracker.shutdown();
  await world.settle();
  one.tracker.getFeatureFlag("a");
  one.page.leave();
  const two = await world.visit({ featureFlags: true, teamId: 42 });
  await world.pass(SECOND);
  two.tracker.getFeatureFlag("a");
  await two.tracker.flush();
  await world.settle();
  assert.equal(world.server.named("$feature_flag_called").length, 1);
});

test("a value that was met stands once in storage", async () => {
  const world = new World();
  world.flags.answer = { flags: { a: true } };
  const { tracker } = await world.visit({ featureFlags: true, teamId: 42 });
  await world.pass(SECOND);
  tracker.getFeatureFlag("a");
  tracker.getFeatureFlag("b");
  await world.settle();
});
