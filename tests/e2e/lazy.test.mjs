// Lazy pages: nothing but a facade is loaded until a team may be tracked, and what happens before the tracker is there has happened then.

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
  trackerFiles,
} from "./browser.mjs";
import { COMPLETED, collector, context, setStage, site } from "./stage.mjs";

setStage();

/** Opens a lazy page, and notes the tracker's files that it asks for. */
async function open() {
  let files = [];
  context.once("page", (page) => {
    files = trackerFiles(page);
  });
  const page = await openPage(context, `${site.url}/lazy`);
  return { page, files };
}

/** How a page says that its team is not tracked: by options that are made in the page. */
const UNTRACKED = {
  "a constant": () => ({ isTeamEnabled: false }),
  "a constant, for its own team": () => ({ isTeamEnabled: false, teamId: 42 }),
  "what its server said": () => ({ bootstrap: { teams: { 42: false } }, teamId: 42 }),
  "a callback": () => ({ isTeamEnabled: () => false, teamId: 42 }),
  "a callback, later": () => ({
    isTeamEnabled: (team) => new Promise((resolve) => setTimeout(() => resolve(team !== "42"))),
    teamId: 42,
  }),
};

/** Makes a tracker of options that are made in the page. */
const startBy = (page, options) =>
  page.evaluate(
    ([key, host, text]) => {
      // biome-ignore lint/security/noGlobalEval: functions cannot be carried over otherwise.
      window.tracker = new PostHogBookingTracker(key, { host, ...globalThis.eval(text)() });
    },
    [PROJECT_KEY, collector.url, `(${options})`],
  );

for (const [source, options] of Object.entries(UNTRACKED)) {
  test(`a team that is not tracked, by ${source}, has its page load nothing but the facade, and store nothing`, async () => {
    const { page, files } = await open();
    await startBy(page, options);
    await page.evaluate((completed) => {
      tracker.trackBookingStarted({ teamId: 42 });
      tracker.trackBookingCompleted(completed);
    }, COMPLETED);
    await page.waitForFunction(() => tracker.stats().dropped.gate_shut === 2);
    await page.evaluate(async () => {
      await tracker.flush();
      tracker.capture("later", { teamId: 42 });
      dispatchEvent(new PageTransitionEvent("pagehide"));
      await tracker.shutdown();
    });
    assert.deepEqual(await storedKeys(page), []);
    assert.deepEqual(await page.evaluate(() => indexedDB.databases()), []);
    assert.equal(await page.evaluate(() => tracker.isTeamTracked(42)), false);
    const { engine, captured, waiting, dropped } = await stats(page);
    assert.deepEqual([engine, captured, waiting, dropped.gate_shut], ["journal", 3, 0, 3]);
    await sendMarker(page, collector);
    assert.equal((await collector.stats()).requests, 1);
    assert.deepEqual(files, ["lazy.js"]);
    assert.deepEqual(page.errors, []);
  });
}

for (const [source, options] of Object.entries(UNTRACKED)) {
  test(`who the visitor is, is not stored for a team that is not tracked, by ${source}`, async () => {
    const { page, files } = await open();
    await startBy(page, options);
    await page.evaluate(async () => {
      tracker.identify("u-1");
      tracker.capture("slot_picked", { teamId: 42 });
    });
    await page.waitForFunction(() => tracker.stats().dropped.gate_shut === 1);
    await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pagehide")));
    assert.deepEqual(await storedKeys(page), []);
    assert.deepEqual(files, ["lazy.js"]);
  });
}

