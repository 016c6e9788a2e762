// What a page says before its tracker is there, and in which state: whoever it is about then, and whatever comes between, the tracker
// gets it once, about the same person, or it is counted.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SECOND, World } from "./world.mjs";

const booking = { bookingId: 7, bookingUid: "uid", teamId: 42 };

/** Opens a lazy page of team 42 whose tracker comes when the test says so. */
function openHeld(world, options = {}) {
  const page = world.open({ entry: "lazy" });
  let release = () => {};
  page.importGate = new Promise((resolve) => {
    release = resolve;
  });
  const tracker = page.track({ teamId: 42, ...options });
  const arrive = async () => {
    release();
    page.importGate = undefined;
    await world.settle();
    await tracker.flush();
    await world.pass(SECOND);
  };
  return { page, tracker, arrive };
}

/** Every event is accounted for, and nobody else has replayed one. */
function adds(tracker) {
  const { captured, adopted, confirmed, waiting, settledElsewhere, dropped } = tracker.stats();
  const sum = Object.values(dropped).reduce((total, count) => total + count, 0);
  assert.equal(captured + adopted, confirmed + waiting + settledElsewhere + sum);
  assert.equal(settledElsewhere, 0);
}

const aboutWhom = (world, name) => world.server.named(name)[0]?.distinct_id;

test("what is said after a reset with purge, or after a denial and a new consent, arrives", async () => {
  for (const say of [
    (tracker) => tracker.reset({ purge: true }),
    (tracker) => {
      tracker.optOut();
      tracker.optIn();
    },
  ]) {
    const world = new World();
    const { tracker, arrive } = openHeld(world);
    tracker.capture("before");
    say(tracker);
    for (const bookingUid of ["a", "b", "c"]) tracker.trackBookingCompleted({ ...booking, bookingUid });
    await arrive();
    const uids = world.server.named("booking_completed").map(({ properties }) => properties.bookingUid);
    assert.deepEqual(uids, ["a", "b", "c"]);
    assert.deepEqual(world.server.named("before"), []);
    adds(tracker);
  }
});

test("what the page calls while its calls are handed over is done behind them", async () => {
  const world = new World();
  const beforeSend = (event) => {
    tracker.register({ plan: "pro" });
    return event;
  };
  const { tracker, arrive } = openHeld(world, { beforeSend });
  tracker.capture("one");
  await arrive();
  tracker.capture("two");
  await tracker.flush();
  assert.deepEqual(world.server.names(), ["one", "two"]);
  assert.equal(world.server.named("two")[0].properties.plan, "pro");
  adds(tracker);
});

test("a visitor who is named by an address is who the page says, and nothing of it is stored before the tracker is there", async () => {
  const world = new World();
  const first = await world.visit({ teamId: 42 });
  first.tracker.identify("bob");
  await first.tracker.flush();
  first.page.leave();
  const { tracker, arrive } = openHeld(world);
  tracker.identify("eve@example.com");
  tracker.trackBookingCompleted(booking);
  assert.doesNotMatch([...world.localStorage.entries.values()].join(), /eve/);
  await arrive();
  assert.equal(aboutWhom(world, "booking_completed"), "eve@example.com");
  adds(tracker);
});

test("however much a page says, its resets count", async () => {
  const world = new World();
  const { tracker, arrive } = openHeld(world);
  for (let n = 0; n < 110; n++) tracker.capture("seen");
  for (let n = 0; n < 200; n++) tracker.isTeamTracked(42);
  tracker.identify("ada");
  tracker.reset();
  tracker.trackBookingCompleted(booking);
  await arrive();
  const about = aboutWhom(world, "booking_completed");
  assert.match(about, /^[\da-f-]{36}$/);
  assert.equal(about, tracker.getDistinctId());
  assert.equal(tracker.stats().dropped.evicted, 10);
});

test("where PostHog is to know nobody, nobody is named before the tracker is there either", async () => {
  const world = new World();
  const { tracker, arrive } = openHeld(world, { personProfiles: "never" });
  tracker.identify("ada");
  tracker.trackBookingCompleted(booking);
  await arrive();
  const [{ distinct_id, properties }] = world.server.named("booking_completed");
  assert.notEqual(distinct_id, "ada");
  assert.equal(properties.$is_identified, false);
  assert.deepEqual(world.server.names(), ["booking_completed"]);
});

test("what was said of a visitor before a denial counts no more after it", async () => {
  const world = new World();
  const { tracker, arrive } = openHeld(world);
  tracker.identify("ada");
  tracker.optOut();
  assert.deepEqual(world.stored(), []);
  tracker.optIn();
  tracker.trackBookingCompleted(booking);
  await arrive();
  assert.deepEqual(world.server.names(), ["booking_completed"]);
  assert.notEqual(aboutWhom(world, "booking_completed"), "ada");
});

