// What is left of trackers that were shut down, as single-page applications make and end them: nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "./browser.mjs";
import { collector, context, setStage, site } from "./stage.mjs";

setStage();

const ROUNDS = 1_000;

test(`${ROUNDS} trackers that are made and shut down leave no instance, no listener and no memory behind`, async () => {
  const page = await openPage(context, `${site.url}/page`);
  const session = await context.newCDPSession(page);
  await page.evaluate(() => {
    const { Instance } = WebAssembly;
    window.instances = [];
    WebAssembly.Instance = class extends Instance {
      constructor(...given) {
        super(...given);
        window.instances.push(new WeakRef(this));
      }
    };
  });
  const play = (rounds) =>
    page.evaluate(
      async ([host, count]) => {
        for (let round = 0; round < count; round++) {
          const tracker = new window.PostHogBookingTracker("phc_e2e", { host, isTeamEnabled: true });
          await tracker.ready;
          tracker.capture("slot_selected");
          await tracker.shutdown();
        }
      },
      [collector.url, rounds],
    );
  const look = async () => {
    // What is unreachable is gone after a few collections, with a task in between.
    for (let time = 0; time < 4; time++) {
      await session.send("HeapProfiler.collectGarbage");
      await page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
    }
    const { jsEventListeners } = await session.send("Memory.getDOMCounters");
    const { usedSize } = await session.send("Runtime.getHeapUsage");
    const instances = await page.evaluate(() => window.instances.filter((one) => one.deref()).length);
    return { jsEventListeners, usedSize, instances };
  };
  await play(20);
  const before = await look();
  await play(ROUNDS);
  const after = await look();
  assert.ok(after.instances <= before.instances, `${after.instances} instances are alive, ${before.instances} were`);
  assert.ok(after.jsEventListeners <= before.jsEventListeners, JSON.stringify([before, after]));
  // Each round that left something would leave a kilobyte at least.
  assert.ok(after.usedSize < before.usedSize + ROUNDS * 500, JSON.stringify([before, after]));
  assert.deepEqual(page.errors, []);
});
