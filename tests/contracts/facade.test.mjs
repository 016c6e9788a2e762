// What each method answers before the tracker is there, and what becomes of the call: the table in docs/loading.md.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { HOST, SECOND, START, World } from "./world.mjs";

const root = new URL("../../", import.meta.url);
const page = readFileSync(new URL("docs/loading.md", root), "utf8");
const [, table = ""] = page.split("## What each method answers before the tracker is there\n");

/** The rows of the table, by the name of the method. */
const rows = new Map(
  [...table.matchAll(/^\| `(\w+)` \| (.*) \| (.*) \|$/gm)].map(([, name, answers, becomes]) => [
    name,
    { answers, becomes },
  ]),
);

/** Opens a page whose tracker does not load before `release` is called. */
async function openHeld(options = {}, world = new World()) {
  const opened = world.open({ entry: "lazy" });
  let release;
  opened.importGate = new Promise((resolve) => {
    release = resolve;
  });
  const tracker = opened.track({ teamId: 42, ...options });
  await world.settle();
  return {
    world,
    page: opened,
    tracker,
    /** Lets the tracker load, and sends everything. */
    async release() {
      release();
      await tracker.ready;
      await world.settle();
      assert.equal(tracker.stats().engine, "wasm");
      await tracker.flush();
      await world.pass(SECOND);
    },
  };
}

/** What a method answers, as the table writes it. */
function written(answer) {
  if (typeof answer === "function") return "`function`";
  if (typeof answer?.then === "function") return "`Promise`";
  if (answer?.uuid) return "`{ uuid, event }`";
  if (answer?.engine) return `\`engine: ${JSON.stringify(answer.engine)}\``;
  const text = JSON.stringify(answer) ?? "undefined";
  return `\`${text
    .replace(/"(\w+)":/g, " $1: ")
    .replace(/, {2}/g, ", ")
    .replace(/(?<=[^{])\}$/, " }")
    .replace(":  ", ": ")}\``;
}

const booking = { bookingId: 7, bookingUid: "uid", note: "a text of the page" };

/** Whether the event of an answer has arrived, whole, as what happened then. */
const arrives = ({ world }, answer) => {
  const event = world.server.events.find(({ uuid }) => uuid === answer.uuid);
  assert.equal(event?.event, answer.event);
  assert.equal(event.timestamp, new Date(START).toISOString());
  assert.equal(event.properties.note, "a text of the page");
};

const witness = ({ world }) => world.server.named("witness")[0];
const hasEvent =
  (name, check = () => true) =>
  ({ world }) => {
    const [event] = world.server.named(name);
    assert.ok(event && check(event), `${name}: ${JSON.stringify(event)}`);
  };
const witnesses = (check) => (held) => assert.ok(check(witness(held)), JSON.stringify(witness(held)));
/** What PostHog is asked about flags from then on. */
const asksFlags = (check) => async (held) => {
  held.tracker.getFeatureFlag("beta");
  await held.world.pass(SECOND);
  assert.ok(check(held.world.flags.last), JSON.stringify(held.world.flags.last));
};

const heard = [];
const listens = (...told) => heard.push(told);
const hears = (check) => async (held) => {
  await held.world.pass(SECOND);
  assert.ok(heard.some(check), JSON.stringify(heard));
};

/** An answer that the tracker gives where the facade had none. */
const answersLater = (ask) => (held) => assert.notEqual(ask(held.tracker), undefined);

/**
 * For each method: what it is given (`args`), what is called before it (`first`), what has to be so at once (`now`), and what has to be
 * so when the tracker is there (`later`).
 */
