// The recipe for Cal.com: its query and its endpoint on a real PostgreSQL, and a booking page in Chromium whose tracker asks it.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { PATH, teamGate } from "../../examples/calcom-team-gate/server.mjs";
import { openPage, ready, sendMarker, startTracker, stats, storedKeys, storedRecords } from "../e2e/browser.mjs";
import { COMPLETED, collector, context, names, setStage, site } from "../e2e/stage.mjs";
import { startDatabase } from "./calcom-database.mjs";

setStage();

/** The slug of the feature, as the tables have it. */
const FEATURE = "posthog-booking-tracking";

let database;
let server;
/** The endpoint, which is of another origin than the pages. */
let url;
/** What the endpoint has said of the database. */
let reports;

before(async () => {
  database = await startDatabase();
  server = createServer(teamGate(database.query, (...report) => reports.push(report.join(" "))));
  await once(server.listen(0, "127.0.0.1"), "listening");
  url = `http://127.0.0.1:${server.address().port}${PATH}`;
});
after(() => {
  server.close();
  server.closeAllConnections();
  return database.close();
});
beforeEach(() => {
  reports = [];
});
afterEach(async () => {
  await database.comeUp();
  await database.forgetTeams();
});

/** Gives a team a row of its own. */
const assign = async (team, enabled) => {
  await database.enable(team);
  if (!enabled) await database.disable(team);
};

const ask = (search) => fetch(url + search);

/** What the endpoint answers for a team that exists or does not. */
async function isTracked(team) {
  const answer = await ask(`?teamId=${team}`);
  assert.equal(answer.status, 200);
  const { enabled, ...others } = await answer.json();
  assert.deepEqual(others, {});
  return enabled;
}

test("a team's own row decides", async () => {
  await database.addTeams({ 42: null, 7: null, 8: null });
  await assign(42, true);
  await assign(7, false);
  assert.deepEqual(await Promise.all([42, 7, 8].map(isTracked)), [true, false, false]);
});

test("a row for another feature says nothing", async () => {
  await database.addTeams({ 42: null });
  await database.query(`INSERT INTO "Feature" (slug, enabled) VALUES ('insights', true)`);
  await database.query(
    `INSERT INTO "TeamFeatures" ("teamId", "featureId", enabled, "assignedBy", "updatedAt")
     VALUES (42, 'insights', true, 'somebody', now())`,
  );
  assert.equal(await isTracked(42), false);
});

test("the feature for everybody is not asked for", async () => {
  await database.addTeams({ 42: null, 7: null });
  await assign(7, false);
  await database.query(`UPDATE "Feature" SET enabled = true WHERE slug = $1`, [FEATURE]);
  assert.equal(await isTracked(42), false);
  assert.equal(await isTracked(7), false);
});

test("a team without a row inherits, over several levels", async () => {
  await database.addTeams({ 1: null, 2: 1, 3: 2, 4: null });
  await assign(1, true);
  assert.deepEqual(await Promise.all([1, 2, 3, 4].map(isTracked)), [true, true, true, false]);
});

test("a row that says no blocks what its own team would inherit", async () => {
  await database.addTeams({ 1: null, 2: 1 });
  await assign(1, true);
  await assign(2, false);
  assert.equal(await isTracked(2), false);
});

test("a team in between that says no blocks nothing for those below it", async () => {
  await database.addTeams({ 1: null, 2: 1, 3: 2 });
  await assign(1, true);
  await assign(2, false);
  assert.equal(await isTracked(3), true);
  await database.disable(1);
  assert.equal(await isTracked(3), false);
});

test("parents that go in a circle come to an end", async () => {
  await database.addTeams({ 1: 2, 2: 3, 3: 1, 4: 4 });
  assert.equal(await isTracked(1), false);
  assert.equal(await isTracked(4), false);
  await assign(3, true);
  assert.equal(await isTracked(1), true);
});

