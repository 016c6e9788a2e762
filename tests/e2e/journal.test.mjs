// The journal: a page whose tracker is late, or never comes, loses nothing that may be stored without it.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  journalKeys,
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

/** The pages whose tracker has to be loaded, and what runs it then. */
const LATE = { "/lazy": "wasm", "/lazy?policy=nonce": "no-wasm", "/page?policy=allow-list": "no-wasm" };

const FORBIDDING = "/page?policy=allow-list";

/** Opens a page and starts a tracker that is not there yet. */
async function startLate(path, options = {}) {
  const page = await openPage(context, site.url + path);
  await startTracker(page, collector.url, options);
  assert.equal((await stats(page)).engine, "journal");
  return page;
}

/** Books and leaves in one tick, for a page without tracker on this or another origin. */
const bookAndLeave = async (page, url) => {
  await page.evaluate(
    ([completed, target]) => {
      tracker.trackBookingStarted({ eventTypeId: 101, teamId: 42, error: "ask ada@lovelace.org" });
      tracker.trackBookingCompleted(completed);
      location.href = target;
    },
    [COMPLETED, url],
  );
  await page.waitForURL("**/plain");
};

for (const [path, engine] of Object.entries(LATE)) {
  test(`a page of ${path} whose tracker is late hands over what it captured`, async () => {
    site.holdChunks();
    const page = await startLate(path);
    await page.evaluate((completed) => {
      tracker.trackBookingStarted({ eventTypeId: 101, teamId: 42, error: "ask ada@lovelace.org" });
      tracker.trackBookingCompleted(completed);
    }, COMPLETED);
    // What is must-send is stored at once, the other one stays in memory until the page is left.
    assert.equal((await journalKeys(page)).length, 1);
    const before = await stats(page);
    assert.deepEqual([before.captured, before.waiting, before.engine], [2, 2, "journal"]);
    site.releaseChunks();
    await collector.wait({ received: 2 });
    const events = await collector.events();
    assert.deepEqual(names(events), ["booking_started", "booking_completed"]);
    // What was in memory has all its texts.
    assert.equal(events[0].properties.error, "ask [email]");
    assert.equal(events[0].properties.attemptId, events[1].properties.attemptId);
    assert.equal(events[0].distinctId, events[1].distinctId);
    await page.waitForFunction(() => tracker.stats().confirmed === 2);
    const after = await stats(page);
    assert.deepEqual([after.engine, after.captured, after.adopted, after.waiting], [engine, 2, 0, 0]);
    assert.deepEqual(await journalKeys(page), []);
    assert.equal((await collector.stats()).copies, 2);
    assert.deepEqual(page.errors, []);
  });

  test(`a tracker that comes to a page of ${path} which is being left sends nothing twice`, async () => {
    site.holdChunks();
    const page = await startLate(path);
    await page.evaluate((completed) => {
      tracker.capture("slot_picked", { teamId: 42 });
      tracker.trackBookingCompleted(completed);
      dispatchEvent(new PageTransitionEvent("pagehide"));
    }, COMPLETED);
    assert.equal((await journalKeys(page)).length, 2);
    assert.equal((await collector.stats()).requests, 0, "the journal sends nothing");
    site.releaseChunks();
    await ready(page);
    await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true })));
    await page.waitForFunction(() => tracker.stats().confirmed === 2);
    assert.deepEqual(await journalKeys(page), []);
    await sendMarker(page, collector);
    const { received, copies } = await collector.stats();
    assert.deepEqual({ received, copies }, { received: 3, copies: 3 });
  });

  for (const [kind, spoil] of Object.entries({
    late: () => site.holdChunks(),
    "never found": () => site.breakChunks(100),
  })) {
    test(`a page of ${path} whose tracker is ${kind}, left in the tick of the booking, leaves it to the next page`, async () => {
      spoil();
      const mail = `${path}${path.includes("?") ? "&" : "?"}utm_source=mail&secret=1`;
      const page = await startLate(mail);
      await bookAndLeave(page, "/plain");
      assert.equal((await journalKeys(page)).length, 2);
      const stored = await page.evaluate(() => JSON.stringify(localStorage));
      assert.ok(!stored.includes("lovelace") && !stored.includes("secret"), stored);
      await sendMarker(page, collector);
      assert.equal((await collector.stats()).requests, 1, "the journal sends nothing");
      await collector.reset();
      site.releaseChunks();
      site.breakChunks(0);
      const next = await openPage(context, `${site.url}/page`);
      await startTracker(next, collector.url);
      await collector.wait({ received: 2 });
      const events = await collector.events();
      assert.deepEqual(names(events), ["booking_started", "booking_completed"]);
      const [{ properties, distinctId }] = events;
      const pathname = path.split("?")[0];
      assert.equal(properties.token, PROJECT_KEY);
      assert.equal(properties.$current_url, site.url + pathname);
      assert.equal(properties.$pathname, pathname);
      assert.equal(properties.$device_id, distinctId);
      assert.equal(properties.error, undefined, "a text that nobody has looked into is not stored");
      assert.equal(properties.eventTypeId, 101);
      assert.equal(properties.attemptId, events[1].properties.attemptId);
      assert.equal(events[1].properties.bookingUid, COMPLETED.bookingUid);
      assert.equal(distinctId, events[1].distinctId);
      assert.equal(distinctId, await next.evaluate(() => tracker.getDistinctId()));
      await next.waitForFunction(() => tracker.stats().confirmed === 2);
      assert.deepEqual([...(await journalKeys(next)), ...(await storedRecords(next))], []);
      const { adopted, captured } = await stats(next);
      assert.deepEqual({ adopted, captured }, { adopted: 2, captured: 0 });
      assert.equal((await collector.stats()).copies, 2);
    });
  }
}

