// The journal: what a page whose tracker does not come stores of its calls, and what becomes of that.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR, MINUTE, SECOND, START, World } from "./world.mjs";

/** The age at which another page replays an entry in a browser without Web Locks, and a little more. */
const OLD_ENOUGH = 61 * SECOND;

const booking = { bookingId: 7, bookingUid: "uid", title: "Intro with Ada" };

/** Opens a page of team 42 whose tracker comes when `release` is called. */
function openHeld(world, options = {}, how = {}) {
  const page = world.open({ entry: "lazy", ...how });
  let release;
  page.importGate = new Promise((resolve) => {
    release = resolve;
  });
  const tracker = page.track({ teamId: 42, ...options });
  return {
    page,
    tracker,
    async release() {
      release();
      await tracker.ready;
      await world.settle();
    },
  };
}

/** Opens a page that replays what others have left, as soon as that is old enough. */
async function replays(world, options = {}) {
  const visited = await world.visit(options, { entry: "lazy" });
  await world.pass(OLD_ENOUGH);
  return visited;
}

/** The entries that are stored, in their order. */
const entriesOf = (world) =>
  world
    .stored()
    .filter((key) => key.startsWith("phbt:journal:"))
    .map((key) => ({ key, uuid: key.slice(-36), ...JSON.parse(world.localStorage.entries.get(key)) }));

/** Who the visitor is, as it is stored. */
function visitorOf(world) {
  const [key] = world.stored().filter((name) => name.startsWith("phbt:identity:"));
  return JSON.parse(world.localStorage.entries.get(key) ?? "{}");
}

/** The rows that PostHog makes of everything that has arrived. */
function rowsOf(world) {
  const arrived = world.server.requests.flatMap(({ status, events }) => (status === 200 ? events : []));
  return new Set(
    arrived.map(({ event, distinct_id, uuid, timestamp }) =>
      [event, distinct_id, uuid, timestamp.slice(0, 10)].join(" "),
    ),
  );
}

/** The equation of `stats()`. */
function adds({ tracker }) {
  const { captured, adopted, confirmed, waiting, settledElsewhere, dropped } = tracker.stats();
  const sum = Object.values(dropped).reduce((all, count) => all + count, 0);
  assert.equal(captured + adopted, confirmed + waiting + settledElsewhere + sum, JSON.stringify(tracker.stats()));
}

const iso = (ms) => new Date(ms).toISOString();

// What is stored, and when.

test("a must-send call is stored before it returns; others are when the page is hidden or left", async () => {
  for (const end of ["hide", "leave"]) {
    const world = new World();
    const { page, tracker } = openHeld(world);
    tracker.trackBookingStarted({ eventTypeId: 1 });
    tracker.capture("slot_selected");
    tracker.alias("countess");
    assert.deepEqual(world.stored(), []);
    tracker.trackBookingCompleted(booking);
    assert.deepEqual(
      entriesOf(world).map(({ name }) => name),
      ["trackBookingCompleted"],
    );
    page[end]();
    assert.deepEqual(
      entriesOf(world).map(({ name }) => name),
      ["trackBookingCompleted", "trackBookingStarted", "capture", "alias"],
    );
    page.tell(page.window, "pagehide");
    assert.equal(entriesOf(world).length, 4, "each is stored once");
  }
});

test("completed and failed bookings, payments, `identify` and what is sent instantly are must-send", async () => {
  const world = new World();
  const { tracker } = openHeld(world);
  const calls = [
    () => tracker.trackBookingCompleted(booking),
    () => tracker.trackBookingFailed({ error: "x" }),
    () => tracker.capture("booking_completed", booking),
    () => tracker.capture("payment_processed"),
    () => tracker.capture("slot_selected", {}, { sendInstantly: true }),
    () => tracker.identify("ada"),
  ];
  for (const [place, call] of calls.entries()) {
    call();
    assert.equal(entriesOf(world).length, place + 1, String(call));
  }
});

