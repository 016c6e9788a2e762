// People: identify and its cases, alias, person properties, profiles, reset, ids and their bootstrap.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, World } from "./world.mjs";

const arrived = async (world, tracker) => {
  await tracker.flush();
  await world.settle();
  return world.server.events;
};

test("get-distinct-id, get-anonymous-id: anonymous first, identified later, and the device stays", async () => {
  const world = new World();
  const { tracker } = await world.visit();
  const anonymous = tracker.getDistinctId();
  assert.match(anonymous, /^[\da-f]{8}-[\da-f]{4}-7/);
  assert.equal(tracker.getAnonymousId(), anonymous);
  tracker.identify("ada");
  assert.equal(tracker.getDistinctId(), "ada");
  assert.equal(tracker.getAnonymousId(), anonymous);
});

test("device-id-generator: made once, kept for later pages, another one when reset asks", async () => {
  const world = new World();
  const { tracker } = await world.visit();
  const device = tracker.getAnonymousId();
  tracker.capture("seen");
  const { tracker: later } = await world.visit();
  assert.equal(later.getAnonymousId(), device);
  later.reset();
  assert.equal(later.getAnonymousId(), device);
  assert.notEqual(later.getDistinctId(), device);
  later.reset({ newDevice: true });
  assert.notEqual(later.getAnonymousId(), device);
  assert.equal(later.getDistinctId(), later.getAnonymousId());
});

test("identify: an anonymous visitor is merged, with properties and where it came from first", async () => {
  const world = new World();
  const { tracker } = await world.visit(
    {},
    { url: "https://book.example/ada?utm_source=mail&name=Ada", referrer: "https://search.test/" },
  );
  const anonymous = tracker.getDistinctId();
  tracker.identify("ada", { plan: "pro" }, { first_seen: "today" });
  const [event] = await arrived(world, tracker);
  assert.equal(event.event, "$identify");
  assert.equal(event.distinct_id, "ada");
  assert.equal(event.properties.$anon_distinct_id, anonymous);
  assert.equal(event.properties.$device_id, anonymous);
  assert.equal(event.properties.$user_id, "ada");
  assert.equal(event.properties.$process_person_profile, true);
  assert.deepEqual(event.$set, { plan: "pro" });
  assert.deepEqual(event.$set_once, {
    $initial_current_url: "https://book.example/ada?utm_source=mail",
    $initial_host: "book.example",
    $initial_pathname: "/ada",
    $initial_referrer: "https://search.test/",
    $initial_referring_domain: "search.test",
    $initial_utm_source: "mail",
    first_seen: "today",
  });
});

test("identify: the same id while anonymous makes the visitor known by $set", async () => {
  const world = new World();
  const { tracker } = await world.visit({ bootstrap: { distinctId: "visitor-9" } });
  assert.equal(tracker.getDistinctId(), "visitor-9");
  tracker.identify("visitor-9", { plan: "pro" });
  const [event, ...others] = await arrived(world, tracker);
  assert.deepEqual([event.event, event.$set, others.length], ["$set", { plan: "pro" }, 0]);
  assert.equal(event.properties.$is_identified, true);
});

test("identify: the same id again tells nothing but properties that are news", async () => {
  const world = new World();
  const { tracker } = await world.visit();
  tracker.identify("ada", { plan: "pro" });
  tracker.identify("ada", { plan: "pro" });
  tracker.identify("ada");
  tracker.identify("ada", { plan: "team" });
  tracker.identify("ada", { plan: "team" });
  const events = await arrived(world, tracker);
  assert.deepEqual(
    events.map(({ event }) => event),
    ["$identify", "$set"],
  );
  assert.deepEqual(events[1].$set, { plan: "team" });
});

test("identify: another known person is switched to, and never merged", async () => {
  const world = new World();
  const { tracker } = await world.visit();
  tracker.identify("ada");
  tracker.identify("grace");
  tracker.capture("slot_selected");
  const events = await arrived(world, tracker);
  assert.deepEqual(
    events.map(({ event, distinct_id }) => [event, distinct_id]),
    [
      ["$identify", "ada"],
      ["slot_selected", "grace"],
    ],
  );
});

