// The first call of a page: it is stored before anything else has loaded, and outlives a tab that dies in the same tick.

import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { journalKeys, openPage, PROJECT_KEY, startTracker, stats, storedRecords } from "./browser.mjs";
import { collector, context, names, setStage, site } from "./stage.mjs";

setStage();

/** Opens a page whose first script books and stands still, and has its tab die in that tick. */
async function crashInFirstTick(path) {
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  const query = new URLSearchParams({ first: "", key: PROJECT_KEY, host: collector.url });
  const standsStill = page.waitForRequest("**/never-answered");
  const opened = page.goto(`${site.url}${path}?${query}`).catch(() => {});
  await standsStill;
  const crashed = once(page, "crash");
  // Nobody is left to answer this.
  session.send("Page.crash").catch(() => {});
  await crashed;
  await opened;
  await page.close();
}

for (const [path, keysOf] of Object.entries({
  "/page": storedRecords,
  "/no-wasm": storedRecords,
  "/lazy": journalKeys,
})) {
  test(`a booking in the first script of ${path}, whose tab dies in the same tick, arrives by the next page`, async () => {
    // Whatever is sent in that tick is sent in vain.
    await collector.listen(false);
    await crashInFirstTick(path);
    await collector.listen(true);
    const plain = await openPage(context, `${site.url}/plain`);
    assert.equal((await keysOf(plain)).length, 1);
    const next = await openPage(context, `${site.url}/page`);
    await startTracker(next, collector.url);
    await collector.wait({ received: 1 });
    const [{ event, properties }] = await collector.events();
    assert.deepEqual([event, properties.bookingUid], ["booking_completed", "uid"]);
    await next.waitForFunction(() => tracker.stats().confirmed === 1);
    const { captured, adopted } = await stats(next);
    assert.deepEqual({ captured, adopted }, { captured: 0, adopted: 1 });
    assert.equal((await collector.stats()).copies, 1);
  });
}

test("the tracker is there at once: the first call of a page is stored when it returns", async () => {
  const page = await openPage(context, `${site.url}/page`);
  const { engine, isReady, stored } = await page.evaluate(
    ([key, host]) => {
      window.tracker = new PostHogBookingTracker(key, { host, isTeamEnabled: true });
      const { uuid } = tracker.capture("slot_picked");
      const stored = Object.keys(localStorage).filter((stored) => stored.endsWith(uuid));
      return { engine: tracker.stats().engine, isReady: tracker.ready instanceof Promise, stored };
    },
    [PROJECT_KEY, collector.url],
  );
  assert.deepEqual([engine, isReady, stored.length], ["wasm", true, 1]);
  await page.evaluate(() => tracker.flush());
  await collector.wait({ received: 1 });
  assert.deepEqual(names(await collector.events()), ["slot_picked"]);
});
