// Consent: granted, required and pending, denied; in every tab, and with nothing stored that is not allowed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE, SECOND, START, World } from "./world.mjs";

const KEY = /^phbt:consent:/;
const keysOf = (storage) => [...storage.entries.keys()];
const arrived = async (world, tracker) => {
  await tracker.flush();
  await world.settle();
  return world.server.events;
};

test("is-opt-out, opt-in, opt-out: false by default, kept for later pages, effective at once", async () => {
  const world = new World();
  const { tracker } = await world.visit();
  assert.deepEqual([tracker.hasOptedOut(), tracker.consent()], [false, "granted"]);
  tracker.optOut();
  assert.deepEqual([tracker.hasOptedOut(), tracker.consent()], [true, "denied"]);
  assert.equal(tracker.capture("one"), undefined);
  const { tracker: later } = await world.visit();
  assert.equal(later.hasOptedOut(), true);
  later.capture("two");
  assert.equal(later.stats().dropped.no_consent, 1);
  later.optIn();
  assert.equal(later.hasOptedOut(), false);
  later.capture("three");
  assert.deepEqual(
    (await arrived(world, later)).map(({ event }) => event),
    ["three"],
  );
});

test("consent-gating: pending, nothing is read, written or sent, and nobody is known", async () => {
  const world = new World();
  const { page, tracker } = await world.visit({ consent: "required" });
  tracker.trackBookingStarted({ eventTypeId: 1 });
  tracker.identify("ada");
  tracker.register({ plan: "pro" });
  tracker.group("company", "acme");
  tracker.reset();
  for (const answer of [
    tracker.getDistinctId(),
    tracker.getAnonymousId(),
    tracker.getSessionId(),
    tracker.getGroups(),
  ]) {
    assert.equal(answer, undefined);
  }
  await tracker.flush();
  await world.pass(MINUTE);
  page.hide();
  assert.deepEqual([keysOf(world.localStorage), keysOf(page.tab)], [[], []]);
  assert.equal(world.server.requests.length, 0);
  assert.deepEqual([tracker.stats().captured, tracker.stats().waiting, tracker.consent()], [1, 1, "pending"]);
});

test("consent-gating: granted later, what was held is sent in order, with its own time and the page's one person", async () => {
  const world = new World();
  const { tracker } = await world.visit({ consent: "required" });
  const started = tracker.trackBookingStarted({ eventTypeId: 1 });
  await world.pass(7 * SECOND);
  tracker.identify("ada");
  tracker.trackBookingCompleted({ bookingId: 1, bookingUid: "u" });
  await world.pass(3 * SECOND);
  tracker.optIn();
  await tracker.ready;
  const events = (await arrived(world, tracker)).sort((a, b) => a.timestamp.localeCompare(b.timestamp));
  assert.deepEqual(
    events.map(({ event }) => event),
    ["booking_started", "$identify", "booking_completed"],
  );
  assert.equal(events[0].uuid, started.uuid);
  assert.deepEqual(
    events.map(({ timestamp }) => timestamp),
    [START, START + 7 * SECOND, START + 7 * SECOND + 1].map((ms) => new Date(ms).toISOString()),
  );
  assert.equal(events[1].properties.$anon_distinct_id, events[0].distinct_id);
  assert.equal(events[2].distinct_id, "ada");
  assert.equal(new Set(events.map(({ properties }) => properties.$session_id)).size, 1);
  assert.equal(events[2].properties.elapsedMs, 7 * SECOND);
  assert.deepEqual(tracker.stats().waiting, 0);
});

test("consent-gating: at most 200 events are held; the oldest that can wait goes first, counted", async () => {
  const world = new World();
  const { tracker } = await world.visit({ consent: "required" });
  tracker.trackBookingFailed({ error: "first" });
  for (let n = 0; n < 250; n++) tracker.capture("slot_selected", { n });
  assert.deepEqual([tracker.stats().waiting, tracker.stats().dropped.evicted], [200, 51]);
  tracker.optIn();
  await tracker.ready;
  const events = await arrived(world, tracker);
  assert.equal(events.length, 200);
  assert.equal(events[0].event, "booking_failed");
  assert.equal(events[1].properties.n, 51);
});

