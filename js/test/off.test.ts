import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import type { TrackerOptions } from "../engine/engine.js";
import type { BookingTracker } from "../src/booking-tracker.js";
import { checkOptions } from "../src/entries/index.js";
import { openerOf } from "../src/open.js";
import { PageTracker } from "../src/tracker.js";
import { METHODS, trackerClass } from "../src/tracker-class.js";
import { wasm } from "../src/wasm.js";
import { closePage, openPage } from "./page-double.js";

const KEY = "phc_demo";
const said: [level: string, text: string][] = [];
let isBroken = false;
for (const level of ["debug", "info", "log", "warn", "error"] as const) {
  mock.method(console, level, (text: string) => {
    said.push([level, text]);
    if (isBroken) throw new Error("a console of the page's own");
  });
}

let page = openPage();
beforeEach(() => {
  said.length = 0;
  isBroken = false;
  page = openPage();
});
afterEach(() => closePage());

const open = openerOf(wasm);

/** The class of an entry that has the tracker in it, and of one that has to load it. */
const PostHogBookingTracker = trackerClass({ open, load: async () => open });
const Lazy = trackerClass({ load: async () => open });

/** What JavaScript may pass, whatever the types say. */
function make(options?: unknown, ...given: [apiKey?: unknown]): BookingTracker {
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
    assert.equal(make(options, apiKey).stats().engine, "off");
    assert.equal(said.length, 1, "it is said where the tracker is constructed");
  }
  const [[level, text] = []] = said;
  assert.equal(level, "warn");
  assert.match(text ?? "", /^\[PostHogBookingTracker\] Off: no page or no key\.$/);
});

const NOTHING_SENT = { sent: 0, waiting: 0, dropped: 0 };

test("where there is no page, every call is answered all the same", async () => {
  closePage();
  for (const tracker of [make(), new Lazy(KEY)]) {
    assert.equal(tracker.capture("x"), undefined);
    assert.equal(tracker.isTeamTracked(42), undefined);
    for (const settled of [tracker.ready, tracker.shutdown(), tracker.reloadFeatureFlags()]) {
      assert.equal(await settled, undefined);
    }
    assert.deepEqual(await tracker.flush(), NOTHING_SENT);
  }
});

test("a worker, which has no document, and a server with a window of its own are no page", () => {
  for (const missing of ["window", "document"]) {
    openPage();
    closePage([missing]);
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
  assert.equal(make({ colour: 1, flush_at: 1, flushAt: 0, host: "" }).stats().engine, "wasm");
  assert.deepEqual(
    said.map(([level]) => level),
    ["warn", "warn", "warn"],
  );
});

test("a good configuration says nothing", () => {
  make({ host: "https://eu.i.posthog.com", ungated: "track" });
  assert.deepEqual(said, []);
});

test("a key that is no text is an error, not a key that is missing", () => {
  for (const apiKey of [42, true, {}, ["phc_demo"]]) {
    said.length = 0;
    assert.equal(make({}, apiKey).stats().engine, "off");
    assert.match(said.join(), /^error,.*The project API key must be a text/, String(apiKey));
  }
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

/** What the facade calls of a tracker, and no page does. */
const OF_THE_FACADE = ["do", "getNews"];

test("the class has every method of the tracker, and no other", () => {
  const own = membersOf(PageTracker.prototype).filter((name) => !OF_THE_FACADE.includes(name));
  assert.deepEqual([...METHODS, "constructor"].sort(), own);
  assert.deepEqual(membersOf(PostHogBookingTracker.prototype), [...own, "ready"].sort());
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
    if (name === "flush") assert.deepEqual(await (answer as Promise<unknown>), NOTHING_SENT);
    else if (PROMISES.includes(name)) assert.equal(await (answer as Promise<unknown>), undefined, name);
    else if (LISTENING.includes(name)) assert.equal((answer as () => unknown)(), undefined, name);
    else assert.deepEqual(answer, ANSWERS[name], name);
  }
  assert.equal(await tracker.ready, undefined);
  assert.equal(tracker.isFeatureEnabled("x"), undefined);
  assert.equal(tracker.isFeatureEnabled("x", { fallback: true }), true);
  assert.deepEqual(said, []);
  assert.deepEqual([...page.stored], []);
});

test("the stats of a tracker that is off say so, and count nothing", () => {
  const tracker = make({ host: "nonsense" });
  tracker.trackBookingStarted();
  const { engine, dropped, teams, ...counts } = tracker.stats();
  assert.equal(engine, "off");
  assert.deepEqual(teams, {});
  assert.deepEqual(counts, { captured: 0, adopted: 0, confirmed: 0, waiting: 0, held: 0, settledElsewhere: 0 });
  assert.deepEqual(dropped, {});
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

test("a tracker that turns out to be off, once it has loaded, gives up what waits, and is off from then on", async () => {
  const tracker = new Lazy(KEY, { host: "nonsense", isTeamEnabled: true });
  tracker.trackBookingStarted();
  const { engine, captured, waiting } = tracker.stats();
  assert.deepEqual([engine, captured, waiting, said], ["journal", 1, 1, []]);
  await tracker.ready;
  assert.deepEqual(
    said.map(([level]) => level),
    ["error"],
  );
  tracker.trackBookingStarted();
  const stats = tracker.stats();
  assert.deepEqual([stats.engine, stats.captured, stats.waiting, stats.dropped], ["off", 1, 0, { invalid: 1 }]);
  assert.equal(tracker.consent(), "denied");
  assert.deepEqual([...page.stored], []);
});

test("what a tracker has stored that turns out to be off is removed", async () => {
  const tracker = new Lazy(KEY, { host: "nonsense", isTeamEnabled: true });
  tracker.trackBookingCompleted({ bookingId: 1, bookingUid: "b" });
  assert.equal(page.stored.size, 2, "its entry, and the visitor");
  await tracker.ready;
  assert.deepEqual([...page.stored], []);
});