test("a tracked team's page loads the tracker once, and delivers what was captured before as it was", async () => {
  const { page, files } = await open();
  site.holdChunks();
  await startTracker(page, collector.url);
  const captured = await page.evaluate((completed) => {
    const from = Date.now();
    const made = [
      tracker.trackBookingStarted({ eventTypeId: 101, teamId: 42, note: "mine" }),
      tracker.capture("slot_picked", { teamId: 42 }, { uuid: "0199f2a4-1111-7abc-8def-123456789012" }),
      tracker.trackBookingCompleted(completed),
    ];
    history.pushState(null, "", "/later");
    return { made, from, until: Date.now(), href: location.href };
  }, COMPLETED);
  // The page's clock has gone on by the time the tracker comes.
  await page.waitForFunction((until) => Date.now() > until + 50, captured.until);
  site.releaseChunks();
  await collector.wait({ received: 3 });
  const events = await collector.events();
  assert.deepEqual(
    events.map(({ uuid, event }) => ({ uuid, event })),
    captured.made,
  );
  assert.equal(events[1].uuid, "0199f2a4-1111-7abc-8def-123456789012");
  const times = events.map(({ sentTimestamp }) => Date.parse(sentTimestamp));
  for (const [place, time] of times.entries()) {
    assert.ok(time >= captured.from && time <= captured.until + 3, `${place}: ${time - captured.from} ms`);
  }
  assert.equal(new Set(times).size, 3);
  for (const { properties } of events) assert.equal(properties.$current_url, `${site.url}/lazy`);
  assert.equal(events[0].properties.note, "mine");
  assert.ok(events[2].properties.elapsedMs <= captured.until - captured.from + 1);
  await ready(page);
  assert.equal((await stats(page)).engine, "wasm");
  assert.deepEqual(files, ["lazy.js", "index.js"]);
  assert.deepEqual(page.errors, []);
});

test("a booking whose page is left before the tracker comes is the next page's, about the same visitor", async () => {
  site.holdChunks();
  const { page } = await open();
  await startTracker(page, collector.url);
  const made = await page.evaluate((completed) => {
    tracker.trackBookingStarted({ eventTypeId: 101, teamId: 42 });
    const { uuid } = tracker.trackBookingCompleted(completed);
    return { uuid, ms: Date.now() };
  }, COMPLETED);
  await page.goto(`${site.url}/plain`);
  site.releaseChunks();
  const next = (await open()).page;
  await startTracker(next, collector.url);
  await next.evaluate(() => tracker.capture("booking_page_viewed", { teamId: 42 }));
  await next.evaluate(() => tracker.trackBookingFailed({ error: "x", teamId: 42 }));
  await collector.wait({ received: 4 });
  await next.waitForFunction(() => tracker.stats().waiting === 0);
  const events = Object.fromEntries((await collector.events()).map((event) => [event.event, event]));
  const { booking_completed: completed, booking_started: started } = events;
  assert.equal(completed.uuid, made.uuid);
  assert.ok(Math.abs(Date.parse(completed.sentTimestamp) - made.ms) < 1_000, completed.sentTimestamp);
  assert.equal(completed.properties.bookingUid, COMPLETED.bookingUid);
  assert.match(completed.properties.attemptId, /^[0-9a-f-]{36}$/);
  assert.equal(completed.properties.attemptId, started.properties.attemptId);
  assert.equal(new Set(Object.values(events).map(({ distinctId }) => distinctId)).size, 1);
  assert.equal(new Set(Object.values(events).map(({ properties }) => properties.$device_id)).size, 1);
  assert.deepEqual([...(await journalKeys(next)), ...(await storedRecords(next))], []);
  await sendMarker(next, collector);
  const { received, copies } = await collector.stats();
  assert.deepEqual({ received, copies }, { received: 5, copies: 5 });
});

test("a visitor that a left page has named is that person on the next page, and the event says so", async () => {
  site.holdChunks();
  const { page } = await open();
  await startTracker(page, collector.url);
  await page.evaluate((completed) => {
    tracker.capture("slot_picked", { teamId: 42 });
    tracker.identify("u-1");
    tracker.trackBookingCompleted(completed);
  }, COMPLETED);
  await page.goto(`${site.url}/plain`);
  site.releaseChunks();
  const next = (await open()).page;
  await startTracker(next, collector.url);
  await collector.wait({ received: 3 });
  const events = Object.fromEntries((await collector.events()).map((event) => [event.event, event]));
  assert.equal(events.booking_completed.distinctId, "u-1");
  assert.equal(events.$identify.distinctId, "u-1");
  assert.equal(events.$identify.properties.$anon_distinct_id, events.slot_picked.distinctId);
});