for (const [about, options] of Object.entries({
  'with `holdUnknown: "memory"`': { holdUnknown: "memory" },
  "with a hook": { beforeSend: (event) => event },
  "with several hooks": { beforeSend: [(event) => event] },
  "while the visitor has not agreed": { consent: "required" },
  "where posthog-js says who the visitor is": { identity: "posthog-js" },
  "where posthog-js may say who the visitor is": { identity: "auto" },
})) {
  test(`nothing is stored ${about}`, async () => {
    const world = new World();
    const held = openHeld(world, options);
    held.tracker.trackBookingCompleted(booking);
    held.tracker.identify("ada");
    held.tracker.capture("slot_selected");
    held.page.hide();
    held.page.leave();
    await world.settle();
    assert.deepEqual(world.stored(), []);
    adds(held);
  });
}

test("nothing is stored while the page is only prerendered", async () => {
  const world = new World();
  const page = world.open({ entry: "lazy" });
  page.importGate = new Promise(() => {});
  page.window.document.prerendering = true;
  const tracker = page.track({ teamId: 42 });
  tracker.trackBookingCompleted(booking);
  tracker.identify("ada");
  page.hide();
  page.leave();
  assert.deepEqual(world.stored(), []);
});

test("what was captured before the visitor agreed is stored from then on", async () => {
  const world = new World();
  const held = openHeld(world, { consent: "required" });
  held.tracker.trackBookingCompleted(booking);
  held.tracker.optIn();
  held.page.leave();
  assert.equal(entriesOf(world).length, 1);
  adds(held);
});

test("an entry has no text that is no identifier, and nothing like an e-mail address", async () => {
  const world = new World();
  const { page, tracker } = openHeld(
    world,
    {},
    { url: "https://book.example/ada@lovelace.org?email=x&utm_source=mail" },
  );
  tracker.trackBookingCompleted({ ...booking, userId: "ada@lovelace.org", guests: ["x"], notes: { a: "secret" } });
  tracker.trackBookingFailed({ error: "Ada Lovelace has no money", errorCode: "CARD" });
  tracker.identify("ada@lovelace.org", { name: "Ada" });
  tracker.identify("ada%40lovelace.org");
  tracker.alias("ada@lovelace.org");
  tracker.identify("ada", { name: "Ada", seats: 2 });
  page.leave();
  const entries = entriesOf(world);
  assert.deepEqual(
    entries.map(({ name, args: [first, second] }) => [name, first, second]),
    [
      ["trackBookingCompleted", { bookingId: 7, bookingUid: "uid" }, undefined],
      ["trackBookingFailed", { errorCode: "CARD" }, undefined],
    ],
    "nor anything of a visitor who was named by an address",
  );
  assert.equal(entries[0].href, "https://book.example/");
  const text = [...world.localStorage.entries.values()].join();
  assert.doesNotMatch(text, /lovelace|Lovelace|Ada|Intro|secret|utm_source|email/);
});

test("the visitor is stored before the first entry, and every entry names it", async () => {
  const world = new World();
  const { tracker } = openHeld(world);
  assert.deepEqual(world.stored(), []);
  tracker.trackBookingCompleted(booking);
  const visitor = visitorOf(world);
  assert.equal(visitor.distinct_id, visitor.device_id);
  assert.deepEqual(JSON.parse(entriesOf(world)[0].visitor), visitor);
});

// The page itself replays.

