// When a page of the entry `./lazy` loads the tracker: as soon as there may be something for it to do, and never for those whom nobody
// tracks.

import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE, SECOND, START, World } from "./world.mjs";

const LAZY = { entry: "lazy" };
const book = (tracker) => tracker.trackBookingCompleted({ bookingId: 1, bookingUid: "b" });

/** Opens a page of team 42, unless the options say otherwise. */
const visit = (world, options = {}, how = {}) => world.visit({ teamId: 42, ...options }, { ...LAZY, ...how });

/** Opens a page whose imports wait for `gate`. */
function openHeld(world, options = {}, gate = new Promise(() => {})) {
  const page = world.open(LAZY);
  page.importGate = gate;
  return { page, tracker: page.track({ teamId: 42, ...options }) };
}

/** A promise, and what fulfils it. */
function promised() {
  let resolve;
  let reject;
  const promise = new Promise((...ends) => {
    [resolve, reject] = ends;
  });
  return { promise, resolve, reject };
}

/** The equation of `stats()`. */
function adds(tracker) {
  const { captured, adopted, confirmed, waiting, settledElsewhere, dropped } = tracker.stats();
  const sum = Object.values(dropped).reduce((all, count) => all + count, 0);
  assert.equal(captured + adopted, confirmed + waiting + settledElsewhere + sum);
}

/** Notes every access of pages that are opened from now on to localStorage. */
function watchStorage(world) {
  const accesses = [];
  const { localStorage } = world;
  const seenBy = localStorage.seenBy.bind(localStorage);
  localStorage.seenBy = (page) =>
    new Proxy(seenBy(page), {
      get: (storage, name) => (key, value) => {
        accesses.push(`${name} ${key}`);
        return storage[name](key, value);
      },
      ownKeys: (storage) => {
        accesses.push("keys");
        return Reflect.ownKeys(storage);
      },
    });
  return accesses;
}

const NOES = {
  "a constant": { isTeamEnabled: false },
  "a callback": { isTeamEnabled: () => false },
  "a callback that takes its time": { isTeamEnabled: async () => false },
  "the server": { isTeamEnabled: undefined, bootstrap: { teams: { 42: false } } },
};

for (const [who, options] of Object.entries(NOES)) {
  test(`a page that nobody tracks loads nothing, whatever it captures, where ${who} says so`, async () => {
    const world = new World();
    const { page, tracker } = await visit(world, options);
    book(tracker);
    tracker.capture("slot_selected");
    await world.settle();
    await Promise.all([tracker.ready, tracker.flush(), tracker.reloadFeatureFlags()]);
    page.hide();
    page.show();
    page.tell(page.window, "online");
    await world.pass(10 * MINUTE);
    page.leave();
    await world.settle();
    assert.deepEqual([page.imported, world.server.requests, world.flags.requests], [[], [], []]);
    const { engine, captured, dropped, waiting } = tracker.stats();
    assert.deepEqual([engine, captured, waiting, dropped.gate_shut], ["journal", 2, 0, 2]);
    assert.deepEqual(world.stored(), []);
    adds(tracker);
  });

  test(`a visitor who is named on such a page leaves no trace, where ${who} says so`, async () => {
    const world = new World();
    const { page, tracker } = await visit(world, options);
    await world.settle();
    tracker.isTeamTracked();
    await world.settle();
    tracker.identify("ada");
    tracker.alias("countess");
    tracker.reset();
    page.leave();
    await world.settle();
    assert.deepEqual([page.imported, world.stored()], [[], []]);
  });
}

test("a page loads it at once where its team is known to be tracked", async () => {
  for (const options of [
    { isTeamEnabled: true },
    { teamId: undefined, isTeamEnabled: true },
    { isTeamEnabled: () => true },
    { isTeamEnabled: async () => true },
    { isTeamEnabled: undefined, bootstrap: { teams: { 42: true } } },
  ]) {
    const { page, tracker } = await visit(new World(), options);
    assert.deepEqual([page.imported, tracker.stats().engine], [["index"], "wasm"]);
  }
});

test("a page that must not run WebAssembly loads the translated module as well", async () => {
  const world = new World();
  const { page, tracker } = await visit(world, {}, { wasm: false });
  assert.deepEqual([page.imported, tracker.stats().engine], [["index", "no-wasm"], "no-wasm"]);
  book(tracker);
  await world.pass(SECOND);
  assert.deepEqual(world.server.names(), ["booking_completed"]);
});

