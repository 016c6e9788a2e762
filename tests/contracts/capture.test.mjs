// Capture: what an event carries, its options, super properties, groups, hooks, delivery in batches, flush and shutdown.

import assert from "node:assert/strict";
import { test } from "node:test";
import { HOST, MINUTE, SECOND, START, World } from "./world.mjs";

const arrived = async (world, tracker) => {
  await tracker.flush();
  await world.settle();
  return world.server.events;
};

const only = async (world, tracker) => {
  const events = await arrived(world, tracker);
  assert.equal(events.length, 1);
  return events[0];
};

test("capture: an event carries id, UTC time, person, session, page, browser and campaign", async () => {
  const world = new World();
  const url = "https://book.example/ada?utm_source=mail&email=ada%40lovelace.org#x";
  const { tracker } = await world.visit({}, { url, referrer: "https://search.test/?q=secret" });
  const captured = tracker.capture("slot_selected", {
    slot: 1,
    $lib: "other",
    token: "phc_other",
    distinct_id: "other",
  });
  const event = await only(world, tracker);
  assert.deepEqual({ ...captured }, { uuid: event.uuid, event: "slot_selected" });
  assert.match(event.uuid, /^[\da-f]{8}-[\da-f]{4}-7/);
  assert.equal(event.timestamp, "2026-01-02T03:04:05.678Z");
  const { $session_id, $window_id, ...properties } = event.properties;
  assert.match($session_id, /^[\da-f]{8}-[\da-f]{4}-7/);
  assert.match($window_id, /^[\da-f]{8}-[\da-f]{4}-7/);
  assert.deepEqual(properties, {
    slot: 1,
    token: "phc_contract",
    distinct_id: event.distinct_id,
    $device_id: event.distinct_id,
    $is_identified: false,
    $process_person_profile: false,
    $lib: "posthog-booking-tracker",
    $lib_version: properties.$lib_version,
    $current_url: "https://book.example/ada?utm_source=mail",
    $host: "book.example",
    $pathname: "/ada",
    $referrer: "https://search.test/",
    $referring_domain: "search.test",
    $browser: "Chrome",
    $browser_version: 140,
    $browser_language: "en-GB",
    $os: "Linux",
    $device_type: "Desktop",
    $screen_width: 1920,
    $screen_height: 1080,
    $viewport_width: 1280,
    $viewport_height: 720,
    $timezone: properties.$timezone,
    utm_source: "mail",
  });
});

test("capture: a campaign stays on the events of later pages until another one comes", async () => {
  const world = new World();
  const { tracker: first } = await world.visit({}, { url: "https://book.example/?utm_source=mail&gclid=1" });
  first.capture("one");
  const { tracker: second } = await world.visit({}, { url: "https://book.example/next" });
  second.capture("two");
  const { tracker: third } = await world.visit({}, { url: "https://book.example/?utm_source=ads" });
  third.capture("three");
  for (const tracker of [first, second, third]) await tracker.flush();
  await world.settle();
  const sources = ["one", "two", "three"].map((name) => world.server.named(name)[0].properties.utm_source);
  assert.deepEqual(sources, ["mail", "mail", "ads"]);
});

test("capture: a name that is empty or no text is refused with a warning, and nothing is thrown", async () => {
  const world = new World();
  const { page, tracker } = await world.visit();
  for (const name of ["", "   ", undefined, null, 7, {}, Symbol("x")]) assert.equal(tracker.capture(name), undefined);
  assert.equal(page.console.filter((line) => line.startsWith("warn") && line.includes("name")).length, 7);
  assert.equal(tracker.stats().dropped.invalid, 7);
  assert.deepEqual(await arrived(world, tracker), []);
});

