// Pages that make it hard: storage that is blocked or full, values that throw, built-ins that somebody has replaced.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage, ready, sendMarker, startTracker, stats } from "./browser.mjs";
import { COMPLETED, collector, context, names, setStage, site } from "./stage.mjs";

setStage();

/** The page for each build of the module. */
const PATHS = { wasm: "/page", "no-wasm": "/page?policy=allow-list" };

/** Opens a page whose tracker runs by this build. */
async function visit(engine) {
  const page = await openPage(context, site.url + PATHS[engine]);
  await startTracker(page, collector.url);
  await ready(page);
  assert.equal((await stats(page)).engine, engine);
  return page;
}

const STORAGE = {
  blocked: () => {
    const blocked = () => {
      throw new DOMException("blocked", "SecurityError");
    };
    Object.defineProperty(window, "localStorage", { get: blocked });
  },
  full: () => {
    let size = 2 ** 20;
    for (let index = 0; size > 0; index++) {
      try {
        localStorage.setItem(`filler${index}`, "x".repeat(size));
      } catch {
        size >>= 1;
      }
    }
  },
};
for (const [kind, prepare] of Object.entries(STORAGE)) {
  for (const [engine, path] of Object.entries(PATHS)) {
    test(`with storage ${kind} the ${engine} sends from memory`, async () => {
      const page = await context.newPage();
      page.errors = [];
      page.on("pageerror", (error) => page.errors.push(error.message));
      await page.addInitScript(prepare);
      await page.goto(site.url + path);
      await startTracker(page, collector.url);
      await page.evaluate(() => tracker.capture("early"));
      await ready(page);
      await page.evaluate((completed) => {
        tracker.capture("late");
        tracker.trackBookingCompleted(completed);
      }, COMPLETED);
      await collector.wait({ received: 3 });
      assert.equal((await stats(page)).engine, engine);
      assert.equal((await collector.stats()).copies, 3);
      assert.deepEqual(page.errors, []);
    });
  }
}

for (const engine of Object.keys(PATHS)) {
  test(`hostile properties neither throw into the page nor stop later events (${engine})`, async () => {
    const page = await visit(engine);
    await page.evaluate(async (completed) => {
      const circular = { fine: 1 };
      circular.self = circular;
      tracker.capture("circular", circular);
      tracker.capture("bigint", { large: 2n ** 64n, fine: 1 });
      tracker.capture("getter", {
        get bad() {
          throw new Error("bad");
        },
        fine: 1,
      });
      tracker.capture("surrogate", { text: "\ud800", pair: "😀", fine: 1 });
      tracker.capture("odd", {
        nan: NaN,
        date: new Date(0),
        gone: undefined,
        code: () => 1,
        fine: 1,
        max: Number.MAX_VALUE,
      });
      tracker.capture("json", { toJSON: () => "text" });
      tracker.capture("list", [1, 2]);
      tracker.capture("none", null);
      tracker.capture(
        "proxy",
        new Proxy(
          {},
          {
            ownKeys() {
              throw new Error("bad");
            },
          },
        ),
      );
      tracker.trackBookingCompleted(null);
      tracker.trackBookingFailed(undefined);
      tracker.trackBookingCompleted(completed);
      await tracker.flush();
    }, COMPLETED);
    await collector.wait({ received: 12 });
    const events = Object.fromEntries((await collector.events()).map(({ event, properties }) => [event, properties]));
    for (const event of ["circular", "bigint", "getter", "surrogate", "odd"])
      assert.equal(events[event].fine, 1, event);
    assert.equal(events.bigint.large, "18446744073709551616");
    assert.equal(events.surrogate.text, "\ufffd");
    assert.equal(events.surrogate.pair, "😀");
    assert.equal(events.odd.date, "1970-01-01T00:00:00.000Z");
    assert.equal(events.odd.max, Number.MAX_VALUE);
    assert.deepEqual(page.errors, []);
  });
}

for (const engine of Object.keys(PATHS)) {
  test(`a page that has replaced what the tracker uses is not broken by it (${engine})`, async () => {
    const page = await openPage(context, site.url + PATHS[engine]);
    await page.evaluate(() => {
      const { setItem } = Storage.prototype;
      Storage.prototype.setItem = function (...args) {
        window.tracker?.capture("from_storage");
        Storage.prototype.setItem = setItem;
        return setItem.apply(this, args);
      };
      navigator.sendBeacon = () => {
        throw new Error("no beacon");
      };
    });
    await startTracker(page, collector.url);
    await ready(page);
    await page.evaluate((completed) => {
      const { fetch } = window;
      window.fetch = () => {
        window.fetch = fetch;
        tracker.capture("from_fetch");
        throw new Error("no fetch");
      };
      tracker.trackBookingCompleted(completed);
      window.location.href = "/plain";
    }, COMPLETED);
    await page.waitForURL("**/plain");
    await collector.wait({ received: 3 });
    assert.deepEqual(names(await collector.events()).sort(), ["booking_completed", "from_fetch", "from_storage"]);
    assert.deepEqual(page.errors, []);
  });
}

for (const engine of Object.keys(PATHS)) {
  test(`stats() from inside a storage call neither kills the engine nor doubles the event (${engine})`, async () => {
    const page = await visit(engine);
    await page.evaluate((completed) => {
      const { setItem } = Storage.prototype;
      Storage.prototype.setItem = function (...args) {
        window.inside = tracker.stats();
        return setItem.apply(this, args);
      };
      tracker.trackBookingCompleted(completed);
      Storage.prototype.setItem = setItem;
    }, COMPLETED);
    await collector.wait({ received: 1 });
    await page.waitForFunction(() => tracker.stats().confirmed === 1);
    assert.equal((await stats(page)).engine, engine);
    await sendMarker(page, collector);
    assert.equal((await collector.stats()).received, 2);
  });
}

for (const engine of Object.keys(PATHS)) {
  test(`texts that are no valid Unicode arrive by ${engine}`, async () => {
    const page = await visit(engine);
    await page.evaluate(async () => {
      tracker.identify("u\ud800");
      tracker.capture("a\ud800b", { text: "\udc00" });
      await tracker.flush();
    });
    await collector.wait({ received: 2 });
    const events = await collector.events();
    assert.deepEqual(names(events).sort(), ["$identify", "a\ufffdb"]);
    for (const { distinctId } of events) assert.equal(distinctId, "u\ufffd");
    assert.equal(events.find(({ event }) => event !== "$identify").properties.text, "\ufffd");
  });
}
