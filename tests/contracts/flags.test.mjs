// Feature flags: loaded, cached, read, told, and put on events.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR, MINUTE, SECOND, START, World } from "./world.mjs";

/** A world whose project has these flags, and a page that has loaded them. */
async function loaded(flags, options = {}, how = {}) {
  const world = new World();
  world.flags.answer = { flags };
  const { page, tracker } = await world.visit({ featureFlags: true, ...options }, how);
  await world.pass(SECOND);
  return { world, page, tracker };
}

/** What pages give comes from realms of their own. */
const same = (actual, expected, why) => assert.deepEqual(structuredClone(actual), expected, why);

const arrived = async (world, tracker) => {
  await tracker.flush();
  await world.settle();
  return world.server.events;
};

const calledOf = async (world, tracker) =>
  (await arrived(world, tracker)).filter(({ event }) => event === "$feature_flag_called");

const flagged = (payload, rest = {}) => ({
  enabled: true,
  reason: { code: "condition_match", description: "Matched condition set 1" },
  metadata: { id: 7, version: 3, payload, has_experiment: true },
  ...rest,
});

test("feature-flag-cache: values and payloads of a load, read without a request, gone with a reset", async () => {
  const { world, tracker } = await loaded({ "beta-ui": flagged('{"color":"green"}'), off: false });
  assert.equal(world.flags.requests.length, 1);
  assert.equal(tracker.getFeatureFlag("beta-ui"), true);
  same(tracker.getFeatureFlagPayload("beta-ui"), { color: "green" });
  assert.equal(world.flags.requests.length, 1);
  tracker.reset();
  assert.equal(tracker.getFeatureFlag("beta-ui"), undefined);
  same(tracker.getFeatureFlags(), {});
});

test("feature-flag-cache: kept for later pages, offline as well, and for a day", async () => {
  const { world, page: first, tracker } = await loaded({ "beta-ui": "blue" });
  tracker.capture("seen");
  first.leave();
  world.flags.answerNext(0, 0, 0, 0);
  const { page, tracker: later } = await world.visit();
  assert.equal(later.getFeatureFlag("beta-ui", { sendEvent: false }), "blue");
  later.capture("seen_later");
  assert.equal((await arrived(world, later)).at(-1).properties["$feature/beta-ui"], "blue");
  page.leave();
  await world.pass(DAY);
  world.flags.answerNext(0, 0);
  const { tracker: stale } = await world.visit();
  assert.equal(stale.getFeatureFlag("beta-ui"), undefined);
  stale.capture("seen_much_later");
  assert.equal("$feature/beta-ui" in (await arrived(world, stale)).at(-1).properties, false);
});

test("feature-flag-cache: a damaged payload is none, and an empty text is one", async () => {
  const broken = ["{broken", "", "   "];
  for (const payload of broken) {
    const { tracker } = await loaded({ checkout: flagged(payload, { variant: "blue" }), "beta-ui": flagged("1") });
    assert.equal(tracker.getFeatureFlagPayload("checkout"), undefined);
    same(tracker.getFeatureFlagResult("checkout"), { key: "checkout", enabled: true, variant: "blue" });
    same(tracker.getFeatureFlagsAndPayloads(), {
      flags: { checkout: "blue", "beta-ui": true },
      payloads: { "beta-ui": 1 },
    });
  }
  const { tracker } = await loaded({ checkout: flagged('""') });
  assert.equal(tracker.getFeatureFlagPayload("checkout"), "");
  same(tracker.getFeatureFlagsAndPayloads().payloads, { checkout: "" });
});