test("capture: every option", async () => {
  const world = new World();
  const { tracker } = await world.visit({ flushInterval: 3_600_000 });
  tracker.group("company", "acme");
  const uuid = "01999999-7c1e-7a3b-9f00-0123456789ab";
  const captured = tracker.capture(
    "imported",
    { n: 1 },
    {
      timestamp: "2026-01-01T10:00:00+02:00",
      uuid,
      distinctId: "grace",
      $set: { plan: "pro" },
      $setOnce: { source: "import" },
      groups: { project: 7 },
      disableGeoip: true,
      sendInstantly: true,
    },
  );
  await world.settle();
  const [event] = world.server.named("imported");
  assert.equal(captured.uuid, uuid);
  assert.ok(event, "sent at once");
  assert.deepEqual([event.uuid, event.timestamp, event.distinct_id], [uuid, "2026-01-01T08:00:00.000Z", "grace"]);
  assert.deepEqual(event.$set, { plan: "pro" });
  assert.equal(event.$set_once.source, "import");
  assert.deepEqual(event.properties.$groups, { company: "acme", project: 7 });
  assert.equal(event.properties.$geoip_disable, true);
  assert.equal(event.properties.distinct_id, "grace");
});

test("capture: options that PostHog would refuse are replaced", async () => {
  const world = new World();
  const { page, tracker } = await world.visit();
  const own = tracker.getDistinctId();
  tracker.capture("odd", {}, { timestamp: "yesterday", uuid: "7", distinctId: "null" });
  tracker.capture("none", {}, null);
  const [event] = await arrived(world, tracker);
  assert.equal(event.timestamp, "2026-01-02T03:04:05.678Z");
  assert.match(event.uuid, /^[\da-f]{8}-[\da-f]{4}-7/);
  assert.equal(event.distinct_id, own);
  assert.ok(page.console.some((line) => line.startsWith("warn") && line.includes("distinctId")));
});

test("capture: a date and milliseconds are times as well, and a uuid that waits already is counted once", async () => {
  const world = new World();
  const { tracker } = await world.visit();
  const uuid = "01999999-7c1e-7a3b-9f00-0123456789ab";
  tracker.capture("one", {}, { timestamp: new Date(START - 5), uuid });
  tracker.capture("one", {}, { timestamp: START - 5, uuid });
  const event = await only(world, tracker);
  assert.equal(event.timestamp, "2026-01-02T03:04:05.673Z");
  assert.equal(tracker.stats().dropped.duplicate, 1);
});

test("capture: times are unique on a page, also where its clock steps back", async () => {
  const world = new World();
  const { tracker } = await world.visit();
  const at = (now) => {
    world.now = now;
    tracker.capture("tick");
  };
  for (const now of [START, START, START - 500, START - 5_000, START + 10]) at(now);
  world.now = START + 20;
  const events = await arrived(world, tracker);
  assert.deepEqual(events.map(({ timestamp }) => timestamp.slice(17, 23)).sort(), [
    "00.678",
    "05.678",
    "05.679",
    "05.680",
    "05.688",
  ]);
});

test("register: later values win, once leaves alone, unregister takes away, and all of it is kept", async () => {
  const world = new World();
  const { page, tracker } = await world.visit();
  tracker.register({ plan: "free", locale: "en", $browser: "mine" });
  tracker.register({ plan: "pro" });
  tracker.registerOnce({ plan: "team", source: "mail" });
  tracker.unregister("locale");
  tracker.unregister("nothing");
  tracker.capture("one", { source: "caller" });
  page.leave();
  const { tracker: later } = await world.visit();
  later.capture("two");
  const events = await arrived(world, later);
  const [one, two] = ["one", "two"].map((name) => events.find(({ event }) => event === name).properties);
  assert.deepEqual([one.plan, one.source, one.locale, one.$browser], ["pro", "caller", undefined, "mine"]);
  assert.deepEqual([two.plan, two.source, two.locale], ["pro", "mail", undefined]);
});

test("register: two tabs do not overwrite each other's, and hostile values do no harm", async () => {
  const world = new World();
  const { tracker: one } = await world.visit();
  const { tracker: two } = await world.visit();
  const circular = { name: "circular" };
  circular.self = circular;
  one.register({ a: 1, circular });
  two.register({ b: 2 });
  const { tracker: three } = await world.visit();
  three.capture("both");
  const { properties } = (await arrived(world, three)).find(({ event }) => event === "both");
  assert.deepEqual([properties.a, properties.b], [1, 2]);
});