const METHODS = {
  trackBookingStarted: { args: [booking], later: arrives },
  trackBookingCompleted: { args: [booking], later: arrives },
  trackBookingFailed: { args: [{ error: "x", note: booking.note }], later: arrives },
  capture: { args: ["slot_selected", booking], later: arrives },
  identify: { args: ["ada", { plan: "pro" }], later: hasEvent("$identify", (event) => event.$set?.plan === "pro") },
  alias: { args: ["ada"], later: hasEvent("$create_alias", ({ properties }) => properties.alias === "ada") },
  setPersonProperties: { args: [{ plan: "pro" }], later: hasEvent("$set", ({ $set }) => $set?.plan === "pro") },
  createPersonProfile: {
    args: [],
    later: witnesses(({ properties }) => properties.$process_person_profile === true),
  },
  group: { args: ["company", "acme"], later: witnesses(({ properties }) => properties.$groups.company === "acme") },
  groupIdentify: {
    args: ["company", "acme", { plan: "pro" }],
    later: hasEvent("$groupidentify", ({ properties }) => properties.$group_key === "acme"),
  },
  resetGroups: {
    args: [],
    first: (tracker) => tracker.group("company", "acme"),
    later: witnesses(({ properties }) => properties.$groups?.company === undefined),
  },
  getGroups: { args: [], later: answersLater((tracker) => tracker.getGroups()) },
  register: { args: [{ plan: "pro" }], later: witnesses(({ properties }) => properties.plan === "pro") },
  registerOnce: {
    args: [{ plan: "free", seats: 2 }],
    first: (tracker) => tracker.register({ plan: "pro" }),
    later: witnesses(({ properties }) => properties.plan === "pro" && properties.seats === 2),
  },
  unregister: {
    args: ["plan"],
    first: (tracker) => tracker.register({ plan: "pro" }),
    later: witnesses(({ properties }) => !("plan" in properties)),
  },
  registerForSession: { args: [{ plan: "pro" }], later: witnesses(({ properties }) => properties.plan === "pro") },
  reset: {
    args: [],
    first: (tracker) => tracker.identify("ada"),
    later: witnesses(({ distinct_id, properties }) => distinct_id !== "ada" && !properties.$is_identified),
  },
  setTeam: {
    args: [7],
    options: { teamId: undefined },
    later: witnesses(({ properties }) => properties.$groups.team === "7"),
  },
  isTeamTracked: {
    args: [7],
    options: { isTeamEnabled: undefined, teamGateUrl: "/team-gate", bootstrap: { teams: { 42: true, 8: false } } },
    now: ({ tracker }) => assert.deepEqual([tracker.isTeamTracked(), tracker.isTeamTracked(8)], [true, false]),
    later: ({ world }) => assert.ok(world.hostAsked.includes("7")),
  },
  onTeamGate: { args: [listens], later: hears(([team, state]) => team === "42" && state === "open") },
  isFeatureEnabled: {
    args: ["beta"],
    now: ({ tracker }) => assert.equal(tracker.isFeatureEnabled("beta", { fallback: true }), true),
    later: ({ world }) => assert.deepEqual(world.server.named("$feature_flag_called"), []),
  },
  getFeatureFlag: {
    args: ["beta"],
    options: flagged(),
    later: answersLater((tracker) => tracker.getFeatureFlag("beta")),
  },
  getFeatureFlagPayload: {
    args: ["beta"],
    options: flagged(),
    later: answersLater((tracker) => tracker.getFeatureFlagPayload("beta")),
  },
  getFeatureFlagResult: {
    args: ["beta"],
    options: flagged(),
    later: answersLater((tracker) => tracker.getFeatureFlagResult("beta")),
  },
  getFeatureFlags: {
    args: [],
    options: flagged(),
    later: ({ tracker }) => assert.equal(tracker.getFeatureFlags().beta, true),
  },
  getFeatureFlagsAndPayloads: {
    args: [],
    options: flagged(),
    later: ({ tracker }) => assert.equal(tracker.getFeatureFlagsAndPayloads().payloads.beta, 7),
  },
  onFeatureFlags: { args: [listens], options: flagged(), later: hears(([keys]) => keys.includes?.("beta")) },
  reloadFeatureFlags: {
    args: [],
    later: async ({ world }, answer) => {
      await answer;
      assert.equal(world.flags.requests.length, 1);
    },
  },
  setPersonPropertiesForFlags: {
    args: [{ plan: "pro" }],
    later: asksFlags(({ person_properties }) => person_properties?.plan === "pro"),
  },
  resetPersonPropertiesForFlags: {
    args: [],
    first: (tracker) => tracker.setPersonPropertiesForFlags({ plan: "pro" }),
    later: asksFlags(({ person_properties }) => person_properties?.plan === undefined),
  },
  setGroupPropertiesForFlags: {
    args: [{ team: { plan: "pro" } }],
    later: asksFlags(({ group_properties }) => group_properties?.team?.plan === "pro"),
  },
  resetGroupPropertiesForFlags: {
    args: [],
    first: (tracker) => tracker.setGroupPropertiesForFlags({ team: { plan: "pro" } }),
    later: asksFlags(({ group_properties }) => group_properties?.team?.plan === undefined),
  },
  getDistinctId: { args: [], later: answersLater((tracker) => tracker.getDistinctId()) },
  getAnonymousId: { args: [], later: answersLater((tracker) => tracker.getAnonymousId()) },
  getSessionId: { args: [], later: answersLater((tracker) => tracker.getSessionId()) },
  optIn: {
    args: [],
    options: { consent: "required" },
    now: ({ tracker, page: { imported } }) => assert.deepEqual([tracker.consent(), imported], ["granted", ["index"]]),
    later: ({ tracker, world }) => {
      assert.equal(tracker.consent(), "granted");
      assert.ok(world.server.names().includes("witness"));
    },
  },
  optOut: {
    args: [],
    first: (tracker) => tracker.trackBookingCompleted(booking),
    now: ({ tracker, world }) => {
      assert.deepEqual([tracker.consent(), world.stored()], ["denied", []]);
      assert.deepEqual([tracker.stats().waiting, tracker.stats().dropped.no_consent], [0, 2]);
    },
    later: ({ tracker, world }) => {
      assert.equal(tracker.consent(), "denied");
      assert.deepEqual(world.server.requests, []);
    },
  },
  hasOptedOut: { args: [], later: ({ tracker }) => assert.equal(tracker.hasOptedOut(), false) },
  consent: { args: [], later: ({ tracker }) => assert.equal(tracker.consent(), "granted") },
  onConsent: {
    args: [listens],
    now: ({ tracker }) => {
      tracker.optOut();
      assert.deepEqual(heard, [["denied"]]);
    },
    later: ({ tracker }) => {
      tracker.optIn();
      assert.deepEqual(heard, [["denied"], ["granted"]]);
    },
  },
  debug: {
    args: [],
    later: (held) => {
      held.tracker.capture("");
      assert.ok(
        held.page.console.some((line) => /^debug: .*dropped an event: invalid/.test(line)),
        held.page.console.join(),
      );
    },
  },
  flush: {
    args: [],
    first: (tracker) => tracker.capture("slot_selected"),
    later: async ({ world }, answer) => {
      await answer;
      assert.ok(world.server.names().includes("slot_selected"));
    },
  },
  shutdown: {
    args: [],
    first: (tracker) => tracker.capture("slot_selected"),
    now: ({ tracker }) => assert.equal(tracker.capture("late"), undefined),
    later: async ({ tracker, world }, answer) => {
      await answer;
      assert.equal(tracker.capture("later"), undefined);
      // The witness, and one before and one after the tracker was there.
      assert.equal(tracker.stats().dropped.shut_down, 3);
      assert.deepEqual(world.server.names(), ["slot_selected"]);
    },
  },
  stats: { args: [], later: ({ tracker }) => assert.equal(tracker.stats().engine, "wasm") },
  ready: { later: async (_, answer) => assert.equal(await answer, undefined) },
};

