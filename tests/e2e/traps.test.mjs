// Traps: a module that dies under a call, a timer, a leave or an answer never shows it to the page, and loses nothing that is stored.

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

/** Opens a page whose module can be made to trap, with a running tracker. The page notes what its error handlers hear. */
async function visit(options = {}) {
  const page = await openPage(context, `${site.url}/module`);
  await page.evaluate(() => {
    window.heard = [];
    addEventListener("error", ({ message }) => window.heard.push(message));
    addEventListener("unhandledrejection", ({ reason }) => window.heard.push(String(reason)));
  });
  await startTracker(page, collector.url, { debug: true, ...options });
  await ready(page);
  return page;
}

/**
 * Makes the module of a page trap on this needle, so many times at most. The page counts its traps, of which the tracker speaks in
 * debug.
 */
const plant = (page, needle, times = 1) =>
  page.evaluate(
    ([text, most]) => {
      globalThis.plantedTrap = text;
      window.traps = 0;
      const { debug } = console;
      console.debug = (...said) => {
        debug(...said);
        if (/has trapped/.test(said.join())) window.traps++;
        if (window.traps >= most) delete globalThis.plantedTrap;
      };
    },
    [needle, times],
  );

const trapped = (page, times) => page.waitForFunction((count) => window.traps >= count, times);

/** No error handler of the page has heard of anything. */
async function isUndisturbed(page) {
  assert.deepEqual(await page.evaluate(() => window.heard), []);
  assert.deepEqual(page.errors, []);
}

/** The uuids in quarantine, with the version that has trapped on each. */
const quarantine = async (page) => {
  const [key] = (await storedKeys(page)).filter((stored) => stored.startsWith("phbt:quarantine:"));
  return key ? JSON.parse(await page.evaluate((stored) => localStorage.getItem(stored), key)) : {};
};

test("a module that traps on a capture leaves the page working and the events safe", async () => {
  const page = await visit();
  await plant(page, "poison", 2);
  // Looked at in the task of the captures, before anything can have been confirmed.
  const safe = await page.evaluate((completed) => {
    tracker.capture("before");
    tracker.capture("poison", { first: true });
    tracker.capture("after");
    tracker.trackBookingCompleted(completed);
    return Object.keys(localStorage).filter((key) => /^phbt:(\d|journal)/.test(key)).length;
  }, COMPLETED);
  // The event in between can wait, and does so in memory: the fresh instance is made in the next task.
  assert.equal(safe, 3);
  // A fresh instance delivers what did not trap.
  await collector.wait({ received: 3 });
  assert.deepEqual(names(await collector.events()).sort(), ["after", "before", "booking_completed"]);
  await page.evaluate(() => tracker.capture("later"));
  await page.evaluate(() => tracker.flush());
  await collector.wait({ received: 4 });
  await page.waitForFunction(() => tracker.stats().waiting === 1);
  assert.deepEqual(await storedRecords(page), []);
  const [entry, ...more] = await journalKeys(page);
  assert.deepEqual(more, []);
  const { trapped, args } = JSON.parse(await page.evaluate((key) => localStorage.getItem(key), entry));
  const [[uuid, version]] = Object.entries(await quarantine(page));
  assert.ok(entry.endsWith(uuid));
  assert.deepEqual([trapped, args[0]], [version, "poison"]);
  const { engine, captured, adopted, confirmed, waiting } = await stats(page);
  // The count of what the first instance had taken has gone with it: a fresh one finds it in storage, and counts that.
  assert.deepEqual([engine, captured, adopted, confirmed, waiting], ["wasm", 4, 1, 4, 1]);
  assert.equal(await page.evaluate(() => window.traps), 1);
  await isUndisturbed(page);
  await page.close();
  // The next page's module runs, and leaves alone what has killed one of its version.
  const next = await visit();
  await plant(next, "poison");
  await next.evaluate(() => tracker.trackBookingFailed({ error: "x" }));
  await collector.wait({ received: 5 });
  await sendMarker(next, collector);
  assert.equal((await collector.stats()).names.poison, undefined);
  assert.deepEqual(await journalKeys(next), [entry]);
  assert.equal((await stats(next)).engine, "wasm");
  assert.equal(await next.evaluate(() => window.traps), 0);
  await isUndisturbed(next);
});