test("a team that does not exist is not tracked", async () => {
  assert.equal(await isTracked(42), false);
  assert.equal(await isTracked(2 ** 31 - 1), false);
});

test("enabling a team twice, or one that was disabled, leaves one enabled row", async () => {
  await database.addTeams({ 42: null });
  await database.enable(42);
  await database.enable(42);
  await database.disable(42);
  await database.enable(42);
  const { rows } = await database.query(`SELECT "featureId", enabled FROM "TeamFeatures"`);
  assert.deepEqual(rows, [{ featureId: FEATURE, enabled: true }]);
  const { rows: features } = await database.query(`SELECT slug, enabled FROM "Feature"`);
  assert.deepEqual(features, [{ slug: FEATURE, enabled: false }]);
});

test("what names no team is refused, and never answered", async () => {
  const bad = [
    "",
    "?teamId=",
    "?teamId=abc",
    "?teamId=4.2",
    "?teamId=-42",
    "?teamId=0",
    "?teamId=042",
    "?teamId=42%20",
  ];
  const worse = ["?teamId=2147483648", "?teamId=99999999999", "?teamId=42&teamId=7", "?teamId=42;DROP", "?team=42"];
  for (const search of [...bad, ...worse]) {
    const answer = await ask(search);
    assert.equal(answer.status, 400, search);
    assert.equal(typeof (await answer.json()).enabled, "undefined", search);
  }
  assert.equal((await fetch(new URL("/", url))).status, 404);
  assert.deepEqual(reports, []);
});

test("a database that is down is never a no", async () => {
  await database.addTeams({ 42: null });
  await database.enable(42);
  await database.goDown();
  const answer = await ask("?teamId=42");
  assert.equal(answer.status, 503);
  assert.equal((await answer.json()).enabled, undefined);
  assert.match(reports.join("\n"), /could not say/);
  await database.comeUp();
  assert.equal(await isTracked(42), true);
});

test("every answer is open to other origins and kept by nobody", async () => {
  await database.addTeams({ 42: null });
  for (const search of ["?teamId=42", "?teamId=x"]) {
    const { headers } = await ask(search);
    assert.equal(headers.get("access-control-allow-origin"), "*");
    assert.equal(headers.get("cache-control"), "no-store");
    assert.equal(headers.get("content-type"), "application/json");
  }
});

test("started without a database, the server says what it needs", async () => {
  const path = fileURLToPath(new URL("../../examples/calcom-team-gate/server.mjs", import.meta.url));
  const { DATABASE_URL: _, ...env } = process.env;
  const run = promisify(execFile)(process.execPath, [path], { env });
  await assert.rejects(run, ({ code, stderr }) => code === 2 && stderr.includes("DATABASE_URL"));
});

/** Opens a booking page of a team whose tracker asks the endpoint, once a second. */
async function openBookingPage(options = {}) {
  const page = await openPage(context, `${site.url}/page`);
  await startTracker(page, collector.url, {
    isTeamEnabled: undefined,
    teamId: 42,
    teamGateUrl: url,
    gateTtl: 1_000,
    ...options,
  });
  await ready(page);
  return page;
}

const book = (page) => page.evaluate((completed) => tracker.trackBookingCompleted(completed), COMPLETED);

const hears = (page, tracked) => page.waitForFunction((answer) => tracker.isTeamTracked() === answer, tracked);

test("a booking of a team that is enabled in the table arrives", async () => {
  await database.addTeams({ 1: null, 42: 1 });
  await database.enable(1);
  const page = await openBookingPage();
  await book(page);
  await collector.wait({ received: 1 });
  const [{ event, properties }] = await collector.events();
  assert.equal(event, "booking_completed");
  assert.equal(properties.teamId, 42);
  assert.deepEqual(page.errors, []);
});

