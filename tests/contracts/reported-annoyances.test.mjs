// Smaller faults that users of comparable trackers report: what is annoying, or wrong without a word. Each test stands for one of them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE, SECOND, World } from "./world.mjs";

const same = (actual, expected, why) => assert.deepEqual(structuredClone(actual), expected, why);

const delivered = async (world, ...trackers) => {
  for (const tracker of trackers) await tracker.flush();
  await world.pass(11 * SECOND);
};
const propertiesOf = (world, name) => world.server.named(name)[0]?.properties;
const linesWith = (page, text) => page.console.filter((line) => line.includes(text));

test("the same identify or the same person properties again and again load flags once, and not again", async () => {
  const world = new World();
  const { tracker } = await world.visit({ teamId: 42, featureFlags: true });
  await world.pass(SECOND);
  const before = world.flags.requests.length;
  for (let time = 0; time < 10; time++) {
    tracker.identify("alice", { plan: "pro" });
    await world.pass(SECOND);
  }
  assert.equal(world.flags.requests.length, before + 1);
  for (let time = 0; time < 10; time++) {
    tracker.setPersonProperties({ plan: "pro" });
    tracker.group("company", "acme", { size: 3 });
    await world.pass(SECOND);
  }
  assert.equal(world.flags.requests.length, before + 2, "the group is news, the person is not");
});

test("ids of people that are numbers are taken as texts, with one warning", async () => {
  const world = new World();
  const { page, tracker } = await world.visit({ bootstrap: { distinctId: 7 } });
  assert.equal(tracker.getDistinctId(), "7");
  tracker.identify(42);
  tracker.capture("a", {}, { distinctId: 43 });
  tracker.alias(44);
  assert.equal(tracker.getDistinctId(), "42");
  await delivered(world, tracker);
  assert.equal(world.server.named("a")[0].distinct_id, "43");
  assert.equal(propertiesOf(world, "$create_alias").alias, "44");
  assert.equal(linesWith(page, "a number was passed as the id of a person").length, 1);
});

test("before the tracker has loaded, numbers are ids as well", async () => {
  const world = new World();
  const page = world.open({ entry: "lazy" });
  page.importGate = Promise.reject(new Error("offline"));
  page.importGate.catch(() => {});
  const tracker = page.track({ teamId: 42 });
  tracker.identify(42);
  tracker.capture("a", {}, { distinctId: 43 });
  tracker.trackBookingCompleted({ bookingUid: "b" });
  page.leave();
  const { tracker: next } = await world.visit();
  await world.pass(MINUTE);
  await delivered(world, next);
  assert.equal(world.server.named("booking_completed")[0].distinct_id, "42");
  assert.equal(world.server.named("$identify")[0].distinct_id, "42");
  assert.equal(world.server.named("a")[0].distinct_id, "43");
});

for (const options of [{ respectGpc: "true" }, { respectDNT: true }, { api_host: "https://eu.i.posthog.com" }]) {
  test(`${JSON.stringify(options)} turns the tracker off, and is said aloud`, async () => {
    const world = new World();
    const { page, tracker } = await world.visit(options);
    tracker.trackBookingCompleted({ bookingUid: "b" });
    await delivered(world, tracker);
    assert.equal(world.server.requests.length, 0);
    assert.equal(tracker.stats().engine, "off");
    assert.equal(page.console.filter((line) => line.startsWith("error")).length, 1, page.console.join("\n"));
  });
}

test("1,200 captures inside a listener are all recorded", async () => {
  const world = new World();
  const tracker = world.open().track({ isTeamEnabled: async () => true, teamId: 42, flushAt: 500 });
  let isFirst = true;
  tracker.onTeamGate((_, state) => {
    if (state !== "open" || !isFirst) return;
    isFirst = false;
    for (let place = 0; place < 1_200; place++) tracker.capture("");
  });
  await world.pass(SECOND);
  assert.equal(isFirst, false);
  assert.equal(tracker.stats().captured, 1_200);
  assert.equal(tracker.stats().dropped.invalid, 1_200);
});

test("a page that calls itself without end is stopped, and everything is counted", async () => {
  const world = new World();
  const { page, tracker } = await world.visit({ debug: true, isTeamEnabled: false });
  let calls = 1;
  page.window.console.debug = () => {
    calls++;
    tracker.capture("again");
  };
  tracker.capture("first");
  assert.ok(calls > 1_200);
  assert.equal(tracker.stats().captured, calls);
  assert.equal(linesWith(page, "from inside one call").length, 1);
});

test("reset keeps the team of the page: its gate, and its group", async () => {
  const world = new World();
  const { tracker } = await world.visit({ isTeamEnabled: (team) => team === "42" });
  tracker.setTeam(42);
  tracker.group("company", "acme");
  tracker.reset();
  tracker.trackBookingCompleted({ bookingUid: "b" });
  await delivered(world, tracker);
  same(propertiesOf(world, "booking_completed").$groups, { team: "42" });
});

const CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";
const HEADLESS =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/140.0.0.0 Safari/537.36";
const bots = [
  [{ userAgent: CRAWLER }, {}, true],
  [{ userAgent: CRAWLER }, { ignoreBots: "none" }, false],
  [{ userAgent: HEADLESS }, {}, false],
  [{ webdriver: true }, {}, false],
  [{ webdriver: true }, { ignoreBots: "automated" }, true],
  [{ userAgent: HEADLESS }, { ignoreBots: "automated" }, true],
];
for (const [navigator, options, isIgnored] of bots) {
  const who = navigator.userAgent?.match(/Googlebot|HeadlessChrome/)?.[0] ?? "a driven browser";
  test(`${who} with ${JSON.stringify(options)} is ${isIgnored ? "counted as a bot, and leaves nothing" : "tracked"}`, async () => {
    const world = new World();
    const { tracker } = await world.visit({ teamId: 42, ...options }, { navigator });
    tracker.identify("alice");
    tracker.trackBookingCompleted({ bookingUid: "b" });
    const { dropped } = tracker.stats();
    await delivered(world, tracker);
    assert.equal(world.server.named("booking_completed").length, isIgnored ? 0 : 1);
    if (isIgnored) {
      assert.equal(dropped.bot, 2);
      assert.deepEqual(world.stored(), []);
    }
  });
}

test("debug says each capture, each request with its answer, each decision of gate and consent", async () => {
  const world = new World();
  const { page, tracker } = await world.visit({ debug: true, teamId: 42, isTeamEnabled: async () => true });
  tracker.trackBookingCompleted({ bookingUid: "b" });
  await delivered(world, tracker);
  tracker.optOut();
  const patterns = [
    /captured booking_completed of team 42|held until its team is known: booking_completed of team 42/,
    /request 1: sends 1 events to https:\/\/posthog\.test/,
    /request 1: answered 200/,
    /team 42 is tracked/,
    /consent: granted/,
    /consent: denied/,
  ];
  for (const pattern of patterns) {
    const lines = page.console.filter((line) => pattern.test(line));
    assert.equal(lines.length, 1, `${pattern}\n${page.console.join("\n")}`);
  }
});

test("debug says that the host cannot be reached", async () => {
  const world = new World();
  world.server.isDown = true;
  const { page, tracker } = await world.visit({ debug: true });
  tracker.trackBookingCompleted({ bookingUid: "b" });
  await world.settle();
  assert.equal(linesWith(page, "cannot be reached").length, 1, page.console.join("\n"));
});

test("flush says what it came to", async () => {
  const world = new World();
  const { tracker } = await world.visit();
  for (const name of ["a", "b"]) tracker.capture(name);
  same(await tracker.flush(), { sent: 2, waiting: 0, dropped: 0 });
  world.server.isDown = true;
  tracker.capture("c");
  same(await tracker.flush(), { sent: 0, waiting: 1, dropped: 0 });
  world.server.isDown = false;
  world.server.answerNext(413);
  same(await tracker.flush(), { sent: 0, waiting: 0, dropped: 1 });
  const page = world.open({ entry: "lazy" });
  const lazy = page.track();
  lazy.capture("d");
  same(await lazy.flush(), { sent: 1, waiting: 0, dropped: 0 });
});

for (const [host, ingestion] of [
  ["https://eu.posthog.com", "https://eu.i.posthog.com"],
  ["https://app.posthog.com/", "https://us.i.posthog.com"],
  ["https://us.posthog.com/project/1", "https://us.i.posthog.com"],
]) {
  test(`${host} is read as ${ingestion}, said once`, async () => {
    const world = new World();
    const { page, tracker } = await world.visit({ host, debug: true });
    tracker.trackBookingCompleted({ bookingUid: "b" });
    await world.settle();
    assert.equal(linesWith(page, `sends 1 events to ${ingestion}`).length, 1, page.console.join("\n"));
    assert.equal(page.console.filter((line) => line.startsWith("warn") && line.includes(ingestion)).length, 1);
  });
}

test("on a development host a callback that wants numbers, and a team that is not tracked, are said with the mend", async () => {
  const url = "http://localhost:3000/book";
  const world = new World();
  const { page } = await world.visit({ teamId: 42, isTeamEnabled: (team) => team === 42 }, { url });
  await world.settle();
  assert.equal(linesWith(page, "Compare with String(id)").length, 1, page.console.join("\n"));
  assert.equal(linesWith(page, "the team of this page is not tracked").length, 1);
  const shut = await world.visit({ teamId: 43, isTeamEnabled: false }, { url });
  shut.tracker.capture("a");
  assert.equal(linesWith(shut.page, "the team of this page is not tracked").length, 1);
  const live = await world.visit({ teamId: 42, isTeamEnabled: (team) => team === 42 });
  assert.deepEqual(live.page.console, []);
});