test("another version tries what has trapped again, and it arrives as it was captured", async () => {
  const page = await visit();
  await plant(page, "poison");
  const { uuid } = await page.evaluate(() => tracker.capture("poison", { bookingUid: "uid", teamId: 42 }));
  const visitor = await page.evaluate(() => tracker.getDistinctId());
  await trapped(page, 1);
  await page.close();
  const [entry] = await makeOlder();
  const next = await visit();
  await collector.wait({ received: 1 });
  const [event] = await collector.events();
  assert.deepEqual([event.event, event.uuid, event.distinctId], ["poison", uuid, visitor]);
  assert.equal(event.properties.bookingUid, "uid");
  assert.ok(entry.endsWith(uuid));
  await next.waitForFunction(() => tracker.stats().confirmed === 1);
  assert.deepEqual([...(await journalKeys(next)), ...(await storedRecords(next))], []);
  // The quarantine is tidied at the next start.
  await next.close();
  assert.deepEqual(await quarantine(await visit()), {});
  assert.equal((await collector.stats()).copies, 1);
});

/** Makes everything that has trapped a matter of another version; gives the keys of the journal. */
async function makeOlder() {
  const plain = await openPage(context, `${site.url}/plain`);
  await plain.evaluate(() => {
    for (const [key, text] of Object.entries(localStorage)) {
      const stored = () => JSON.parse(text);
      if (key.startsWith("phbt:quarantine:")) {
        const uuids = Object.keys(stored());
        localStorage.setItem(key, JSON.stringify(Object.fromEntries(uuids.map((uuid) => [uuid, "0.0.1"]))));
      }
      if (key.startsWith("phbt:journal:")) localStorage.setItem(key, JSON.stringify({ ...stored(), trapped: "0.0.1" }));
    }
  });
  const keys = await journalKeys(plain);
  await plain.close();
  return keys;
}

test("a record that kills instances is left alone by this version, and kills no later page", async () => {
  // A record of an earlier page: the instance that reads it dies of it.
  const page = await visit();
  await collector.listen(false);
  const { uuid } = await page.evaluate(() => tracker.capture("poison"));
  await page.close();
  await collector.listen(true);
  await context.addInitScript(() => {
    globalThis.plantedTrap = "poison";
  });
  const victim = await visit();
  await victim.waitForFunction(() => Object.keys(localStorage).some((key) => key.includes("quarantine")));
  await victim.evaluate((completed) => tracker.trackBookingCompleted(completed), COMPLETED);
  await collector.wait({ received: 1 });
  assert.equal((await stats(victim)).engine, "wasm");
  assert.deepEqual(Object.keys(await quarantine(victim)), [uuid]);
  assert.equal((await storedRecords(victim)).filter((key) => key.endsWith(uuid)).length, 1);
  await isUndisturbed(victim);
  await victim.close();
  const next = await visit();
  await next.evaluate(() => tracker.trackBookingFailed({ error: "x" }));
  await collector.wait({ received: 2 });
  assert.equal((await stats(next)).engine, "wasm");
  assert.deepEqual(names(await collector.events()).sort(), ["booking_completed", "booking_failed"]);
  await isUndisturbed(next);
});

test("a quarantined record is left alone by this version; another one tries it, when its gate is open", async () => {
  const page = await visit();
  await collector.listen(false);
  const { uuid } = await page.evaluate(() => tracker.capture("poison", { teamId: 42 }));
  await page.close();
  await collector.listen(true);
  const victim = await openPage(context, `${site.url}/module`);
  await victim.evaluate(() => {
    globalThis.plantedTrap = "poison";
  });
  await startTracker(victim, collector.url);
  await victim.waitForFunction(() => Object.keys(localStorage).some((key) => key.includes("quarantine")));
  await victim.close();
  const again = await visit();
  await again.evaluate(() => tracker.capture("later", { teamId: 42 }));
  await again.evaluate(() => tracker.flush());
  await collector.wait({ received: 1 });
  assert.deepEqual(names(await collector.events()), ["later"]);
  assert.equal((await storedRecords(again)).length, 1);
  await isUndisturbed(again);
  await again.close();
  await makeOlder();
  // Nobody says yet that its team is tracked.
  const next = await openPage(context, `${site.url}/module`);
  await next.evaluate(
    ([key, host]) => {
      const isTeamEnabled = () =>
        new Promise((resolve) => {
          window.open42 = () => resolve(true);
        });
      window.tracker = new PostHogBookingTracker(key, { host, isTeamEnabled });
    },
    [PROJECT_KEY, collector.url],
  );
  await next.waitForFunction(() => tracker.stats().held === 1);
  await sendMarker(next, collector);
  assert.deepEqual(names(await collector.events()), ["later", "marker"]);
  await next.evaluate(() => open42());
  await collector.wait({ received: 3 });
  const poison = (await collector.events()).find(({ event }) => event === "poison");
  assert.equal(poison.uuid, uuid);
  await next.waitForFunction(() => tracker.stats().confirmed === 1);
  assert.deepEqual(await storedRecords(next), []);
  assert.deepEqual(next.errors, []);
});

