// People in a real browser: a guest who becomes known and comes back, consent in every tab and both stores, and one person
// for the tracker and the real posthog-js.

import assert from "node:assert/strict";
import { test } from "node:test";
import { mirrorHolds, openPage, PROJECT_KEY, ready, startTracker, stats, storedKeys } from "./browser.mjs";
import { COMPLETED, collector, context, names, setStage, site } from "./stage.mjs";

setStage();

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

async function visit(options = {}, path = "/page") {
  const page = await openPage(context, site.url + path);
  await startTracker(page, collector.url, options);
  await ready(page);
  return page;
}

/** The people of PostHog: every id by the one that it was merged into. */
function peopleOf(events) {
  const merged = new Map();
  const personOf = (id) => (merged.has(id) ? personOf(merged.get(id)) : id);
  for (const { event, distinctId, properties } of events) {
    const anonymous = event === "$identify" ? properties.$anon_distinct_id : undefined;
    if (anonymous && personOf(anonymous) !== personOf(distinctId))
      merged.set(personOf(anonymous), personOf(distinctId));
  }
  return new Set(events.map(({ distinctId }) => personOf(distinctId)));
}

test("a guest books, is identified on the success page, and comes back the next day in another tab", async () => {
  const booking = await visit({}, "/page?utm_source=mail");
  await booking.evaluate((completed) => {
    tracker.group("team", "42");
    tracker.trackBookingStarted({ eventTypeId: 101, teamId: 42 });
    tracker.trackBookingCompleted(completed);
    location.href = "/page";
  }, COMPLETED);
  await booking.waitForURL("**/page");
  await startTracker(booking, collector.url);
  await booking.evaluate(() => tracker.identify("user_7", { plan: "pro" }));
  await collector.wait({ received: 4 });

  const later = await openPage(context, `${site.url}/plain`);
  await later.clock.setFixedTime(Date.now() + DAY_MS);
  await later.goto(`${site.url}/page`);
  await startTracker(later, collector.url);
  await later.evaluate(() => tracker.trackBookingFailed({ error: "no host", teamId: 42 }));
  await collector.wait({ received: 5 });

  const events = await collector.events();
  assert.deepEqual(names(events).sort(), [
    "$groupidentify",
    "$identify",
    "booking_completed",
    "booking_failed",
    "booking_started",
  ]);
  assert.deepEqual([...peopleOf(events)], ["user_7"]);
  const of = (name) => events.find(({ event }) => event === name).properties;
  const sessions = new Set(events.map(({ properties }) => properties.$session_id));
  assert.equal(sessions.size, 2);
  assert.equal(of("booking_started").$session_id, of("$identify").$session_id);
  assert.notEqual(of("booking_failed").$session_id, of("$identify").$session_id);
  assert.equal(of("booking_started").$window_id, of("$identify").$window_id, "one tab");
  for (const name of ["booking_started", "booking_completed", "$identify", "booking_failed"]) {
    assert.deepEqual(of(name).$groups, { team: "42" }, name);
    assert.equal(of(name).utm_source, "mail", name);
  }
  assert.equal(of("booking_failed").$is_identified, true);
});

test("a real browser is told apart, and every event says what it is", async () => {
  const page = await visit();
  await page.evaluate(() => tracker.trackBookingFailed({ error: "x", teamId: 42 }));
  await collector.wait({ received: 1 });
  const [{ properties }] = await collector.events();
  const { $browser, $os, $device_type, $viewport_width, $timezone } = properties;
  assert.deepEqual([$browser, $os, $device_type], ["Chrome", "Linux", "Desktop"]);
  assert.ok($viewport_width > 0 && $timezone.length > 0);
});

/** What of ours is in both stores and in the tab. */
const ours = (page) =>
  page.evaluate(async () => ({
    local: Object.keys(localStorage),
    session: Object.keys(sessionStorage),
    databases: (await indexedDB.databases()).map(({ name }) => name),
  }));

/** Waits until the mirror's database is gone. */
const mirrorIsGone = (page) =>
  page.waitForFunction(async () => (await indexedDB.databases()).length === 0, undefined, { timeout: 20_000 });

const consentKey = (keys) => keys.filter((key) => key.startsWith("phbt:consent:"));

test("while consent is pending both stores are empty, and when it comes everything arrives with its own time", async () => {
  const page = await openPage(context, `${site.url}/page`);
  await page.clock.setFixedTime(Date.now());
  await startTracker(page, collector.url, { consent: "required" });
  await page.evaluate((completed) => {
    tracker.trackBookingStarted({ eventTypeId: 101, teamId: 42 });
    tracker.identify("user_7");
    tracker.trackBookingCompleted(completed);
  }, COMPLETED);
  assert.deepEqual(await ours(page), { local: [], session: [], databases: [] });
  assert.equal(await page.evaluate(() => tracker.getDistinctId()), undefined);
  await page.clock.setFixedTime(Date.now() + HOUR_MS);
  await page.evaluate(() => tracker.optIn());
  await collector.wait({ received: 3 });
  const events = await collector.events();
  assert.deepEqual([...peopleOf(events)], ["user_7"]);
  // The collector corrects the page's clock, by which they were sent an hour after they were captured.
  for (const { timestamp } of events) assert.ok(Date.parse(timestamp) < Date.now() - HOUR_MS / 2, timestamp);
});