test("feature-flag-cache: what somebody has damaged in storage is nothing, and loaded anew", async () => {
  for (const damage of ["{", "[]", '"x"', "null", '{"flags":7,"called":[],"person":"x","groups":null}']) {
    const { world } = await loaded({ a: true });
    const [key] = world.stored().filter((stored) => stored.includes(":flags:"));
    world.localStorage.entries.set(key, damage);
    const { tracker } = await world.visit();
    assert.equal(tracker.getFeatureFlag("a"), undefined, damage);
    tracker.setPersonPropertiesForFlags({ plan: "pro" });
    tracker.setGroupPropertiesForFlags({ company: { plan: "pro" } });
    await world.pass(SECOND);
    assert.equal(tracker.getFeatureFlag("a"), true, damage);
  }
});

test("get-feature-flag: on, off, a variant, and nothing for what is not known", async () => {
  const { tracker } = await loaded({ on: true, off: false, checkout: "blue" });
  const values = ["on", "off", "checkout", "missing", "constructor", "__proto__"].map((key) =>
    tracker.getFeatureFlag(key),
  );
  same(values, [true, false, "blue", undefined, undefined, undefined]);
});

test("get-feature-flag: the first one that is asked for has the flags loaded", async () => {
  const world = new World();
  world.flags.answer = { flags: { a: true } };
  const { tracker } = await world.visit();
  tracker.capture("seen");
  await world.pass(MINUTE);
  assert.equal(world.flags.requests.length, 0, "a page that wants no flags asks for none");
  assert.equal(tracker.getFeatureFlag("a"), undefined);
  await world.pass(SECOND);
  assert.equal(tracker.getFeatureFlag("a"), true);
  assert.equal(world.flags.requests.length, 1);
});

test("is-feature-enabled: a boolean, the fallback for what is not known, and silent where that is wished", async () => {
  const { world, tracker } = await loaded({ on: true, off: false, checkout: "blue" });
  same(
    ["on", "off", "checkout", "missing"].map((key) => tracker.isFeatureEnabled(key, { sendEvent: false })),
    [true, false, true, undefined],
  );
  for (const fallback of [true, false]) {
    const read = (key) => tracker.isFeatureEnabled(key, { fallback, sendEvent: false });
    same([read("missing"), read("off"), read("checkout")], [fallback, false, true]);
  }
  assert.equal((await calledOf(world, tracker)).length, 0);
});

test("get-feature-flag-payload: the value of the matched flag, and nobody is told", async () => {
  const { world, tracker } = await loaded({ on: flagged("[1]"), off: flagged("[2]", { enabled: false }) });
  same(tracker.getFeatureFlagPayload("on"), [1]);
  tracker.getFeatureFlagPayload("on").push(2);
  same(tracker.getFeatureFlagPayload("on"), [1], "what a page does to it is its own affair");
  assert.equal(tracker.getFeatureFlagPayload("off"), undefined);
  assert.equal(tracker.getFeatureFlagPayload("missing"), undefined);
  assert.equal((await calledOf(world, tracker)).length, 0);
});

test("get-feature-flag-result: key, enabled, variant and payload; nothing for what is not known", async () => {
  const { tracker } = await loaded({ checkout: flagged('{"copy":"new"}', { variant: "blue" }), off: false });
  const whole = { key: "checkout", enabled: true, variant: "blue", payload: { copy: "new" } };
  same(tracker.getFeatureFlagResult("checkout"), whole);
  same(tracker.getFeatureFlagResult("off"), { key: "off", enabled: false });
  assert.equal(tracker.getFeatureFlagResult("missing"), undefined);
});

test("get-feature-flags, get-feature-flags-and-payloads: everything at once, and nobody is told", async () => {
  const { world, tracker } = await loaded({ "beta-ui": flagged("1"), off: false });
  same(tracker.getFeatureFlags(), { "beta-ui": true, off: false });
  same(tracker.getFeatureFlagsAndPayloads(), {
    flags: { "beta-ui": true, off: false },
    payloads: { "beta-ui": 1 },
  });
  assert.equal((await calledOf(world, tracker)).length, 0);
  const { tracker: unknown } = await new World().visit();
  same(unknown.getFeatureFlagsAndPayloads(), { flags: {}, payloads: {} });
});

