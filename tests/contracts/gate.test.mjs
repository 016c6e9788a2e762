// The team gate: its four sources, what is held and for how long, and what a team that is switched off leaves.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR, MINUTE, SECOND, START, World } from "./world.mjs";

const FLAG = "posthog-booking-tracking";
const URL_SOURCE = { isTeamEnabled: undefined, teamGateUrl: "/team-gate" };
const FLAG_SOURCE = { isTeamEnabled: undefined, teamFlag: true };

const same = (actual, expected, why) => assert.deepEqual(structuredClone(actual), expected, why);

const namesOf = async (world) => {
  await world.settle();
  return world.server.names();
};

const recordsOf = (world) => world.stored().filter((key) => key.startsWith("phbt:1:"));

/** A booking, as a page tells it. */
function book(tracker, properties = {}) {
  tracker.trackBookingStarted({ eventTypeId: 1, ...properties });
  tracker.capture("slot_selected", properties);
  tracker.trackBookingCompleted({ bookingId: 1, bookingUid: "bk1", ...properties });
}

const BOOKING = ["booking_started", "slot_selected", "booking_completed"];

/** Each source, told what to say of every team: `undefined` is no answer. */
const SOURCES = {
  callback: (world) => {
    let answer;
    const set = (open) => {
      answer = open;
    };
    world.asked = 0;
    const isTeamEnabled = async () => {
      world.asked++;
      if (answer === undefined) throw new Error("the application is down");
      return answer;
    };
    return { set, options: { isTeamEnabled } };
  },
  url: (world) => {
    const set = (open) => {
      world.host = () => (open === undefined ? [503, ""] : [200, JSON.stringify({ enabled: open })]);
    };
    return { set, options: URL_SOURCE };
  },
  flag: (world) => {
    const set = (open) => {
      world.flags.answer = open === undefined ? { flags: {} } : { flags: { [FLAG]: open } };
    };
    return { set, options: FLAG_SOURCE };
  },
};

for (const [name, make] of Object.entries(SOURCES)) {
  test(`the gate, by ${name}: unknown for ten seconds, then open: nothing is lost, and the order is kept`, async () => {
    const world = new World();
    const { set, options } = make(world);
    set(undefined);
    const { tracker } = await world.visit({ ...options, teamId: 42 });
    book(tracker);
    tracker.identify("ada");
    await world.pass(10 * SECOND);
    same(tracker.stats().teams, { 42: "unknown" });
    assert.deepEqual([world.server.requests.length, tracker.stats().held, recordsOf(world).length], [0, 4, 4]);
    set(true);
    await world.pass(30 * SECOND);
    same(await namesOf(world), [...BOOKING, "$identify"]);
    const { held, waiting, confirmed, teams } = tracker.stats();
    same({ held, waiting, confirmed, teams }, { held: 0, waiting: 0, confirmed: 4, teams: { 42: "open" } });
    same(world.server.requests.length, 1, "and they go in one request");
  });

  test(`the gate, by ${name}: unknown, then shut: nothing is sent and nothing stays, the other team is untouched`, async () => {
    const world = new World();
    const { set, options } = make(world);
    const { tracker: other } = await world.visit({ teamId: 7 });
    world.server.isDown = true;
    book(other);
    await world.settle();
    const stored = new Map(world.localStorage.entries);
    set(undefined);
    const { page, tracker } = await world.visit({ ...options, teamId: 42 });
    book(tracker);
    await world.pass(10 * SECOND);
    set(false);
    await world.pass(30 * SECOND);
    assert.equal(tracker.stats().dropped.gate_shut, 3);
    same(tracker.stats().teams, { 42: "shut" });
    book(tracker);
    assert.equal(tracker.stats().dropped.gate_shut, 6);
    page.hide();
    page.leave();
    const left = [...world.localStorage.entries].filter(([key]) => key.startsWith("phbt:1:"));
    same(
      left,
      [...stored].filter(([key]) => key.startsWith("phbt:1:")),
    );
    world.server.isDown = false;
    await world.pass(MINUTE);
    same(await namesOf(world), BOOKING);
    assert.equal(world.server.events.length, 3);
  });

  test(`the gate, by ${name}: the page is left while it is unknown, the next one learns that it is open`, async () => {
    const world = new World();
    const { set, options } = make(world);
    set(undefined);
    const { page, tracker } = await world.visit({ ...options, teamId: 42 });
    book(tracker);
    page.leave();
    await world.pass(HOUR);
    assert.equal(world.server.requests.length, 0);
    set(true);
    await world.visit({ ...options, teamId: 42 });
    await world.pass(2 * MINUTE);
    same(await namesOf(world), BOOKING);
    assert.equal(Date.parse(world.server.events[0].timestamp) - START < SECOND, true, "with its own time");
  });

  test(`the gate, by ${name}: a team that is switched off stops within the time to live`, async () => {
    const world = new World();
    const { set, options } = make(world);
    set(true);
    const { tracker } = await world.visit({ ...options, teamId: 42, gateTtl: 60_000 });
    book(tracker);
    await world.pass(SECOND);
    assert.equal(world.server.events.length, 3);
    set(false);
    world.server.isDown = true;
    tracker.capture("seen");
    await world.pass(61 * SECOND);
    assert.deepEqual([tracker.stats().dropped.gate_shut, recordsOf(world).length], [1, 0]);
    book(tracker);
    assert.equal(tracker.stats().dropped.gate_shut, 4);
    set(true);
    world.server.isDown = false;
    await world.pass(61 * SECOND);
    tracker.capture("seen_again");
    await tracker.flush();
    same((await namesOf(world)).slice(3), ["seen_again"]);
  });

  test(`the gate, by ${name}: nobody is asked without consent`, async () => {
    const world = new World();
    const { set, options } = make(world);
    set(true);
    world.asked = 0;
    const { tracker } = await world.visit({ ...options, teamId: 42, consent: "required" });
    book(tracker);
    assert.equal(tracker.isTeamTracked(42), undefined);
    tracker.setTeam(43);
    await world.pass(HOUR);
    const asked = () => world.asked + world.hostAsked.length + world.flags.requests.length;
    assert.deepEqual([asked(), world.stored()], [0, []]);
    tracker.optIn();
    await world.pass(SECOND);
    assert.ok(asked() > 0);
    same((await namesOf(world)).sort(), ["$groupidentify", ...BOOKING.toSorted()]);
    const before = asked();
    tracker.optOut();
    await world.pass(DAY);
    assert.deepEqual([asked(), world.stored()], [before, []]);
  });
}