test("a denial leaves the answer alone in storage, in every tab, and nothing is sent", async () => {
  const one = await visit({ flushInterval: 3_600_000 });
  const two = await visit({ flushInterval: 3_600_000 });
  await one.evaluate(() => tracker.capture("in one", { teamId: 42 }));
  await two.evaluate(() => tracker.capture("in two", { teamId: 42 }));
  await mirrorHolds(two, 2);
  await one.evaluate(() => tracker.optOut());
  await two.waitForFunction(() => tracker.hasOptedOut() && tracker.stats().dropped.purged === 1);
  await mirrorIsGone(one);
  for (const page of [one, two]) {
    await page.evaluate(() => tracker.capture("later", { teamId: 42 }));
    const { local, session, databases } = await ours(page);
    assert.deepEqual([local, session, databases], [consentKey(local), [], []]);
    assert.equal(local.length, 1);
    await page.close();
  }
  const next = await visit();
  assert.deepEqual(
    [await next.evaluate(() => tracker.consent()), consentKey(await storedKeys(next)).length],
    ["denied", 1],
  );
  assert.equal((await collector.stats()).requests, 0);
});

test("denied while pending: the answer is all that is ever stored", async () => {
  const page = await openPage(context, `${site.url}/page`);
  await startTracker(page, collector.url, { consent: "required" });
  await page.evaluate(() => {
    tracker.trackBookingFailed({ error: "x", teamId: 42 });
    tracker.optOut();
  });
  await mirrorIsGone(page);
  const { local, session } = await ours(page);
  assert.deepEqual([local, local.length, session], [consentKey(local), 1, []]);
  assert.equal((await stats(page)).dropped.no_consent, 1);
});

test("a record that is captured right after a purge is mirrored, and a denial erases a mirror that nothing else knows of", async () => {
  const page = await visit({ flushInterval: 3_600_000 });
  await page.evaluate(() => tracker.capture("purged", { teamId: 42 }));
  await mirrorHolds(page, 1, "purged");
  await page.evaluate(() => {
    tracker.reset({ purge: true });
    tracker.capture("fresh", { teamId: 42 });
  });
  await mirrorHolds(page, 1, "fresh");
  assert.equal((await stats(page)).waiting, 1);
  await collector.listen(false);
  await page.close();
  const plain = await openPage(context, `${site.url}/plain`);
  await plain.evaluate(() => localStorage.clear());
  const next = await openPage(context, `${site.url}/page`);
  await startTracker(next, collector.url, { consent: "required" });
  await next.evaluate(() => tracker.optOut());
  await mirrorIsGone(next);
});

test("a denial and a new consent in one task lose nothing of what is captured then", async () => {
  const page = await visit({ flushInterval: 3_600_000 });
  await page.evaluate(() => {
    tracker.capture("denied", { teamId: 42 });
    tracker.optOut();
    tracker.optIn();
    tracker.capture("agreed", { teamId: 42 });
  });
  await mirrorHolds(page, 1, "agreed");
  await page.evaluate(() => tracker.flush());
  await collector.wait({ received: 1 });
  assert.deepEqual(names(await collector.events()), ["agreed"]);
});

test("a visitor whose team is not tracked leaves no database behind", async () => {
  for (const how of ["no", "later no", "nothing"]) {
    const page = await openPage(context, `${site.url}/page`);
    await page.evaluate(
      ([key, host, answer]) => {
        const isTeamEnabled = { no: false, "later no": async () => false }[answer];
        window.tracker = new PostHogBookingTracker(key, { host, isTeamEnabled });
        tracker.identify("ada");
        tracker.trackBookingFailed({ error: "x", teamId: 42 });
      },
      [PROJECT_KEY, collector.url, how],
    );
    await ready(page);
    await page.waitForFunction(() => tracker.stats().waiting === 0);
    await page.evaluate(() => tracker.flush());
    await mirrorIsGone(page);
    assert.deepEqual(await ours(page), { local: [], session: [], databases: [] }, how);
  }
});

/** Loads the real posthog-js and starts it for a project, without any event of its own. */
const startPostHog = (page, token = PROJECT_KEY) =>
  page.evaluate(
    async ([key, host]) => {
      // What its snippet leaves until the script is there.
      window.posthog = Object.assign([], {
        __SV: 1,
        _i: [
          [
            key,
            {
              api_host: host,
              autocapture: false,
              capture_pageview: false,
              capture_pageleave: false,
              advanced_disable_flags: true,
              disable_session_recording: true,
              disable_surveys: true,
              persistence: "localStorage",
              before_send: () => null,
              opt_out_useragent_filter: true,
            },
            "posthog",
          ],
        ],
      });
      await new Promise((resolve, reject) => {
        const script = Object.assign(document.createElement("script"), {
          src: "/posthog.js",
          onload: resolve,
          onerror: reject,
        });
        document.head.append(script);
      });
    },
    [token, collector.url],
  );