test("identify: ids that stand for nobody are refused with a warning", async () => {
  const world = new World();
  const { page, tracker } = await world.visit();
  const before = tracker.getDistinctId();
  for (const id of [
    "",
    "  ",
    "undefined",
    "null",
    "distinct_id",
    "distinctid",
    "$posthog_cookieless",
    "0",
    "guest",
    null,
    true,
    "x".repeat(201),
  ]) {
    tracker.identify(id);
  }
  assert.equal(tracker.getDistinctId(), before);
  assert.equal(page.console.filter((line) => line.startsWith("warn") && line.includes("identify")).length, 12);
  assert.deepEqual(await arrived(world, tracker), []);
});

test("identify: what was captured before keeps the id that it had", async () => {
  const world = new World();
  const { tracker } = await world.visit();
  const anonymous = tracker.getDistinctId();
  tracker.capture("slot_selected");
  tracker.identify("ada");
  tracker.capture("date_changed");
  const events = await arrived(world, tracker);
  assert.deepEqual(
    events.map(({ distinct_id }) => distinct_id),
    [anonymous, "ada", "ada"],
  );
  assert.deepEqual(
    events.map(({ properties }) => properties.$is_identified),
    [false, true, true],
  );
});

test("identify: without a team yet, the id counts at once and the event waits for the first team", async () => {
  const world = new World();
  const { tracker } = await world.visit({ isTeamEnabled: () => true });
  const anonymous = tracker.getDistinctId();
  tracker.identify("ada");
  assert.equal(tracker.getDistinctId(), "ada");
  assert.deepEqual(
    world.stored().filter((key) => key.includes("identity")),
    [],
    "nobody has said that a team is tracked",
  );
  assert.equal(tracker.stats().waiting, 1);
  tracker.capture("slot_selected", { teamId: 42 });
  const events = await arrived(world, tracker);
  assert.deepEqual(
    events.map(({ event }) => event),
    ["$identify", "slot_selected"],
  );
  assert.equal(events[0].properties.$anon_distinct_id, anonymous);
  assert.equal(tracker.stats().waiting, 0);
});

test("alias: links two ids, and refuses what is none", async () => {
  const world = new World();
  const { page, tracker } = await world.visit();
  const current = tracker.getDistinctId();
  tracker.alias("ada");
  tracker.alias("ada", "crm-7");
  for (const [alias, original] of [[""], [undefined], ["ada", ""], ["null"]]) tracker.alias(alias, original);
  const events = await arrived(world, tracker);
  assert.deepEqual(
    events.map(({ event, distinct_id, properties }) => [event, distinct_id, properties.alias, properties.distinct_id]),
    [
      ["$create_alias", current, "ada", current],
      ["$create_alias", "crm-7", "ada", "crm-7"],
    ],
  );
  assert.ok(events.every(({ properties }) => properties.$process_person_profile));
  assert.equal(page.console.filter((line) => line.includes("alias")).length, 4);
});

test("alias: of the visitor's own id is an identify", async () => {
  const world = new World();
  const { tracker } = await world.visit({ bootstrap: { distinctId: "visitor-9" } });
  tracker.alias("visitor-9");
  const events = await arrived(world, tracker);
  assert.deepEqual(
    events.map(({ event }) => event),
    ["$set"],
  );
  assert.equal(events[0].properties.$is_identified, true);
});

test("set-person-properties: set, set once and unset; nothing for nothing, and once for the same", async () => {
  const world = new World();
  const { tracker } = await world.visit();
  tracker.setPersonProperties();
  tracker.setPersonProperties({}, {}, []);
  tracker.setPersonProperties({ plan: "pro" }, { source: "mail" }, ["trial"]);
  tracker.setPersonProperties({ plan: "pro" }, { source: "mail" }, ["trial"]);
  const events = await arrived(world, tracker);
  assert.deepEqual(
    events.map(({ event }) => event),
    ["$set"],
  );
  const [{ $set, $set_once, properties }] = events;
  assert.deepEqual($set, { plan: "pro" });
  assert.equal($set_once.source, "mail");
  assert.deepEqual(properties.$unset, ["trial"]);
  assert.equal(properties.$process_person_profile, true);
});