test("on-feature-flags: after each load, at once where they are known, until it is unsubscribed", async () => {
  const world = new World();
  world.flags.answer = { flags: { "beta-ui": true, checkout: "blue", off: false } };
  const { tracker } = await world.visit();
  const early = [];
  const stop = tracker.onFeatureFlags((...told) => early.push(structuredClone(told)));
  same(early, []);
  await world.pass(SECOND);
  const whole = [["beta-ui", "checkout"], { "beta-ui": true, checkout: "blue", off: false }, { errorsLoading: false }];
  same(early, [whole]);
  const late = [];
  tracker.onFeatureFlags((...told) => late.push(structuredClone(told)));
  same(late, [whole]);
  stop();
  await Promise.all([tracker.reloadFeatureFlags(), world.pass(SECOND)]);
  assert.equal(early.length, 1);
  assert.equal(late.length, 2);
});

test("on-feature-flags: a load that fails tells what is known and that it failed; one without quota says nothing", async () => {
  const { world, tracker } = await loaded({ "beta-ui": true });
  const told = [];
  tracker.onFeatureFlags((...all) => told.push(structuredClone(all)));
  tracker.onFeatureFlags(() => {
    throw new Error("a listener's own affair");
  });
  world.flags.answerNext(500);
  await Promise.all([tracker.reloadFeatureFlags(), world.pass(SECOND)]);
  same(told.at(-1), [["beta-ui"], { "beta-ui": true }, { errorsLoading: true }]);
  world.flags.answer = { flags: {}, quotaLimited: ["feature_flags"] };
  await Promise.all([tracker.reloadFeatureFlags(), world.pass(SECOND)]);
  assert.equal(told.length, 2);
  assert.equal(tracker.getFeatureFlag("beta-ui"), true);
});

test("reload-feature-flags: for who the visitor is now, with groups and properties, as a simple request", async () => {
  const { world, tracker } = await loaded(
    {},
    {},
    { url: "https://book.example/ada?utm_source=mail", referrer: "https://search.test/" },
  );
  const anonymous = tracker.getDistinctId();
  assert.equal(world.flags.requests.length, 1);
  same(world.flags.last.groups, {});
  assert.equal(world.flags.last.token, "phc_contract");
  assert.equal(world.flags.last.distinct_id, anonymous);
  assert.equal("$anon_distinct_id" in world.flags.last, false);

  tracker.identify("ada", { plan: "pro" });
  tracker.group("team", 42, { seats: 5 });
  tracker.group("company", "acme");
  tracker.setPersonPropertiesForFlags({ age: 7 });
  await world.pass(SECOND);
  assert.equal(world.flags.requests.length, 2, "what changes in one moment is one request");
  const { last } = world.flags;
  assert.equal(last.distinct_id, "ada");
  assert.equal(last.$anon_distinct_id, anonymous);
  assert.equal(last.$device_id, anonymous);
  same(last.groups, { team: "42", company: "acme" });
  same(last.group_properties, { team: { seats: 5 } });
  assert.equal(last.sent_at, new Date(START + SECOND + 5).toISOString());
  assert.equal(typeof last.timezone, "string");
  const { plan, age, $initial_utm_source, $initial_referring_domain, $lib } = last.person_properties;
  same(
    [plan, age, $initial_utm_source, $initial_referring_domain, $lib],
    ["pro", 7, "mail", "search.test", "posthog-booking-tracker"],
  );
  await Promise.all([tracker.reloadFeatureFlags(), world.pass(SECOND)]);
  assert.equal(world.flags.requests.length, 3);
  assert.equal("$anon_distinct_id" in world.flags.last, false, "it is told once");
});

test("reload-feature-flags: a failure keeps what is known, and is no error of the page", async () => {
  for (const status of [400, 401, 429, 500, 503, 0]) {
    const { world, tracker } = await loaded({ "beta-ui": true });
    world.flags.answerNext(status, status);
    await Promise.all([tracker.reloadFeatureFlags(), world.pass(SECOND)]);
    assert.equal(tracker.getFeatureFlag("beta-ui"), true);
  }
});