test("the sources are asked in their order, and the first definite answer counts", async () => {
  const world = new World();
  const said = { callback: undefined, url: undefined, flag: undefined };
  const asked = [];
  world.host = () => {
    asked.push("url");
    return said.url === undefined ? [500, ""] : [200, String(said.url)];
  };
  const isTeamEnabled = (team) => {
    asked.push(`callback ${team}`);
    return said.callback;
  };
  const all = { isTeamEnabled, teamGateUrl: "https://app.example/team-gate?app=1", teamFlag: true, teamId: 42 };
  const { tracker } = await world.visit({ ...all, bootstrap: { teams: { 42: false, 43: true } } });
  book(tracker);
  book(tracker, { teamId: 43 });
  await world.settle();
  same([asked, world.flags.requests.length, await namesOf(world)], [[], 0, BOOKING], "the server has said it all");
  book(tracker, { teamId: 44 });
  await world.settle();
  same(asked, ["callback 44", "url"]);
  assert.equal(world.flags.requests.length, 1);
  same(world.hostAsked, ["44"]);
  said.url = true;
  world.flags.answer = { flags: { [FLAG]: false } };
  await world.pass(2 * SECOND);
  assert.equal(world.flags.requests.length, 1);
  assert.equal(world.server.events.length, 6);
  said.callback = false;
  await world.pass(301 * SECOND);
  same([tracker.isTeamTracked(44), tracker.isTeamTracked(43), tracker.isTeamTracked(42)], [false, false, false]);
});

test("bootstrap: teams of the server are known at once, and hold for the page where nobody else can be asked", async () => {
  const world = new World();
  const bootstrap = { teams: { 42: true, 7: false } };
  const page = world.open();
  const tracker = page.track({ isTeamEnabled: undefined, bootstrap, teamId: 42 });
  book(tracker);
  page.leave();
  same(await namesOf(world), BOOKING, "also for a page that is left in the same tick");
  const { tracker: later } = await world.visit({ isTeamEnabled: undefined, bootstrap, gateTtl: 1_000 });
  book(later, { teamId: 7 });
  book(later, { teamId: 8 });
  await world.pass(2 * DAY);
  assert.equal(later.isTeamTracked(42), true);
  assert.equal(later.stats().dropped.gate_shut, 3);
  same(later.stats().teams, { 7: "shut", 8: "unknown", 42: "open" });
});