test("consent-gating: denied, what was held is given up and nothing is stored but the answer", async () => {
  const world = new World();
  const { page, tracker } = await world.visit({ consent: "required" });
  tracker.trackBookingStarted({ eventTypeId: 1 });
  tracker.optOut();
  await tracker.ready;
  await world.pass(MINUTE);
  assert.equal(keysOf(world.localStorage).length, 1);
  assert.match(keysOf(world.localStorage)[0], KEY);
  assert.deepEqual(keysOf(page.tab), []);
  assert.deepEqual(
    [tracker.stats().dropped.no_consent, tracker.stats().waiting, world.server.requests.length],
    [1, 0, 0],
  );
});

test("consent-gating: a denial removes what is stored and stops every tab", async () => {
  const world = new World();
  const { page, tracker: one } = await world.visit({ flushInterval: 3_600_000 });
  const { page: otherPage, tracker: two } = await world.visit({ flushInterval: 3_600_000 });
  one.capture("in one");
  two.capture("in two");
  two.register({ plan: "pro" });
  const heard = [];
  two.onConsent((state) => heard.push(state));
  one.optOut();
  assert.equal(two.hasOptedOut(), true);
  assert.deepEqual(heard, ["denied"]);
  two.capture("later");
  for (const each of [page, otherPage]) each.hide();
  await world.pass(10 * MINUTE);
  assert.ok(
    keysOf(world.localStorage).every((key) => KEY.test(key)),
    keysOf(world.localStorage).join(),
  );
  assert.deepEqual([keysOf(page.tab), keysOf(otherPage.tab)], [[], []]);
  assert.equal(world.server.requests.length, 0);
  assert.deepEqual([one.stats().dropped.purged, two.stats().dropped.purged, two.stats().dropped.no_consent], [1, 1, 1]);
});

test("consent-gating: a tab that has not heard of a denial stores and sends nothing more", async () => {
  const world = new World();
  const { page, tracker } = await world.visit({ flushInterval: 3_600_000 });
  tracker.capture("before");
  const key = `phbt:consent:${world.stored()[0].split(":")[2]}`;
  // Written without the event by which a browser tells other tabs, as happens to a frozen one.
  world.localStorage.entries.set(key, "denied");
  await tracker.flush();
  page.tell(page.window, "pagehide");
  assert.equal(world.server.requests.length, 0);
  tracker.capture("after");
  assert.equal(tracker.stats().dropped.no_consent, 1);
  assert.deepEqual(keysOf(world.localStorage), [key]);
});

test("consent-gating: restored before the first capture of a page", async () => {
  const world = new World();
  const { tracker } = await world.visit({ consent: "required" });
  tracker.optIn();
  const page = world.open();
  const later = page.track({ consent: "required" });
  assert.equal(later.consent(), "granted");
  later.capture("at once");
  assert.deepEqual(
    (await arrived(world, later)).map(({ event }) => event),
    ["at once"],
  );
});

test("consent-gating: after a denial and a new consent the visitor is somebody new", async () => {
  const world = new World();
  const { tracker } = await world.visit();
  tracker.capture("one");
  const before = tracker.getDistinctId();
  tracker.optOut();
  tracker.optIn();
  assert.notEqual(tracker.getDistinctId(), before);
  tracker.capture("two");
  assert.equal((await arrived(world, tracker)).at(-1).distinct_id, tracker.getDistinctId());
});

test("onConsent: tells every change until it is ended; a listener that throws harms nobody", async () => {
  const { tracker } = await new World().visit({ consent: "required" });
  const heard = [];
  tracker.onConsent(() => {
    throw new Error("no");
  });
  const end = tracker.onConsent((state) => heard.push(state));
  tracker.optIn();
  tracker.optIn();
  tracker.optOut();
  end();
  tracker.optIn();
  assert.deepEqual(heard, ["granted", "denied"]);
});