/** A page whose server has evaluated a flag. */
function flagged() {
  return { bootstrap: { featureFlags: { beta: true }, featureFlagPayloads: { beta: 7 } } };
}

/** Every method that the class has. */
function methodsOf() {
  const { window } = new World().open({ entry: "lazy" });
  return Object.getOwnPropertyNames(window.PostHogBookingTracker.prototype).filter((name) => name !== "constructor");
}

test("the table has a row for every method and for `ready`, and no other", () => {
  assert.deepEqual([...rows.keys()].sort(), methodsOf().sort());
  assert.deepEqual(Object.keys(METHODS), [...rows.keys()], "each row is tried below");
});

/** How each row begins that says what becomes of a call. */
const KINDS = /^(Held|Answered|Done at once)\b/;

for (const [name, { answers, becomes }] of rows) {
  const { args, first, now, later, options = {} } = METHODS[name] ?? {};
  test(`before the tracker is there, ${name} answers ${answers.replaceAll("`", "")}; then: ${becomes}`, async () => {
    heard.length = 0;
    assert.match(becomes, KINDS);
    const held = await openHeld({ ...options });
    const { tracker, world } = held;
    first?.(tracker);
    const entries = () => world.stored().filter((key) => key.startsWith("phbt:journal:")).length;
    const before = entries();
    const answer = args ? tracker[name](...args) : tracker[name];
    const [said] = /`[^`]+`/.exec(answers) ?? [];
    assert.equal(written(answer), said);
    assert.equal(entries() > before, becomes.endsWith("Stored in the journal at once."));
    tracker.capture("witness");
    await world.settle();
    assert.equal(tracker.stats().engine, "journal");
    assert.deepEqual([world.server.requests, world.flags.requests], [[], []]);
    await now?.(held);
    await held.release();
    await later(held, answer);
    const { captured, adopted, confirmed, waiting, settledElsewhere, dropped: reasons } = tracker.stats();
    const sum = Object.values(reasons).reduce((all, count) => all + count, 0);
    assert.equal(captured + adopted, confirmed + waiting + settledElsewhere + sum);
  });
}

test("a call that is refused at once answers `undefined`, as the page says above the table", async () => {
  const { tracker } = await openHeld({ isTeamEnabled: undefined, bootstrap: { teams: { 42: true, 7: false } } });
  assert.equal(tracker.capture(""), undefined);
  assert.equal(tracker.capture(7), undefined);
  assert.equal(tracker.capture("x", { teamId: 7 }), undefined);
  assert.deepEqual({ ...tracker.stats().dropped }, { invalid: 2, gate_shut: 1 });
  tracker.optOut();
  assert.equal(tracker.trackBookingStarted(), undefined);
  assert.deepEqual({ ...tracker.stats().dropped }, { invalid: 2, gate_shut: 1, no_consent: 1 });
});

test("a page that nobody sees yet answers `undefined`, and captures when it is seen", async () => {
  const world = new World();
  const prerendered = world.open({ entry: "lazy" });
  prerendered.window.document.prerendering = true;
  const tracker = prerendered.track({ teamId: 42 });
  assert.equal(tracker.trackBookingCompleted(booking), undefined);
  prerendered.hide();
  await world.pass(SECOND);
  assert.deepEqual([world.stored(), world.server.requests], [[], []]);
  prerendered.window.document.prerendering = false;
  prerendered.tell(prerendered.window.document, "prerenderingchange");
  await tracker.ready;
  await world.pass(SECOND);
  assert.deepEqual(world.server.names(), ["booking_completed"]);
  assert.equal(world.server.events[0].timestamp, new Date(START + SECOND).toISOString());
});

test("what a page passes is copied: it may change its objects afterwards", async () => {
  const held = await openHeld();
  const properties = { nested: { n: 1 } };
  held.tracker.capture("slot_selected", properties);
  properties.nested.n = 2;
  await held.release();
  assert.equal(held.world.server.events[0].properties.nested.n, 1);
});

test("no method throws before the tracker is there, whatever it is given", async () => {
  const trap = new Proxy(
    {},
    {
      get: () => {
        throw new Error("a trap");
      },
      ownKeys: () => {
        throw new Error("a trap");
      },
    },
  );
  for (const given of [trap, null, undefined, 7, Symbol("x"), [], () => {}]) {
    const { tracker } = await openHeld({ host: HOST });
    for (const name of rows.keys()) {
      if (name === "ready") continue;
      const answer = tracker[name](given, given, given);
      if (typeof answer?.then === "function") answer.then(undefined, () => assert.fail(name));
    }
  }
});