test("the flag is asked for the team alone, and for nobody in particular", async () => {
  const world = new World();
  const { tracker } = await world.visit({ ...FLAG_SOURCE, bootstrap: { distinctId: "ada", isIdentified: true } });
  tracker.register({ plan: "pro" });
  tracker.group("company", "acme");
  tracker.capture("seen", { teamId: 42 });
  await world.settle();
  same(world.flags.last, {
    token: "phc_contract",
    distinct_id: "posthog-booking-tracker",
    groups: { team: "42" },
    flag_keys: [FLAG],
    geoip_disable: true,
  });
});

test("no answer of a flag discards an event unless the flag was computed for the group", async () => {
  const off = (rest) => ({ flags: { [FLAG]: { enabled: false, ...rest } } });
  const on = (rest) => ({ flags: { [FLAG]: { enabled: true, ...rest } } });
  const vague = [
    { flags: {} },
    { flags: { other: true } },
    { flags: {}, quotaLimited: ["feature_flags"] },
    { ...off(), quotaLimited: ["feature_flags"] },
    { ...off(), errorsWhileComputingFlags: true },
    { ...on(), errorsWhileComputingFlags: true },
    off({ failed: true, reason: { code: "timeout" } }),
    on({ failed: true }),
    off({ reason: { code: "no_group_type" } }),
    off({ reason: { code: "no_condition_match", description: "Group conditions were skipped" } }),
    off({ reason: { code: "missing_dependency" } }),
    off({ enabled: "false" }),
    { flags: { [FLAG]: null } },
    { flags: { [FLAG]: { enabled: undefined } } },
  ];
  for (const answer of vague) {
    const world = new World();
    world.flags.answer = answer;
    if (answer.flags[FLAG] === null || answer.flags[FLAG]?.enabled === undefined) {
      Object.defineProperty(world.flags, "body", { value: JSON.stringify(answer) });
    }
    const { tracker } = await world.visit({ ...FLAG_SOURCE, teamId: 42 });
    book(tracker);
    await world.pass(MINUTE);
    const { held, dropped } = tracker.stats();
    assert.deepEqual([held, dropped.gate_shut, world.server.requests.length], [3, 0, 0], JSON.stringify(answer));
  }
  for (const reason of ["no_condition_match", "out_of_rollout_bound", "flag_disabled"]) {
    const world = new World();
    world.flags.answer = off({ reason: { code: reason } });
    const { tracker } = await world.visit({ ...FLAG_SOURCE, teamId: 42 });
    book(tracker);
    await world.pass(SECOND);
    assert.equal(tracker.stats().dropped.gate_shut, 3, reason);
  }
});

test("no answer of the host application discards an event unless it is a boolean", async () => {
  const vague = [
    [200, ""],
    [200, "<html>"],
    [200, "0"],
    [200, "null"],
    [200, '"false"'],
    [200, "{}"],
    [200, '{"enabled":"false"}'],
    [200, "[false]"],
    [404, "false"],
    [500, '{"enabled":false}'],
    [401, "false"],
    [0, ""],
  ];
  for (const answer of vague) {
    const world = new World();
    world.host = () => answer;
    const { tracker } = await world.visit({ ...URL_SOURCE, teamId: 42 });
    book(tracker);
    await world.pass(MINUTE);
    assert.deepEqual([tracker.stats().held, tracker.stats().dropped.gate_shut], [3, 0], String(answer));
    world.host = () => [200, "true"];
    await world.pass(MINUTE);
    assert.equal(world.server.events.length, 3, String(answer));
  }
});

test("an answer that comes too late counts when it comes, and one that was overtaken does not", async () => {
  const world = new World();
  const answers = [];
  const isTeamEnabled = () => new Promise((resolve) => answers.push(resolve));
  const { tracker } = await world.visit({ isTeamEnabled, teamId: 42 });
  book(tracker);
  await world.pass(15 * SECOND);
  assert.equal(answers.length, 2, "it was asked again");
  answers[1](true);
  await world.settle();
  assert.equal(world.server.events.length, 3);
  answers[0](false);
  await world.settle();
  assert.equal(tracker.isTeamTracked(42), true);
});