test("create-person-profile: one empty $set, where there is no profile yet", async () => {
  const world = new World();
  const { tracker } = await world.visit();
  tracker.createPersonProfile();
  tracker.createPersonProfile();
  tracker.capture("slot_selected");
  const events = await arrived(world, tracker);
  assert.deepEqual(
    events.map(({ event }) => event),
    ["$set", "slot_selected"],
  );
  assert.deepEqual(events[0].$set, {});
  assert.equal(events[1].properties.$process_person_profile, true, "and every event has one from now on");
  const { tracker: never } = await new World().visit({ personProfiles: "never" });
  never.createPersonProfile();
  assert.equal(never.stats().captured, 0);
});

test("personProfiles: a caller cannot claim a profile; always and never speak for everything", async () => {
  const profiles = async (personProfiles) => {
    const world = new World();
    const { tracker } = await world.visit(personProfiles ? { personProfiles } : {});
    tracker.capture("slot_selected", { $process_person_profile: personProfiles !== "always" });
    tracker.identify("ada");
    tracker.group("company", "acme");
    tracker.capture("date_changed");
    const events = await arrived(world, tracker);
    return events.map(({ event, properties }) => [event, properties.$process_person_profile]);
  };
  assert.deepEqual(await profiles(), [
    ["slot_selected", false],
    ["$identify", true],
    ["$groupidentify", true],
    ["date_changed", true],
  ]);
  assert.deepEqual(await profiles("always"), [
    ["slot_selected", true],
    ["$identify", true],
    ["$groupidentify", true],
    ["date_changed", true],
  ]);
  assert.deepEqual(await profiles("never"), [
    ["slot_selected", false],
    ["date_changed", false],
  ]);
});

test("initial properties go once a page with the first event that has a profile", async () => {
  const world = new World();
  const { tracker } = await world.visit({ personProfiles: "always" });
  tracker.capture("slot_selected");
  tracker.capture("date_changed");
  tracker.identify("ada");
  const events = await arrived(world, tracker);
  assert.deepEqual(
    events.map(({ $set_once }) => $set_once !== undefined),
    [true, false, true],
  );
});

test("initial properties are those of the first page that was seen", async () => {
  const world = new World();
  const { tracker } = await world.visit({}, { url: "https://book.example/first?gclid=1" });
  tracker.capture("slot_selected");
  await world.pass(DAY);
  const { tracker: later } = await world.visit({}, { url: "https://book.example/second" });
  later.identify("ada");
  const { $set_once } = (await arrived(world, later)).find(({ event }) => event === "$identify");
  assert.equal($set_once.$initial_pathname, "/first");
  assert.equal($set_once.$initial_gclid, "1");
});

test("reset: another person, no groups, no properties, another session; what waits is still sent", async () => {
  const world = new World();
  const { tracker } = await world.visit();
  tracker.identify("ada");
  tracker.group("company", "acme");
  tracker.register({ plan: "pro" });
  tracker.trackBookingStarted({ eventTypeId: 1 });
  const before = tracker.getSessionId();
  world.server.answerNext(503);
  tracker.reset();
  assert.notEqual(tracker.getDistinctId(), "ada");
  assert.deepEqual({ ...tracker.getGroups() }, {});
  assert.notEqual(tracker.getSessionId(), before);
  tracker.trackBookingFailed({ error: "no host" });
  await world.pass(60_000);
  const events = await arrived(world, tracker);
  assert.deepEqual(
    events.map(({ event }) => event),
    ["$identify", "$groupidentify", "booking_started", "booking_failed"],
  );
  const { properties, distinct_id } = events[3];
  assert.equal(distinct_id, tracker.getDistinctId());
  assert.deepEqual([properties.plan, properties.$groups, properties.$is_identified], [undefined, undefined, false]);
  assert.notEqual(properties.attemptId, events[2].properties.attemptId, "the attempt was another person's");
});