test("a page without a team loads nothing before something happens for one", async () => {
  const world = new World();
  const isTeamEnabled = (team) => team === "42";
  const { page, tracker } = await visit(world, { teamId: undefined, isTeamEnabled });
  assert.deepEqual(page.imported, []);
  tracker.capture("slot_selected", { teamId: 7 });
  await world.settle();
  assert.deepEqual([page.imported, tracker.stats().dropped.gate_shut], [[], 1]);
  tracker.capture("slot_selected", { teamId: 42 });
  await world.settle();
  assert.deepEqual(page.imported, ["index"]);
  await tracker.flush();
  assert.equal(world.server.events.length, 1);
  adds(tracker);
});

test("a page loads it for a team that it turns to, or asks about", async () => {
  for (const turn of [(tracker) => tracker.setTeam(42), (tracker) => tracker.isTeamTracked(42)]) {
    const { page, tracker } = await visit(new World(), { teamId: 7, isTeamEnabled: (team) => team === "42" });
    assert.deepEqual(page.imported, []);
    turn(tracker);
    await new Promise(setImmediate);
    await tracker.ready;
    assert.deepEqual(page.imported, ["index"]);
  }
});

test("what waits for a callback goes as soon as that says yes, in its order", async () => {
  const world = new World();
  const { promise, resolve } = promised();
  const { page, tracker } = await visit(world, { isTeamEnabled: () => promise });
  tracker.trackBookingStarted({});
  book(tracker);
  await world.settle();
  assert.deepEqual([page.imported, tracker.stats().held], [[], 2]);
  resolve(true);
  await world.settle();
  await tracker.flush();
  assert.deepEqual([page.imported, world.server.names()], [["index"], ["booking_started", "booking_completed"]]);
  assert.deepEqual([tracker.stats().captured, tracker.stats().confirmed], [2, 2]);
  adds(tracker);
});

test("what waits for a callback is given up as soon as that says no, and its entries with it", async () => {
  const world = new World();
  const { promise, resolve } = promised();
  const { page, tracker } = await visit(world, { isTeamEnabled: () => promise });
  book(tracker);
  assert.ok(world.stored().length > 0);
  resolve(false);
  await world.settle();
  assert.deepEqual([page.imported, world.stored(), tracker.stats().dropped.gate_shut], [[], [], 1]);
  adds(tracker);
});

test("a page loads it where its callback cannot say, so that what is held has its keeper", async () => {
  const failing = () => {
    throw new Error("the host application is down");
  };
  for (const isTeamEnabled of [failing, () => Promise.reject(new Error("down")), () => "yes", () => undefined]) {
    const { page, tracker } = await visit(new World(), { isTeamEnabled });
    assert.deepEqual([page.imported, tracker.isTeamTracked()], [["index"], undefined]);
  }
});

test("a page whose callback never answers keeps its events, and stores them when it is left", async () => {
  const world = new World();
  const { page, tracker } = await visit(world, { isTeamEnabled: () => new Promise(() => {}) });
  tracker.capture("slot_selected");
  await world.pass(10 * MINUTE);
  assert.deepEqual([page.imported, tracker.stats().held], [[], 1]);
  page.leave();
  await visit(world);
  await world.pass(61 * SECOND);
  assert.deepEqual(world.server.names(), ["slot_selected"]);
});

test("the callback is asked once for a team, by facade and tracker together", async () => {
  const asked = [];
  const isTeamEnabled = (team) => {
    asked.push(team);
    return true;
  };
  const world = new World();
  const { tracker } = await visit(world, { isTeamEnabled });
  book(tracker);
  await world.pass(SECOND);
  assert.deepEqual(asked, ["42"]);
});

test("a page that no source can open the gate for loads it with the first event, which says so on the console", async () => {
  const world = new World();
  const { page, tracker } = await visit(world, { isTeamEnabled: undefined, teamId: undefined });
  assert.deepEqual(page.imported, []);
  tracker.capture("slot_selected");
  await world.settle();
  assert.deepEqual([page.imported, tracker.stats().dropped.ungated], [["index"], 1]);
  assert.match(page.console.join(), /^warn: .*nothing says that their team is tracked/);
});

/** What only the tracker asks, and how it is told no. */
const ASKED = {
  teamGateUrl: { options: { teamGateUrl: "/team-gate" }, prepare: (world) => (world.host = () => [200, "false"]) },
  teamFlag: {
    options: { teamFlag: true },
    prepare: (world) => (world.flags.answer = { flags: { "posthog-booking-tracking": false } }),
  },
};