test("an answer is asked for again when its time is over, once for all events, and used meanwhile", async () => {
  const world = new World();
  world.host = () => [200, "true"];
  const { page, tracker } = await world.visit({ ...URL_SOURCE, teamId: 42, gateTtl: 60_000 });
  for (let index = 0; index < 30; index++) book(tracker);
  await world.pass(59 * SECOND);
  assert.equal(world.hostAsked.length, 1);
  await world.pass(2 * SECOND);
  assert.equal(world.hostAsked.length, 2);
  world.host = () => [503, ""];
  await world.pass(HOUR);
  tracker.capture("seen");
  await tracker.flush();
  assert.equal(world.server.named("seen").length, 1, "a source that is down shuts nothing");
  page.hide();
  world.host = () => [200, "false"];
  await world.pass(6 * MINUTE);
  assert.equal(tracker.isTeamTracked(42), false, "a page that nobody sees hears of it as well");
});

test("an answer is used for a day at most, then events are held again", async () => {
  const world = new World();
  world.host = () => [200, "true"];
  const { tracker } = await world.visit({ ...URL_SOURCE, teamId: 42 });
  tracker.capture("seen");
  await tracker.flush();
  world.host = () => [503, ""];
  await world.pass(DAY + HOUR);
  tracker.capture("held");
  await tracker.flush();
  same([await namesOf(world), tracker.stats().held], [["seen"], 1]);
  world.host = () => [200, "true"];
  await world.pass(6 * MINUTE);
  same(await namesOf(world), ["seen", "held"]);
});

test("a page that nobody sees forgets an answer after a day as well", async () => {
  const world = new World();
  world.host = () => [200, "true"];
  const { page, tracker } = await world.visit({ ...URL_SOURCE, teamId: 42 });
  tracker.capture("seen");
  await world.pass(SECOND);
  await tracker.flush();
  page.hide();
  world.server.isDown = true;
  world.host = () => [503, ""];
  await world.pass(DAY - MINUTE);
  tracker.capture("waits");
  await world.pass(10 * MINUTE);
  world.server.isDown = false;
  await world.pass(HOUR);
  same([await namesOf(world), tracker.stats().held], [["seen"], 1]);
});

test("a clock that is set back makes no answer older than it is", async () => {
  const world = new World();
  world.host = () => [200, "true"];
  const { tracker } = await world.visit({ ...URL_SOURCE, teamId: 42, gateTtl: 10_000 });
  await tracker.flush();
  tracker.isTeamTracked(42);
  await world.pass(SECOND);
  world.setClock(-HOUR);
  world.host = () => [200, "false"];
  const asked = world.hostAsked.length;
  await world.pass(MINUTE);
  assert.equal(tracker.isTeamTracked(42), false);
  assert.ok(world.hostAsked.length - asked < 8, `${world.hostAsked.length - asked} questions in a minute`);
});

test("a device that has slept asks when the page is seen again, whatever its timers say", async () => {
  const world = new World();
  world.host = () => [200, "true"];
  const { page, tracker } = await world.visit({ ...URL_SOURCE, teamId: 42 });
  tracker.isTeamTracked(42);
  await world.pass(SECOND);
  page.hide();
  world.setClock(HOUR);
  world.host = () => [200, "false"];
  page.show();
  await world.pass(SECOND);
  assert.equal(tracker.isTeamTracked(42), false);
});

test("later pages know a tracked team at once, and nothing is remembered of one that is not", async () => {
  const world = new World();
  world.host = (team) => [200, String(team === "42")];
  const { page, tracker } = await world.visit({ ...URL_SOURCE, teamId: 42 });
  book(tracker);
  book(tracker, { teamId: 7 });
  await world.settle();
  page.leave();
  const gate = world.stored().filter((key) => key.startsWith("phbt:gate:"));
  same(Object.keys(JSON.parse(world.localStorage.entries.get(gate[0]))), ["42"]);
  world.host = () => [503, ""];
  await world.pass(HOUR);
  const fresh = world.open();
  const later = fresh.track({ ...URL_SOURCE, teamId: 42 });
  later.trackBookingCompleted({ bookingId: 2, bookingUid: "bk2" });
  fresh.leave();
  await world.settle();
  assert.equal(world.server.events.at(-1).properties.bookingUid, "bk2", "a page that is left at once needs no answer");
});

