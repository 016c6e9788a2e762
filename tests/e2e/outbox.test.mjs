// The outbox in a real browser: the drain lock between tabs, the mirror in IndexedDB, compression, requests without an
// answer, a storage that somebody clears.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  mirrorHolds,
  openPage,
  ready,
  sendMarker,
  startTracker,
  stats,
  storedKeys,
  storedRecords,
  trackerFiles,
} from "./browser.mjs";
import { COMPLETED, collector, context, names, setStage, site } from "./stage.mjs";

setStage();

/** Opens a page with a running tracker. */
async function visit(options = {}) {
  const page = await openPage(context, `${site.url}/page`);
  await startTracker(page, collector.url, options);
  await ready(page);
  return page;
}

const completed = (page) => page.evaluate((properties) => tracker.trackBookingCompleted(properties), COMPLETED);

/** Holds the drain lock in this page until the function that it leaves at `letGo` is called. */
const holdLock = (page) =>
  page.evaluate(
    (name) =>
      new Promise((held) => {
        navigator.locks.request(name, () => {
          held();
          return new Promise((release) => {
            window.letGo = release;
          });
        });
      }),
    `phbt:drain:${PROJECT}`,
  );

/** `projectHash("phc_e2e")`. */
const PROJECT = ((text) => {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  return (hash >>> 0).toString(36);
})("phc_e2e");

test("what a killed browser has lost from localStorage comes back from the mirror", async () => {
  const page = await visit();
  await collector.listen(false);
  await completed(page);
  const [[key]] = await mirrorHolds(page, 1);
  assert.deepEqual(await storedRecords(page), [key]);
  // What a browser process that is killed leaves: a mirror, and a storage of some seconds before.
  await page.close();
  const plain = await openPage(context, `${site.url}/plain`);
  await plain.evaluate(() => localStorage.clear());
  await collector.listen(true);
  const next = await visit();
  await collector.wait({ received: 1 });
  await mirrorHolds(next, 0);
  assert.deepEqual(await storedRecords(next), []);
  const { adopted, confirmed } = await stats(next);
  assert.deepEqual({ adopted, confirmed }, { adopted: 1, confirmed: 1 });
});

test("a page that knows of no tracked team yet sends what only the mirror has", async () => {
  const page = await visit();
  await collector.listen(false);
  await completed(page);
  await mirrorHolds(page, 1);
  await page.close();
  const plain = await openPage(context, `${site.url}/plain`);
  await plain.evaluate(() => localStorage.clear());
  await collector.listen(true);
  // Nothing is captured here, and storage is empty: the mirror alone says that there is something to do.
  const next = await openPage(context, `${site.url}/page`);
  await startTracker(next, collector.url, { isTeamEnabled: undefined, bootstrap: { teams: { 42: true } } });
  await collector.wait({ received: 1 });
  await mirrorHolds(next, 0);
});

test("a page that nobody tracks stores and sends nothing, and asks for no file", async () => {
  const page = await openPage(context, `${site.url}/page`);
  const files = trackerFiles(page);
  await startTracker(page, collector.url, { isTeamEnabled: false, teamId: 42 });
  await completed(page);
  await page.evaluate(() => tracker.flush());
  await sendMarker(page, collector);
  assert.deepEqual(files, []);
  assert.equal((await collector.stats()).requests, 1);
  const { engine, dropped } = await stats(page);
  assert.deepEqual([engine, dropped.gate_shut], ["wasm", 1]);
  assert.deepEqual(await storedKeys(page), []);
});

test("what is confirmed leaves both storage and the mirror, and a later page finds nothing", async () => {
  const page = await visit();
  await completed(page);
  await page.waitForFunction(() => tracker.stats().confirmed === 1);
  assert.deepEqual(await storedRecords(page), []);
  await mirrorHolds(page, 0);
  const next = await visit();
  await next.evaluate(() => tracker.flush());
  assert.equal((await stats(next)).adopted, 0);
  assert.equal((await collector.stats()).copies, 1);
});

test("a record that a full storage refuses is in the mirror, and the next page sends it", async () => {
  const page = await visit();
  await collector.listen(false);
  await page.evaluate(() => {
    for (let size = 1 << 20; size >= 1; size >>= 1) {
      try {
        for (let index = 0; ; index++) localStorage.setItem(`filler${size}-${index}`, "x".repeat(size));
      } catch {
        // That is as full as it gets with this size.
      }
    }
  });
  await completed(page);
  await mirrorHolds(page, 1);
  assert.deepEqual(await storedRecords(page), []);
  await page.close();
  await collector.listen(true);
  await visit();
  await collector.wait({ received: 1 });
});

test("a mirror that is deleted under our hands does no harm", async () => {
  const page = await visit();
  await completed(page);
  await collector.wait({ received: 1 });
  await page.evaluate(
    () =>
      new Promise((deleted, failed) => {
        const request = indexedDB.deleteDatabase("phbt");
        request.onsuccess = deleted;
        // The tracker lets go at once; a page that keeps it open would be asked to close here.
        request.onblocked = failed;
      }),
  );
  await completed(page);
  await collector.wait({ received: 2 });
  assert.deepEqual(page.errors, []);
});