test("group: registered, told once, again with properties, and refused without type or key", async () => {
  const world = new World();
  const { page, tracker } = await world.visit();
  tracker.group("company", "acme");
  tracker.group("company", "acme");
  tracker.group("company", "acme", { seats: 7 });
  tracker.group("project", 7);
  for (const [type, key] of [
    ["", "x"],
    ["company", ""],
    ["company", undefined],
    [undefined, "x"],
    ["company", {}],
  ])
    tracker.group(type, key);
  tracker.capture("slot_selected");
  const events = await arrived(world, tracker);
  assert.deepEqual(
    events.map(({ event }) => event),
    ["$groupidentify", "$groupidentify", "$groupidentify", "slot_selected"],
  );
  const [joined, told] = events;
  assert.deepEqual(
    [joined.properties.$group_type, joined.properties.$group_key, joined.properties.$group_set],
    ["company", "acme", undefined],
  );
  assert.deepEqual(told.properties.$group_set, { seats: 7 });
  assert.deepEqual(events[3].properties.$groups, { company: "acme", project: "7" });
  assert.deepEqual({ ...tracker.getGroups() }, { company: "acme", project: "7" });
  assert.equal(page.console.filter((line) => line.startsWith("warn") && line.includes("group")).length, 5);
});

test("group: nothing where people are off or the visitor has opted out", async () => {
  const { tracker: never } = await new World().visit({ personProfiles: "never" });
  never.group("company", "acme");
  assert.deepEqual({ ...never.getGroups() }, {});
  const { tracker: out } = await new World().visit();
  out.optOut();
  out.group("company", "acme");
  assert.equal(out.stats().waiting, 0);
});

test("group-identify: tells of a group and changes no membership; reset-groups ends it", async () => {
  const world = new World();
  const { tracker } = await world.visit();
  tracker.groupIdentify("company", "acme", { seats: 7 });
  assert.deepEqual({ ...tracker.getGroups() }, {});
  tracker.group("company", "other");
  tracker.resetGroups();
  tracker.capture("slot_selected");
  const events = await arrived(world, tracker);
  assert.deepEqual(
    events.map(({ event }) => event),
    ["$groupidentify", "$groupidentify", "slot_selected"],
  );
  assert.deepEqual([events[0].properties.$group_key, events[0].properties.$groups], ["acme", undefined]);
  assert.equal(events[2].properties.$groups, undefined);
});

test("before-send-hook: hooks change events one after the other, and drop them", async () => {
  const world = new World();
  const seen = [];
  const beforeSend = [
    (event) => ({ ...event, properties: { ...event.properties, first: true } }),
    (event) => {
      seen.push([event.event, event.properties.first]);
      return event.event === "private" ? null : event;
    },
  ];
  const { tracker } = await world.visit({ beforeSend });
  assert.equal(tracker.capture("private"), undefined);
  tracker.capture("slot_selected");
  const event = await only(world, tracker);
  assert.deepEqual(seen, [
    ["private", true],
    ["slot_selected", true],
  ]);
  assert.deepEqual([event.event, event.properties.first], ["slot_selected", true]);
  assert.equal(tracker.stats().dropped.before_send, 1);
});

test("before-send-hook: one that throws drops its event, warns, and the next is not asked", async () => {
  const world = new World();
  let asked = 0;
  const beforeSend = [
    () => {
      throw new Error("no");
    },
    (event) => {
      asked++;
      return event;
    },
  ];
  const { page, tracker } = await world.visit({ beforeSend });
  assert.equal(tracker.capture("slot_selected"), undefined);
  assert.deepEqual(await arrived(world, tracker), []);
  assert.equal(asked, 0);
  assert.ok(page.console.some((line) => line.startsWith("warn") && line.includes("beforeSend")));
});