test("tabs tell each other: a team that one tab finds switched off or on is so in the others at once", async () => {
  const world = new World();
  world.host = () => [200, "true"];
  const long = { ...URL_SOURCE, teamId: 42, gateTtl: 86_400_000 };
  const { tracker: first } = await world.visit(long);
  first.capture("seen");
  await first.flush();
  const { tracker: second } = await world.visit({ ...long, gateTtl: 10_000 });
  second.capture("seen_too");
  await second.flush();
  world.host = () => [200, "false"];
  await world.pass(11 * SECOND);
  same([first.isTeamTracked(42), second.isTeamTracked(42)], [false, false]);
  assert.deepEqual(
    world.stored().filter((key) => key.startsWith("phbt:gate:")),
    [],
  );
  world.host = () => [200, "true"];
  await world.pass(11 * SECOND);
  same([first.isTeamTracked(42), second.isTeamTracked(42)], [true, true]);
});

test("what somebody has damaged in storage opens nothing", async () => {
  for (const damage of [
    "{",
    "7",
    "null",
    '{"42":"now"}',
    '{"42":true}',
    '{"42":null}',
    `{"42":${START - 2 * DAY}}`,
    `{"42":${START + 2 * DAY}}`,
  ]) {
    const world = new World();
    const { page } = await world.visit({ teamId: 1 });
    page.leave();
    world.localStorage.entries.set(gateKeyOf(world), damage);
    const { tracker } = await world.visit({ ...URL_SOURCE, teamId: 42 });
    book(tracker);
    await world.pass(SECOND);
    assert.deepEqual([tracker.stats().held, world.server.requests.length], [3, 0], damage);
  }
});

/** The key under which tracked teams are stored. */
function gateKeyOf(world) {
  const project = world
    .stored()
    .find((key) => /^phbt:(identity|session|sentinel):/.test(key))
    ?.split(":")[2];
  return `phbt:gate:${project ?? "none"}`;
}

test("tracked teams are remembered for a day, however many they are, and two tabs with many are no storm", async () => {
  const world = new World();
  world.host = () => [200, "true"];
  const many = async (first) => {
    const { tracker } = await world.visit(URL_SOURCE);
    for (let team = first; team < first + 40; team++) tracker.capture("seen", { teamId: team });
  };
  await many(1);
  await many(101);
  await world.pass(MINUTE);
  assert.equal(world.hostAsked.length, 80);
  const teams = () => Object.keys(JSON.parse(world.localStorage.entries.get(gateKeyOf(world))));
  assert.equal(teams().length, 80);
  for (const page of world.pages) page.leave();
  await world.pass(DAY);
  const { tracker } = await world.visit(URL_SOURCE);
  tracker.capture("seen", { teamId: 7 });
  await world.settle();
  same(teams(), ["7"]);
});

test("what was captured while nobody knew is held for 24 hours, and not a moment longer", async () => {
  const world = new World();
  const { tracker } = await world.visit({ ...URL_SOURCE, teamId: 42 });
  book(tracker);
  await world.pass(DAY);
  assert.deepEqual([tracker.stats().held, recordsOf(world).length], [3, 3]);
  await world.pass(6 * MINUTE);
  assert.deepEqual([tracker.stats().dropped.gate_unknown, recordsOf(world).length], [3, 0]);
  assert.equal(world.server.requests.length, 0);
});

test("what was held for 24 hours goes with the next page as well, what was captured through an open gate never does", async () => {
  const world = new World();
  world.server.isDown = true;
  world.host = (team) => (team === "42" ? [200, "true"] : [503, ""]);
  const { page, tracker } = await world.visit(URL_SOURCE);
  tracker.capture("first", { teamId: 42 });
  await world.settle();
  tracker.capture("open", { teamId: 42 });
  tracker.capture("unknown", { teamId: 7 });
  await world.settle();
  page.leave();
  world.host = () => [503, ""];
  await world.pass(3 * DAY);
  world.server.isDown = false;
  const { tracker: later } = await world.visit(URL_SOURCE);
  await world.pass(2 * MINUTE);
  // The first one was captured before the answer, and so is held like any other that nobody knew about.
  assert.equal(later.stats().dropped.gate_unknown, 2);
  world.host = () => [200, "true"];
  await world.pass(6 * MINUTE);
  same(await namesOf(world), ["open"]);
});