test("reload-feature-flags: one request at a time, and one more for what has changed meanwhile", async () => {
  const { world, tracker } = await loaded({ a: true });
  world.flags.answerNext("hang");
  tracker.reloadFeatureFlags();
  await world.pass(SECOND);
  for (const id of ["ada", "bob", "cyd"]) {
    tracker.identify(id);
    await world.pass(SECOND);
  }
  assert.equal(world.flags.requests.length, 2);
  await world.pass(20 * SECOND);
  const asked = world.flags.requests.map(({ body }) => body.distinct_id);
  same(asked.slice(3), ["cyd"]);
});

test("reload-feature-flags: an answer about an earlier visitor is none", async () => {
  const { world, tracker } = await loaded({ a: true });
  world.flags.answerNext("hang", 200);
  tracker.reloadFeatureFlags();
  await world.pass(SECOND);
  tracker.reset();
  assert.equal(tracker.getFeatureFlag("a"), undefined);
  await world.pass(10 * SECOND);
  assert.equal(tracker.getFeatureFlag("a"), true, "what was loaded for the new one is");
  assert.equal(world.flags.last.distinct_id, tracker.getDistinctId());
});

test("reload-feature-flags: an answer that comes after a reset is about somebody else", async () => {
  const { world, tracker } = await loaded({});
  world.flags.answer = { flags: { ofTheFirst: true } };
  world.flags.answerNext("hold", 500);
  tracker.reloadFeatureFlags();
  await world.pass(SECOND);
  tracker.reset();
  world.flags.release();
  await world.pass(SECOND);
  same(tracker.getFeatureFlags(), {});
});

test("set-person-properties-for-flags, reset-person-properties-for-flags: kept, sent, and forgotten", async () => {
  const { world, tracker } = await loaded({});
  tracker.setPersonPropertiesForFlags({ plan: "pro" });
  tracker.setPersonPropertiesForFlags({ age: 7 });
  await world.pass(SECOND);
  same([world.flags.last.person_properties.plan, world.flags.last.person_properties.age], ["pro", 7]);
  const { tracker: later } = await world.visit({ featureFlags: true });
  await world.pass(SECOND);
  assert.equal(world.flags.last.person_properties.plan, "pro");
  later.resetPersonPropertiesForFlags();
  await world.pass(SECOND);
  assert.equal("plan" in world.flags.last.person_properties, false);
});

test("set-group-properties-for-flags, reset-group-properties-for-flags: for each type", async () => {
  const { world, tracker } = await loaded({});
  tracker.setGroupPropertiesForFlags({ company: { plan: "pro" }, team: { seats: 5 } });
  tracker.setGroupPropertiesForFlags({ company: { age: 7 } });
  await world.pass(SECOND);
  same(world.flags.last.group_properties, { company: { plan: "pro", age: 7 }, team: { seats: 5 } });
  tracker.resetGroupPropertiesForFlags("company");
  await world.pass(SECOND);
  same(world.flags.last.group_properties, { team: { seats: 5 } });
  tracker.resetGroupPropertiesForFlags();
  await world.pass(SECOND);
  same(world.flags.last.group_properties, {});
});

test("set-person-properties-for-flags: hostile values do no harm", async () => {
  const { world, tracker } = await loaded({ a: true });
  const circular = {};
  circular.self = circular;
  const hostile = [
    undefined,
    null,
    7,
    "x",
    circular,
    { big: 1n },
    {
      get x() {
        throw new Error("no");
      },
    },
  ];
  for (const properties of hostile) {
    tracker.setPersonPropertiesForFlags(properties);
    tracker.setGroupPropertiesForFlags(properties);
    tracker.setGroupPropertiesForFlags({ company: properties });
    await world.pass(SECOND);
  }
  assert.equal(tracker.getFeatureFlag("a"), true);
  assert.equal(world.flags.last.person_properties.big, "1");
});