test("a page without a tracker sends nothing through a gate that is not known to be open", async () => {
  site.holdChunks();
  const page = await openPage(context, site.url + FORBIDDING);
  await page.evaluate(
    ([key, host]) => {
      window.tracker = new PostHogBookingTracker(key, { host, isTeamEnabled: () => new Promise(() => {}) });
    },
    [PROJECT_KEY, collector.url],
  );
  await bookAndLeave(page, "/plain");
  assert.equal((await journalKeys(page)).length, 2);
  site.releaseChunks();
  // The next page is not told either, and holds them.
  const second = await openPage(context, `${site.url}/page`);
  await second.evaluate(
    ([key, host]) => {
      window.tracker = new PostHogBookingTracker(key, { host, isTeamEnabled: () => new Promise(() => {}) });
    },
    [PROJECT_KEY, collector.url],
  );
  await second.waitForFunction(() => tracker.stats().held === 2);
  await sendMarker(second, collector);
  assert.equal((await collector.stats()).requests, 1);
  await second.close();
  await collector.reset();
  // The one after it learns that the team is tracked.
  const next = await openPage(context, `${site.url}/page`);
  await next.evaluate(
    ([key, host]) => {
      window.tracker = new PostHogBookingTracker(key, { host, isTeamEnabled: async (team) => team === "42" });
    },
    [PROJECT_KEY, collector.url],
  );
  await collector.wait({ received: 2 });
  assert.deepEqual(names(await collector.events()), ["booking_started", "booking_completed"]);
});

test("a page whose tracker is never found keeps its journal, and a later one counts what it has confirmed", async () => {
  site.breakChunks(100);
  const page = await openPage(context, site.url + FORBIDDING);
  await page.clock.install();
  await startTracker(page, collector.url);
  await page.evaluate((completed) => tracker.trackBookingCompleted(completed), COMPLETED);
  // The tries are seconds apart; the page's clock is wound on instead of waiting.
  const isReady = page.evaluate(() => tracker.ready.then(() => true));
  for (let tries = 0; tries < 8; tries++) await page.clock.runFor(4_000);
  assert.equal(await isReady, true);
  const { engine, captured, waiting } = await stats(page);
  assert.deepEqual([engine, captured, waiting], ["journal", 1, 1]);
  assert.equal((await journalKeys(page)).length, 1);
  assert.deepEqual(page.errors, []);
  await page.close();
  site.breakChunks(0);
  const next = await openPage(context, site.url + FORBIDDING);
  await startTracker(next, collector.url);
  await collector.wait({ received: 1 });
  await next.waitForFunction(() => tracker.stats().confirmed === 1);
  const counted = await stats(next);
  assert.deepEqual([counted.engine, counted.captured, counted.adopted, counted.waiting], ["no-wasm", 0, 1, 0]);
});