/** What is remembered of teams that are not tracked. */
function shutTeams(world) {
  const [key] = world.stored().filter((name) => name.startsWith("phbt:shut:"));
  return key && JSON.parse(world.localStorage.entries.get(key));
}

for (const [name, { options, prepare }] of Object.entries(ASKED)) {
  const source = { isTeamEnabled: undefined, ...options };

  test(`a no of ${name} is remembered for gateTtl: later pages of that team load nothing`, async () => {
    const world = new World();
    prepare(world);
    const first = await visit(world, source);
    book(first.tracker);
    await first.tracker.flush();
    await world.settle();
    assert.deepEqual([first.page.imported, shutTeams(world)], [["index"], { 42: START }]);
    first.page.leave();
    assert.deepEqual(
      world.stored().map((key) => key.split(":")[1]),
      ["shut"],
      "and nothing about the visitor",
    );
    const asked = world.hostAsked.length + world.flags.requests.length;
    await world.pass(4 * MINUTE);
    const { page, tracker } = await visit(world, source);
    book(tracker);
    await tracker.flush();
    assert.deepEqual([page.imported, tracker.isTeamTracked(), tracker.stats().dropped.gate_shut], [[], false, 1]);
    assert.equal(world.hostAsked.length + world.flags.requests.length, asked);
    const other = await visit(world, { ...source, teamId: 7 });
    assert.deepEqual(other.page.imported, ["index"], "another team is asked for");
    await world.pass(MINUTE);
    const { page: later } = await visit(world, source);
    assert.deepEqual(later.imported, ["index"], "after gateTtl the team is asked for again");
  });
}

test("a yes ends what is remembered", async () => {
  const world = new World();
  const source = { isTeamEnabled: undefined, teamGateUrl: "/team-gate" };
  world.host = () => [200, "false"];
  const first = await visit(world, source);
  first.tracker.isTeamTracked();
  await world.settle();
  assert.deepEqual(shutTeams(world), { 42: START });
  first.page.leave();
  world.host = () => [200, "true"];
  await world.pass(6 * MINUTE);
  const { tracker } = await visit(world, source);
  book(tracker);
  await world.settle();
  assert.equal(shutTeams(world), undefined);
});

test("no answer is no no: nothing is remembered", async () => {
  const world = new World();
  const { tracker } = await visit(world, { isTeamEnabled: undefined, teamGateUrl: "/team-gate" });
  book(tracker);
  await world.settle();
  assert.deepEqual([world.hostAsked, shutTeams(world)], [["42"], undefined]);
});

test("a no that comes after the visitor has opted out is not remembered", async () => {
  const world = new World();
  ASKED.teamFlag.prepare(world);
  world.flags.answerNext("hold");
  const { tracker } = await visit(world, { isTeamEnabled: undefined, teamFlag: true });
  book(tracker);
  await world.settle();
  assert.equal(world.flags.requests.length, 1);
  tracker.optOut();
  world.flags.release();
  await world.settle();
  assert.deepEqual(world.stored(), []);
});

test("while the visitor has not agreed, nothing is asked, loaded, stored or remembered", async () => {
  for (const { options, prepare } of Object.values(ASKED)) {
    const world = new World();
    prepare(world);
    const { page, tracker } = await visit(world, { isTeamEnabled: undefined, consent: "required", ...options });
    book(tracker);
    tracker.identify("ada");
    await tracker.isTeamTracked();
    page.hide();
    page.show();
    await world.pass(MINUTE);
    assert.deepEqual([page.imported, world.hostAsked, world.flags.requests, world.stored()], [[], [], [], []]);
    assert.deepEqual([tracker.stats().captured, tracker.stats().waiting, tracker.consent()], [1, 1, "pending"]);
  }
});

test("while the visitor has not agreed, nothing but its answer is read", async () => {
  const world = new World();
  const accesses = watchStorage(world);
  const { page, tracker } = await visit(world, { consent: "required" });
  book(tracker);
  tracker.isTeamTracked();
  page.hide();
  await world.pass(MINUTE);
  const values = accesses.filter((access) => access !== "keys");
  assert.ok(values.length > 0);
  for (const access of values) assert.match(access, /^getItem phbt:consent:/);
});

test("while the visitor has not agreed, storage is not even listed", async () => {
  const world = new World();
  const accesses = watchStorage(world);
  const { tracker } = await visit(world, { consent: "required" });
  book(tracker);
  await world.pass(MINUTE);
  assert.ok(!accesses.includes("keys"));
});

