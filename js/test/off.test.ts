import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { checkOptions } from "../src/entries/index.js";
import { configure, OffTracker } from "../src/off.js";
import { PostHogBookingTracker } from "../src/tracker.js";
import type { TrackerOptions } from "../src/types.js";

const KEY = "phc_demo";
const said: [level: string, text: string][] = [];
let isBroken = false;
for (const level of ["debug", "info", "log", "warn", "error"] as const) {
  mock.method(console, level, (text: string) => {
    said.push([level, text]);
    if (isBroken) throw new Error("a console of the page's own");
  });
}

/** What there is of a page: enough for a tracker that is off, which asks for nothing else. */
function openPage(): void {
  Object.assign(globalThis, { window: globalThis, document: {} });
}

function closePage(): void {
  for (const name of ["window", "document"]) Reflect.deleteProperty(globalThis, name);
}

beforeEach(() => {
  said.length = 0;
  isBroken = false;
  openPage();
});

/** What JavaScript may pass, whatever the types say. */
function make(options?: unknown, ...given: [apiKey?: unknown]): PostHogBookingTracker {
  const [apiKey] = given.length > 0 ? given : [KEY];
  return new PostHogBookingTracker(apiKey as string, options as TrackerOptions);
}

// It has to stand before all others that close the page: a process says it once.
test("without a page the tracker is off, and one line says so, once a process", () => {
  closePage();
  for (const [options, apiKey] of [
    [{}, KEY],
    [{ host: "nonsense", debug: true }, ""],
    [7, "phx_secret"],
  ]) {
    const tracker = make(options, apiKey);
    assert.equal(tracker.stats().engine, "off");
    tracker.debug();
  }
  assert.equal(said.length, 1);
  const [[level, text] = []] = said;
  assert.equal(level, "warn");
  assert.match(
    text ?? "",
    /^\[PostHogBookingTracker\] The tracker is off, because there is no page: .*in the browser.*\.$/,
  );
});

test("a worker, which has no document, and a server with a window of its own are no page", () => {
  for (const missing of ["window", "document"]) {
    openPage();
    Reflect.deleteProperty(globalThis, missing);
    assert.equal(make().stats().engine, "off");
  }
  assert.deepEqual(checkOptions(KEY), [], "a configuration can be checked there all the same");
});

test("without a key the tracker is off in silence", () => {
  for (const apiKey of [undefined, null, "", "  "]) {
    for (const options of [
      undefined,
      null,
      {},
      { host: "nonsense" },
      { flush_at: 1 },
      { debug: false },
      { debug: "yes" },
    ]) {
      assert.equal(make(options, apiKey).stats().engine, "off");
    }
  }
  assert.deepEqual(said, []);
});

test("without a key, debug says why the tracker is off, as an option and as a call", () => {
  const line = [
    "debug",
    "[PostHogBookingTracker] The tracker is off, because the project API key is missing. Pass the key that starts with phc_.",
  ];
  const tracker = make({ debug: true }, "");
  assert.deepEqual(said, [line]);
  tracker.debug(false);
  assert.deepEqual(said, [line]);
  tracker.debug();
  assert.deepEqual(said, [line, line]);
});

test("all that turns the tracker off is one error, which says how to mend it", () => {
  const tracker = make({ host: "eu.i.posthog.com" });
  assert.equal(tracker.stats().engine, "off");
  assert.deepEqual(said, [
    [
      "error",
      "[PostHogBookingTracker] The tracker is off. host must be https://us.i.posthog.com, https://eu.i.posthog.com or the full http(s) URL of your proxy.",
    ],
  ]);
  said.length = 0;
  make({ api_host: "https://a.example", respectDnt: "yes", consent: 1, colour: 1, flushAt: 0 }, "phx_secret");
  assert.deepEqual(
    said.map(([level]) => level),
    ["error", "warn", "warn"],
  );
  for (const part of ["(phx_)", "respectDnt must", "consent must", "Use host instead"]) {
    assert.ok(said[0]?.[1].includes(part), part);
  }
  assert.doesNotMatch(said.join(), /secret|a\.example/);
});