test("two trackers of one page share the attempt, and there is always one", async () => {
  const world = new World();
  const page = world.open();
  const [one, two] = [page.track(), page.track()];
  two.trackBookingFailed({ error: "x" });
  one.trackBookingStarted({});
  two.trackBookingCompleted({ bookingUid: "b" });
  await delivered(world, one, two);
  const { attemptId } = propertiesOf(world, "booking_started");
  assert.equal(propertiesOf(world, "booking_completed").attemptId, attemptId);
  assert.equal(propertiesOf(world, "booking_completed").elapsedMs, 0);
  assert.match(propertiesOf(world, "booking_failed").attemptId, /^[\da-f-]{36}$/);
  assert.notEqual(propertiesOf(world, "booking_failed").attemptId, attemptId);
});

test("the next page of a tab goes on with its attempt; another tab does not", async () => {
  const world = new World();
  const { page, tracker } = await world.visit();
  tracker.trackBookingStarted({});
  await world.pass(2 * SECOND);
  page.leave();
  const { tracker: next } = await world.visit({}, { tab: page.tab });
  next.trackBookingCompleted({ bookingUid: "b" });
  const { tracker: other } = await world.visit();
  other.trackBookingFailed({ error: "x" });
  await delivered(world, next, other);
  const { attemptId } = propertiesOf(world, "booking_started");
  assert.equal(propertiesOf(world, "booking_completed").attemptId, attemptId);
  assert.equal(propertiesOf(world, "booking_completed").elapsedMs, 2_000);
  assert.notEqual(propertiesOf(world, "booking_failed").attemptId, attemptId);
});

test("an event that is refused alone by 403 is not sent again by its page; the next page tries it once", async () => {
  const world = new World();
  const { page, tracker } = await world.visit();
  world.server.answerNext(403);
  tracker.trackBookingCompleted({ bookingUid: "b" });
  await world.pass(MINUTE);
  await tracker.flush();
  assert.equal(world.server.requests.length, 1);
  assert.equal(tracker.stats().waiting, 1);
  page.leave();
  const { tracker: next } = await world.visit();
  await world.pass(MINUTE);
  await delivered(world, next);
  assert.deepEqual(world.server.names(), ["booking_completed"]);
});

test("before the tracker has loaded, a BigInt harms nothing", async () => {
  const world = new World();
  const page = world.open({ entry: "lazy" });
  page.importGate = Promise.reject(new Error("offline"));
  page.importGate.catch(() => {});
  const tracker = page.track({ teamId: 42 });
  tracker.identify(10n);
  tracker.capture("a", {}, 10n);
  assert.ok(tracker.trackBookingCompleted({ bookingUid: "b", bookingId: 7n }));
  page.leave();
  const { tracker: next } = await world.visit();
  await world.pass(MINUTE);
  await delivered(world, next);
  assert.equal(world.server.named("booking_completed").length, 1);
});

test("where storage is blocked, an opt-out counts for every tracker of the page", async () => {
  const world = new World();
  const page = world.open();
  Object.defineProperty(page.window, "localStorage", {
    get() {
      throw new Error("blocked");
    },
  });
  const [one, two] = [page.track(), page.track()];
  await world.settle();
  one.optOut();
  two.trackBookingCompleted({ bookingUid: "b" });
  assert.equal(two.consent(), "denied");
  await delivered(world, two);
  assert.equal(world.server.requests.length, 0);
});

test("an address that is encoded twice is an e-mail address, also in the campaign", async () => {
  const url = "https://book.example/ada%2540lovelace.org?utm_source=ada%2540lovelace.org&utm_term=ada@lovelace%2Eorg";
  const world = new World();
  const { tracker } = await world.visit({}, { url });
  tracker.capture("a");
  await delivered(world, tracker);
  assert.doesNotMatch(JSON.stringify(world.server.events), /lovelace/);
});

test("an attempt ends with a denial: the next visitor has another one", async () => {
  const world = new World();
  const { tracker } = await world.visit();
  tracker.trackBookingStarted({});
  await delivered(world, tracker);
  tracker.optOut();
  tracker.trackBookingStarted({});
  tracker.optIn();
  tracker.trackBookingCompleted({ bookingUid: "b" });
  await delivered(world, tracker);
  const [started] = world.server.named("booking_started");
  assert.notEqual(propertiesOf(world, "booking_completed").attemptId, started.properties.attemptId);
  assert.equal(propertiesOf(world, "booking_completed").elapsedMs, undefined);
});