test("before-send-hook: what identifies an event stays, and what the page passed is not touched", async () => {
  const world = new World();
  const properties = { guest: { email: "x" } };
  const beforeSend = (event) => {
    delete event.properties.guest.email;
    return {
      ...event,
      uuid: "x",
      distinct_id: "x",
      timestamp: "x",
      properties: { ...event.properties, token: "x", distinct_id: "x" },
    };
  };
  const { tracker } = await world.visit({ beforeSend });
  const captured = tracker.capture("slot_selected", properties);
  const event = await only(world, tracker);
  assert.deepEqual(properties, { guest: { email: "x" } });
  assert.deepEqual(event.properties.guest, {});
  assert.equal(event.uuid, captured.uuid);
  assert.deepEqual([event.distinct_id, event.properties.token], [tracker.getDistinctId(), "phc_contract"]);
  assert.equal(event.timestamp, "2026-01-02T03:04:05.678Z");
});

test("event-batcher: a full batch goes in order, an unfilled one after the interval, and the queue is empty then", async () => {
  const world = new World();
  const { tracker } = await world.visit({ flushAt: 3, flushInterval: 10_000 });
  for (const name of ["one", "two"]) tracker.capture(name);
  await world.settle();
  assert.equal(world.server.requests.length, 0);
  tracker.capture("three");
  // The turn under the lock takes a moment.
  await world.pass(2 * SECOND);
  assert.deepEqual(
    world.server.requests.map(({ events }) => events.map(({ event }) => event)),
    [["one", "two", "three"]],
  );
  tracker.capture("four");
  await world.pass(9 * SECOND);
  assert.equal(world.server.requests.length, 1);
  await world.pass(2 * SECOND);
  assert.deepEqual(world.server.names(), ["one", "two", "three", "four"]);
  assert.equal(tracker.stats().waiting, 0);
});

test("event-batcher: 413 makes smaller batches", async () => {
  const world = new World();
  const { tracker } = await world.visit({ flushInterval: 3_600_000 });
  for (let n = 0; n < 4; n++) tracker.capture("slot_selected", { n });
  world.server.answerNext(413);
  await arrived(world, tracker);
  await world.pass(MINUTE);
  assert.deepEqual(
    world.server.requests.map(({ events }) => events.length),
    [4, 2, 2],
  );
  assert.equal(world.server.events.length, 4);
});

test("retry-queue: kept on every transient failure, delivered once, and what comes meanwhile goes next", async () => {
  for (const status of [0, 408, 429, 500, 502, 503, 504]) {
    const world = new World();
    const { tracker } = await world.visit();
    world.server.answerNext(status);
    tracker.trackBookingCompleted({ bookingId: 1, bookingUid: "u" });
    await world.settle();
    tracker.trackBookingFailed({ error: "later" });
    await world.pass(10 * SECOND);
    assert.deepEqual(world.server.names(), ["booking_completed", "booking_failed"], `${status}`);
    assert.equal(tracker.stats().confirmed, 2);
  }
});

test("retry-queue: a refused event is dropped, counted and said, and the others arrive", async () => {
  const world = new World();
  const { page, tracker } = await world.visit({ debug: true });
  world.server.answerNext(400);
  tracker.trackBookingFailed({ error: "x" });
  await world.settle();
  tracker.trackBookingFailed({ error: "y" });
  await world.pass(MINUTE);
  assert.equal(tracker.stats().dropped.rejected, 1);
  assert.ok(page.console.some((line) => line.includes("rejected")));
  assert.deepEqual(
    world.server.events.map(({ properties }) => properties.error),
    ["y"],
  );
});

test("flush: sends what waits, nothing where nothing waits, and keeps what fails", async () => {
  const world = new World();
  const { tracker } = await world.visit({ flushInterval: 3_600_000 });
  await tracker.flush();
  assert.equal(world.server.requests.length, 0);
  tracker.capture("one");
  tracker.capture("two");
  world.server.answerNext(503);
  await arrived(world, tracker);
  assert.deepEqual([tracker.stats().waiting, world.server.requests.length], [2, 1]);
  await arrived(world, tracker);
  assert.deepEqual([world.server.names(), tracker.stats().waiting], [["one", "two"], 0]);
});