test("what was held for longer arrives where the next page can learn that it may", async () => {
  for (const wasm of [true, false]) {
    const world = new World();
    const { page, tracker } = await world.visit({ ...URL_SOURCE, teamId: 42 });
    book(tracker);
    await world.settle();
    page.leave();
    await world.pass(3 * DAY);
    world.host = () => [200, "true"];
    const later = world.open({ wasm });
    later.track({ ...URL_SOURCE, teamId: 42 });
    await world.pass(2 * MINUTE);
    same(await namesOf(world), BOOKING);
  }
});

test("flush asks about the teams of which nobody knows, and sends what that lets go", async () => {
  for (const wasm of [true, false]) {
    const world = new World();
    const page = world.open({ wasm });
    const tracker = page.track({ ...URL_SOURCE, teamId: 42 });
    await world.settle();
    book(tracker);
    await world.pass(20 * SECOND);
    world.host = () => [200, "true"];
    await tracker.flush();
    assert.equal(world.server.events.length, 3);
    const asked = world.hostAsked.length;
    await tracker.flush();
    assert.equal(world.hostAsked.length, asked);
  }
});

test("a team that is not tracked takes nothing of another tab's away", async () => {
  const world = new World();
  world.server.isDown = true;
  const { tracker: other } = await world.visit({ teamId: 7 });
  book(other);
  await world.settle();
  const before = world.stored().sort();
  world.host = () => [200, "false"];
  const { tracker } = await world.visit({ ...URL_SOURCE, teamId: 42 });
  book(tracker);
  await world.pass(5 * SECOND);
  assert.equal(tracker.stats().dropped.gate_shut, 3);
  same(world.stored().sort(), before);
});

test("a source that says nothing again and again is warned about, once", async () => {
  const world = new World();
  const { page, tracker } = await world.visit({ ...URL_SOURCE, teamId: 42 });
  book(tracker);
  await world.pass(2 * SECOND);
  same(page.console, []);
  await world.pass(HOUR);
  assert.equal(page.console.length, 1);
  assert.match(
    page.console[0],
    /^warn: .*nobody can say whether a team is tracked.*Check what isTeamEnabled, teamGateUrl or the flag/,
  );
});

test("held in memory: nothing is stored before it is known, and then everything arrives with its own time", async () => {
  const world = new World();
  const memory = { ...URL_SOURCE, teamId: 42, holdUnknown: "memory" };
  const { page, tracker } = await world.visit(memory);
  book(tracker);
  tracker.identify("ada");
  tracker.group("company", "acme");
  await world.pass(10 * SECOND);
  assert.deepEqual([world.stored(), [...page.tab.entries.keys()], tracker.stats().held], [[], [], 5]);
  world.host = () => [200, "true"];
  await world.pass(30 * SECOND);
  await world.settle();
  const inTime = world.server.events.toSorted((a, b) => a.timestamp.localeCompare(b.timestamp));
  same(
    inTime.map(({ event }) => event),
    [...BOOKING, "$identify", "$groupidentify"],
  );
  assert.ok(inTime.every(({ timestamp }) => Date.parse(timestamp) - START < SECOND));
  assert.deepEqual([tracker.stats().held, tracker.stats().waiting, tracker.stats().captured], [0, 0, 5]);
  tracker.capture("seen");
  assert.equal(recordsOf(world).length, 1, "from then on events are stored");
  assert.ok(
    world.stored().some((key) => key.startsWith("phbt:identity:")),
    "and who the visitor is",
  );
});

test("held in memory: a team that is not tracked leaves nothing, and a page that is left loses what it held", async () => {
  const world = new World();
  const memory = { ...URL_SOURCE, teamId: 42, holdUnknown: "memory" };
  const { page, tracker } = await world.visit(memory);
  book(tracker);
  await world.settle();
  page.leave();
  const { tracker: later } = await world.visit(memory);
  book(later);
  world.host = () => [200, "false"];
  await world.pass(30 * SECOND);
  assert.deepEqual([later.stats().dropped.gate_shut, later.stats().held, world.stored()], [3, 0, []]);
  world.host = () => [200, "true"];
  await world.pass(10 * MINUTE);
  assert.equal(world.server.requests.length, 0);
});