test("a listener that throws keeps no denial from being done", async () => {
  const world = new World();
  const { tracker } = openHeld(world);
  tracker.onConsent(() => {
    throw new Error("not ours");
  });
  tracker.trackBookingCompleted(booking);
  tracker.optOut();
  assert.deepEqual([world.stored(), tracker.consent()], [[], "denied"]);
});

test("a team that is named while consent is denied is the page's", async () => {
  const world = new World();
  const { tracker, arrive } = openHeld(world, { teamId: undefined, isTeamEnabled: (team) => team === "42" });
  tracker.optOut();
  tracker.setTeam(42);
  tracker.optIn();
  tracker.trackBookingCompleted({ ...booking, teamId: undefined });
  await arrive();
  assert.equal(world.server.named("booking_completed").length, 1);
});

test("what a page says while nobody sees it happens when somebody does", async () => {
  const world = new World();
  const page = world.open({ entry: "lazy" });
  page.window.document.prerendering = true;
  const tracker = page.track({ isTeamEnabled: (team) => team === "42" });
  assert.equal(tracker.trackBookingStarted({ teamId: 42 }), undefined);
  await world.pass(SECOND);
  assert.deepEqual([page.imported, tracker.stats().captured], [[], 0]);
  page.window.document.prerendering = false;
  page.tell(page.window.document, "prerenderingchange");
  await world.settle();
  await tracker.flush();
  assert.deepEqual(world.server.names(), ["booking_started"]);
});

test("nothing that a page passes to the constructor throws, nor does `ready`", async () => {
  const bad = () => {
    throw new Error("bad");
  };
  const keys = [undefined, null, 42, {}, Object.create(null), { toString: bad }, Symbol("key"), "phc_x"];
  const getter = (name) => Object.defineProperty({}, name, { enumerable: true, get: bad });
  const options = [
    undefined,
    null,
    7,
    "text",
    [],
    getter("host"),
    getter("bootstrap"),
    { bootstrap: getter("distinctId") },
    { bootstrap: getter("teams") },
    { bootstrap: 7, teamId: Symbol("team"), isTeamEnabled: {} },
    new Proxy({}, { ownKeys: bad, get: bad, has: bad }),
  ];
  for (const entry of ["script", "lazy", "no-wasm"]) {
    const page = new World().open({ entry });
    for (const key of keys) {
      for (const given of options) {
        const tracker = new page.window.PostHogBookingTracker(key, given);
        assert.equal(typeof tracker.ready.then, "function");
        tracker.capture("x");
        assert.equal(typeof tracker.stats().captured, "number");
      }
    }
  }
});

test("one that is damaged keeps no other entry from being replayed", async () => {
  const world = new World();
  const { page, tracker } = openHeld(world);
  for (const bookingUid of ["a", "b", "c"]) tracker.trackBookingCompleted({ ...booking, bookingUid });
  page.leave();
  const keys = [...world.localStorage.entries.keys()].filter((key) => key.startsWith("phbt:journal:"));
  const [first] = keys;
  for (const change of [{ team: 42 }, { args: 7 }, { href: null }, { identity: "x" }]) {
    const text = world.localStorage.entries.get(first);
    world.localStorage.entries.set(first, JSON.stringify({ ...JSON.parse(text), ...change }));
  }
  const later = await world.visit({ teamId: 42 });
  await world.pass(61 * SECOND);
  const uids = world.server.named("booking_completed").map(({ properties }) => properties.bookingUid);
  assert.deepEqual([uids, later.tracker.stats().engine.includes("wasm")], [["b", "c"], true]);
});

test("another person's event carries nothing of the visitor of the page that replays it", async () => {
  const world = new World();
  const { page, tracker } = openHeld(world);
  tracker.trackBookingCompleted(booking);
  page.leave();
  const later = await world.visit({ teamId: 42 });
  later.tracker.reset();
  later.tracker.identify("bob");
  later.tracker.group("company", "bobs");
  later.tracker.register({ salary: "bobs" });
  await world.pass(61 * SECOND);
  const [{ distinct_id, properties }] = world.server.named("booking_completed");
  assert.notEqual(distinct_id, "bob");
  assert.deepEqual([properties.$groups?.company, properties.salary], [undefined, undefined]);
  assert.equal(properties.$process_person_profile, false);
});