test("flush() settles while the tracker does not come; what waits stays in the journal for the next page", async () => {
  site.holdChunks();
  const { page } = await open();
  await startTracker(page, collector.url);
  await page.evaluate((completed) => tracker.trackBookingCompleted(completed), COMPLETED);
  await page.evaluate(() => Promise.all([tracker.flush(), tracker.reloadFeatureFlags()]));
  const { engine, waiting } = await stats(page);
  assert.deepEqual([engine, waiting], ["journal", 1]);
  await page.evaluate(() => tracker.shutdown());
  assert.equal((await journalKeys(page)).length, 1);
  assert.equal((await collector.stats()).requests, 0);
  await page.close();
  site.releaseChunks();
  const next = (await open()).page;
  await startTracker(next, collector.url);
  await collector.wait({ received: 1 });
  await next.waitForFunction(() => tracker.stats().confirmed === 1);
  assert.deepEqual(await journalKeys(next), []);
});

test("what earlier pages left is sent by a page that captures nothing, and loads the tracker for it", async () => {
  site.holdChunks();
  const { page } = await open();
  await startTracker(page, collector.url);
  await page.evaluate((completed) => tracker.trackBookingCompleted(completed), COMPLETED);
  await page.close();
  site.releaseChunks();
  const next = await open();
  await startTracker(next.page, collector.url, { isTeamEnabled: undefined, bootstrap: { teams: { 42: true } } });
  await collector.wait({ received: 1 });
  assert.deepEqual(next.files, ["lazy.js", "index.js"]);
});

for (const kind of ["with locks", "without locks"]) {
  test(`two tabs that replay what a page has left make one row of each event (${kind})`, async () => {
    site.holdChunks();
    const { page } = await open();
    await startTracker(page, collector.url);
    await page.evaluate((completed) => {
      tracker.trackBookingStarted({ eventTypeId: 101, teamId: 42 });
      tracker.identify("u-1");
      tracker.trackBookingCompleted(completed);
    }, COMPLETED);
    await page.goto(`${site.url}/plain`);
    assert.equal((await journalKeys(page)).length, 3);
    // Old enough to be everybody's.
    await page.evaluate(() => {
      for (const [key, text] of Object.entries(localStorage)) {
        const [, noun, project, ms, ...rest] = key.split(":");
        if (noun !== "journal") continue;
        const older = (Number.parseInt(ms, 36) - 120_000).toString(36);
        localStorage.removeItem(key);
        localStorage.setItem(["phbt", noun, project, older, ...rest].join(":"), text);
      }
    });
    site.releaseChunks();
    if (kind === "without locks") {
      await context.addInitScript(() => Object.defineProperty(navigator, "locks", { value: undefined }));
    }
    const tabs = [(await open()).page, (await open()).page];
    await Promise.all(tabs.map((tab) => startTracker(tab, collector.url)));
    await collector.wait({ received: 3 });
    for (const tab of tabs) {
      await tab.waitForFunction(
        () => tracker.stats().waiting === 0 && !Object.keys(localStorage).some((key) => /^phbt:(1|journal):/.test(key)),
      );
    }
    for (const tab of tabs) await sendMarker(tab, collector);
    const { names: rows, copies } = await collector.stats();
    assert.deepEqual(rows, { booking_started: 1, $identify: 1, booking_completed: 1, marker: 2 });
    assert.ok(copies <= (kind === "with locks" ? 5 : 8), `${copies} copies`);
    const events = await collector.events();
    const person = (name) => events.find(({ event }) => event === name).distinctId;
    assert.equal(person("booking_completed"), "u-1");
    assert.notEqual(person("booking_started"), "u-1");
    for (const tab of tabs) assert.deepEqual(tab.errors, []);
  });
}

test("a bad configuration is found when the tracker comes, and said once", async () => {
  const { page } = await open();
  const said = [];
  page.on("console", (message) => message.type() === "error" && said.push(message.text()));
  await startTracker(page, "eu.i.posthog.com", { teamId: 42 });
  await page.evaluate((completed) => tracker.trackBookingCompleted(completed), COMPLETED);
  await ready(page);
  assert.equal((await stats(page)).engine, "off");
  const own = said.filter((text) => text.includes("PostHogBookingTracker"));
  assert.equal(own.length, 1, said.join());
  assert.ok(own[0].includes("https://eu.i.posthog.com"), own[0]);
  assert.deepEqual(await storedKeys(page), []);
  assert.deepEqual(page.errors, []);
});