/** What posthog-js says of the visitor. */
const postHogIds = (page) =>
  page.evaluate(() => ({
    distinctId: posthog.get_distinct_id(),
    device: posthog.get_property("$device_id"),
    session: posthog.get_session_id(),
  }));

const idsOf = ({ distinctId, properties }) => ({
  distinctId,
  device: properties.$device_id,
  session: properties.$session_id,
});

/** Waits for the event of this name. */
async function find(name) {
  for (;;) {
    // Asked before the rows, so that what comes between the two questions ends the wait below.
    const { copies } = await collector.stats();
    const found = (await collector.events()).find(({ event }) => event === name);
    if (found) return found;
    await collector.wait({ copies: copies + 1 });
  }
}

for (const identity of ["auto", "posthog-js"]) {
  test(`${identity}: posthog-js is there first: one visitor, one session, its groups and its reset`, async () => {
    const page = await openPage(context, `${site.url}/page`);
    await startPostHog(page);
    await startTracker(page, collector.url, { identity });
    await page.evaluate(() => {
      posthog.group("company", "acme");
      tracker.trackBookingFailed({ error: "first", teamId: 42 });
    });
    const first = await find("booking_failed");
    assert.deepEqual(idsOf(first), await postHogIds(page));
    assert.deepEqual(first.properties.$groups, { company: "acme" });
    assert.equal(await page.evaluate(() => tracker.getDistinctId() === posthog.get_distinct_id()), true);

    await page.evaluate((completed) => {
      posthog.identify("user_7");
      tracker.trackBookingCompleted(completed);
    }, COMPLETED);
    const known = await find("booking_completed");
    assert.deepEqual(idsOf(known), await postHogIds(page));
    assert.deepEqual([known.distinctId, known.properties.$process_person_profile], ["user_7", true]);

    await page.evaluate(() => {
      posthog.reset();
      tracker.capture("payment_failed", { teamId: 42 });
    });
    const reset = await find("payment_failed");
    assert.notEqual(reset.distinctId, "user_7");
    assert.deepEqual(idsOf(reset), await postHogIds(page));

    await page.evaluate(() => {
      posthog.opt_out_capturing();
      tracker.capture("payment_created", { teamId: 42 });
    });
    assert.equal((await stats(page)).dropped.no_consent, 1);
  });
}

test("auto: posthog-js comes later: what was captured before is sealed with its ids", async () => {
  const page = await openPage(context, `${site.url}/page`);
  await startTracker(page, collector.url, { identity: "auto", flushAt: 1 });
  await page.evaluate(() => tracker.capture("slot_selected", { teamId: 42 }));
  await startPostHog(page);
  await collector.wait({ received: 1 });
  assert.deepEqual(idsOf(await find("slot_selected")), await postHogIds(page));
});

test("auto: our identify is posthog-js's as well, and one person stays one person", async () => {
  const page = await openPage(context, `${site.url}/page`);
  await startPostHog(page);
  await startTracker(page, collector.url, { identity: "auto" });
  await page.evaluate((completed) => {
    tracker.trackBookingStarted({ eventTypeId: 101, teamId: 42 });
    tracker.identify("user_7");
    tracker.trackBookingCompleted(completed);
  }, COMPLETED);
  assert.equal((await postHogIds(page)).distinctId, "user_7");
  assert.equal((await find("booking_completed")).distinctId, "user_7");
  await page.waitForFunction(() => tracker.stats().waiting === 0);
  assert.deepEqual([...peopleOf(await collector.events())], ["user_7"]);
});

test("auto: a must-send event and a leave wait for nobody, and without posthog-js the visitor is our own", async () => {
  const page = await openPage(context, `${site.url}/page`);
  await startTracker(page, collector.url, { identity: "auto" });
  await page.evaluate((completed) => tracker.trackBookingCompleted(completed), COMPLETED);
  await collector.wait({ received: 1 });
  const [{ distinctId }] = await collector.events();
  assert.equal(distinctId, await page.evaluate(() => tracker.getDistinctId()));

  const left = await openPage(context, `${site.url}/page`);
  await startTracker(left, collector.url, { identity: "auto" });
  await left.evaluate(() => {
    tracker.capture("slot_selected", { teamId: 42 });
    location.href = "/plain";
  });
  await left.waitForURL("**/plain");
  await collector.wait({ received: 2 });
});

test("posthog-js of another project lends nothing, and the page is told", async () => {
  const page = await openPage(context, `${site.url}/page`);
  const said = page.waitForEvent("console", (message) => message.text().includes("there is no posthog-js"));
  await startPostHog(page, "phc_another_project");
  await startTracker(page, collector.url, { identity: "posthog-js" });
  await page.evaluate(() => tracker.capture("slot_selected", { teamId: 42 }));
  await said;
  await page.evaluate(() => tracker.flush());
  await collector.wait({ received: 1 });
  assert.notEqual((await find("slot_selected")).distinctId, (await postHogIds(page)).distinctId);
});
