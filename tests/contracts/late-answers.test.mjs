// Things that come later than others: an agreement, a denial, a hook, another page's turn, the answer about a team.

import assert from "node:assert/strict";
import { test } from "node:test";
import { API_KEY, DAY, HOUR, MINUTE, SECOND, START, World } from "./world.mjs";

/** The project's part of the keys in storage. */
async function projectOf() {
  const world = new World();
  const { tracker } = await world.visit({});
  tracker.capture("x");
  return world.stored("1")[0].split(":")[2];
}

/** Puts an entry of another page's journal into storage; gives its key. */
async function leaveEntry(world, change = {}) {
  const key = `phbt:journal:${await projectOf()}:${(START - 100_000).toString(36)}:0:019b7c8b-1e2e-7a3b-9f00-0123456789ab`;
  const visitor = JSON.stringify({ distinct_id: "ada", device_id: "d", identified: true });
  const entry = {
    name: "trackBookingCompleted",
    page: "other",
    identity: [],
    team: "42",
    mustSend: true,
    visitor,
    args: [{ bookingUid: "u" }],
    href: "https://book.example/ada",
    referrer: "",
    ...change,
  };
  world.localStorage.entries.set(key, JSON.stringify(entry));
  return key;
}

const HOOKS = [undefined, (event) => event];
const consentKey = async () => `phbt:consent:${await projectOf()}`;

test("what waits for consent is given up by a reset with purge, also where a hook has yet to see it", async () => {
  for (const beforeSend of HOOKS) {
    const world = new World();
    const { tracker } = await world.visit({ consent: "required", beforeSend });
    tracker.capture("secret");
    tracker.reset({ purge: true });
    tracker.optIn();
    await tracker.flush();
    assert.deepEqual(world.server.names(), []);
  }
});

test("what was said before somebody saw the page is given up by a denial, also where a hook has yet to see it", async () => {
  for (const beforeSend of HOOKS) {
    const world = new World();
    const page = world.open();
    page.window.document.prerendering = true;
    const tracker = page.track({ beforeSend });
    tracker.capture("denied");
    tracker.optOut();
    tracker.optIn();
    page.window.document.prerendering = false;
    page.tell(page.window.document, "prerenderingchange");
    await tracker.flush();
    assert.deepEqual(world.server.names(), []);
  }
});

test("what a tab holds while another one denies and agrees again is given up", async () => {
  const world = new World();
  const { tracker } = await world.visit({ consent: "required" });
  tracker.capture("denied");
  await world.pass(SECOND);
  world.localStorage.entries.set(await consentKey(), `granted:${(START + 500).toString(36)}`);
  await world.pass(SECOND);
  tracker.capture("after");
  await tracker.flush();
  assert.deepEqual([world.server.names(), tracker.stats().dropped.no_consent], [["after"], 1]);
});

test("a posthog-js that comes opted out sends nothing and has nothing sent", async () => {
  for (const isFull of [false, true]) {
    const world = new World();
    const page = world.open();
    const full = () => {
      throw new Error("full");
    };
    if (isFull) page.window.localStorage = { getItem: () => null, setItem: full, removeItem() {} };
    const tracker = page.track({ identity: "auto" });
    tracker.capture("a");
    await world.pass(100);
    page.window.posthog = {
      __loaded: true,
      config: { token: API_KEY },
      get_distinct_id: () => "ph",
      get_explicit_consent_status: () => "denied",
    };
    await world.pass(30 * SECOND);
    assert.deepEqual([world.server.requests.length, tracker.consent()], [0, "denied"]);
  }
});

test("whoever comes to listen while consent is denied hears of teams and flags behind the next agreement", async () => {
  const world = new World();
  world.flags.answer = { flags: { f: true } };
  const { tracker } = await world.visit({ teamId: 42 });
  tracker.capture("a");
  tracker.optOut();
  const flags = [];
  const teams = [];
  tracker.onFeatureFlags((on) => flags.push(...on));
  tracker.onTeamGate((...told) => teams.push(told));
  tracker.optIn();
  await world.pass(10 * SECOND);
  assert.deepEqual([flags, teams], [["f"], [["42", "open"]]]);
});

test("a call answers with its own event, whatever an agreement in another tab lets go first", async () => {
  for (const reads of [false, true]) {
    const world = new World();
    const { tracker } = await world.visit({ consent: "required" });
    tracker.capture("a");
    world.localStorage.entries.set(await consentKey(), "granted");
    if (reads) tracker.getDistinctId();
    assert.equal(tracker.capture("b").event, "b");
  }
});

test("an event of ours that waited for a team goes with the first that names one, hooks or not", async () => {
  for (const beforeSend of HOOKS) {
    const world = new World();
    const page = world.open();
    page.window.document.prerendering = true;
    const tracker = page.track({ isTeamEnabled: () => true, beforeSend });
    tracker.identify("ada");
    tracker.capture("x", { teamId: 42 });
    page.window.document.prerendering = false;
    page.tell(page.window.document, "prerenderingchange");
    await world.settle();
    await tracker.flush();
    assert.deepEqual(world.server.names().sort(), ["$identify", "x"]);
  }
});

for (const [what, beforeSend, sent] of [
  ["sees", (event) => event, 1],
  ["drops", () => null, 0],
]) {
  test(`an entry of a journal that a hook ${what} is settled once`, async () => {
    const world = new World();
    const key = await leaveEntry(world);
    for (let visit = 0; visit < 3; visit++) {
      const { page } = await world.visit({ beforeSend });
      await world.pass(MINUTE);
      page.leave();
      await world.pass(MINUTE);
    }
    const events = world.server.requests.flatMap(({ events }) => events);
    assert.deepEqual([events.length, world.localStorage.entries.has(key)], [sent, false]);
  });
}