test("http-client: a request for flags is repeated after 300 ms where the network or a gateway failed, once by default", async () => {
  for (const status of [0, 502, 504]) {
    const world = new World();
    world.flags.answer = { flags: { a: true } };
    world.flags.answerNext(status);
    const { tracker } = await world.visit({ featureFlags: true });
    await world.pass(SECOND);
    const [first, second, ...more] = world.flags.requests;
    same([second.ms - first.ms, more.length], [300, 0], String(status));
    assert.equal(tracker.getFeatureFlag("a"), true);
  }
});

test("http-client: a request for flags is not repeated after any other answer, nor where that is not wished", async () => {
  for (const [status, flagRetries] of [
    [408, 1],
    [429, 1],
    [500, 1],
    [503, 1],
    [0, 0],
    [502, 0],
  ]) {
    const world = new World();
    world.flags.answerNext(status);
    await world.visit({ featureFlags: true, flagRetries });
    await world.pass(MINUTE);
    assert.equal(world.flags.requests.length, 1, `${status} ${flagRetries}`);
  }
});

test("http-client: the waits between requests for flags double, and one that is not answered is given up", async () => {
  const world = new World();
  world.flags.answer = { flags: { a: true } };
  world.flags.answerNext(504, "hang");
  const { tracker } = await world.visit({ featureFlags: true, flagRetries: 2, requestTimeout: 2_000 });
  await world.pass(10 * SECOND);
  const [first, second, third] = world.flags.requests.map(({ ms }) => ms);
  same([second - first, third - second], [300, 2_000 + 600]);
  assert.equal(tracker.getFeatureFlag("a"), true);
});

test("flags are loaded anew every five minutes while the page is seen, and when it is seen again", async () => {
  const { world, page, tracker } = await loaded({ a: true });
  await world.pass(5 * MINUTE);
  assert.equal(world.flags.requests.length, 2);
  page.hide();
  await world.pass(20 * MINUTE);
  assert.equal(world.flags.requests.length, 2);
  world.flags.answer = { flags: { a: false } };
  page.show();
  await world.pass(SECOND);
  assert.equal(world.flags.requests.length, 3);
  assert.equal(tracker.getFeatureFlag("a"), false);
});

test("a part of the answer replaces that part, and a whole one everything", async () => {
  const { world, tracker } = await loaded({ a: "one", b: true, c: true });
  const reload = () => Promise.all([tracker.reloadFeatureFlags(), world.pass(SECOND)]);
  world.flags.answer = {
    errorsWhileComputingFlags: true,
    flags: { a: "two", b: flagged(null, { failed: true, enabled: false }) },
  };
  await reload();
  same(tracker.getFeatureFlags(), { a: "two", b: true, c: true });
  world.flags.answer = { quotaLimited: ["feature_flags"], flags: {} };
  await reload();
  same(tracker.getFeatureFlags(), { a: "two", b: true, c: true });
  world.flags.answer = { flags: { a: "three" } };
  await reload();
  same(tracker.getFeatureFlags(), { a: "three" });
});

test("an answer that is none keeps what is known", async () => {
  const { world, tracker } = await loaded({ a: true });
  for (const body of ["", "<html>", "7", "null", '{"flags":null}', '{"flags":"x"}', "{}"]) {
    Object.defineProperty(world.flags, "body", { value: body, configurable: true });
    await Promise.all([tracker.reloadFeatureFlags(), world.pass(SECOND)]);
    same(tracker.getFeatureFlags(), { a: true }, body);
  }
});