test("what is only warned of leaves the tracker on, with one warning each", () => {
  const setup = configure(KEY, { colour: 1, flush_at: 1, flushAt: 0, host: "" });
  assert.ok(!(setup instanceof OffTracker));
  assert.equal(setup.flushAt, 20);
  assert.equal(setup.host, "https://us.i.posthog.com");
  assert.deepEqual(
    said.map(([level]) => level),
    ["warn", "warn", "warn"],
  );
});

test("a good configuration says nothing", () => {
  assert.ok(
    !(configure(KEY, { host: "https://eu.i.posthog.com", debug: true, ungated: "track" }) instanceof OffTracker),
  );
  assert.deepEqual(said, []);
});

test("a console that throws, or has no methods, does no harm", () => {
  isBroken = true;
  assert.equal(make({ host: "nonsense", colour: 1 }).stats().engine, "off");
  assert.equal(said.length, 2);
  const { error, warn } = console;
  Object.assign(console, { error: undefined, warn: undefined });
  try {
    assert.equal(make({ host: "nonsense", colour: 1 }).stats().engine, "off");
  } finally {
    Object.assign(console, { error, warn });
  }
});

test("options that throw at everything turn the tracker off", () => {
  const fail = () => {
    throw new Error("a trap");
  };
  assert.equal(make(new Proxy({}, { get: fail, ownKeys: fail })).stats().engine, "off");
  assert.match(said.join(), /^error,.*must be an object of options/);
});

const membersOf = (prototype: object) => Object.getOwnPropertyNames(prototype).sort();

test("a tracker that is off has every member of one that is on, and no other", () => {
  assert.deepEqual(membersOf(OffTracker.prototype), membersOf(PostHogBookingTracker.prototype));
});

// What answers something else than nothing.
const ANSWERS: Record<string, unknown> = {
  getFeatureFlags: {},
  getFeatureFlagsAndPayloads: { flags: {}, payloads: {} },
  hasOptedOut: true,
  consent: "denied",
};
const PROMISES = ["reloadFeatureFlags", "flush", "shutdown"];
const LISTENING = ["onTeamGate", "onFeatureFlags", "onConsent"];

test("every call on a tracker that is off is answered, and touches nothing", async () => {
  const tracker = make({ host: "nonsense" });
  said.length = 0;
  const names = membersOf(PostHogBookingTracker.prototype).filter(
    (name) => !["constructor", "ready", "stats", "debug", "isFeatureEnabled"].includes(name),
  );
  assert.ok(names.length > 40);
  const never = () => assert.fail("nobody is told of anything");
  for (const name of names) {
    const call = tracker[name as "capture"] as (...given: unknown[]) => unknown;
    const answer = call.call(tracker, LISTENING.includes(name) ? never : "x", {});
    if (PROMISES.includes(name)) assert.equal(await (answer as Promise<unknown>), undefined, name);
    else if (LISTENING.includes(name)) assert.equal((answer as () => unknown)(), undefined, name);
    else assert.deepEqual(answer, ANSWERS[name], name);
  }
  assert.equal(await tracker.ready, undefined);
  assert.equal(tracker.isFeatureEnabled("x"), undefined);
  assert.equal(tracker.isFeatureEnabled("x", { fallback: true }), true);
  assert.deepEqual(said, []);
});

test("the stats of a tracker that is off say so, and count nothing", () => {
  const tracker = make({ host: "nonsense" });
  tracker.trackBookingStarted();
  const { engine, dropped, teams, ...counts } = tracker.stats();
  assert.equal(engine, "off");
  assert.deepEqual(teams, {});
  assert.deepEqual(counts, { captured: 0, adopted: 0, confirmed: 0, waiting: 0, held: 0, settledElsewhere: 0 });
  assert.equal(Object.keys(dropped).length, 15);
  for (const count of Object.values(dropped)) assert.equal(count, 0);
});

test("a tracker that is off is a tracker, also of a class of the page's own, and can be replaced in tests", () => {
  class Mine extends PostHogBookingTracker {
    book() {
      return this.capture("booked") ?? "off";
    }
  }
  const tracker = new Mine("");
  assert.ok(tracker instanceof PostHogBookingTracker);
  assert.equal(tracker.constructor, Mine);
  assert.equal(tracker.book(), "off");
  const captured = { uuid: "u", event: "e" };
  tracker.capture = () => captured;
  assert.equal(tracker.book(), captured);
  assert.deepEqual(
    Object.keys(tracker).filter((name) => name !== "capture"),
    [],
  );
});