test("a browser that asks not to be tracked loads nothing, where the page listens to it", async () => {
  const world = new World();
  const { page, tracker } = await visit(world, { respectGpc: true }, { navigator: { globalPrivacyControl: true } });
  book(tracker);
  await Promise.all([tracker.ready, tracker.flush()]);
  assert.deepEqual([page.imported, world.stored(), tracker.stats().dropped.no_consent], [[], [], 1]);
});

test("a visitor who has opted out on an earlier page has nothing loaded", async () => {
  const world = new World();
  const first = await visit(world);
  first.tracker.optOut();
  first.page.leave();
  const { page, tracker } = await visit(world);
  book(tracker);
  await Promise.all([tracker.ready, tracker.flush()]);
  assert.deepEqual([page.imported, world.stored(), tracker.hasOptedOut()], [[], [], true]);
});

test("`optIn` loads it, and what was held arrives with the time at which it happened", async () => {
  const world = new World();
  const { page, tracker } = await visit(world, { consent: "required" });
  const { uuid } = book(tracker);
  await world.pass(7 * SECOND);
  assert.deepEqual(page.imported, []);
  tracker.optIn();
  await tracker.ready;
  await tracker.flush();
  assert.deepEqual(page.imported, ["index"]);
  const [event] = world.server.events;
  assert.deepEqual([event.uuid, event.timestamp], [uuid, new Date(START).toISOString()]);
});

test("an agreement in another tab loads it as well", async () => {
  const world = new World();
  const { page, tracker } = await visit(world, { consent: "required" });
  const other = await visit(world, { consent: "required" });
  book(tracker);
  other.tracker.optIn();
  await world.settle();
  assert.deepEqual(page.imported, ["index"]);
  await tracker.flush();
  assert.deepEqual(world.server.names(), ["booking_completed"]);
});

test("`optOut` removes the entries at once, before the tracker is there, and the tracker everything else of ours", async () => {
  const world = new World();
  // What an earlier page has left.
  const earlier = await visit(world);
  world.server.isDown = true;
  earlier.tracker.register({ plan: "pro" });
  book(earlier.tracker);
  earlier.page.leave();
  await world.settle();
  const left = world.stored().length;
  assert.ok(left > 1);
  const closed = openHeld(world);
  book(closed.tracker);
  closed.page.leave();
  const { promise, resolve } = promised();
  const { page, tracker } = openHeld(world, {}, promise);
  tracker.identify("ada");
  book(tracker);
  assert.equal(world.stored().filter((key) => key.startsWith("phbt:journal:")).length, 3);
  tracker.optOut();
  assert.ok(!world.stored().some((key) => key.startsWith("phbt:journal:")));
  assert.deepEqual([tracker.hasOptedOut(), tracker.stats().dropped.no_consent], [true, 1]);
  adds(tracker);
  world.server.isDown = false;
  resolve();
  await world.pass(MINUTE);
  assert.deepEqual([page.imported, world.stored(), world.server.events], [["index"], [], []]);
  adds(tracker);
});

test("a denial in another tab removes what a page holds, and its entries", async () => {
  const world = new World();
  const { tracker } = openHeld(world);
  book(tracker);
  tracker.capture("slot_selected");
  const heard = [];
  tracker.onConsent((state) => heard.push(state));
  const other = await visit(world);
  other.tracker.optOut();
  await world.settle();
  assert.deepEqual(heard, ["denied"]);
  assert.deepEqual([world.stored(), tracker.stats().dropped.no_consent, tracker.stats().waiting], [[], 2, 0]);
  adds(tracker);
});

test("a page loads it for events that an earlier page has left, also where its own team is not tracked", async () => {
  for (const options of [{ isTeamEnabled: (team) => team === "42", teamId: undefined }, { isTeamEnabled: undefined }]) {
    const world = new World();
    const first = await visit(world);
    world.server.isDown = true;
    book(first.tracker);
    await world.settle();
    first.page.leave();
    world.server.isDown = false;
    const { page } = await visit(world, options);
    await world.pass(0);
    assert.deepEqual(page.imported, ["index"]);
  }
});

test("a page loads it for the journal that an earlier page has left, and sends what it holds", async () => {
  const world = new World();
  const first = openHeld(world);
  book(first.tracker);
  first.page.leave();
  const { page, tracker } = await visit(world, { isTeamEnabled: (team) => team === "42", teamId: undefined });
  await world.pass(61 * SECOND);
  assert.deepEqual([page.imported, world.server.names()], [["index"], ["booking_completed"]]);
  assert.equal(tracker.stats().adopted, 1);
  adds(tracker);
});