test("respectDnt, respectGpc: a browser that asks for it is not tracked, whatever was said before", async () => {
  for (const [option, navigator] of [
    ["respectDnt", { doNotTrack: "1" }],
    ["respectDnt", { doNotTrack: "yes" }],
    ["respectGpc", { globalPrivacyControl: true }],
  ]) {
    const world = new World();
    const { tracker } = await world.visit({ [option]: true }, { navigator });
    tracker.capture("one");
    assert.deepEqual(
      [tracker.hasOptedOut(), tracker.stats().dropped.no_consent, keysOf(world.localStorage)],
      [true, 1, []],
    );
    const { tracker: without } = await new World().visit({}, { navigator });
    assert.equal(without.hasOptedOut(), false);
  }
});

test("consent-gating: one project's denial leaves another project's records alone", async () => {
  const world = new World();
  const { page, tracker } = await world.visit({ flushInterval: 3_600_000 });
  const other = page.track({ apiKey: "phc_other", flushInterval: 3_600_000 });
  await other.ready;
  tracker.capture("mine");
  other.capture("theirs");
  tracker.optOut();
  assert.equal(other.consent(), "granted");
  await other.flush();
  await world.settle();
  assert.deepEqual(world.server.names(), ["theirs"]);
});

test("consent-gating: who the visitor is said to be is not lost among many events", async () => {
  const world = new World();
  const { tracker } = await world.visit({ consent: "required" });
  tracker.identify("ada");
  tracker.setPersonProperties({}, {}, { not: "a list" });
  for (let n = 0; n < 300; n++) tracker.capture("slot_selected", { n });
  await world.pass(SECOND);
  tracker.optIn();
  await tracker.ready;
  tracker.capture("later");
  const events = await arrived(world, tracker);
  assert.equal(events.find(({ event }) => event === "slot_selected").distinct_id, "ada");
  assert.equal(events.find(({ event }) => event === "later").timestamp, new Date(START + SECOND).toISOString());
});

test("consent-gating: what is held is what was said, whatever the page does with it afterwards", async () => {
  const world = new World();
  const { tracker } = await world.visit({ consent: "required" });
  const properties = { nested: { n: 1 } };
  const set = { plan: "pro" };
  tracker.capture("x", properties);
  tracker.identify("ada", set);
  properties.nested.n = 2;
  set.plan = "team";
  tracker.optIn();
  await tracker.ready;
  const events = await arrived(world, tracker);
  assert.equal(events.find(({ event }) => event === "x").properties.nested.n, 1);
  assert.deepEqual(events.find(({ event }) => event === "$identify").$set, { plan: "pro" });
});

test("consent-gating: what is held at shutdown is counted as given up", async () => {
  const world = new World();
  const { tracker } = await world.visit({ consent: "required" });
  tracker.capture("x");
  await tracker.shutdown();
  tracker.optIn();
  assert.deepEqual([tracker.stats().waiting, tracker.stats().dropped.shut_down], [0, 1]);
});

test("a denial counts where a full storage does not take it, although it holds an earlier answer", async () => {
  for (const entry of [undefined, "lazy"]) {
    const world = new World();
    const page = world.open(entry ? { entry } : {});
    if (entry) page.importGate = new Promise(() => {});
    const tracker = page.track({ consent: "required" });
    tracker.optIn();
    tracker.capture("before");
    await world.settle();
    page.window.localStorage.setItem = () => {
      throw new Error("full");
    };
    tracker.optOut();
    assert.equal(tracker.consent(), "denied", entry);
    assert.deepEqual(world.stored(), [], entry);
    tracker.capture("after");
    await Promise.all([tracker.flush(), world.pass(3 * SECOND)]);
    assert.ok(!world.server.names().includes("after"), entry);
  }
});