test("shutdown: sends, refuses later events and calls, is harmless twice and when the server fails", async () => {
  const world = new World();
  const { tracker } = await world.visit({ flushInterval: 3_600_000 });
  tracker.capture("one");
  const id = tracker.getDistinctId();
  await Promise.all([tracker.shutdown(), tracker.shutdown()]);
  assert.equal(tracker.capture("two"), undefined);
  tracker.identify("ada");
  assert.equal(tracker.getDistinctId(), id);
  await world.pass(MINUTE);
  assert.deepEqual(world.server.names(), ["one"]);
  assert.equal(tracker.stats().dropped.shut_down, 1);

  const { tracker: failing } = await world.visit();
  world.server.answerNext(503, 503);
  failing.capture("three");
  await failing.shutdown();
  const { tracker: next } = await world.visit();
  await arrived(world, next);
  await world.pass(10 * MINUTE);
  assert.ok(world.server.names().includes("three"), "the next page sends it");
});

test("setup: repeated trackers of one page share the visitor and send each event once", async () => {
  const world = new World();
  const { page, tracker } = await world.visit();
  const again = page.track();
  await again.ready;
  assert.equal(tracker.getSessionId(), again.getSessionId());
  tracker.capture("one");
  again.capture("two");
  await arrived(world, tracker);
  await arrived(world, again);
  assert.deepEqual(world.server.names().sort(), ["one", "two"]);
  assert.equal(new Set(world.server.events.map(({ properties }) => properties.$window_id)).size, 1);
});

test("setup: what is called in the task of the construction arrives, and getters answer at once", async () => {
  const world = new World();
  const page = world.open();
  const tracker = page.track();
  assert.match(tracker.getDistinctId(), /-7/);
  tracker.identify("ada");
  tracker.group("company", "acme");
  tracker.trackBookingStarted({ eventTypeId: 1 });
  assert.match(tracker.stats().engine, /wasm/);
  assert.deepEqual([tracker.getDistinctId(), { ...tracker.getGroups() }], ["ada", { company: "acme" }]);
  const events = await arrived(world, tracker);
  assert.deepEqual(
    events.map(({ event }) => event),
    ["$identify", "$groupidentify", "booking_started"],
  );
  assert.deepEqual(events[2].properties.$groups, { company: "acme" });
});

test("setup: a tracker that is off throws nothing, stores and sends nothing, and leaves another one of its page alone", async () => {
  const world = new World();
  const { page, tracker } = await world.visit();
  const stored = world.stored();
  for (const options of [{ apiKey: "" }, { host: "posthog.test" }, { api_host: HOST }, { respectDnt: "yes" }]) {
    const off = page.track(options);
    await off.ready;
    off.capture("lost");
    off.identify("ada");
    off.optOut();
    off.reset({ purge: true });
    await off.flush();
    await off.shutdown();
    assert.equal(off.stats().engine, "off");
    assert.equal(off.consent(), "denied");
    assert.equal(off.getDistinctId(), undefined);
  }
  assert.equal(
    page.console.filter((line) => line.startsWith("error: [PostHogBookingTracker] The tracker is off.")).length,
    3,
  );
  assert.equal(page.console.length, 3, "nothing is said where there is no key");
  assert.deepEqual(world.stored(), stored);
  assert.equal(tracker.consent(), "granted");
  tracker.capture("kept");
  await arrived(world, tracker);
  assert.deepEqual(world.server.names(), ["kept"]);
});

test("debug: verbose from now on, with no argument; no events, no requests", async () => {
  const world = new World();
  const { page, tracker } = await world.visit();
  tracker.optOut();
  tracker.capture("one");
  assert.deepEqual(page.console, []);
  tracker.debug();
  tracker.capture("two");
  assert.ok(page.console.some((line) => line.startsWith("debug") && line.includes("two: no_consent")));
  const lines = page.console.length;
  tracker.debug(false);
  tracker.capture("three");
  assert.equal(page.console.length, lines);
  assert.equal(world.server.requests.length, 0);
});

test("http-client: simple requests with the key in the body and the time of each attempt; failures never throw", async () => {
  const world = new World();
  const { tracker } = await world.visit();
  world.server.answerNext(0);
  tracker.trackBookingFailed({ error: "x" });
  await world.pass(10 * SECOND);
  const [failed, sent] = world.server.requests;
  assert.deepEqual([failed.status, sent.status], [0, 200]);
  assert.ok(sent.sentAt > failed.sentAt);
  assert.deepEqual(sent.events, failed.events);
});

