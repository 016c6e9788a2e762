// Sharing an identity with posthog-js, on a page where it behaves, comes late, or is something else altogether. The real one
// runs in tests/e2e/people.test.mjs.

import assert from "node:assert/strict";
import { test } from "node:test";
import { API_KEY, SECOND, World } from "./world.mjs";

const SESSION = { sessionId: "0190b3a2-7c1e-7a3b-9f00-000000000001", windowId: "0190b3a2-7c1e-7a3b-9f00-000000000002" };

/** A posthog-js as far as the tracker uses it. */
function makePostHog({ distinctId = "ph-visitor", token = API_KEY } = {}) {
  const state = { distinctId, isIdentified: false, groups: {}, flags: undefined, isOptedOut: false, calls: [] };
  const instance = {
    __loaded: true,
    config: { token },
    get_distinct_id: () => state.distinctId,
    get_property: (name) =>
      ({
        $device_id: "ph-device",
        $user_state: state.isIdentified ? "identified" : "anonymous",
        $enabled_feature_flags: state.flags,
      })[name],
    getGroups: () => state.groups,
    sessionManager: { checkAndGetSessionAndWindowId: () => SESSION },
    has_opted_out_capturing: () => state.isOptedOut,
    identify(id) {
      state.calls.push(["identify", id]);
      Object.assign(state, { distinctId: id, isIdentified: true });
    },
    reset() {
      state.calls.push(["reset"]);
      Object.assign(state, { distinctId: "ph-next", isIdentified: false, groups: {} });
    },
  };
  return { state, instance };
}

async function visit(world, options = {}, posthog) {
  const page = world.open();
  if (posthog) page.window.posthog = posthog;
  const tracker = page.track({ identity: "auto", ...options });
  await world.settle();
  return { page, tracker };
}

const arrived = async (world, tracker) => {
  await world.pass(3 * SECOND);
  await tracker.flush();
  await world.settle();
  return world.server.events;
};

const idsOf = (events) => Object.fromEntries(events.map(({ event, distinct_id }) => [event, distinct_id]));

test("events of before and after posthog-js has come are about its visitor, sent once", async () => {
  const world = new World();
  const { page, tracker } = await visit(world);
  tracker.capture("before");
  assert.equal(world.server.requests.length, 0);
  await world.pass(500);
  const { instance } = makePostHog();
  page.window.posthog = instance;
  await world.pass(100);
  tracker.capture("after");
  const events = await arrived(world, tracker);
  assert.deepEqual(idsOf(events), { before: "ph-visitor", after: "ph-visitor" });
  for (const { properties } of events) {
    assert.deepEqual([properties.$device_id, properties.$session_id], ["ph-device", SESSION.sessionId]);
  }
  assert.equal(world.server.requests.flatMap((request) => request.events).length, 2);
});

test("without posthog-js an event is about who it was when it was captured, whatever is said later", async () => {
  for (const change of [(tracker) => tracker.reset(), (tracker) => tracker.identify("ada")]) {
    const world = new World();
    const { tracker } = await visit(world);
    const first = tracker.getDistinctId();
    tracker.capture("before");
    change(tracker);
    tracker.capture("after");
    const events = await arrived(world, tracker);
    assert.deepEqual(idsOf(events).before, first);
    assert.equal(idsOf(events).after, tracker.getDistinctId());
    assert.notEqual(tracker.getDistinctId(), first);
  }
});

test("a page that is left while it waits hands over what its next page sends again as the same event", async () => {
  const world = new World();
  const { page, tracker } = await visit(world);
  tracker.capture("before");
  tracker.reset();
  page.leave();
  const { tracker: next } = await visit(world);
  await arrived(world, next);
  const copies = world.server.requests.flatMap(({ events }) => events).filter(({ event }) => event === "before");
  assert.equal(new Set(copies.map((copy) => JSON.stringify(copy))).size, 1);
});

test("a posthog-js that comes after the wait is shared from then on", async () => {
  const world = new World();
  const { page, tracker } = await visit(world);
  tracker.trackBookingFailed({ error: "at once" });
  await world.pass(10 * SECOND);
  page.window.posthog = makePostHog().instance;
  tracker.capture("late");
  assert.equal(idsOf(await arrived(world, tracker)).late, "ph-visitor");
});

test("what was said before posthog-js came is passed on to it", async () => {
  const world = new World();
  const { page, tracker } = await visit(world);
  tracker.reset();
  tracker.identify("ada");
  const { instance, state } = makePostHog();
  page.window.posthog = instance;
  tracker.capture("after");
  assert.deepEqual(state.calls, [["reset"], ["identify", "ada"]]);
  assert.equal(idsOf(await arrived(world, tracker)).after, "ada");
});