test("what is stored beside events is nothing to load it for", async () => {
  const world = new World();
  const first = await visit(world);
  first.tracker.identify("ada");
  first.tracker.register({ plan: "pro" });
  await first.tracker.flush();
  first.page.leave();
  await world.settle();
  assert.ok(world.stored().length > 0);
  const { page } = await visit(world, { isTeamEnabled: () => false });
  await world.pass(MINUTE);
  assert.deepEqual(page.imported, []);
});

test("who asks for `ready`, `flush`, `shutdown` or flags has it loaded, unless it is of no use", async () => {
  for (const ask of [
    (tracker) => tracker.ready,
    (tracker) => tracker.flush(),
    (tracker) => tracker.shutdown(),
    (tracker) => tracker.reloadFeatureFlags(),
  ]) {
    const world = new World();
    const { page, tracker } = await visit(world, { isTeamEnabled: undefined, teamId: undefined });
    assert.deepEqual(page.imported, []);
    void ask(tracker);
    await world.settle();
    assert.deepEqual(page.imported, ["index"]);
  }
});

for (const name of ["flush", "shutdown", "reloadFeatureFlags"]) {
  test(`\`${name}()\` settles within 2 s where the tracker never comes`, async () => {
    const world = new World();
    const { tracker } = openHeld(world);
    book(tracker);
    let isSettled = false;
    tracker[name]().then(() => {
      isSettled = true;
    });
    await world.pass(2 * SECOND - 1);
    assert.equal(isSettled, false);
    await world.pass(1);
    assert.equal(isSettled, true);
    assert.deepEqual([tracker.stats().engine, tracker.stats().waiting], ["journal", 1]);
  });
}

test("`shutdown` before the tracker is there sends what waits when it has come, and takes nothing more", async () => {
  const world = new World();
  const { promise, resolve } = promised();
  const { tracker } = openHeld(world, {}, promise);
  tracker.capture("slot_selected");
  const settled = tracker.shutdown();
  assert.equal(book(tracker), undefined);
  tracker.identify("ada");
  resolve();
  await settled;
  await world.pass(MINUTE);
  assert.equal(book(tracker), undefined);
  assert.deepEqual([world.server.names(), tracker.stats().dropped.shut_down], [["slot_selected"], 2]);
  adds(tracker);
});

test("`shutdown` where the tracker never comes stores what waits, for the next page", async () => {
  const world = new World();
  const { page, tracker } = openHeld(world);
  tracker.capture("slot_selected");
  const settled = tracker.shutdown();
  await world.pass(2 * SECOND);
  await settled;
  assert.equal(world.stored().filter((key) => key.startsWith("phbt:journal:")).length, 1);
  page.leave();
  await visit(world);
  await world.pass(61 * SECOND);
  assert.deepEqual(world.server.names(), ["slot_selected"]);
});

test("an import that fails is tried again when something happens to the page, not by each call", async () => {
  const world = new World();
  const page = world.open(LAZY);
  page.importGate = Promise.reject(new Error("offline"));
  page.importGate.catch(() => {});
  const tracker = page.track({ teamId: 42 });
  const { uuid } = tracker.capture("slot_selected");
  await tracker.ready;
  tracker.capture("slot_selected");
  await world.settle();
  assert.deepEqual(page.imported, ["index"]);
  assert.equal(tracker.stats().engine, "journal");
  page.importGate = undefined;
  page.tell(page.window, "online");
  await world.settle();
  assert.deepEqual([page.imported.length, tracker.stats().engine], [2, "wasm"]);
  await tracker.flush();
  assert.equal(world.server.events[0].uuid, uuid);
  adds(tracker);
});

test("the tracker is loaded once, however often something asks for it", async () => {
  const world = new World();
  const { promise, resolve } = promised();
  const { page, tracker } = openHeld(world, {}, promise);
  for (let round = 0; round < 3; round++) {
    book(tracker);
    void tracker.flush();
    void tracker.ready;
    tracker.optIn();
    page.tell(page.window, "online");
  }
  resolve();
  await world.pass(SECOND);
  assert.deepEqual(page.imported, ["index"]);
});

test("a configuration that turns the tracker off is said once it has loaded, and leaves nothing", async () => {
  const world = new World();
  const { page, tracker } = await visit(world, { host: "nonsense" });
  book(tracker);
  await world.settle();
  assert.equal(tracker.stats().engine, "off");
  assert.equal(page.console.length, 1);
  assert.match(page.console[0], /^error: .*The tracker is off\. host must be/);
  page.leave();
  assert.deepEqual(world.stored(), []);
});