test("before-send-hook: one that changes its event in place changes no more than it may", async () => {
  const world = new World();
  const set = { plan: { name: "pro" } };
  const beforeSend = (event) => {
    Object.assign(event, { uuid: "x", distinct_id: "evil", timestamp: "x" });
    event.properties.token = "x";
    delete event.$set.plan.name;
    return event;
  };
  const { tracker } = await world.visit({ beforeSend });
  const captured = tracker.capture("slot_selected", {}, { $set: set });
  const event = await only(world, tracker);
  assert.deepEqual([event.uuid, event.distinct_id], [captured.uuid, tracker.getDistinctId()]);
  assert.equal(event.properties.token, "phc_contract");
  assert.deepEqual([event.$set, set], [{ plan: {} }, { plan: { name: "pro" } }]);
});

test("before-send-hook: one that captures, waits or gives nonsense back drops its event and says so", async () => {
  for (const [beforeSend, said] of [
    [async (event) => event, "no event"],
    [() => ({}), "no event"],
    [() => "event", "no event"],
    [(event) => ({ ...event, properties: new Proxy({}, { ownKeys: () => assert.fail() }) }), "beforeSend"],
  ]) {
    const world = new World();
    const { page, tracker } = await world.visit({ beforeSend });
    tracker.capture("slot_selected");
    assert.deepEqual([tracker.stats().captured, tracker.stats().dropped.before_send], [1, 1]);
    assert.ok(page.console.some((line) => line.startsWith("warn") && line.includes(said)));
  }
  const world = new World();
  let tracker;
  const beforeSend = (event) => {
    tracker.capture("from_hook");
    return event;
  };
  ({ tracker } = await world.visit({ beforeSend }));
  tracker.capture("slot_selected");
  await only(world, tracker);
  assert.deepEqual([tracker.stats().captured, tracker.stats().dropped.before_send], [2, 1]);
});

test("capture: hostile options and ids lose no event, or are counted", async () => {
  const boom = () => {
    throw new Error("boom");
  };
  const hostile = new Proxy({}, { get: boom, ownKeys: boom, getOwnPropertyDescriptor: boom });
  const getter = Object.defineProperty({}, "uuid", { enumerable: true, get: boom });
  const world = new World();
  const { tracker } = await world.visit();
  const calls = [
    [{}, { timestamp: Symbol("x") }],
    [{}, { timestamp: { valueOf: boom } }],
    [{}, hostile],
    [{}, getter],
    [{}, { groups: hostile }],
    [{}, { groups: "abc", $set: hostile, $setOnce: 7 }],
    [{ $groups: "abc" }],
    [{ $groups: hostile }],
    [{ teamId: Object.create(null) }],
    [{}, { distinctId: Object.create(null) }],
    [{}, "options"],
  ];
  for (const [properties, options] of calls) tracker.capture("hostile", properties, options);
  const events = await arrived(world, tracker);
  const { captured, dropped } = tracker.stats();
  assert.equal(captured, calls.length);
  assert.equal(events.length + dropped.invalid, calls.length);
  assert.ok(events.length >= calls.length - 1, `${events.length}`);
  assert.ok(events.every(({ properties }) => properties.$groups === undefined));
});

test("capture: a campaign is not mixed with the one before", async () => {
  const world = new World();
  const { tracker: first } = await world.visit(
    {},
    { url: "https://book.example/?utm_source=mail&utm_campaign=spring" },
  );
  first.capture("one");
  const { tracker: second } = await world.visit({}, { url: "https://book.example/?utm_source=google&gclid=1" });
  second.capture("two");
  const two = (await arrived(world, second)).find(({ event }) => event === "two").properties;
  assert.deepEqual([two.utm_source, two.gclid, two.utm_campaign], ["google", "1", undefined]);
});