test("a denial counts where storage is too full to hold it", async () => {
  const world = new World();
  const { page, tracker, arrive } = openHeld(world);
  page.window.localStorage.setItem = () => {
    throw new Error("QuotaExceededError");
  };
  tracker.optOut();
  await arrive();
  tracker.trackBookingCompleted(booking);
  await tracker.flush();
  assert.deepEqual([tracker.consent(), world.server.names()], ["denied", []]);
});

test("what a page held in memory is given up where it was denied while the page slept", async () => {
  const world = new World();
  const { page, tracker, arrive } = openHeld(world);
  tracker.capture("before");
  page.isOpen = false;
  await world.pass(SECOND);
  const other = await world.visit({ teamId: 42 });
  other.tracker.optOut();
  other.tracker.optIn();
  page.isOpen = true;
  page.tell(page.window, "pagehide");
  tracker.capture("after");
  await arrive();
  assert.deepEqual(world.server.names(), ["after"]);
  assert.equal(tracker.stats().dropped.no_consent, 1);
});

test("whatever the visitor says, the page is about the team that was set", async () => {
  const world = new World();
  const { tracker, arrive } = openHeld(world, { teamId: undefined, isTeamEnabled: () => true });
  tracker.setTeam(42);
  tracker.optOut();
  tracker.optIn();
  tracker.trackBookingCompleted({ bookingId: 7, bookingUid: "uid" });
  await arrive();
  assert.deepEqual(world.server.named("booking_completed").length, 1);
});

test("the team that was set before a denial is set when it is done, and no event is from before the denial", async () => {
  const world = new World();
  const { tracker, arrive } = openHeld(world, { teamId: undefined, isTeamEnabled: () => true });
  tracker.setTeam(42);
  await world.pass(60 * SECOND);
  tracker.optOut();
  const deniedAt = world.now;
  await world.pass(60 * SECOND);
  tracker.optIn();
  await arrive();
  const [joined] = world.server.named("$groupidentify");
  assert.ok(Date.parse(joined.timestamp) > deniedAt, joined.timestamp);
});

test("asking about a team again and again leaves room for what is said", async () => {
  const world = new World();
  const { tracker, arrive } = openHeld(world);
  for (let n = 0; n < 1_100; n++) tracker.isTeamTracked(42);
  tracker.identify("ada");
  tracker.trackBookingCompleted(booking);
  await arrive();
  assert.equal(aboutWhom(world, "booking_completed"), "ada");
});

test("an event that is about somebody with an e-mail address stays in memory, and is about that one", async () => {
  const world = new World();
  const { tracker, arrive } = openHeld(world);
  tracker.capture("invited", {}, { distinctId: "eve@example.com", sendInstantly: true });
  assert.doesNotMatch(world.stored().join(), /journal/);
  await arrive();
  assert.equal(aboutWhom(world, "invited"), "eve@example.com");
});

test("a known person stays who it is, whoever the server says", async () => {
  const world = new World();
  const first = await world.visit({ teamId: 42 });
  first.tracker.identify("bob");
  await first.tracker.flush();
  first.page.leave();
  const { tracker, arrive } = openHeld(world, { bootstrap: { distinctId: "eve", isIdentified: true } });
  tracker.trackBookingCompleted(booking);
  await arrive();
  assert.equal(aboutWhom(world, "booking_completed"), "bob");
});

test("who the page has named stays named where the team that it was about is not tracked", async () => {
  const world = new World();
  const { tracker, arrive } = openHeld(world, { teamId: 1, isTeamEnabled: (team) => team === "42" });
  tracker.identify("ada");
  await world.settle();
  tracker.setTeam(42);
  tracker.trackBookingCompleted({ bookingId: 7, bookingUid: "uid" });
  await arrive();
  assert.equal(aboutWhom(world, "booking_completed"), "ada");
});

test("what is said before somebody sees the page is done in its order, on whichever side of the tracker's coming", async () => {
  const world = new World();
  const page = world.open({ entry: "lazy" });
  const { document } = page.window;
  document.prerendering = true;
  const tracker = page.track({ teamId: 1, isTeamEnabled: () => true });
  tracker.setTeam(2);
  await world.settle();
  tracker.capture("seen");
  document.prerendering = false;
  page.tell(document, "prerenderingchange");
  await tracker.flush();
  assert.equal(world.server.named("seen")[0].properties.$groups.team, "2");
});

test("without a key nothing is loaded or stored, also where the page must not run WebAssembly", async () => {
  for (const entry of ["index", "script", "lazy"]) {
    const world = new World();
    const page = world.open({ entry, wasm: false });
    const tracker = page.track({ apiKey: "", teamId: 42, debug: true });
    tracker.trackBookingCompleted(booking);
    await world.settle();
    assert.deepEqual([page.imported, world.stored(), tracker.stats().engine], [[], [], "off"], entry);
  }
});