test("its groups, its opt-out and its reset count; ours are about its person", async () => {
  const world = new World();
  const { instance, state } = makePostHog();
  const { tracker } = await visit(world, { flushInterval: 3_600_000 }, instance);
  state.groups = { company: "acme" };
  tracker.register({ plan: "pro" });
  tracker.alias("crm-7");
  tracker.capture("one");
  instance.reset();
  tracker.capture("two");
  const events = await arrived(world, tracker);
  const of = (name) => events.find(({ event }) => event === name);
  assert.deepEqual([of("one").properties.$groups, of("one").properties.plan], [{ company: "acme" }, "pro"]);
  assert.equal(of("$create_alias").distinct_id, "ph-visitor");
  const { properties, distinct_id } = of("two");
  assert.deepEqual([distinct_id, properties.$groups, properties.plan], ["ph-next", undefined, undefined]);
  assert.equal(properties.$process_person_profile, false);

  tracker.capture("three");
  state.isOptedOut = true;
  assert.equal(tracker.consent(), "denied");
  tracker.capture("four");
  await arrived(world, tracker);
  assert.deepEqual(
    world.server.names().filter((name) => /three|four/.test(name)),
    [],
  );
  assert.deepEqual([tracker.stats().dropped.no_consent, tracker.stats().waiting], [1, 0]);
});

test("an instance that the page names, or that posthog-js has named, is taken by its key", async () => {
  const world = new World();
  const named = makePostHog();
  const other = makePostHog({ token: "phc_other", distinctId: "other" });
  const { tracker: one } = await visit(world, {}, Object.assign(other.instance, { mine: named.instance }));
  one.capture("one");
  const { tracker: two } = await visit(world, { posthog: named.instance });
  two.capture("two");
  const { tracker: three } = await visit(world, {}, makePostHog({ token: "phc_other", distinctId: "other" }).instance);
  three.capture("three");
  for (const tracker of [one, two, three]) await arrived(world, tracker);
  const ids = idsOf(world.server.events);
  assert.deepEqual([ids.one, ids.two], ["ph-visitor", "ph-visitor"]);
  assert.notEqual(ids.three, "other");
});

test("whatever stands in the place of posthog-js: nothing is thrown, nothing is lost", async () => {
  const boom = () => {
    throw new Error("boom");
  };
  const throwing = new Proxy({}, { get: boom, has: boom, ownKeys: boom });
  const { instance } = makePostHog();
  const halves = Object.keys(instance)
    .filter((name) => typeof instance[name] === "function")
    .map((name) => ({ ...makePostHog().instance, [name]: boom }));
  const nobody = { ...makePostHog().instance, get_distinct_id: () => undefined };
  for (const posthog of [throwing, [], 7, "posthog", nobody, ...halves]) {
    const world = new World();
    const { tracker } = await visit(world, {}, posthog);
    tracker.register({ plan: "pro" });
    tracker.identify("ada");
    tracker.reset();
    tracker.trackBookingFailed({ error: "x" });
    const failed = (await arrived(world, tracker)).find(({ event }) => event === "booking_failed");
    assert.ok(failed?.distinct_id, "it arrived, about somebody");
    assert.equal(failed.properties.plan, undefined, "and the next visitor has nothing of the last one");
  }
});

test("a page that goes on without WebAssembly waits and seals as well", async () => {
  const world = new World();
  const page = world.open();
  delete page.window.WebAssembly;
  Object.defineProperty(page.window, "WebAssembly", { value: undefined });
  const tracker = page.track({ identity: "auto" });
  tracker.capture("before");
  await world.pass(500);
  page.window.posthog = makePostHog().instance;
  const events = await arrived(world, tracker);
  assert.deepEqual(idsOf(events), { before: "ph-visitor" });
  assert.equal(tracker.stats().engine, "no-wasm");
});

test("that posthog-js waits to be told is no denial; that the visitor told it not to is one", async () => {
  const world = new World();
  const { instance, state } = makePostHog();
  let status = "pending";
  instance.get_explicit_consent_status = () => status;
  state.isOptedOut = true;
  const { tracker } = await visit(world, { consent: "required" }, instance);
  tracker.capture("held");
  assert.equal(tracker.consent(), "pending");
  tracker.optIn();
  assert.equal(idsOf(await arrived(world, tracker)).held, "ph-visitor");
  status = "denied";
  assert.equal(tracker.consent(), "denied");
});

