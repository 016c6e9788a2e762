// Pages with libraries of the years before 2010, which replace built-ins: MooTools 1.5 (the real one) and what Prototype 1.6 replaces.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { startTracker, stats } from "./browser.mjs";
import { COMPLETED, collector, context, setStage, site } from "./stage.mjs";

setStage();

const load = createRequire(fileURLToPath(new URL("../../js/package.json", import.meta.url)));
const LIBRARIES = {
  "MooTools 1.5": `(function () { ${readFileSync(load.resolve("mootools"), "utf8")} }).call(window);`,
  "Prototype 1.6": readFileSync(new URL("prototype-1.6.js", import.meta.url), "utf8"),
};
const UUID = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

for (const [name, library] of Object.entries(LIBRARIES)) {
  for (const path of ["/page", "/page?policy=allow-list", "/lazy", "/no-wasm"]) {
    test(`${name} before the tracker, ${path}: events are whole, and at their time`, async () => {
      const page = await context.newPage();
      const errors = [];
      page.on("pageerror", (error) => errors.push(error.message));
      await page.addInitScript({ content: library });
      await page.goto(site.url + path);
      assert.equal(await page.evaluate(() => Array.from([1], (one) => one + 1)[0]), 1, "the library is there");
      await startTracker(page, collector.url, { teamId: 42, bootstrap: { distinctId: "alice" } });
      await page.evaluate((completed) => {
        tracker.trackBookingStarted({ nested: { list: [1, "two", { three: 3 }] }, date: new Date(0), text: 'a "b"' });
        tracker.trackBookingCompleted(completed);
      }, COMPLETED);
      await page.evaluate(() => tracker.flush().then(() => undefined));
      await collector.wait({ received: 2 });
      const events = await collector.events();
      for (const { event, uuid, timestamp } of events) {
        assert.match(uuid, UUID, event);
        assert.ok(Math.abs(Date.parse(timestamp) - Date.now()) < 60_000, `${event} at ${timestamp}`);
      }
      const { properties, distinctId } = events.find(({ event }) => event === "booking_started");
      assert.equal(distinctId, "alice");
      assert.deepEqual(properties.nested, { list: [1, "two", { three: 3 }] });
      assert.equal(properties.date, "1970-01-01T00:00:00.000Z");
      assert.equal(properties.text, 'a "b"');
      assert.equal((await stats(page)).waiting, 0);
      assert.deepEqual(errors, []);
    });
  }
}