test("held in memory: at most 200 events, bookings last, and for 24 hours", async () => {
  const world = new World();
  const { tracker } = await world.visit({ ...URL_SOURCE, teamId: 42, holdUnknown: "memory" });
  tracker.trackBookingCompleted({ bookingId: 1, bookingUid: "bk1" });
  for (let index = 0; index < 209; index++) tracker.capture(`seen_${index}`);
  assert.deepEqual([tracker.stats().held, tracker.stats().dropped.evicted], [200, 10]);
  world.host = () => [200, "true"];
  await world.pass(MINUTE);
  same((await namesOf(world)).slice(0, 2), ["booking_completed", "seen_10"]);
  world.host = () => [503, ""];
  await world.pass(2 * DAY);
  tracker.capture("late");
  await world.pass(DAY + 6 * MINUTE);
  assert.deepEqual([tracker.stats().dropped.gate_unknown, tracker.stats().held], [1, 0]);
});

test("held in memory: a reset with purge and a denial give up what is held", async () => {
  for (const give of [(tracker) => tracker.reset({ purge: true }), (tracker) => tracker.optOut()]) {
    const world = new World();
    const { tracker } = await world.visit({ ...URL_SOURCE, teamId: 42, holdUnknown: "memory" });
    book(tracker);
    give(tracker);
    assert.deepEqual([tracker.stats().dropped.purged, tracker.stats().held], [3, 0]);
  }
});

test("setTeam: later events go through the gate of that team, and the visitor belongs to its group", async () => {
  const world = new World();
  world.host = (team) => [200, String(team === "42")];
  const { tracker } = await world.visit(URL_SOURCE);
  tracker.capture("nobody");
  tracker.setTeam(42);
  tracker.capture("seen");
  await world.pass(SECOND);
  await tracker.flush();
  same(await namesOf(world), ["$groupidentify", "seen"]);
  const [group, seen] = world.server.events;
  same([group.properties.$group_type, group.properties.$group_key], ["team", "42"]);
  same(seen.properties.$groups, { team: "42" });
  assert.equal(tracker.stats().dropped.ungated, 1);
  tracker.setTeam(7);
  tracker.capture("other");
  await world.pass(SECOND);
  assert.equal(tracker.stats().dropped.gate_shut, 2);
  tracker.setTeam("42");
  tracker.setTeam(null);
  same(tracker.getGroups(), {});
  tracker.capture("nobody_again");
  assert.equal(tracker.stats().dropped.ungated, 2);
  tracker.setTeam({});
  tracker.setTeam(Symbol("42"));
  assert.equal(tracker.stats().dropped.ungated, 2);
});

test("setTeam: a page's own answer speaks for the team of its configuration only", async () => {
  const world = new World();
  const { tracker } = await world.visit({ isTeamEnabled: true, teamId: 42 });
  tracker.setTeam(7);
  tracker.trackBookingCompleted({ bookingId: 1, bookingUid: "bk1" });
  await world.pass(MINUTE);
  assert.deepEqual([world.server.requests.length, tracker.stats().held], [0, 2]);
});

test("isTeamTracked, onTeamGate: what is known, now and with every change, until it is unsubscribed", async () => {
  const world = new World();
  const { page, tracker } = await world.visit({ ...URL_SOURCE, teamId: 42, gateTtl: 10_000 });
  const told = [];
  const stop = tracker.onTeamGate((team, state) => told.push(`${team} ${state}`));
  tracker.onTeamGate(() => {
    throw new Error("a listener's own affair");
  });
  same(told, ["42 unknown"]);
  assert.equal(tracker.isTeamTracked(), undefined, "and asks");
  world.host = () => [200, "true"];
  await world.pass(2 * SECOND);
  assert.equal(tracker.isTeamTracked(), true);
  assert.equal(tracker.isTeamTracked(7), undefined);
  await world.pass(11 * SECOND);
  world.host = () => [200, "false"];
  await world.pass(11 * SECOND);
  same(told, ["42 unknown", "42 open", "7 open", "42 shut", "7 shut"]);
  const later = [];
  tracker.onTeamGate((team, state) => later.push(`${team} ${state}`));
  same(later, ["7 shut", "42 shut"]);
  stop();
  world.host = () => [200, "true"];
  await world.pass(11 * SECOND);
  assert.equal(told.length, 5);
  assert.equal(page.console.length, 0);
});