test("what is said between a reset and the next event stays; what was said before a reset of posthog-js goes", async () => {
  const world = new World();
  const { instance } = makePostHog();
  const { page, tracker } = await visit(world, {}, instance);
  tracker.capture("first");
  tracker.reset();
  tracker.group("company", "acme");
  tracker.register({ theme: "dark" });
  tracker.capture("second");
  const second = (await arrived(world, tracker)).find(({ event }) => event === "second");
  assert.deepEqual([second.properties.$groups, second.properties.theme], [{ company: "acme" }, "dark"]);
  tracker.identify("ada");
  // Its page is left right after it, so that only the next one can notice.
  instance.reset();
  page.leave();
  const { tracker: next } = await visit(world, {}, { ...instance, get_distinct_id: () => "ph-third" });
  next.capture("third");
  const third = (await arrived(world, next)).find(({ event }) => event === "third");
  assert.deepEqual([third.properties.$groups, third.properties.theme], [undefined, undefined]);
});

test("what changes no person does not end the wait, and an event has the groups that it had when it was captured", async () => {
  const world = new World();
  const { page, tracker } = await visit(world);
  tracker.register({ theme: "dark" });
  tracker.capture("before");
  tracker.group("company", "acme");
  await world.pass(500);
  const { instance, state } = makePostHog();
  state.groups = { project: "7" };
  page.window.posthog = instance;
  const before = (await arrived(world, tracker)).find(({ event }) => event === "before");
  assert.deepEqual([before.distinct_id, before.properties.theme], ["ph-visitor", "dark"]);
  assert.deepEqual(before.properties.$groups, { project: "7" });
});

test("what another tab has given up meanwhile is not sealed into storage again", async () => {
  const world = new World();
  const { tracker } = await visit(world);
  tracker.capture("before");
  const { tracker: other } = await visit(world, { identity: "own" });
  other.reset({ purge: true });
  await world.pass(3 * SECOND);
  assert.deepEqual(
    world.stored().filter((key) => /^phbt:\d/.test(key)),
    [],
  );
});

test("the flags that posthog-js has loaded are on the events, until this tracker has loaded its own", async () => {
  const world = new World();
  const { instance, state } = makePostHog();
  const { tracker } = await visit(world, {}, instance);
  for (const flags of [undefined, null, 7, "x", []]) {
    state.flags = flags;
    tracker.capture("without");
  }
  state.flags = { checkout: "blue", off: false };
  tracker.capture("with");
  world.flags.answer = { flags: { checkout: "red" } };
  await Promise.all([tracker.reloadFeatureFlags(), world.pass(SECOND)]);
  tracker.capture("own");
  const events = await arrived(world, tracker);
  const said = events.map(({ event, properties }) => [event, properties["$feature/checkout"]]);
  const without = Array.from({ length: 5 }, () => ["without", undefined]);
  assert.deepEqual(said, [...without, ["with", "blue"], ["own", "red"]]);
  const [{ properties }] = events.filter(({ event }) => event === "with");
  assert.deepEqual([properties["$feature/off"], properties.$active_feature_flags], [false, ["checkout"]]);
  assert.ok(events.slice(0, 5).every((event) => !("$active_feature_flags" in event.properties)));
});

test("a posthog-js that comes late and says who the page has named says nothing new: a flag is met once", async () => {
  const world = new World();
  world.flags.answer = { flags: { checkout: "red" } };
  const { page, tracker } = await visit(world, {}, makePostHog().instance);
  tracker.capture("followed");
  await arrived(world, tracker);
  page.leave();
  const { page: next, tracker: second } = await visit(world);
  await world.pass(3 * SECOND);
  second.identify("ada");
  await Promise.all([second.reloadFeatureFlags(), world.pass(SECOND)]);
  second.getFeatureFlag("checkout");
  const { instance, state } = makePostHog({ distinctId: "ada" });
  state.isIdentified = true;
  next.window.posthog = instance;
  second.getFeatureFlag("checkout");
  const met = (await arrived(world, second)).filter(({ event }) => event === "$feature_flag_called");
  assert.deepEqual(
    met.map(({ distinct_id }) => distinct_id),
    ["ada"],
  );
});

test("where the page names no instance, or nothing that is one, the posthog-js on the page is shared", async () => {
  for (const posthog of [null, undefined, 7]) {
    const world = new World();
    const { tracker } = await visit(world, { posthog }, makePostHog().instance);
    tracker.capture("shared");
    assert.equal(idsOf(await arrived(world, tracker)).shared, "ph-visitor", String(posthog));
  }
});