test("capture: what is no time, or one that others may not read, becomes now", async () => {
  const world = new World();
  const { tracker } = await world.visit();
  const odd = [null, true, {}, [], "", Number.NaN, 8.64e15, -1e14];
  for (const timestamp of odd) tracker.capture("odd", {}, { timestamp });
  const events = await arrived(world, tracker);
  assert.equal(events.length, odd.length);
  for (const { timestamp } of events) assert.match(timestamp, /^2026-01-02T03:04:05/);
});

test("stats: an event that is given up while it is under way is counted once, also without WebAssembly", async () => {
  const world = new World();
  const page = world.open();
  Object.defineProperty(page.window, "WebAssembly", { value: undefined });
  const tracker = page.track();
  await tracker.ready;
  tracker.trackBookingFailed({ error: "x" });
  const flushed = tracker.flush();
  tracker.reset({ purge: true });
  await flushed;
  await world.pass(MINUTE);
  const { captured, confirmed, waiting, dropped } = tracker.stats();
  assert.equal(captured, confirmed + waiting + dropped.purged);
});

test("before-send-hook: what a hook writes is sent as it is", async () => {
  const world = new World();
  const beforeSend = (event) => ({ ...event, properties: { ...event.properties, $current_url: "/redacted" } });
  const { tracker } = await world.visit({ beforeSend });
  tracker.capture("slot_selected");
  assert.equal((await only(world, tracker)).properties.$current_url, "/redacted");
});

test("retry-queue: what is captured while a batch is under way stays, and goes next", async () => {
  const world = new World();
  const { tracker } = await world.visit({ flushAt: 3 });
  for (const name of ["one", "two", "three"]) tracker.capture(name);
  const flushed = tracker.flush();
  for (const name of ["four", "five", "six"]) tracker.capture(name);
  await flushed;
  await world.pass(20 * SECOND);
  const batches = world.server.requests.map(({ events }) => events.map(({ event }) => event));
  assert.deepEqual(batches, [
    ["one", "two", "three"],
    ["four", "five", "six"],
  ]);
});

test("retry-queue: over its capacity the oldest that can wait is dropped, counted and said", async () => {
  const world = new World();
  world.server.isDown = true;
  const { page, tracker } = await world.visit({ debug: true });
  tracker.trackBookingCompleted({ bookingId: 1, bookingUid: "u" });
  for (let n = 0; n < 400; n++) tracker.capture("slot_selected", { n });
  const { waiting, dropped } = tracker.stats();
  assert.ok(dropped.evicted > 0);
  assert.equal(waiting + dropped.evicted, 401);
  assert.equal(page.console.filter((line) => line.includes("evicted")).length, dropped.evicted);
  world.server.isDown = false;
  await world.pass(10 * MINUTE);
  const numbers = world.server.named("slot_selected").map(({ properties }) => properties.n);
  assert.equal(Math.max(...numbers), 399);
  assert.equal(world.server.named("booking_completed").length, 1);
});

test("what the page calls from inside what it has replaced ends, also where it calls itself for ever", async () => {
  const world = new World();
  const { page, tracker } = await world.visit({ debug: true, isTeamEnabled: false });
  let calls = 0;
  page.window.console.debug = () => {
    calls++;
    tracker.capture("again");
  };
  tracker.capture("first");
  assert.ok(calls > 1 && calls <= 5_010, `${calls}`);
});

test("events about the visitor that no team was named for are bounded, and counted", async () => {
  const world = new World();
  const { tracker } = await world.visit({ isTeamEnabled: () => true });
  for (let n = 0; n < 25; n++) tracker.setPersonProperties({ n });
  const { waiting, dropped } = tracker.stats();
  assert.deepEqual([waiting, dropped.ungated], [20, 5]);
  tracker.capture("slot_selected", { teamId: 42 });
  assert.equal((await arrived(world, tracker)).length, 21);
});

test("changes that may not be stored yet are bounded, and the newest of them count", async () => {
  const world = new World();
  const { tracker } = await world.visit({ isTeamEnabled: () => true });
  for (let n = 0; n < 300; n++) tracker.register({ n });
  tracker.capture("slot_selected", { teamId: 42 });
  const { tracker: next } = await world.visit();
  next.capture("next");
  const { properties } = (await arrived(world, next)).find(({ event }) => event === "next");
  assert.equal(properties.n, 299);
});