test("reset: with purge what waits is given up, on this page and in storage", async () => {
  const world = new World();
  const { page, tracker: earlier } = await world.visit({ flushInterval: 3_600_000 });
  earlier.capture("slot_selected");
  page.isOpen = false;
  const { tracker } = await world.visit({ flushInterval: 3_600_000 });
  world.server.answerNext(...Array(20).fill(0));
  tracker.capture("date_changed");
  tracker.reset({ purge: true });
  assert.deepEqual(
    world.stored().filter((key) => /^phbt:\d/.test(key)),
    [],
  );
  assert.equal(tracker.stats().waiting, 0);
  assert.ok(tracker.stats().dropped.purged >= 1);
});

test("bootstrap: ids of the server, by every rule", async () => {
  const bootstrapped = async (bootstrap, prepare) => {
    const world = new World();
    if (prepare) {
      const { tracker } = await world.visit();
      prepare(tracker);
      tracker.capture("before");
      await arrived(world, tracker);
      world.server.requests = [];
    }
    const { tracker } = await world.visit({ bootstrap });
    const names = (await arrived(world, tracker)).map(({ event }) => event);
    return { tracker, names, id: tracker.getDistinctId(), device: tracker.getAnonymousId() };
  };
  const anonymous = await bootstrapped({ distinctId: "visitor-9" });
  assert.deepEqual([anonymous.id, anonymous.device, anonymous.names], ["visitor-9", "visitor-9", []]);
  const known = await bootstrapped({ distinctId: "ada", isIdentified: true });
  assert.deepEqual([known.id, known.names], ["ada", []]);
  assert.notEqual(known.device, "ada", "a person's id is no device's");
  const merged = await bootstrapped({ distinctId: "ada", isIdentified: true }, () => {});
  assert.deepEqual([merged.id, merged.names], ["ada", ["$identify"]]);
  const other = await bootstrapped({ distinctId: "grace", isIdentified: true }, (tracker) => tracker.identify("ada"));
  assert.deepEqual([other.id, other.names], ["ada", []], "a person who is known stays who it is");
  const guest = await bootstrapped({ distinctId: "visitor-9" }, (tracker) => tracker.identify("ada"));
  assert.deepEqual([guest.id, guest.names], ["ada", []]);
  merged.tracker.reset();
  assert.notEqual(merged.tracker.getDistinctId(), "ada", "it is not for the next visitor");
  merged.tracker.reset({ bootstrap: { distinctId: "grace", isIdentified: true } });
  assert.equal(merged.tracker.getDistinctId(), "grace");
});

test("bootstrap: the same id, once anonymous, becomes a known person's", async () => {
  const world = new World();
  const { tracker: first } = await world.visit({ bootstrap: { distinctId: "u-1" } });
  first.capture("seen");
  const { tracker } = await world.visit({ bootstrap: { distinctId: "u-1", isIdentified: true } });
  tracker.capture("seen again");
  const event = (await arrived(world, tracker)).find(({ event }) => event === "seen again");
  assert.equal(event.properties.$is_identified, true);
});

test("a page keeps the identity that it started with, whatever other tabs do", async () => {
  const world = new World();
  const { tracker: one } = await world.visit();
  const { tracker: two } = await world.visit();
  one.capture("slot_selected");
  const anonymous = two.getDistinctId();
  two.capture("slot_selected");
  one.identify("ada");
  assert.equal(two.getDistinctId(), anonymous);
  two.capture("date_changed");
  const { tracker: three } = await world.visit();
  assert.equal(three.getDistinctId(), "ada");
});