test("the page replays what it holds itself: whole, in order, with time, uuid, address and attempt", async () => {
  const world = new World();
  const held = openHeld(
    world,
    {},
    { url: "https://book.example/ada?utm_source=mail", referrer: "https://blog.example/7" },
  );
  const { page, tracker } = held;
  const calls = [];
  calls.push(tracker.trackBookingStarted({ eventTypeId: 1, plan: { name: "pro" } }));
  await world.pass(2 * SECOND);
  page.window.location.href = "https://book.example/ada/confirm";
  calls.push(tracker.capture("slot_selected", { slot: "9:00" }));
  await world.pass(5 * SECOND);
  calls.push(tracker.trackBookingCompleted(booking));
  const stored = visitorOf(world);
  page.window.location.href = "https://book.example/elsewhere";
  await world.pass(30 * SECOND);
  adds(held);
  await held.release();
  adds(held);
  await tracker.flush();
  await world.pass(SECOND);
  const events = world.server.events.sort((a, b) => a.timestamp.localeCompare(b.timestamp));
  assert.deepEqual(
    events.map(({ event, uuid }) => ({ event, uuid })),
    calls.map(({ event, uuid }) => ({ event, uuid })),
  );
  assert.deepEqual(
    events.map(({ timestamp }) => timestamp),
    [START, START + 2 * SECOND, START + 7 * SECOND].map(iso),
  );
  assert.deepEqual(
    events.map(({ properties }) => properties.$current_url),
    [
      "https://book.example/ada?utm_source=mail",
      "https://book.example/ada/confirm",
      "https://book.example/ada/confirm",
    ],
  );
  const [started, selected, completed] = events.map(({ properties }) => properties);
  assert.deepEqual([started.plan, selected.slot, completed.title], [{ name: "pro" }, "9:00", "Intro with Ada"]);
  assert.equal(started.$referring_domain, "blog.example");
  assert.match(started.attemptId, /^[\da-f-]{36}$/);
  assert.deepEqual([completed.attemptId, completed.elapsedMs], [started.attemptId, 7 * SECOND]);
  assert.deepEqual(new Set(events.map(({ distinct_id }) => distinct_id)), new Set([stored.distinct_id]));
  assert.deepEqual(entriesOf(world), []);
  const { captured, adopted, confirmed } = tracker.stats();
  assert.deepEqual([captured, adopted, confirmed], [3, 0, 3]);
  adds(held);
});

test("an attempt that began before the tracker was there goes on behind it", async () => {
  const world = new World();
  const held = openHeld(world);
  held.tracker.trackBookingStarted({});
  await world.pass(5 * SECOND);
  await held.release();
  await world.pass(2 * SECOND);
  held.tracker.trackBookingCompleted(booking);
  await world.pass(SECOND);
  const [started, completed] = ["booking_started", "booking_completed"].map((name) => world.server.named(name)[0]);
  assert.equal(completed.properties.attemptId, started.properties.attemptId);
  assert.equal(completed.properties.elapsedMs, 7 * SECOND);
});