test("feature-flag-called-tracker: once for each value, again for another one, with what PostHog wants to know", async () => {
  const { world, tracker } = await loaded({ "beta-ui": flagged('{"a":1}', { variant: "blue" }) });
  for (let round = 0; round < 3; round++) {
    tracker.getFeatureFlag("beta-ui");
    tracker.isFeatureEnabled("beta-ui");
    tracker.getFeatureFlagResult("beta-ui");
  }
  world.flags.answer = { flags: { "beta-ui": false } };
  await Promise.all([tracker.reloadFeatureFlags(), world.pass(SECOND)]);
  tracker.getFeatureFlag("beta-ui");
  const [first, second, ...more] = (await calledOf(world, tracker)).map(({ properties }) => properties);
  assert.equal(more.length, 0);
  const about = Object.fromEntries(Object.entries(first).filter(([name]) => name.startsWith("$feature")));
  same(about, {
    $feature_flag: "beta-ui",
    $feature_flag_response: "blue",
    $feature_flag_payload: { a: 1 },
    $feature_flag_request_id: "request-1",
    $feature_flag_evaluated_at: START,
    $feature_flag_id: 7,
    $feature_flag_version: 3,
    $feature_flag_reason: "Matched condition set 1",
    $feature_flag_has_experiment: true,
    "$feature/beta-ui": "blue",
  });
  same([second.$feature_flag_response, second["$feature/beta-ui"]], [false, false]);
  assert.equal(second.$feature_flag_reason, "no_condition_match");
  assert.equal("$used_bootstrap_value" in first, false);
});

test("feature-flag-called-tracker: later pages remember; a reset, another person and a shutdown do not", async () => {
  const { world, tracker } = await loaded({ a: true });
  tracker.getFeatureFlag("a");
  await tracker.flush();
  const { tracker: later } = await world.visit({ featureFlags: true });
  later.getFeatureFlag("a");
  await world.pass(SECOND);
  assert.equal((await calledOf(world, later)).length, 1);
  for (const change of [() => later.identify("ada"), () => later.reset()]) {
    change();
    await world.pass(SECOND);
    later.getFeatureFlag("a");
  }
  const called = await calledOf(world, later);
  assert.equal(called.length, 3);
  assert.equal(called[1].distinct_id, "ada");
  await later.shutdown();
  const { tracker: last } = await world.visit();
  last.getFeatureFlag("a");
  assert.equal((await calledOf(world, last)).length, 4);
});

test("feature-flag-called-tracker: what was wrong is told, once flags were loaded", async () => {
  const cases = [
    [(world) => world.flags.answerNext(500), "api_error_500,flag_missing"],
    [(world) => world.flags.answerNext(0, 0), "connection_error,flag_missing"],
    [(world) => world.flags.answerNext("hang", "hang"), "timeout,flag_missing"],
    [
      (world) => Object.assign(world.flags, { answer: { flags: {}, quotaLimited: ["feature_flags"] } }),
      "quota_limited,flag_missing",
    ],
    [
      (world) => Object.assign(world.flags, { answer: { flags: {}, errorsWhileComputingFlags: true } }),
      "errors_while_computing_flags,flag_missing",
    ],
    [() => {}, "flag_missing"],
  ];
  for (const [fail, error] of cases) {
    const world = new World();
    fail(world);
    const { tracker } = await world.visit({ featureFlags: true });
    tracker.getFeatureFlag("missing");
    assert.equal((await calledOf(world, tracker)).length, 0, "not before it is known");
    await world.pass(MINUTE);
    tracker.getFeatureFlag("missing");
    const [{ properties }] = await calledOf(world, tracker);
    assert.equal(properties.$feature_flag_error, error);
    assert.equal("$feature_flag_response" in properties, false);
  }
});

