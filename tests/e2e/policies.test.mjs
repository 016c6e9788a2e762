// Content-Security-Policies: a page that forbids WebAssembly runs the tracker as JavaScript, one that allows it needs no second file.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage, ready, startTracker, stats, trackerFiles } from "./browser.mjs";
import { COMPLETED, collector, context, names, setStage, site } from "./stage.mjs";

setStage();

const POLICIES = ["allow-list", "nonce", "strict-dynamic", "trusted-types", "other-origin"];

/** Opens a page that notes what its policy reports, and the tracker's files that it asks for. */
async function openNoting(path) {
  await context.addInitScript(() => {
    window.violations = [];
    addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
      window.violations.push(`${violatedDirective} ${blockedURI}`);
    });
  });
  let files = [];
  context.once("page", (page) => {
    files = trackerFiles(page);
  });
  const page = await openPage(context, site.url + path);
  return { page, files };
}

for (const policy of POLICIES) {
  test(`under the policy "${policy}" a page books by the tracker as JavaScript`, async () => {
    const { page, files } = await openNoting(`/page?policy=${policy}`);
    await startTracker(page, collector.url);
    await page.evaluate((completed) => {
      tracker.trackBookingStarted({ eventTypeId: 101, teamId: 42 });
      tracker.trackBookingCompleted(completed);
    }, COMPLETED);
    await collector.wait({ received: 2 });
    const events = await collector.events();
    assert.deepEqual(names(events).sort(), ["booking_completed", "booking_started"]);
    assert.equal(new Set(events.map(({ distinctId }) => distinctId)).size, 1);
    await page.waitForFunction(() => tracker.stats().confirmed === 2);
    assert.equal((await stats(page)).engine, "no-wasm");
    assert.equal((await collector.stats()).copies, 2);
    assert.deepEqual(files, ["script.js", "no-wasm.js"]);
    const violations = await page.evaluate(() => window.violations);
    // A browser may report that WebAssembly was tried; nothing else may be against the policy.
    assert.ok(violations.length <= 1, violations.join());
    for (const violation of violations) assert.match(violation, /^script-src(-elem)? wasm-eval$/);
    assert.deepEqual(page.errors, []);
  });

  test(`under the policy "${policy}" with wasm-unsafe-eval a page books without a second file`, async () => {
    const { page, files } = await openNoting(`/page?policy=${policy}&wasm`);
    await startTracker(page, collector.url);
    assert.equal((await stats(page)).engine, "wasm");
    await page.evaluate((completed) => tracker.trackBookingCompleted(completed), COMPLETED);
    await collector.wait({ received: 1 });
    await page.waitForFunction(() => tracker.stats().confirmed === 1);
    assert.deepEqual(files, ["script.js"]);
    assert.deepEqual(await page.evaluate(() => window.violations), []);
    assert.deepEqual(page.errors, []);
  });
}

for (const [policy, engine, ...loaded] of [
  ["nonce", "no-wasm", "index.js", "no-wasm.js"],
  ["nonce&wasm", "wasm", "index.js"],
]) {
  test(`under the policy "${policy}" a lazy page loads ${loaded.join(" and ")} once`, async () => {
    const { page, files } = await openNoting(`/lazy?policy=${policy}`);
    await startTracker(page, collector.url);
    await page.evaluate((completed) => tracker.trackBookingCompleted(completed), COMPLETED);
    await collector.wait({ received: 1 });
    await ready(page);
    assert.equal((await stats(page)).engine, engine);
    assert.deepEqual(files, ["lazy.js", ...loaded]);
    assert.ok((await page.evaluate(() => window.violations)).length <= 1);
    assert.deepEqual(page.errors, []);
  });
}

test("a page without WebAssembly at all runs the tracker as JavaScript", async () => {
  await context.addInitScript(() => {
    delete globalThis.WebAssembly;
  });
  for (const path of ["/page", "/lazy"]) {
    await collector.reset();
    const page = await openPage(context, site.url + path);
    await startTracker(page, collector.url);
    await page.evaluate((completed) => tracker.trackBookingCompleted(completed), COMPLETED);
    await collector.wait({ received: 1 });
    assert.equal((await stats(page)).engine, "no-wasm");
    assert.deepEqual(page.errors, []);
  }
});