test("persistent-storage: who the visitor is survives a restart, and a storage that throws does no harm", async () => {
  const world = new World();
  const { tracker } = await world.visit();
  tracker.identify("ada");
  tracker.register({ plan: "pro" });
  await world.pass(DAY);
  const { tracker: later } = await world.visit();
  assert.equal(later.getDistinctId(), "ada");
  later.capture("back");
  const back = (await arrived(world, later)).find(({ event }) => event === "back");
  assert.equal(back.properties.plan, "pro");

  const broken = new World();
  const page = broken.open();
  for (const name of ["localStorage", "sessionStorage"]) {
    Object.defineProperty(page.window, name, {
      get() {
        throw new Error("blocked");
      },
    });
  }
  const blocked = page.track();
  await blocked.ready;
  blocked.identify("ada");
  blocked.capture("slot_selected");
  await arrived(broken, blocked);
  assert.deepEqual(broken.server.names(), ["$identify", "slot_selected"]);
  assert.equal(blocked.getDistinctId(), "ada");
});

test("another tab's person stays, whatever a tab of before says", async () => {
  const says = [
    (tracker) => tracker.group("company", "acme"),
    (tracker) => tracker.register({ a: 1 }),
    (tracker) => tracker.capture("x"),
  ];
  for (const say of says) {
    const world = new World();
    const { tracker: one } = await world.visit();
    const { tracker: two } = await world.visit();
    two.getDistinctId();
    one.capture("seen");
    one.identify("ada");
    say(two);
    const { tracker: next } = await world.visit();
    assert.equal(next.getDistinctId(), "ada");
  }
});

test("reset: other tabs go on in the session of the person that they keep, and the device stays unless asked", async () => {
  const world = new World();
  const { tracker: one } = await world.visit();
  const { tracker: two } = await world.visit();
  one.capture("seen");
  two.capture("seen");
  const device = one.getAnonymousId();
  const session = one.getSessionId();
  one.reset({ bootstrap: { distinctId: "grace", isIdentified: true } });
  two.capture("after");
  assert.equal(two.getSessionId(), session);
  assert.notEqual(one.getSessionId(), session);
  assert.deepEqual([one.getDistinctId(), one.getAnonymousId()], ["grace", device]);
  one.reset(null);
  assert.notEqual(one.getDistinctId(), "grace");
  one.reset({ bootstrap: { distinctId: "null" } });
  assert.notEqual(one.getDistinctId(), "null");
});

test("what was taken away before a team was known stays away", async () => {
  const world = new World();
  const { tracker: first } = await world.visit();
  first.register({ plan: "pro" });
  first.group("company", "acme");
  first.capture("seen");
  const { tracker } = await world.visit({ isTeamEnabled: () => true });
  tracker.unregister("plan");
  tracker.resetGroups();
  tracker.capture("x", { teamId: 1 });
  const { tracker: next } = await world.visit();
  next.capture("y");
  const { properties } = (await arrived(world, next)).find(({ event }) => event === "y");
  assert.deepEqual([properties.plan, properties.$groups], [undefined, undefined]);
});

test("damaged storage makes a new visitor, and loses no event", async () => {
  for (const [noun, damaged] of [
    ["identity", '{"distinct_id":{}}'],
    ["identity", "null"],
    ["properties", '{"initial":5,"groups":7,"properties":"x"}'],
    ["properties", "[]"],
    ["session", "garbage:1:2"],
  ]) {
    const world = new World();
    const { tracker: first } = await world.visit();
    first.capture("seen");
    const key = [...world.localStorage.entries.keys()].find((name) => name.includes(`:${noun}:`));
    world.localStorage.entries.set(key, damaged);
    const { tracker } = await world.visit({ personProfiles: "always" });
    tracker.capture("after");
    const after = (await arrived(world, tracker)).find(({ event }) => event === "after");
    assert.equal(typeof after?.distinct_id, "string", damaged);
    assert.match(after.properties.$session_id, /-7/);
  }
});

test("a group's event tells where the person came from first, and leaves it to the next one as well", async () => {
  const world = new World();
  const { tracker } = await world.visit();
  tracker.group("company", "acme");
  tracker.capture("one");
  tracker.capture("two");
  const events = await arrived(world, tracker);
  assert.deepEqual(
    events.map(({ event, $set_once }) => [event, $set_once !== undefined]),
    [
      ["$groupidentify", true],
      ["one", true],
      ["two", false],
    ],
  );
});
