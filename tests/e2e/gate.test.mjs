// The team gate and feature flags in a real browser: PostHog's own endpoint that fails, tabs that tell each other, a page that
// is left while nobody knows, an experiment on booking events.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage, ready, sendMarker, startTracker, stats, storedKeys, storedRecords } from "./browser.mjs";
import { COMPLETED, collector, context, names, setStage, site } from "./stage.mjs";

setStage();

const BY_FLAG = { isTeamEnabled: undefined, teamFlag: true };
const TEAM_FLAG = "posthog-booking-tracking";

async function visit(options = {}) {
  const page = await openPage(context, `${site.url}/page`);
  await startTracker(page, collector.url, options);
  await ready(page);
  return page;
}

/** A whole booking, told by the page. */
const book = (page, teamId = 42) =>
  page.evaluate(
    (completed) => {
      tracker.trackBookingStarted({ eventTypeId: 101, teamId: completed.teamId });
      tracker.capture("slot_picked", { teamId: completed.teamId });
      tracker.trackBookingCompleted(completed);
    },
    { ...COMPLETED, teamId },
  );

/** Waits until the page says so of its tracker. */
const until = (page, condition) => page.waitForFunction(condition, undefined, { polling: 50, timeout: 30_000 });

test("/flags answers 503 for ten seconds: everything is held, arrives in its order, and once", async () => {
  await collector.flags({ flags: { [TEAM_FLAG]: { groups: { team: ["42"] } } } });
  await collector.fault({ kind: "status", status: 503, count: 4, path: "/flags" });
  const page = await visit(BY_FLAG);
  await book(page);
  assert.equal((await stats(page)).held, 3);
  await collector.wait({ faultsMet: 4 });
  assert.deepEqual([(await collector.stats()).received, (await storedRecords(page)).length], [0, 3]);
  await collector.wait({ received: 3 });
  assert.deepEqual(names(await collector.events()), ["booking_started", "slot_picked", "booking_completed"]);
  assert.equal((await collector.stats()).copies, 3);
  assert.deepEqual(page.errors, []);
});

test("a flag for some teams: theirs arrives, the other team's leaves nothing on the same origin", async () => {
  await collector.flags({ flags: { [TEAM_FLAG]: { groups: { team: ["42"] } } } });
  const [tracked, untracked] = [await visit(BY_FLAG), await visit(BY_FLAG)];
  await book(untracked, 7);
  await until(untracked, () => tracker.stats().dropped.gate_shut === 3);
  await book(tracked, 42);
  await collector.wait({ received: 3 });
  await until(tracked, () => tracker.stats().confirmed === 3);
  await sendMarker(untracked, collector);
  assert.equal((await collector.events()).filter(({ properties }) => properties.teamId === 7).length, 0);
  assert.deepEqual(await storedRecords(untracked), []);
  const asked = (await collector.requests()).filter(({ path }) => path.startsWith("/flags"));
  assert.deepEqual(
    new Set(asked.map(({ body }) => JSON.parse(body).distinct_id)),
    new Set(["posthog-booking-tracker"]),
  );
  assert.equal((await collector.stats()).preflights, 0, "a simple request needs no preflight");
});

test("the page is left while the gate is unknown; the next page learns that it is open, and the booking arrives", async () => {
  await collector.fault({ kind: "hang", count: -1, path: "/flags" });
  const page = await visit(BY_FLAG);
  await book(page);
  await page.close();
  assert.equal((await collector.stats()).received, 0);
  await collector.reset();
  await collector.flags({ flags: { [TEAM_FLAG]: { groups: { team: ["42"] } } } });
  await visit({ ...BY_FLAG, teamId: 42 });
  await collector.wait({ received: 3 });
  assert.deepEqual(names(await collector.events()), ["booking_started", "slot_picked", "booking_completed"]);
});

test("a team that one tab finds switched off stops in the others at once, with what they have waiting", async () => {
  await collector.flags({ flags: { [TEAM_FLAG]: { groups: { team: ["42"] } } } });
  const slow = await visit({ ...BY_FLAG, teamId: 42, gateTtl: 86_400_000 });
  await slow.evaluate(() => tracker.isTeamTracked(42));
  await until(slow, () => tracker.isTeamTracked(42) === true);
  const quick = await visit({ ...BY_FLAG, teamId: 42, gateTtl: 1_000 });
  await quick.evaluate(() => tracker.isTeamTracked(42));
  await slow.evaluate(() => tracker.capture("waits"));
  assert.equal((await stats(slow)).waiting, 1);
  await collector.flags({ flags: { [TEAM_FLAG]: { groups: { team: ["1"] } } } });
  // The tab in front is the one that asks: nobody asks for a page that nobody sees.
  await quick.bringToFront();
  await until(quick, () => tracker.isTeamTracked(42) === false);
  await until(slow, () => tracker.isTeamTracked(42) === false);
  await until(slow, () => tracker.stats().dropped.gate_shut === 1);
  const kept = (await storedKeys(slow)).filter((key) => /^phbt:(\d|gate)/.test(key));
  assert.deepEqual(kept, []);
  await book(slow);
  assert.equal((await stats(slow)).dropped.gate_shut, 4);
  await sendMarker(slow, collector);
  assert.deepEqual(names(await collector.events()), ["marker"]);
});

test("an experiment: the visitor's variant is on its booking, on the page that it is sent to as well, and is told once", async () => {
  await collector.flags({
    flags: {
      "booking-form": {
        variant: "short",
        payload: { fields: 2 },
        metadata: { id: 3, version: 1, has_experiment: true },
      },
      dark: false,
    },
  });
  const page = await visit({ teamId: 42 });
  const variant = await page.evaluate(
    () => new Promise((resolve) => tracker.onFeatureFlags(() => resolve(tracker.getFeatureFlag("booking-form")))),
  );
  assert.equal(variant, "short");
  await page.evaluate(() => tracker.isFeatureEnabled("booking-form"));
  await page.evaluate((completed) => tracker.trackBookingCompleted(completed), COMPLETED);
  await collector.wait({ received: 2 });
  await page.goto(`${site.url}/page`);
  await startTracker(page, collector.url, { teamId: 42 });
  await page.evaluate(() => tracker.trackBookingFailed({ error: "no host" }));
  await collector.wait({ received: 3 });
  const events = await collector.events();
  assert.deepEqual(names(events).sort(), ["$feature_flag_called", "booking_completed", "booking_failed"]);
  for (const { properties } of events) {
    assert.equal(properties["$feature/booking-form"], "short");
    assert.equal(properties["$feature/dark"], false);
    assert.deepEqual(properties.$active_feature_flags, ["booking-form"]);
  }
  const called = events.find(({ event }) => event === "$feature_flag_called").properties;
  assert.deepEqual([called.$feature_flag, called.$feature_flag_response], ["booking-form", "short"]);
  assert.equal((await collector.stats()).preflights, 0);
  assert.deepEqual(page.errors, []);
});