for (const path of Object.keys(LATE)) {
  test(`the counts go on from the journal to the tracker on a page of ${path}`, async () => {
    site.holdChunks();
    const page = await startLate(path);
    await page.evaluate((completed) => {
      tracker.trackBookingCompleted(completed);
      Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
      tracker.capture("later");
      tracker.capture("");
      delete document.visibilityState;
    }, COMPLETED);
    const before = await stats(page);
    assert.deepEqual([before.captured, before.waiting, before.dropped.invalid], [3, 2, 1]);
    site.releaseChunks();
    await page.waitForFunction(() => tracker.stats().confirmed >= 1);
    await page.evaluate(() => tracker.flush());
    await page.waitForFunction(() => tracker.stats().confirmed === 2);
    const { captured, adopted, confirmed, waiting, settledElsewhere, dropped } = await stats(page);
    assert.deepEqual([captured, adopted, confirmed, waiting, settledElsewhere, dropped.invalid], [3, 0, 2, 0, 0, 1]);
  });
}

test("a late answer that a team is not tracked leaves the identity to the tracker that uses it", async () => {
  site.holdChunks();
  const page = await openPage(context, `${site.url}/lazy`);
  await page.evaluate(
    ([key, host]) => {
      const late = new Promise((resolve) => {
        window.answer = resolve;
      });
      window.tracker = new PostHogBookingTracker(key, { host, isTeamEnabled: (team) => (team === "1" ? late : true) });
      tracker.capture("one", { teamId: 1 });
      tracker.trackBookingCompleted({ bookingId: 1, bookingUid: "x", teamId: 2 });
    },
    [PROJECT_KEY, collector.url],
  );
  site.releaseChunks();
  await ready(page);
  await page.waitForFunction(() => tracker.stats().confirmed === 1);
  await page.evaluate(() => answer(false));
  await page.waitForFunction(() => tracker.stats().dropped.gate_shut === 1);
  assert.ok((await storedKeys(page)).some((key) => key.includes("identity")));
  const [{ distinctId }] = await collector.events();
  assert.equal(distinctId, await page.evaluate(() => tracker.getDistinctId()));
});

test("a file that fails to load is asked for again", async () => {
  site.breakChunks(1);
  const page = await openPage(context, site.url + FORBIDDING);
  await startTracker(page, collector.url);
  await page.evaluate((completed) => tracker.trackBookingCompleted(completed), COMPLETED);
  await ready(page);
  assert.equal((await stats(page)).engine, "no-wasm");
  await collector.wait({ received: 1 });
  assert.deepEqual(page.errors, []);
});

test("a page that books by the script tag asks for nothing but the script", async () => {
  const page = await openPage(context, `${site.url}/page`);
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  await startTracker(page, collector.url);
  assert.equal((await stats(page)).engine, "wasm");
  await page.evaluate((completed) => tracker.trackBookingCompleted(completed), COMPLETED);
  await page.waitForFunction(() => tracker.stats().confirmed === 1);
  assert.deepEqual(
    asked.filter((url) => url.startsWith(site.url)),
    [],
  );
});

for (const path of Object.keys(LATE)) {
  test(`whoever opts out on a page of ${path} before the tracker is there erases the journal at once`, async () => {
    site.holdChunks();
    const page = await startLate(path);
    const kept = await page.evaluate((completed) => {
      tracker.trackBookingCompleted(completed);
      const keys = () => Object.keys(localStorage).filter((key) => key.startsWith("phbt:"));
      const before = keys().filter((key) => key.includes("journal")).length;
      tracker.optOut();
      return { before, after: keys().map((key) => key.split(":")[1]), consent: tracker.consent() };
    }, COMPLETED);
    assert.deepEqual(kept, { before: 1, after: ["consent"], consent: "denied" });
    assert.equal((await stats(page)).dropped.no_consent, 1);
    site.releaseChunks();
    await page.waitForFunction(() => tracker.stats().engine !== "journal");
    await page.evaluate(() => tracker.capture("later"));
    await sendMarker(page, collector);
    assert.equal((await collector.stats()).requests, 1);
    assert.deepEqual(
      (await storedKeys(page)).map((key) => key.split(":")[1]),
      ["consent"],
    );
    const { captured, waiting, dropped } = await stats(page);
    assert.deepEqual([captured, waiting, dropped.no_consent], [2, 0, 2]);
    assert.deepEqual(page.errors, []);
  });
}
