// Bookings end to end: real pages, the real package, a real collector. Assertions are on what the collector got.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  openPage,
  PROJECT_KEY,
  ready,
  sendMarker,
  startTracker,
  stats,
  storedKeys,
  storedRecords,
} from "./browser.mjs";
import { COMPLETED, collector, context, names, setStage, site } from "./stage.mjs";

setStage();

test("a booking arrives with all that PostHog needs, once, without a preflight", async () => {
  const page = await openPage(context, `${site.url}/page?utm_source=mail&email=ada%40lovelace.org#secret`);
  await startTracker(page, collector.url);
  await ready(page);
  await page.evaluate(async (completed) => {
    tracker.trackBookingStarted({ eventTypeId: 101, teamId: 42, duration: 30, note: "mine" });
    tracker.trackBookingFailed({ eventTypeId: 101, error: "ask ada@lovelace.org", errorCode: "no_host" });
    tracker.trackBookingCompleted(completed);
    await tracker.flush();
  }, COMPLETED);
  await collector.wait({ received: 3 });
  const events = await collector.events();
  assert.deepEqual(names(events), ["booking_started", "booking_failed", "booking_completed"]);
  const [started, failed, completed] = events;
  const { properties } = started;
  assert.match(started.uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(properties.token, PROJECT_KEY);
  assert.equal(properties.$lib, "posthog-booking-tracker");
  assert.match(properties.$lib_version, /^\d+\.\d+\.\d+$/);
  assert.match(properties.$session_id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  assert.equal(properties.$current_url, `${site.url}/page?utm_source=mail`);
  assert.equal(properties.$host, new URL(site.url).host);
  assert.equal(properties.$pathname, "/page");
  assert.equal(properties.$referrer, "$direct");
  assert.equal(properties.$device_id, started.distinctId);
  assert.equal(properties.$process_person_profile, false);
  assert.equal(properties.note, "mine");
  assert.equal(failed.properties.error, "ask [email]");
  assert.equal(failed.properties.errorCode, "no_host");
  assert.equal(completed.properties.bookingUid, COMPLETED.bookingUid);
  assert.ok(Number.isInteger(completed.properties.elapsedMs));
  const distinct = (of) => new Set(events.map(of)).size;
  assert.equal(
    distinct(({ properties }) => properties.attemptId),
    1,
  );
  assert.equal(
    distinct(({ properties }) => properties.$session_id),
    1,
  );
  assert.equal(
    distinct(({ distinctId }) => distinctId),
    1,
  );
  assert.equal(
    distinct(({ sentTimestamp }) => sentTimestamp),
    3,
  );
  const { copiesPerEvent, preflights } = await collector.stats();
  assert.equal(copiesPerEvent, 1);
  assert.equal(preflights, 0);
  const raw = JSON.stringify(await collector.requests());
  assert.ok(!raw.includes("lovelace") && !raw.includes("secret"));
  await page.waitForFunction(() => tracker.stats().confirmed === 3);
  assert.deepEqual(await storedRecords(page), []);
  assert.deepEqual(page.errors, []);
});

for (const round of [1, 2, 3, 4, 5]) {
  test(`a redirect in the tick of the booking loses nothing (${round} of 5, same origin)`, async () => {
    const page = await openPage(context, `${site.url}/page`);
    await startTracker(page, collector.url);
    await ready(page);
    await page.evaluate((completed) => {
      tracker.trackBookingStarted({ eventTypeId: 101, teamId: 42 });
      tracker.trackBookingCompleted(completed);
      location.href = "/plain";
    }, COMPLETED);
    await page.waitForURL("**/plain");
    await collector.wait({ received: 2 });
    assert.deepEqual(names(await collector.events()), ["booking_started", "booking_completed"]);
    assert.equal((await collector.stats()).copies, 2);
  });

  test(`a redirect to another origin, never opened again, loses nothing (${round} of 5)`, async () => {
    const page = await openPage(context, `${site.url}/page`);
    await startTracker(page, collector.url);
    await ready(page);
    await page.evaluate(
      ([completed, url]) => {
        tracker.trackBookingStarted({ eventTypeId: 101, teamId: 42 });
        tracker.trackBookingCompleted(completed);
        location.href = url;
      },
      [COMPLETED, `${site.otherUrl}/plain`],
    );
    await page.waitForURL("**/plain");
    await collector.wait({ received: 2 });
    assert.deepEqual(names(await collector.events()), ["booking_started", "booking_completed"]);
  });
}

test("an event that is not urgent leaves with the page", async () => {
  const page = await openPage(context, `${site.url}/page`);
  await startTracker(page, collector.url);
  await ready(page);
  await page.evaluate(() => {
    tracker.capture("booking_page_viewed");
    location.href = "/plain";
  });
  await page.waitForURL("**/plain");
  await collector.wait({ received: 1 });
  const [{ beacon }] = await collector.events();
  assert.equal(beacon, true);
});

test("a booking made while the collector refuses connections arrives with the next visit", async () => {
  const page = await openPage(context, `${site.url}/page`);
  await startTracker(page, collector.url);
  await ready(page);
  await collector.listen(false);
  await page.evaluate((completed) => tracker.trackBookingCompleted(completed), COMPLETED);
  assert.equal((await storedRecords(page)).length, 1);
  await page.close();
  await collector.listen(true);
  const next = await openPage(context, `${site.url}/page`);
  await startTracker(next, collector.url);
  await collector.wait({ received: 1 });
  await next.waitForFunction(() => tracker.stats().confirmed === 1);
  assert.equal((await stats(next)).adopted, 1);
  assert.deepEqual(await storedRecords(next), []);
});

test("a booking made while the collector refuses connections arrives when it is back, on the same page", async () => {
  const page = await openPage(context, `${site.url}/page`);
  await startTracker(page, collector.url);
  await ready(page);
  await collector.listen(false);
  await page.evaluate((completed) => tracker.trackBookingCompleted(completed), COMPLETED);
  await collector.listen(true);
  await collector.wait({ received: 1 });
  assert.deepEqual(page.errors, []);
});

test("an answer that is no confirmation keeps the events", async () => {
  const faults = [
    { kind: "status", status: 503 },
    { kind: "html" },
    { kind: "redirect" },
    { kind: "status", status: 429 },
  ];
  const page = await openPage(context, `${site.url}/page`);
  await startTracker(page, collector.url);
  await ready(page);
  for (const fault of faults) await collector.fault(fault);
  await page.evaluate((completed) => tracker.trackBookingCompleted(completed), COMPLETED);
  for (let tries = 0; tries < faults.length; tries++) {
    // Each flush is one attempt, without the backoff that would come first.
    const [confirmed, stored] = await page.evaluate(async () => {
      await tracker.flush();
      return [tracker.stats().confirmed, Object.keys(localStorage).filter((key) => /^phbt:\d/.test(key)).length];
    });
    assert.equal(stored, 1 - confirmed);
  }
  await collector.wait({ received: 1 });
  assert.equal((await collector.stats()).copies, 1);
  assert.equal(page.warnings.filter((text) => text.includes("web page")).length, 1);
});

test("switching tabs costs no second copy", async () => {
  const page = await openPage(context, `${site.url}/page`);
  await startTracker(page, collector.url);
  await ready(page);
  await page.evaluate(() => {
    tracker.capture("booking_page_viewed");
    const show = (state) => {
      Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    };
    show("hidden");
    show("visible");
  });
  await collector.wait({ received: 1 });
  await page.waitForFunction(() => tracker.stats().confirmed === 1);
  await page.evaluate(() => tracker.flush());
  assert.equal((await collector.stats()).copies, 1);
});

test("a team that is not tracked: nothing is sent and nothing is stored", async () => {
  const page = await openPage(context, `${site.url}/page`);
  await startTracker(page, collector.url, { isTeamEnabled: false });
  await page.evaluate(() => {
    tracker.trackBookingStarted({ teamId: 42 });
    tracker.identify("user_7");
  });
  await ready(page);
  await page.evaluate(async (completed) => {
    tracker.trackBookingCompleted(completed);
    await tracker.flush();
  }, COMPLETED);
  assert.deepEqual(await storedKeys(page), []);
  assert.equal((await stats(page)).dropped.gate_shut, 3);
  await page.goto(`${site.url}/plain`);
  await sendMarker(page, collector);
  assert.equal((await collector.stats()).requests, 1);
});

test("a callback that rejects twice and then says true: everything arrives, in order", async () => {
  const page = await openPage(context, `${site.url}/page`);
  await page.evaluate(
    ([key, host]) => {
      let asked = 0;
      window.tracker = new PostHogBookingTracker(key, {
        host,
        isTeamEnabled: async (team) => {
          if (team !== "42") throw new Error(`asked for ${team}`);
          if (++asked < 3) throw new Error("not now");
          return true;
        },
      });
      tracker.trackBookingStarted({ teamId: 42 });
    },
    [PROJECT_KEY, collector.url],
  );
  await ready(page);
  await page.evaluate((completed) => {
    tracker.capture("slot_picked", { teamId: 42 });
    tracker.trackBookingCompleted(completed);
  }, COMPLETED);
  await collector.wait({ received: 3 });
  assert.deepEqual(names(await collector.events()), ["booking_started", "slot_picked", "booking_completed"]);
  assert.equal((await collector.stats()).copies, 3);
  assert.deepEqual(page.errors, []);
});

test("a callback that says false drops what its team has waiting, with every trace", async () => {
  const page = await openPage(context, `${site.url}/page`);
  await page.evaluate(
    ([key, host]) => {
      const answer = new Promise((resolve) => {
        window.answer = resolve;
      });
      window.tracker = new PostHogBookingTracker(key, { host, isTeamEnabled: () => answer });
    },
    [PROJECT_KEY, collector.url],
  );
  await ready(page);
  await page.evaluate((completed) => tracker.trackBookingCompleted(completed), COMPLETED);
  assert.equal((await storedRecords(page)).length, 1);
  await page.evaluate(() => answer(false));
  await page.waitForFunction(() => tracker.stats().dropped.gate_shut === 1);
  assert.deepEqual(await storedKeys(page), []);
  await sendMarker(page, collector);
  assert.equal((await collector.stats()).requests, 1);
});

test("without anything that opens the gate, one warning says how to mend it", async () => {
  const page = await openPage(context, `${site.url}/page`);
  await startTracker(page, collector.url, { isTeamEnabled: undefined });
  await ready(page);
  await page.evaluate((completed) => {
    tracker.trackBookingStarted({ teamId: 42 });
    tracker.trackBookingCompleted(completed);
  }, COMPLETED);
  assert.equal(page.warnings.filter((text) => text.includes("isTeamEnabled")).length, 1);
  assert.equal((await stats(page)).dropped.ungated, 2);
  assert.deepEqual(await storedKeys(page), []);
});

test('with ungated: "track" no gate is needed', async () => {
  const page = await openPage(context, `${site.url}/page`);
  await startTracker(page, collector.url, { isTeamEnabled: undefined, ungated: "track" });
  await ready(page);
  await page.evaluate((completed) => tracker.trackBookingCompleted(completed), COMPLETED);
  await collector.wait({ received: 1 });
});

test("a guest who is identified stays one person", async () => {
  const page = await openPage(context, `${site.url}/page`);
  await startTracker(page, collector.url);
  await ready(page);
  await page.evaluate(async (completed) => {
    tracker.trackBookingStarted({ teamId: 42 });
    tracker.identify("user_7");
    tracker.identify("user_7");
    tracker.identify("anonymous");
    tracker.trackBookingCompleted(completed);
    await tracker.flush();
  }, COMPLETED);
  await collector.wait({ received: 3 });
  const [started, identify, completed] = await collector.events();
  assert.equal(identify.event, "$identify");
  assert.equal(identify.distinctId, "user_7");
  assert.equal(identify.properties.$anon_distinct_id, started.distinctId);
  assert.equal(identify.properties.$process_person_profile, true);
  assert.equal(completed.distinctId, "user_7");
  assert.equal(completed.properties.$device_id, started.distinctId);
  assert.equal(completed.properties.$process_person_profile, true);
});

test("a page without a team is identified with the first event that has one", async () => {
  const page = await openPage(context, `${site.url}/page`);
  await startTracker(page, collector.url, { isTeamEnabled: undefined });
  await page.evaluate(
    ([key, host]) => {
      window.tracker = new PostHogBookingTracker(key, { host, isTeamEnabled: async () => true });
    },
    [PROJECT_KEY, collector.url],
  );
  await ready(page);
  await page.evaluate((completed) => {
    tracker.identify("user_7");
    tracker.trackBookingCompleted(completed);
  }, COMPLETED);
  await collector.wait({ received: 2 });
  assert.deepEqual(names(await collector.events()), ["$identify", "booking_completed"]);
});

test("a page that names no team answers for all that earlier pages left", async () => {
  const page = await openPage(context, `${site.url}/page`);
  await startTracker(page, collector.url, { teamId: 42 });
  await ready(page);
  await collector.listen(false);
  await page.evaluate((completed) => tracker.trackBookingCompleted(completed), COMPLETED);
  await page.close();
  await collector.listen(true);
  const other = await openPage(context, `${site.url}/page`);
  await startTracker(other, collector.url, { teamId: 7 });
  await ready(other);
  await other.evaluate(() => tracker.flush());
  assert.equal((await storedRecords(other)).length, 1);
  await other.close();
  const next = await openPage(context, `${site.url}/page`);
  await startTracker(next, collector.url);
  await collector.wait({ received: 1 });
});

test("after shutdown nothing is taken any more", async () => {
  const page = await openPage(context, `${site.url}/page`);
  await startTracker(page, collector.url);
  await page.evaluate(async (completed) => {
    tracker.trackBookingStarted({ teamId: 42 });
    await Promise.all([tracker.shutdown(), tracker.shutdown()]);
    tracker.trackBookingCompleted(completed);
  }, COMPLETED);
  await collector.wait({ received: 1 });
  assert.equal((await stats(page)).dropped.shut_down, 1);
  assert.deepEqual(names(await collector.events()), ["booking_started"]);
});

test("the counts of stats() balance", async () => {
  const page = await openPage(context, `${site.url}/page`);
  await startTracker(page, collector.url);
  await page.evaluate(() => tracker.capture(""));
  await ready(page);
  await page.evaluate((completed) => {
    tracker.capture("");
    tracker.capture(7);
    tracker.capture("large", { text: "x".repeat(40_000) });
    tracker.capture("waits");
    tracker.trackBookingCompleted(completed);
  }, COMPLETED);
  await collector.wait({ received: 2 });
  await page.waitForFunction(() => tracker.stats().waiting === 0);
  const { captured, adopted, confirmed, waiting, settledElsewhere, dropped, engine } = await stats(page);
  assert.equal(engine, "wasm");
  assert.deepEqual({ captured, confirmed }, { captured: 6, confirmed: 2 });
  assert.equal(dropped.invalid, 3);
  assert.equal(dropped.too_large, 1);
  const given = Object.values(dropped).reduce((sum, count) => sum + count, 0);
  assert.equal(captured + adopted, confirmed + waiting + settledElsewhere + given);
});
