// The recipe for PostHog: a feature flag for groups of the type `team` says which teams are tracked.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { openPage, ready, sendMarker, startTracker, stats, storedKeys, storedRecords } from "../e2e/browser.mjs";
import { COMPLETED, collector, context, names, setStage, site } from "../e2e/stage.mjs";

setStage();

const FLAG = "posthog-booking-tracking";

/** What PostHog answers for flags from now on. */
const setFlags = (answer) => fetch(`${collector.inspector}/flags`, { method: "POST", body: JSON.stringify(answer) });

/** The flag is on for these teams and off for all others. */
const setTeams = (...teams) => setFlags({ flags: { [FLAG]: { groups: { team: teams } } } });

beforeEach(() => setTeams("42"));

/** Opens a booking page whose tracker asks PostHog, once a second. */
async function openBookingPage(options = {}) {
  const page = await openPage(context, `${site.url}/page`);
  await startTracker(page, collector.url, { isTeamEnabled: undefined, teamFlag: true, gateTtl: 1_000, ...options });
  await ready(page);
  return page;
}

const book = (page, booking = {}) =>
  page.evaluate((completed) => tracker.trackBookingCompleted(completed), { ...COMPLETED, ...booking });

const dropped = (page, count) =>
  page.waitForFunction((shut) => tracker.stats().dropped.gate_shut === shut && tracker.stats().waiting === 0, count);

const databases = (page) => page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name));

/** The questions for flags that PostHog got. */
const questions = async () =>
  (await collector.requests()).filter(({ path }) => path.startsWith("/flags")).map(({ body }) => JSON.parse(body));

test("of two teams of one origin, one arrives and the other leaves nothing", async () => {
  const stranger = await openBookingPage({ teamId: 7 });
  await book(stranger, { teamId: 7 });
  await dropped(stranger, 1);
  assert.deepEqual(await storedKeys(stranger), []);
  assert.deepEqual(await databases(stranger), []);

  const page = await openBookingPage({ teamId: 42 });
  await book(page);
  await collector.wait({ received: 1 });
  await page.waitForFunction(() => tracker.stats().confirmed === 1);

  await book(stranger, { teamId: 7 });
  await dropped(stranger, 2);
  assert.deepEqual(await storedRecords(page), []);
  assert.deepEqual((await stats(stranger)).teams, { 7: "shut" });
  assert.deepEqual((await stats(page)).teams, { 42: "open" });
  const gate = await page.evaluate(() => Object.entries(localStorage).find(([key]) => key.startsWith("phbt:gate:"))[1]);
  assert.deepEqual(Object.keys(JSON.parse(gate)), ["42"]);
  await stranger.close();
  await sendMarker(page, collector);
  assert.deepEqual(names(await collector.events()), ["booking_completed", "marker"]);
  assert.equal((await collector.events())[0].properties.teamId, 42);
});

test("a page that names no team asks for the team of each event", async () => {
  const page = await openBookingPage();
  await book(page, { teamId: 7 });
  await book(page, { teamId: "42" });
  await dropped(page, 1);
  await collector.wait({ received: 1 });
  assert.deepEqual((await stats(page)).teams, { 7: "shut", 42: "open" });
  assert.equal((await collector.events())[0].properties.teamId, "42");
});

test("PostHog is asked for the team alone, and learns nothing of the visitor", async () => {
  const page = await openBookingPage({ teamId: 42 });
  await book(page);
  await collector.wait({ received: 1 });
  const [{ token, ...question }] = await questions();
  assert.equal(token, "phc_e2e");
  assert.deepEqual(question, {
    distinct_id: "posthog-booking-tracker",
    groups: { team: "42" },
    flag_keys: [FLAG],
    geoip_disable: true,
  });
  assert.equal((await collector.stats()).preflights, 0);
});

test("a flag that is switched off stops a page that is open", async () => {
  const page = await openBookingPage({ teamId: 42 });
  await book(page);
  await collector.wait({ received: 1 });
  await setTeams();
  await page.waitForFunction(() => tracker.isTeamTracked() === false);
  await book(page);
  await dropped(page, 1);
  assert.deepEqual(await storedRecords(page), []);
  assert.equal((await collector.stats()).received, 1);
});

const NO_ANSWERS = {
  "without the flag": { flags: {} },
  "with a flag that could not be computed": { flags: { [FLAG]: { enabled: false, failed: true } } },
  "with errors": { flags: { [FLAG]: false }, errorsWhileComputingFlags: true },
  "without quota": { flags: { [FLAG]: false }, quotaLimited: ["feature_flags"] },
  "of a flag for people": { flags: { [FLAG]: { groups: { company: ["42"] } } } },
};

for (const [name, answer] of Object.entries(NO_ANSWERS)) {
  test(`an answer ${name} drops nothing: what is held arrives with the first real one`, async () => {
    await setFlags(answer);
    const page = await openBookingPage({ teamId: 42 });
    await book(page);
    await collector.wait({ flagRequests: 1 });
    await page.waitForFunction(() => tracker.stats().held === 1);
    assert.deepEqual((await stats(page)).teams, { 42: "unknown" });
    await setTeams("42");
    await collector.wait({ received: 1 });
    assert.equal((await collector.stats()).copies, 1);
  });
}

test("a PostHog that is down drops nothing", async () => {
  await collector.fault({ kind: "status", status: 503, path: "/flags" });
  const page = await openBookingPage({ teamId: 42 });
  await book(page);
  await collector.wait({ faultsMet: 1, received: 1 });
  assert.equal((await stats(page)).dropped.gate_shut, 0);
});