test("feature-flag-called-tracker: minimal events, only where PostHog wants them and no experiment hangs on the flag", async () => {
  const metadata = (has_experiment) => ({ metadata: { id: 1, version: 1, has_experiment } });
  for (const [minimalFlagCalledEvents, detail, isMinimal] of [
    [undefined, metadata(false), false],
    [true, { metadata: {} }, false],
    [true, metadata(true), false],
    [true, metadata(false), true],
  ]) {
    const world = new World();
    world.flags.answer = { minimalFlagCalledEvents, flags: { a: { reason: {}, ...detail }, other: true } };
    const how = { url: "https://book.example/ada?utm_source=mail" };
    const { tracker } = await world.visit({ featureFlags: true, personProfiles: "always" }, how);
    tracker.register({ plan: "pro" });
    await world.pass(SECOND);
    tracker.group("company", "acme");
    await world.pass(SECOND);
    tracker.getFeatureFlag("a");
    const [event] = await calledOf(world, tracker);
    const has = (name) => name in event.properties;
    const kept = [
      "$feature_flag",
      "$groups",
      "$session_id",
      "$lib",
      "$current_url",
      "utm_source",
      "token",
      "distinct_id",
    ];
    same(
      kept.filter((name) => !has(name)),
      [],
    );
    const dropped = ["plan", "$browser", "$feature/a", "$feature/other", "$active_feature_flags", "$referrer", "$os"];
    same(
      dropped.map(has),
      dropped.map(() => !isMinimal),
    );
    if (isMinimal) assert.equal("$set_once" in event, false);
  }
});

test("feature-flag-called-tracker: bounded, however many flags a page asks for", async () => {
  const { world, tracker } = await loaded({ a: true });
  for (let index = 0; index < 1_000; index++) tracker.isFeatureEnabled(`flag-${index}`);
  await world.pass(SECOND);
  const [key] = world.stored().filter((stored) => stored.includes(":flags:"));
  assert.equal(Object.keys(JSON.parse(world.localStorage.entries.get(key)).called).length, 200);
});

test("feature-flag-called-tracker: a hook may ask for a flag", async () => {
  let tracker;
  const beforeSend = (event) => ({
    ...event,
    properties: { ...event.properties, isBeta: tracker.isFeatureEnabled("beta-ui") },
  });
  const page = await loaded({ "beta-ui": true }, { beforeSend });
  tracker = page.tracker;
  tracker.capture("seen");
  const events = await arrived(page.world, tracker);
  same(
    events.map(({ event, properties }) => [event, properties.isBeta]),
    [
      ["seen", true],
      ["$feature_flag_called", true],
    ],
  );
});

test("events carry every flag and the active ones, under what the page says itself", async () => {
  const { world, tracker } = await loaded({ on: true, off: false, checkout: "blue" });
  tracker.capture("seen", { "$feature/on": "mine" });
  const [{ properties }] = await arrived(world, tracker);
  same(properties.$active_feature_flags, ["on", "checkout"]);
  same(
    [properties["$feature/on"], properties["$feature/off"], properties["$feature/checkout"]],
    ["mine", false, "blue"],
  );
});

test("bootstrap: flags of the server, by every rule", async () => {
  const world = new World();
  world.flags.answerNext("hang");
  const bootstrap = {
    featureFlags: { "beta-ui": true, checkout: "blue", off: false },
    featureFlagPayloads: { checkout: { color: "blue" }, off: { k: "v" } },
  };
  const page = world.open();
  const tracker = page.track({ bootstrap });
  const told = [];
  tracker.onFeatureFlags((flags) => told.push(flags));
  same(told, [["beta-ui", "checkout"]], "at once");
  assert.equal(world.flags.requests.length, 0);
  same([tracker.getFeatureFlag("beta-ui"), tracker.getFeatureFlag("off")], [true, undefined]);
  same(
    [tracker.getFeatureFlagPayload("checkout"), tracker.getFeatureFlagPayload("off")],
    [{ color: "blue" }, undefined],
  );
  const [event] = await calledOf(world, tracker);
  const { $feature_flag_bootstrapped_response, $used_bootstrap_value, $feature_flag_bootstrapped_payload } =
    event.properties;
  same(
    [$feature_flag_bootstrapped_response, $used_bootstrap_value, $feature_flag_bootstrapped_payload],
    [true, true, null],
  );
});