test("an ordinary event waits while another page holds the lock; one that is must-send does not", async () => {
  const other = await openPage(context, `${site.url}/plain`);
  await holdLock(other);
  const page = await visit({ flushInterval: 100 });
  await page.evaluate(() => {
    window.asked = 0;
    const request = navigator.locks.request;
    navigator.locks.request = function (...given) {
      window.asked++;
      return request.apply(this, given);
    };
    tracker.capture("slot_selected");
  });
  await page.waitForFunction(() => window.asked >= 3);
  assert.equal((await collector.stats()).received, 0);
  await completed(page);
  await collector.wait({ received: 2 });
  await other.evaluate(() => letGo());
  await page.evaluate(() => tracker.capture("slot_selected"));
  await collector.wait({ received: 3 });
  assert.equal((await collector.stats()).copies, 3);
});

test("tabs that live side by side send nothing twice", async () => {
  const pages = [await visit(), await visit(), await visit()];
  await Promise.all(
    pages.map((page, tab) =>
      page.evaluate(
        async ([number, properties]) => {
          for (let index = 0; index < 10; index++) tracker.capture("slot_selected", { number, index });
          tracker.trackBookingCompleted(properties);
          await tracker.flush();
        },
        [tab, COMPLETED],
      ),
    ),
  );
  await collector.wait({ received: 33 });
  const { received, copies } = await collector.stats();
  assert.deepEqual({ received, copies }, { received: 33, copies: 33 });
  // A page hears of its answer, and the others of what it removes, a moment after the collector has everything.
  for (const page of pages) {
    await page.waitForFunction(() => !Object.keys(localStorage).some((key) => key.startsWith("phbt:1:")));
  }
  assert.equal((await collector.stats()).copies, 33);
});

test("a lock that another page steals is done without, and asked for again", async () => {
  const page = await visit({ flushInterval: 100 });
  const other = await openPage(context, `${site.url}/plain`);
  await collector.fault({ kind: "hold", count: 1 });
  await page.evaluate(() => tracker.capture("slot_selected"));
  await collector.wait({ received: 1 });
  await other.evaluate(
    (name) =>
      new Promise((stolen) => {
        navigator.locks.request(name, { steal: true }, () => {
          stolen();
          return new Promise((release) => {
            window.letGo = release;
          });
        });
      }),
    `phbt:drain:${PROJECT}`,
  );
  await collector.release();
  await page.waitForFunction(() => tracker.stats().confirmed === 1);
  await page.evaluate(() => tracker.capture("date_changed"));
  await other.evaluate(() => letGo());
  await collector.wait({ received: 2 });
  assert.equal((await collector.stats()).copies, 2);
  assert.deepEqual(page.errors, []);
});

test("a body that is forbidden is split, and nothing of it is lost where its parts pass", async () => {
  const page = await visit();
  await collector.fault({ kind: "status", status: 403, count: 1 });
  await page.evaluate(async (properties) => {
    for (let index = 0; index < 3; index++) tracker.capture("slot_selected", { index });
    tracker.trackBookingCompleted(properties);
    await tracker.flush();
  }, COMPLETED);
  await collector.wait({ received: 4 });
  await page.waitForFunction(() => tracker.stats().waiting === 0);
  const { confirmed, dropped } = await stats(page);
  assert.deepEqual([confirmed, dropped.forbidden], [4, 0]);
});

test("a body that need not outlive the page is compressed", async () => {
  const page = await visit();
  const text = "so many words for so little ".repeat(150);
  await page.evaluate(async (words) => {
    for (let index = 0; index < 40; index++) tracker.capture("note_taken", { index, words });
    await tracker.flush();
  }, text);
  await collector.wait({ received: 40 });
  const [{ path, query }] = await collector.requests();
  assert.match(`${path}${query ?? ""}`, /compression=gzip-js/);
  const events = await collector.events();
  assert.ok(events.every(({ properties }) => properties.words === text));
  assert.equal((await collector.stats()).preflights, 0);
});

test("a page that is left while a body is compressed hands over what fits, and loses nothing", async () => {
  const page = await visit();
  await page.evaluate((words) => {
    // A compressor that never comes to an end.
    window.CompressionStream = class {
      constructor() {
        Object.assign(this, new TransformStream({ transform: () => new Promise(() => {}) }));
      }
    };
    for (let index = 0; index < 40; index++) tracker.capture("note_taken", { index, words });
    void tracker.flush();
    location.href = "/plain";
  }, "x".repeat(4_000));
  await page.waitForURL(/plain/);
  const { received } = await collector.wait({ received: 10 });
  assert.equal((await storedRecords(page)).length, 40, `${received} are on their way, none is confirmed`);
  await visit();
  await collector.wait({ received: 40 });
});

test("a request that nobody answers is given up, and what it carried is sent again", async () => {
  const page = await visit({ requestTimeout: 1_000 });
  await collector.fault({ kind: "hang", count: 1 });
  await completed(page);
  await collector.wait({ received: 1 });
  const [first, second] = await collector.requests();
  assert.equal(first.fault, "hang");
  assert.ok(second, "a second attempt");
  await page.waitForFunction(() => tracker.stats().confirmed === 1);
});

test("what is cleared while a page holds it is stored again before it is sent", async () => {
  const page = await visit();
  await collector.listen(false);
  await page.evaluate(() => tracker.capture("slot_selected"));
  await page.evaluate(() => localStorage.clear());
  await page.evaluate(() => tracker.capture("date_changed"));
  assert.equal((await storedRecords(page)).length, 2);
  await collector.listen(true);
  await page.evaluate(() => tracker.flush());
  await collector.wait({ received: 2 });
  assert.deepEqual(names(await collector.events()).sort(), ["date_changed", "slot_selected"]);
});