test("a caller's own uuid is kept; what is none is replaced by one, in the answer as well", async () => {
  const world = new World();
  const held = openHeld(world);
  const own = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
  assert.equal(held.tracker.capture("a", {}, { uuid: own, sendInstantly: true }).uuid, own);
  const answers = ["x".repeat(36), "x", ""].map((uuid) => held.tracker.capture("b", {}, { uuid, sendInstantly: true }));
  await held.release();
  await held.tracker.flush();
  await world.pass(SECOND);
  assert.equal(world.server.named("a")[0].uuid, own);
  const arrived = world.server.named("b").map(({ uuid }) => uuid);
  for (const uuid of arrived) assert.match(uuid, /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  assert.deepEqual(
    arrived,
    answers.map(({ uuid }) => uuid),
  );
});

test("who the visitor was at each call is who its event is about, on the page itself", async () => {
  const world = new World();
  const held = openHeld(world);
  const { tracker } = held;
  tracker.capture("before", {}, { sendInstantly: true });
  tracker.identify("ada");
  tracker.capture("named", {}, { sendInstantly: true });
  tracker.reset();
  tracker.capture("after", {}, { sendInstantly: true });
  const anonymous = visitorOf(world).distinct_id;
  await held.release();
  await tracker.flush();
  await world.pass(SECOND);
  const about = (name) => world.server.named(name)[0].distinct_id;
  assert.deepEqual([about("before"), about("$identify"), about("named")], [anonymous, "ada", "ada"]);
  assert.notEqual(about("after"), anonymous);
  assert.equal(tracker.getDistinctId(), about("after"));
});

// Another page replays.

test("another page replays what a page has left: event, uuid, time and address are as they were", async () => {
  const world = new World();
  const held = openHeld(
    world,
    {},
    { url: "https://book.example/ada?utm_source=mail&name=Ada", referrer: "https://blog.example/7" },
  );
  const started = held.tracker.trackBookingStarted({ eventTypeId: 1 });
  await world.pass(7 * SECOND);
  const completed = held.tracker.trackBookingCompleted(booking);
  held.page.leave();
  adds(held);
  const visitor = visitorOf(world);
  const later = world.open({ entry: "lazy", url: "https://book.example/bob" });
  const tracker = later.track({ teamId: 42 });
  await world.pass(30 * SECOND);
  assert.deepEqual(world.server.events, [], "it is not old enough");
  adds({ tracker });
  await world.pass(MINUTE);
  const { events } = world.server;
  assert.deepEqual(
    events.map(({ event, uuid, timestamp, distinct_id }) => [event, uuid, timestamp, distinct_id]),
    [
      ["booking_started", started.uuid, iso(START), visitor.distinct_id],
      ["booking_completed", completed.uuid, iso(START + 7 * SECOND), visitor.distinct_id],
    ],
  );
  const [{ properties: first }, { properties: second }] = events;
  assert.deepEqual([second.attemptId, second.elapsedMs], [first.attemptId, 7 * SECOND]);
  assert.deepEqual([second.bookingUid, second.title], ["uid", undefined]);
  assert.equal(second.$current_url, "https://book.example/ada");
  assert.equal(second.$referring_domain, "blog.example");
  assert.equal(second.$device_id, visitor.device_id);
  assert.deepEqual(entriesOf(world), []);
  const { captured, adopted, confirmed } = tracker.stats();
  assert.deepEqual([captured, adopted, confirmed], [0, 2, 2]);
  adds({ tracker });
});

test("another page tells of `identify`, `reset` and `alias` as that page has said it, and stays who it is itself", async () => {
  const world = new World();
  const { page, tracker } = openHeld(world);
  tracker.capture("before");
  tracker.identify("ada");
  tracker.capture("named");
  tracker.alias("countess");
  tracker.reset();
  tracker.capture("after");
  page.leave();
  const { distinct_id: anonymous, device_id: device } = visitorOf(world);
  const resetUuid = entriesOf(world)
    .flatMap(({ identity }) => identity)
    .find(([name]) => name === "reset")[2];
  const other = await replays(world, { teamId: 42 });
  await world.pass(SECOND);
  const named = (name) => world.server.named(name)[0];
  assert.equal(named("before").distinct_id, anonymous);
  const identify = named("$identify");
  assert.deepEqual([identify.distinct_id, identify.properties.$anon_distinct_id], ["ada", anonymous]);
  assert.equal(named("named").distinct_id, "ada");
  assert.deepEqual(
    [named("$create_alias").properties.alias, named("$create_alias").properties.distinct_id],
    ["countess", "ada"],
  );
  assert.deepEqual([named("after").distinct_id, named("after").properties.$device_id], [resetUuid, device]);
  assert.equal(named("after").properties.$is_identified, false);
  // Its own visitor is the stored one.
  assert.equal(other.tracker.getDistinctId(), anonymous);
  assert.equal(other.tracker.stats().adopted, 5);
  adds(other);
});

test("a visitor who is known already is not merged with another one", async () => {
  const world = new World();
  const first = await world.visit({ teamId: 42 });
  first.tracker.identify("ada");
  first.tracker.capture("x");
  await first.tracker.flush();
  first.page.leave();
  const held = openHeld(world);
  held.tracker.identify("bob");
  held.tracker.trackBookingCompleted(booking);
  held.page.leave();
  await replays(world, { teamId: 42 });
  await world.pass(SECOND);
  assert.equal(world.server.named("$identify").length, 1);
  assert.equal(world.server.named("booking_completed")[0].distinct_id, "bob");
});

test("an entry of a team that is shut is dropped and counted", async () => {
  for (const [options, adopted] of [
    [{ isTeamEnabled: false }, 1],
    [{ isTeamEnabled: undefined, bootstrap: { teams: { 42: false, 7: true } }, teamId: 7 }, 1],
    [{ isTeamEnabled: (team) => team === "7", teamId: 7 }, 1],
    [{ isTeamEnabled: async () => false }, 1],
  ]) {
    const world = new World();
    const held = openHeld(world);
    held.tracker.trackBookingCompleted(booking);
    held.page.leave();
    const other = await replays(world, options);
    await world.pass(MINUTE);
    assert.deepEqual([world.server.events, entriesOf(world)], [[], []]);
    const { stats } = { stats: other.tracker.stats() };
    assert.deepEqual([stats.adopted, stats.dropped.gate_shut, stats.waiting], [adopted, 1, 0], JSON.stringify(options));
    adds(other);
  }
});

test("an entry of a team that nobody knows is held, and sent by a page that knows", async () => {
  const world = new World();
  const held = openHeld(world);
  held.tracker.trackBookingCompleted(booking);
  held.page.leave();
  const failing = () => Promise.reject(new Error("down"));
  const other = await replays(world, { isTeamEnabled: failing });
  const { adopted, held: isHeld, waiting } = other.tracker.stats();
  assert.deepEqual([adopted, isHeld, waiting, world.server.events], [1, 1, 1, []]);
  adds(other);
  other.page.leave();
  const knowing = await replays(world, { teamId: 42 });
  await world.pass(OLD_ENOUGH);
  assert.deepEqual(world.server.names(), ["booking_completed"]);
  adds(knowing);
});

test("a page that can ask nobody about a team leaves that team's entries to a page that can", async () => {
  const world = new World();
  const held = openHeld(world);
  held.tracker.trackBookingCompleted(booking);
  held.page.leave();
  const other = await replays(world, { isTeamEnabled: undefined });
  assert.deepEqual([other.tracker.stats().dropped.ungated, world.server.events], [0, []]);
  adds(other);
  other.page.leave();
  await replays(world, { teamId: 42 });
  await world.pass(OLD_ENOUGH);
  assert.deepEqual(world.server.names(), ["booking_completed"]);
});

test("another page has replayed it before the tracker was there: the page counts it as settled elsewhere", async () => {
  const world = new World();
  const held = openHeld(world);
  held.tracker.trackBookingCompleted(booking);
  held.tracker.capture("slot_selected");
  const other = await replays(world, { teamId: 42 });
  await world.pass(SECOND);
  assert.equal(other.tracker.stats().adopted, 1);
  await held.release();
  await held.tracker.flush();
  await world.pass(SECOND);
  const { captured, settledElsewhere, confirmed, waiting } = held.tracker.stats();
  assert.deepEqual(
    { captured, settledElsewhere, confirmed, waiting },
    { captured: 2, settledElsewhere: 1, confirmed: 1, waiting: 0 },
  );
  assert.equal(world.server.requests.flatMap(({ events }) => events).length, 2);
  adds(held);
  adds(other);
});

test("a visitor who was named stays named on its page, also where another page has told of it first", async () => {
  const world = new World();
  const held = openHeld(world);
  held.tracker.identify("ada");
  await replays(world, { teamId: 42 });
  await world.pass(SECOND);
  assert.equal(world.server.named("$identify").length, 1);
  await held.release();
  held.tracker.capture("later", {}, { sendInstantly: true });
  await world.pass(SECOND);
  assert.equal(held.tracker.getDistinctId(), "ada");
  assert.equal(world.server.named("later")[0].distinct_id, "ada");
  assert.equal([...rowsOf(world)].filter((row) => row.startsWith("$identify")).length, 1);
});

/** Everything that makes an event, on one page. */
function callAll({ tracker }) {
  tracker.trackBookingStarted({ eventTypeId: 1 });
  tracker.identify("ada");
  tracker.trackBookingCompleted(booking);
  tracker.alias("countess");
  tracker.reset({ newDevice: true });
  tracker.trackBookingFailed({ error: "x" });
}

for (const order of ["the page itself first", "the other page first"]) {
  test(`both pages replay one entry: PostHog counts one row (${order})`, async () => {
    const world = new World();
    const held = openHeld(world);
    callAll(held);
    held.page.tell(held.page.window, "pagehide");
    const entries = [...world.localStorage.entries].filter(([key]) => key.startsWith("phbt:journal:"));
    assert.equal(entries.length, 5);
    // What each page sees of storage, where browsers have not told it yet that the other one has removed something.
    const putBack = () => {
      for (const [key, text] of entries) world.localStorage.entries.set(key, text);
    };
    const other = async () => {
      putBack();
      adds(await replays(world, { teamId: 42 }));
      await world.pass(SECOND);
    };
    const itself = async () => {
      putBack();
      await held.release();
      await held.tracker.flush();
      await world.pass(SECOND);
      adds(held);
    };
    for (const replay of order === "the page itself first" ? [itself, other] : [other, itself]) await replay();
    const arrived = world.server.requests.flatMap(({ events }) => events);
    assert.equal(arrived.length, 10, "both have sent everything");
    assert.deepEqual([...rowsOf(world)].map((row) => row.split(" ")[0]).sort(), [
      "$create_alias",
      "$identify",
      "booking_completed",
      "booking_failed",
      "booking_started",
    ]);
  });
}

// Bounds.

test("entries older than 7 days are removed unsent, and counted as expired", async () => {
  const world = new World();
  const held = openHeld(world);
  held.tracker.trackBookingCompleted(booking);
  held.page.leave();
  await world.pass(7 * DAY + MINUTE);
  const other = await replays(world, { teamId: 42 });
  const { adopted, dropped, waiting } = other.tracker.stats();
  assert.deepEqual([adopted, dropped.expired, waiting], [1, 1, 0]);
  assert.deepEqual([world.server.events, entriesOf(world)], [[], []]);
  adds(other);
});

test("an entry that is a little younger than 7 days arrives", async () => {
  const world = new World();
  const held = openHeld(world);
  const { uuid } = held.tracker.trackBookingCompleted(booking);
  held.page.leave();
  await world.pass(7 * DAY - HOUR);
  await replays(world, { teamId: 42 });
  await world.pass(SECOND);
  assert.deepEqual(
    world.server.events.map((event) => [event.uuid, event.timestamp]),
    [[uuid, iso(START)]],
  );
});

test("of two pages that hold more than 100 entries together, the 101st stays in memory, and leaves with its page's tracker", async () => {
  const world = new World();
  const first = openHeld(world);
  for (let n = 0; n < 100; n++) first.tracker.trackBookingFailed({ error: "x", n });
  first.page.leave();
  const second = openHeld(world);
  second.tracker.trackBookingCompleted(booking);
  assert.equal(entriesOf(world).length, 100);
  adds(second);
  await second.release();
  await world.pass(OLD_ENOUGH);
  assert.equal(world.server.events.length, 101);
  assert.equal(entriesOf(world).length, 0);
  adds(second);
});

test("the 101st event that waits is dropped, and counted as evicted", async () => {
  const world = new World();
  const held = openHeld(world);
  for (let n = 0; n < 100; n++) held.tracker.capture("slot_selected", { n });
  assert.equal(held.tracker.capture("slot_selected", { n: 100 }), undefined);
  const { captured, waiting, dropped } = held.tracker.stats();
  assert.deepEqual([captured, waiting, dropped.evicted], [101, 100, 1]);
  adds(held);
  await held.release();
  await held.tracker.flush();
  await world.pass(SECOND);
  assert.equal(world.server.events.length, 100);
  adds(held);
});

test("a completed booking finds room among many events that can wait", async () => {
  const world = new World();
  const held = openHeld(world);
  for (let n = 0; n < 150; n++) held.tracker.capture("slot_selected", { n });
  const { uuid } = held.tracker.trackBookingCompleted(booking);
  adds(held);
  await held.release();
  await held.tracker.flush();
  await world.pass(SECOND);
  assert.equal(world.server.named("booking_completed")[0]?.uuid, uuid);
  adds(held);
});

test("an entry that somebody has damaged is removed, and the others arrive", async () => {
  const world = new World();
  const held = openHeld(world);
  held.tracker.trackBookingCompleted(booking);
  held.tracker.trackBookingFailed({ error: "x" });
  held.tracker.capture("payment_processed");
  held.page.leave();
  const [first, second] = entriesOf(world);
  world.localStorage.entries.set(first.key, "{");
  world.localStorage.entries.set(second.key, JSON.stringify({ name: "trackBookingFailed", args: [] }));
  const other = await replays(world, { teamId: 42 });
  await world.pass(SECOND);
  assert.ok(world.server.names().includes("payment_processed"));
  assert.deepEqual(entriesOf(world), []);
  adds(other);
});

test("a page that is full of somebody else's things goes on in memory", async () => {
  const world = new World();
  const held = openHeld(world);
  const { localStorage } = held.page.window;
  held.page.window.localStorage = {
    getItem: localStorage.getItem,
    removeItem: localStorage.removeItem,
    setItem() {
      throw new Error("QuotaExceededError");
    },
  };
  const { uuid } = held.tracker.trackBookingCompleted(booking);
  held.page.tell(held.page.window, "pagehide");
  assert.deepEqual(world.stored(), []);
  adds(held);
  await held.release();
  await held.tracker.flush();
  await world.pass(SECOND);
  assert.equal(world.server.events[0]?.uuid, uuid);
  adds(held);
});

test("`reset` with `purge` gives up what waits, and its entries", async () => {
  const world = new World();
  const held = openHeld(world);
  held.tracker.trackBookingCompleted(booking);
  held.tracker.reset({ purge: true });
  assert.deepEqual([entriesOf(world), held.tracker.stats().dropped.purged], [[], 1]);
  adds(held);
  held.tracker.capture("later");
  await held.release();
  await held.tracker.flush();
  await world.pass(SECOND);
  assert.deepEqual(world.server.names(), ["later"]);
  adds(held);
});

test("an entry of another person makes no profile of the visitor who replays it, and brings no campaign", async () => {
  const world = new World();
  const { page, tracker } = openHeld(world);
  tracker.identify("ada");
  tracker.trackBookingCompleted(booking);
  page.leave();
  // Somebody else uses the browser.
  const [identity] = world.stored().filter((key) => key.startsWith("phbt:identity:"));
  world.localStorage.entries.delete(identity);
  const url = "https://book.example/ada?utm_source=mail";
  const next = world.open({ entry: "lazy", url });
  const other = next.track({ teamId: 42 });
  await other.ready;
  await world.pass(OLD_ENOUGH);
  other.capture("seen");
  await other.flush();
  await world.pass(SECOND);
  assert.equal(world.server.named("booking_completed")[0].distinct_id, "ada");
  const [{ properties }] = world.server.named("seen");
  assert.deepEqual([properties.utm_source, properties.$process_person_profile], ["mail", false]);
});