test("bootstrap: its flags stand over stored ones, a whole answer over them, and a reset ends them", async () => {
  const { world } = await loaded({ checkout: false, old: true });
  world.flags.answer = { flags: { checkout: "red" }, errorsWhileComputingFlags: true };
  const { tracker } = await world.visit({ bootstrap: { featureFlags: { checkout: "blue", legacy: true } } });
  same(tracker.getFeatureFlags(), { checkout: "blue", legacy: true });
  await world.pass(SECOND);
  same(tracker.getFeatureFlags(), { checkout: "red", legacy: true }, "what was not computed stays");
  tracker.getFeatureFlag("legacy");
  const [{ properties }] = await calledOf(world, tracker);
  same([properties.$used_bootstrap_value, properties.$feature_flag_bootstrapped_response], [false, true]);
  world.flags.answer = { flags: { checkout: "green" } };
  await Promise.all([tracker.reloadFeatureFlags(), world.pass(SECOND)]);
  same(tracker.getFeatureFlags(), { checkout: "green" });
  tracker.reset();
  world.flags.answerNext(500);
  await world.pass(SECOND);
  same(tracker.getFeatureFlags(), {});
});

test("flags are not asked for without consent, and nothing of them is read or stored", async () => {
  const world = new World();
  world.flags.answer = { flags: { a: true } };
  const { tracker } = await world.visit({
    consent: "required",
    featureFlags: true,
    bootstrap: { featureFlags: { a: true } },
  });
  const told = [];
  tracker.onFeatureFlags((flags) => told.push(flags));
  same(
    [tracker.getFeatureFlag("a"), tracker.getFeatureFlags(), tracker.isFeatureEnabled("a")],
    [undefined, {}, undefined],
  );
  await tracker.reloadFeatureFlags();
  await world.pass(10 * MINUTE);
  same([world.flags.requests.length, world.stored(), told], [0, [], []]);
  tracker.optIn();
  await world.pass(SECOND);
  assert.equal(world.flags.requests.length, 1);
  same(told.at(-1), ["a"]);
  tracker.optOut();
  await world.pass(10 * MINUTE);
  same([world.flags.requests.length, world.stored()], [1, []]);
});

test("flags are not asked for while the team is not known to be tracked, and not where it is not", async () => {
  for (const isOpen of [true, false]) {
    const world = new World();
    let answer;
    const isTeamEnabled = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    const { tracker } = await world.visit({ isTeamEnabled, teamId: 42, featureFlags: true, gateTtl: 86_400_000 });
    tracker.getFeatureFlag("a");
    await world.pass(SECOND);
    assert.equal(world.flags.requests.length, 0);
    answer(isOpen);
    await world.pass(SECOND);
    assert.equal(world.flags.requests.length, isOpen ? 1 : 0);
    if (!isOpen) same(world.stored(), []);
  }
});

test("a page where nothing opens the gate is told so when it wants flags", async () => {
  const world = new World();
  const { page, tracker } = await world.visit({ isTeamEnabled: undefined });
  assert.equal(tracker.getFeatureFlag("a"), undefined);
  await world.pass(SECOND);
  assert.equal(world.flags.requests.length, 0);
  assert.match(page.console.join("\n"), /warn: .*nothing says that their team is tracked/);
});

test("after a shutdown nothing is loaded any more", async () => {
  const { world, tracker } = await loaded({ a: true });
  await tracker.shutdown();
  tracker.reloadFeatureFlags();
  await world.pass(HOUR);
  assert.equal(world.flags.requests.length, 1);
});

test("two trackers of one page share what is known of the flags", async () => {
  const { world, page } = await loaded({ a: true });
  const other = page.track();
  assert.equal(other.getFeatureFlag("a", { sendEvent: false }), true);
  await world.settle();
});