/** Where a trap is planted that is no call of the page, and what makes it spring. */
const PLACES = {
  "@woke": () => tracker.capture("first"),
  "@leaving": () => {
    tracker.capture("first");
    dispatchEvent(new PageTransitionEvent("pagehide"));
    dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
  },
  "@answered": () => {
    tracker.capture("first");
    void tracker.flush();
  },
};

for (const [needle, spring] of Object.entries(PLACES)) {
  test(`a trap at ${needle} is never heard of: the page goes on by a fresh instance, and nothing is lost`, async () => {
    const page = await visit({ flushInterval: 100 });
    await plant(page, needle);
    await page.evaluate(spring);
    await trapped(page, 1);
    await page.waitForFunction(() => tracker.stats().engine === "wasm");
    await page.evaluate((completed) => tracker.trackBookingCompleted(completed), COMPLETED);
    await page.evaluate(() => tracker.flush());
    await collector.wait({ received: 2 });
    assert.deepEqual(names(await collector.events()).sort(), ["booking_completed", "first"]);
    await page.waitForFunction(() => !Object.keys(localStorage).some((key) => /^phbt:(1|journal):/.test(key)));
    assert.equal(await page.evaluate(() => window.traps), 1);
    await isUndisturbed(page);
  });

  test(`a page whose module traps twice at ${needle} keeps its journal only, and the next page delivers`, async () => {
    // One instance traps after the other, as long as something lies there to be sent.
    await collector.fault({ kind: "status", status: 503, count: -1 });
    const page = await visit({ flushInterval: 100 });
    await plant(page, needle, 2);
    await page.evaluate(spring);
    await trapped(page, 1);
    // The fresh instance may have met the needle by itself.
    await page.waitForFunction(() => window.traps === 2 || tracker.stats().engine === "wasm");
    await page.evaluate(spring);
    await trapped(page, 2);
    assert.equal((await stats(page)).engine, "journal");
    const isKept = await page.evaluate(async (completed) => {
      const { uuid } = tracker.trackBookingCompleted(completed);
      const isKept = Object.keys(localStorage).some((key) => key.startsWith("phbt:journal:") && key.endsWith(uuid));
      tracker.capture("last");
      await tracker.flush();
      return isKept;
    }, COMPLETED);
    assert.equal(isKept, true);
    await isUndisturbed(page);
    await page.goto(`${site.url}/plain`);
    assert.equal([...(await journalKeys(page)), ...(await storedRecords(page))].length, 4);
    await collector.reset();
    await visit();
    await collector.wait({ received: 4 });
    assert.deepEqual(names(await collector.events()).sort(), ["booking_completed", "first", "first", "last"]);
  });
}

test("a tracker that traps while it shuts down is shut down when the page asks again", async () => {
  const page = await visit();
  await plant(page, "@answered");
  await page.evaluate(async () => {
    tracker.capture("first");
    await tracker.shutdown();
  });
  await trapped(page, 1);
  await page.waitForFunction(() => tracker.stats().engine === "wasm");
  const dropped = await page.evaluate(async () => {
    await tracker.shutdown();
    tracker.capture("late");
    return tracker.stats().dropped.shut_down;
  });
  assert.equal(dropped, 1);
  await isUndisturbed(page);
});

test("the mirror of a dead instance keeps nobody waiting who deletes it", async () => {
  const page = await visit();
  await page.evaluate((completed) => tracker.trackBookingCompleted(completed), COMPLETED);
  await collector.wait({ received: 1 });
  // Two traps: no fresh instance has the mirror open beside the dead ones.
  await plant(page, "poison", 2);
  await page.evaluate(() => tracker.capture("poison"));
  await trapped(page, 1);
  await page.waitForFunction(() => tracker.stats().engine === "wasm");
  await page.evaluate(() => tracker.capture("poison", { second: true }));
  await trapped(page, 2);
  const deletion = await page.evaluate(
    () =>
      new Promise((resolve) => {
        const deleting = indexedDB.deleteDatabase("phbt");
        deleting.onblocked = () => resolve("blocked");
        deleting.onsuccess = () => resolve("deleted");
      }),
  );
  assert.equal(deletion, "deleted");
  await isUndisturbed(page);
});
