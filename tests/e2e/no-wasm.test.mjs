// The tracker as JavaScript, where a page must not run WebAssembly: it keeps every promise that the module keeps.

import assert from "node:assert/strict";
import { test } from "node:test";
import { mirrorHolds, openPage, PROJECT_KEY, ready, startTracker, stats, storedRecords } from "./browser.mjs";
import { COMPLETED, collector, context, names, setStage, site } from "./stage.mjs";

setStage();

const FORBIDDING = "/page?policy=allow-list";

/** Opens a page that forbids WebAssembly, with a running tracker. */
async function visit(options = {}, path = FORBIDDING) {
  const page = await openPage(context, site.url + path);
  await startTracker(page, collector.url, options);
  await ready(page);
  assert.equal((await stats(page)).engine, "no-wasm");
  return page;
}

for (const path of ["/no-wasm?utm_source=mail", `${FORBIDDING}&utm_source=mail`]) {
  test(`a page of ${path}, left for another origin in the tick of the booking, loses nothing`, async () => {
    const page = await visit({}, path);
    await page.evaluate(
      ([completed, target]) => {
        tracker.trackBookingStarted({ eventTypeId: 101, teamId: 42, error: "ask ada@lovelace.org" });
        tracker.trackBookingCompleted(completed);
        location.href = target;
      },
      [COMPLETED, `${site.otherUrl}/plain`],
    );
    await page.waitForURL("**/plain");
    await collector.wait({ received: 2 });
    const events = await collector.events();
    assert.deepEqual(names(events), ["booking_started", "booking_completed"]);
    const [{ properties, distinctId }] = events;
    assert.equal(properties.token, PROJECT_KEY);
    assert.equal(properties.$current_url, `${site.url}${path.split("?")[0]}?utm_source=mail`);
    assert.equal(properties.$pathname, path.split("?")[0]);
    assert.equal(properties.$device_id, distinctId);
    assert.equal(properties.error, "ask [email]");
    assert.equal(properties.attemptId, events[1].properties.attemptId);
    assert.match(properties.$session_id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  });
}

test("the entry that runs no WebAssembly is there at once", async () => {
  const page = await openPage(context, `${site.url}/no-wasm`);
  await startTracker(page, collector.url);
  const { engine, stored } = await page.evaluate((completed) => {
    tracker.trackBookingCompleted(completed);
    const stored = Object.keys(localStorage).filter((key) => /^phbt:\d/.test(key)).length;
    return { engine: tracker.stats().engine, stored };
  }, COMPLETED);
  assert.deepEqual({ engine, stored }, { engine: "no-wasm", stored: 1 });
  await collector.wait({ received: 1 });
});

test("a page that forbids WebAssembly delivers by itself, what earlier pages left included", async () => {
  const earlier = await openPage(context, `${site.url}/page`);
  await startTracker(earlier, collector.url);
  await collector.listen(false);
  await earlier.evaluate((completed) => tracker.trackBookingCompleted(completed), COMPLETED);
  await earlier.close();
  await collector.listen(true);
  const page = await visit();
  await page.evaluate(() => tracker.trackBookingFailed({ error: "no host", teamId: 42 }));
  await collector.wait({ received: 2 });
  await page.waitForFunction(() => tracker.stats().waiting === 0);
  assert.deepEqual(await storedRecords(page), []);
  assert.deepEqual(page.errors, []);
});

test("a page that forbids WebAssembly keeps what is not confirmed, and asks the gate first", async () => {
  const page = await openPage(context, site.url + FORBIDDING);
  await collector.fault({ kind: "status", status: 503 });
  await page.evaluate(
    ([key, host]) => {
      window.asked = 0;
      const isTeamEnabled = async () => {
        if (++window.asked === 1) throw new Error("not now");
        return true;
      };
      window.tracker = new PostHogBookingTracker(key, { host, isTeamEnabled, flushInterval: 100 });
    },
    [PROJECT_KEY, collector.url],
  );
  await ready(page);
  await page.evaluate((completed) => tracker.trackBookingCompleted(completed), COMPLETED);
  await collector.wait({ received: 1 });
  assert.equal((await collector.stats()).requests, 2);
  assert.equal(await page.evaluate(() => window.asked), 2);
  assert.deepEqual(page.errors, []);
});

test("a must-send event is not put off by what comes after it", async () => {
  const page = await visit({ flushInterval: 3_600_000 });
  await page.evaluate((completed) => {
    tracker.trackBookingCompleted(completed);
    tracker.capture("and_then");
  }, COMPLETED);
  await collector.wait({ received: 1 });
  assert.deepEqual(names(await collector.events()), ["booking_completed"]);
  await page.evaluate(() => tracker.flush());
  await collector.wait({ received: 2 });
});

test("it stops where the project key is refused, and rests after shutdown", async () => {
  const page = await openPage(context, site.url + FORBIDDING);
  await collector.fault({ kind: "status", status: 401, count: -1 });
  await startTracker(page, collector.url, { flushInterval: 100 });
  await ready(page);
  await page.evaluate(async (completed) => {
    tracker.trackBookingCompleted(completed);
    await tracker.flush();
    await tracker.flush();
    tracker.trackBookingFailed({ error: "x" });
    await tracker.shutdown();
  }, COMPLETED);
  assert.equal((await collector.stats()).requests, 1);
  assert.equal((await storedRecords(page)).length, 2);
});

test("an event that is forbidden alone waits for the next page, and nothing is lost", async () => {
  const page = await visit();
  // Both, then one of them alone.
  await collector.fault({ kind: "status", status: 403, count: 2 });
  await page.evaluate((completed) => {
    tracker.trackBookingStarted({ eventTypeId: 101 });
    tracker.trackBookingCompleted(completed);
  }, COMPLETED);
  await collector.wait({ received: 1, faultsMet: 2 });
  await page.waitForFunction(() => tracker.stats().confirmed === 1);
  assert.equal((await storedRecords(page)).length, 1);
  await page.reload();
  await startTracker(page, collector.url);
  await collector.wait({ received: 2 });
  await page.waitForFunction(() => tracker.stats().confirmed === 1);
  assert.deepEqual(await storedRecords(page), []);
  assert.equal((await stats(page)).dropped.forbidden, 0);
});

test("it takes over what only the mirror has, unless it is too old", async () => {
  const page = await visit();
  await collector.listen(false);
  await page.evaluate((completed) => {
    tracker.trackBookingStarted({ eventTypeId: 101 });
    tracker.trackBookingCompleted(completed);
  }, COMPLETED);
  await mirrorHolds(page, 2);
  await page.close();
  const plain = await openPage(context, `${site.url}/plain`);
  await plain.evaluate(() => {
    localStorage.clear();
    return new Promise((resolve) => {
      const opening = indexedDB.open("phbt");
      opening.onsuccess = () => {
        const transaction = opening.result.transaction("records", "readwrite");
        const store = transaction.objectStore("records");
        store.openCursor().onsuccess = ({ target: { result: cursor } }) => {
          const parts = cursor.key.split(":");
          parts[3] = (Date.now() - 8 * 24 * 3_600_000).toString(36);
          store.put(cursor.value, parts.join(":"));
          cursor.delete();
        };
        transaction.oncomplete = () => {
          opening.result.close();
          resolve();
        };
      };
    });
  });
  await collector.listen(true);
  const next = await visit();
  await collector.wait({ received: 1 });
  await next.waitForFunction(() => tracker.stats().dropped.expired === 1);
  await mirrorHolds(next, 0);
});

test("it unites storage and mirror as well", async () => {
  const page = await openPage(context, `${site.url}/page`);
  await startTracker(page, collector.url);
  await collector.listen(false);
  await page.evaluate((completed) => tracker.trackBookingCompleted(completed), COMPLETED);
  await mirrorHolds(page, 1);
  await page.evaluate(() => localStorage.clear());
  await page.close();
  await collector.listen(true);
  const next = await openPage(context, site.url + FORBIDDING);
  await startTracker(next, collector.url);
  await collector.wait({ received: 1 });
  assert.equal((await stats(next)).engine, "no-wasm");
});