test("onTeamGate: what needs no asking is told as well, once the visitor has agreed", async () => {
  const world = new World();
  const options = { isTeamEnabled: undefined, bootstrap: { teams: { 42: true, 7: false } }, consent: "required" };
  const { tracker } = await world.visit({ ...options, teamId: 42 });
  const told = [];
  tracker.onTeamGate((team, state) => told.push(`${team} ${state}`));
  const stop = tracker.onTeamGate(() => told.push("never"));
  same(told, []);
  stop();
  tracker.optIn();
  same(
    told.filter((line) => line !== "never"),
    ["42 open"],
  );
  tracker.setTeam(7);
  tracker.capture("seen", { teamId: 8 });
  same(
    told.filter((line) => line !== "never"),
    ["42 open", "7 shut"],
  );
});

test("debug says what becomes of a team, and a page that opens no gate is warned once", async () => {
  const world = new World();
  const { page, tracker } = await world.visit({ ...URL_SOURCE, teamId: 42, debug: true });
  book(tracker);
  await world.settle();
  world.host = () => [200, "false"];
  await world.pass(2 * SECOND);
  const said = page.console.join("\n");
  for (const line of ["nobody could say whether team 42 is tracked", "team 42 is not tracked", "gate_shut"]) {
    assert.ok(said.includes(line), line);
  }
});

test("a page that can ask nobody for a team never sends or gives up what another page holds for it", async () => {
  const world = new World();
  world.server.isDown = true;
  const { page, tracker } = await world.visit({ ...SOURCES.callback(world).options });
  tracker.capture("held", { teamId: 42 });
  page.leave();
  world.server.isDown = false;
  const { tracker: other } = await world.visit({ isTeamEnabled: true, teamId: 7 });
  other.capture("own");
  await world.pass(5 * MINUTE);
  same([await namesOf(world), recordsOf(world).length], [["own"], 1]);
});

test("nor does it send that when another tab learns that the team is tracked", async () => {
  const world = new World();
  const { page, tracker } = await world.visit(URL_SOURCE);
  tracker.capture("held", { teamId: 42 });
  await world.settle();
  page.leave();
  await world.pass(2 * MINUTE);
  const { tracker: other } = await world.visit({ isTeamEnabled: true, teamId: 7 });
  await world.pass(MINUTE);
  assert.equal(other.stats().adopted, 1);
  world.host = () => [200, "true"];
  world.server.isDown = true;
  const { tracker: asking } = await world.visit(URL_SOURCE);
  asking.isTeamTracked(42);
  await world.pass(SECOND);
  assert.equal(asking.isTeamTracked(42), true);
  assert.equal(other.stats().teams[42], "unknown");
});

test("without WebAssembly what was captured through an open gate waits for longer than a day", async () => {
  const world = new World();
  world.host = () => [200, "true"];
  const page = world.open({ wasm: false });
  const tracker = page.track({ ...URL_SOURCE, teamId: 42 });
  tracker.isTeamTracked(42);
  await world.pass(SECOND);
  world.server.isDown = true;
  tracker.capture("open");
  page.leave();
  await world.pass(3 * DAY);
  world.host = () => [503, ""];
  world.server.isDown = false;
  const later = world.open({ wasm: false });
  const other = later.track({ ...URL_SOURCE, teamId: 42 });
  await world.pass(MINUTE);
  assert.deepEqual([other.stats().held, other.stats().dropped.gate_unknown], [1, 0]);
  world.host = () => [200, "true"];
  await world.pass(6 * MINUTE);
  same(await namesOf(world), ["open"]);
});

test("without WebAssembly the gate holds, opens and shuts in the same way", async () => {
  const world = new World();
  world.host = (team) => (team === "42" ? [503, ""] : [200, String(team === "1")]);
  const page = world.open({ wasm: false });
  const tracker = page.track(URL_SOURCE);
  await world.settle();
  book(tracker, { teamId: 42 });
  book(tracker, { teamId: 1 });
  book(tracker, { teamId: 2 });
  await world.pass(2 * SECOND);
  const { engine, held, dropped, confirmed } = tracker.stats();
  same({ engine, held, shut: dropped.gate_shut, confirmed }, { engine: "no-wasm", held: 3, shut: 3, confirmed: 3 });
  world.host = () => [200, "true"];
  await world.pass(MINUTE);
  assert.equal(world.server.events.length, 6);
  world.host = () => [503, ""];
  tracker.capture("late", { teamId: 9 });
  await world.pass(DAY + 6 * MINUTE);
  assert.deepEqual([tracker.stats().dropped.gate_unknown, recordsOf(world).length], [1, 0]);
});