test("an entry of a journal happened in this browser", async () => {
  const world = new World();
  await leaveEntry(world);
  await world.visit({});
  await world.pass(MINUTE);
  assert.equal(world.server.named("booking_completed")[0].properties.$browser, "Chrome");
});

test("another page tells of an alias what its own page would have told", async () => {
  const world = new World();
  const page = world.open({ entry: "lazy" });
  page.importGate = new Promise(() => {});
  page.track({ teamId: 42 }).alias("other-id", "original-id");
  await world.settle();
  page.leave();
  await world.pass(MINUTE);
  await world.visit({});
  await world.pass(MINUTE);
  const [{ distinct_id, properties }] = world.server.named("$create_alias");
  assert.deepEqual([distinct_id, properties.alias, properties.distinct_id], ["original-id", "other-id", "original-id"]);
});

test("a caller's own time is the same by the journal: a number, a Date, an ISO text", async () => {
  const given = new Date(START - 3 * DAY);
  for (const timestamp of [given.getTime(), given, given.toISOString()]) {
    const world = new World();
    const page = world.open({ entry: "lazy" });
    page.importGate = new Promise(() => {});
    page.track({ teamId: 42 }).capture("payment_done", { bookingUid: "u" }, { timestamp });
    await world.settle();
    page.leave();
    await world.pass(MINUTE);
    await world.visit({});
    await world.pass(MINUTE);
    assert.equal(world.server.named("payment_done")[0].timestamp, given.toISOString());
  }
});

test("the address of the host application names the team once", async () => {
  const world = new World();
  const teamGateUrl = "https://book.example/team-gate?teamId=7&x=1&teamId=8#there";
  const page = world.open();
  const asked = [];
  const { fetch } = page.window;
  page.window.fetch = (url, how) => {
    asked.push(String(url));
    return fetch(url, how);
  };
  page.track({ isTeamEnabled: undefined, teamGateUrl, teamId: 42 });
  await world.settle();
  assert.equal(asked[0], "https://book.example/team-gate?x=1&teamId=42#there");
});

test("two trackers of a page that cannot store an answer do not take it back from each other", async () => {
  const world = new World();
  const page = world.open();
  let asked = 0;
  const isTeamEnabled = async () => ++asked < 100 || new Promise(() => {});
  const full = () => {
    throw new Error("full");
  };
  page.window.localStorage = { getItem: () => null, setItem: full, removeItem() {} };
  for (const name of ["a", "b"]) page.track({ teamId: 42, isTeamEnabled }).capture(name);
  await world.settle();
  assert.equal(asked, 2);
});

test("the page's own team is asked about, however many others were named before", async () => {
  const world = new World();
  const asked = new Set();
  const { tracker } = await world.visit({ isTeamEnabled: (team) => asked.add(team) && true });
  for (let team = 1; team <= 150; team++) tracker.isTeamTracked(team);
  await world.settle();
  tracker.setTeam(777);
  tracker.trackBookingCompleted({ bookingUid: "u" });
  await world.pass(HOUR);
  assert.ok(asked.has("777"));
  assert.ok(world.server.names().includes("booking_completed"));
});

test("a second tracker of a page without storage goes on with the session of the first", async () => {
  const world = new World();
  const page = world.open();
  const full = () => {
    throw new Error("full");
  };
  page.window.localStorage = { getItem: () => null, setItem: full, removeItem() {} };
  const [one, other] = [page.track({}), page.track({})];
  one.capture("first");
  for (let minute = 0; minute < 40; minute++) {
    await world.pass(MINUTE);
    one.capture("between");
  }
  other.capture("last");
  await world.pass(MINUTE);
  const sessionOf = (name) => world.server.named(name)[0].properties.$session_id;
  assert.equal(sessionOf("last"), sessionOf("first"));
});

test("a lock that is granted behind a leave is let go at once", async () => {
  const world = new World();
  const page = world.open();
  const grants = new Map();
  page.window.navigator.locks = {
    request: (name, _, granted) => new Promise(() => grants.set(name, () => granted({ name }))),
    query: async () => ({ held: [] }),
  };
  const tracker = page.track({});
  tracker.capture("a");
  await world.pass(10 * SECOND);
  page.leave();
  const letGo = [];
  for (const [name, grant] of grants) Promise.resolve(grant()).then(() => letGo.push(name));
  assert.equal(grants.size, 2);
  await world.pass(SECOND);
  assert.equal(letGo.length, 2);
});

test("an answer that is there at once counts", async () => {
  const world = new World();
  const { page, tracker } = await world.visit({});
  // biome-ignore lint/suspicious/noThenProperty: a thenable that is no promise is what this is about.
  page.window.fetch = () => ({ then: (take) => take({ status: 200, headers: new Map(), text: async () => "{}" }) });
  tracker.trackBookingCompleted({ bookingUid: "u" });
  await world.pass(SECOND);
  assert.deepEqual([tracker.stats().confirmed, tracker.stats().waiting], [1, 0]);
});

test("a mirror that opens late is made whole, whoever waits for it", async () => {
  const world = new World();
  const page = world.open();
  const made = [];
  const openings = [];
  page.window.indexedDB = {
    databases: async () => [],
    open: () => {
      const request = { addEventListener() {}, result: { createObjectStore: (name) => made.push(name) } };
      openings.push(request);
      return request;
    },
  };
  page.track({}).trackBookingCompleted({ bookingUid: "u" });
  await world.pass(11 * SECOND);
  for (const request of openings) request.onupgradeneeded();
  assert.deepEqual(made, ["records"]);
});