test("of a team that is disabled in the table nothing is stored and nothing sent", async () => {
  await database.addTeams({ 42: null });
  await assign(42, false);
  const page = await openBookingPage();
  await book(page);
  await page.waitForFunction(() => tracker.stats().dropped.gate_shut === 1);
  assert.deepEqual(await storedKeys(page), []);
  await page.goto(`${site.url}/plain`);
  await sendMarker(page, collector);
  assert.equal((await collector.stats()).requests, 1);
});

/** What is stored of a team: its events, and that it is tracked. Who the visitor is is stored for the sake of every team. */
const storedOfTeam = async (page) =>
  (await storedKeys(page)).filter((key) => !/^phbt:(identity|session|properties|timezone|sentinel|reach):/.test(key));

test("an UPDATE stops a page that is open, and nothing of the team is left", async () => {
  await database.addTeams({ 42: null });
  await database.enable(42);
  const page = await openBookingPage();
  await hears(page, true);
  // What waits when the answer changes goes as well.
  await page.evaluate(() => tracker.capture("slot_picked"));
  assert.equal((await storedRecords(page)).length, 1);
  await database.disable(42);
  await hears(page, false);
  await book(page);
  const { dropped, waiting, teams } = await stats(page);
  assert.equal(dropped.gate_shut, 2);
  assert.equal(waiting, 0);
  assert.deepEqual(teams, { 42: "shut" });
  assert.deepEqual(await storedOfTeam(page), []);
  await page.goto(`${site.url}/plain`);
  await sendMarker(page, collector);
  assert.equal((await collector.stats()).requests, 1);
});

test("an UPDATE stops a page that has sent something before", async () => {
  await database.addTeams({ 42: null });
  await database.enable(42);
  const page = await openBookingPage();
  await book(page);
  await collector.wait({ received: 1 });
  await page.waitForFunction(() => tracker.stats().confirmed === 1);
  await database.disable(42);
  await hears(page, false);
  await book(page);
  assert.equal((await stats(page)).dropped.gate_shut, 1);
  assert.deepEqual(await storedOfTeam(page), []);
  await page.goto(`${site.url}/plain`);
  await sendMarker(page, collector);
  assert.deepEqual(names(await collector.events()), ["booking_completed", "marker"]);
});

test("while the database is down events are held, and they arrive when it is up again", async () => {
  await database.addTeams({ 42: null });
  await database.enable(42);
  await database.goDown();
  const page = await openBookingPage();
  await page.evaluate(() => {
    window.heard = [];
    tracker.onTeamGate((team, state) => window.heard.push(`${team} ${state}`));
  });
  await book(page);
  await page.waitForFunction(() => tracker.stats().held === 1);
  assert.equal((await storedRecords(page)).length, 1);
  assert.equal((await collector.stats()).received, 0);
  await database.comeUp();
  await collector.wait({ received: 1 });
  await page.waitForFunction(() => tracker.stats().confirmed === 1 && tracker.stats().held === 0);
  assert.deepEqual(await page.evaluate(() => window.heard), ["42 unknown", "42 open"]);
  assert.deepEqual(names(await collector.events()), ["booking_completed"]);
  assert.equal((await collector.stats()).copies, 1);
});

test("what was held when the page was left is sent by the next page", async () => {
  await database.addTeams({ 42: null });
  await database.enable(42);
  await database.goDown();
  const page = await openBookingPage();
  await book(page);
  await page.waitForFunction(() => tracker.stats().held === 1);
  await page.close();
  await database.comeUp();
  await openBookingPage();
  await collector.wait({ received: 1 });
  assert.deepEqual(names(await collector.events()), ["booking_completed"]);
});

test("a database that goes down leaves a team that was tracked tracked", async () => {
  await database.addTeams({ 42: null });
  await database.enable(42);
  const page = await openBookingPage();
  await hears(page, true);
  await database.goDown();
  await page.waitForResponse((answer) => answer.url().startsWith(url) && answer.status() === 503);
  await book(page);
  await collector.wait({ received: 1 });
});
