// The keel: a page whose engine is late, forbidden, broken or dead loses nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  mirrorHolds,
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

test("a page whose engine is late hands over what it captured", async () => {
  site.holdModule();
  const page = await openPage(context, `${site.url}/page`);
  await startTracker(page, collector.url);
  await page.evaluate((completed) => {
    tracker.trackBookingStarted({ eventTypeId: 101, teamId: 42 });
    tracker.trackBookingCompleted(completed);
  }, COMPLETED);
  assert.equal((await storedRecords(page)).length, 2);
  assert.deepEqual(await stats(page).then(({ engine, captured, waiting }) => [engine, captured, waiting]), [
    "keel",
    2,
    2,
  ]);
  site.releaseModule();
  await collector.wait({ received: 2 });
  assert.deepEqual(names(await collector.events()), ["booking_started", "booking_completed"]);
  await page.waitForFunction(() => tracker.stats().confirmed === 2);
  assert.deepEqual(await stats(page).then(({ engine, captured, adopted }) => [engine, captured, adopted]), [
    "wasm",
    2,
    0,
  ]);
  assert.equal((await collector.stats()).copies, 2);
  assert.deepEqual(page.errors, []);
});

test("an engine that comes when its page is being left does not send once more", async () => {
  site.holdModule();
  const page = await openPage(context, `${site.url}/page`);
  await startTracker(page, collector.url);
  await page.evaluate((completed) => {
    tracker.trackBookingCompleted(completed);
    dispatchEvent(new PageTransitionEvent("pagehide"));
  }, COMPLETED);
  await collector.wait({ received: 1 });
  const served = page.waitForResponse((response) => response.url().endsWith(".wasm"));
  site.releaseModule();
  await (await served).finished();
  // The module is there and compiled: only its page keeps it from starting.
  await page.evaluate(() => WebAssembly.compileStreaming(fetch("/tracker/tracker_bg.wasm")).then(() => undefined));
  assert.equal((await stats(page)).engine, "keel");
  assert.equal((await collector.stats()).copies, 1);
  // The page comes back: now there is an engine, which has the booking confirmed.
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true })));
  await page.waitForFunction(() => tracker.stats().confirmed === 1);
  assert.equal((await collector.stats()).copies, 2);
});

for (const [kind, start] of Object.entries({
  "whose engine is late": () => site.holdModule(),
  "that forbids WebAssembly": () => {},
  "whose module is never found": () => site.breakModule(100),
})) {
  test(`a page ${kind}, left in the tick of the booking, loses nothing`, async () => {
    start();
    const page = await openPage(context, `${site.url}/page?utm_source=mail${kind.includes("forbids") ? "&csp" : ""}`);
    await startTracker(page, collector.url);
    await bookAndLeave(page, `${site.otherUrl}/plain`);
    await collector.wait({ received: 2 });
    const events = await collector.events();
    assert.deepEqual(names(events), ["booking_started", "booking_completed"]);
    const [{ properties, distinctId }] = events;
    assert.equal(properties.token, PROJECT_KEY);
    assert.equal(properties.$current_url, `${site.url}/page?utm_source=mail`);
    assert.equal(properties.$pathname, "/page");
    assert.equal(properties.$device_id, distinctId);
    assert.equal(properties.error, "ask [email]");
    assert.equal(properties.attemptId, events[1].properties.attemptId);
    assert.match(properties.$session_id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  });
}

test("what a late engine's page has sent on leaving, the next page sends again as the same event", async () => {
  site.holdModule();
  const page = await openPage(context, `${site.url}/page`);
  await startTracker(page, collector.url);
  await bookAndLeave(page, "/plain");
  await collector.wait({ received: 2 });
  site.releaseModule();
  const next = await openPage(context, `${site.url}/page`);
  await startTracker(next, collector.url);
  await next.waitForFunction(() => tracker.stats().confirmed === 2);
  const { received, copies } = await collector.wait({ copies: 4 });
  assert.deepEqual([received, copies], [2, 4]);
  assert.deepEqual(await storedRecords(next), []);
});

test("a page that forbids WebAssembly delivers by itself, what earlier pages left included", async () => {
  const earlier = await openPage(context, `${site.url}/page`);
  await startTracker(earlier, collector.url);
  await ready(earlier);
  await collector.listen(false);
  await earlier.evaluate((completed) => tracker.trackBookingCompleted(completed), COMPLETED);
  await earlier.close();
  await collector.listen(true);
  const page = await openPage(context, `${site.url}/page?csp`);
  await startTracker(page, collector.url);
  await ready(page);
  await page.evaluate(() => tracker.trackBookingFailed({ error: "no host", teamId: 42 }));
  await collector.wait({ received: 2 });
  await page.waitForFunction(() => tracker.stats().waiting === 0);
  assert.deepEqual(await storedRecords(page), []);
  assert.equal((await stats(page)).engine, "keel");
  assert.deepEqual(page.errors, []);
});

test("a page that forbids WebAssembly keeps what is not confirmed, and asks the gate first", async () => {
  const page = await openPage(context, `${site.url}/page?csp`);
  await collector.fault({ kind: "status", status: 503 });
  await page.evaluate(
    ([key, host]) => {
      let asked = 0;
      const isTeamEnabled = async () => {
        if (++asked === 1) throw new Error("not now");
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
});

test("the keel sends nothing through a gate that is not known to be open", async () => {
  site.holdModule();
  const page = await openPage(context, `${site.url}/page`);
  await page.evaluate(
    ([key, host]) => {
      window.tracker = new PostHogBookingTracker(key, { host, isTeamEnabled: () => new Promise(() => {}) });
    },
    [PROJECT_KEY, collector.url],
  );
  await bookAndLeave(page, "/plain");
  assert.equal((await storedRecords(page)).length, 2);
  await sendMarker(page, collector);
  assert.equal((await collector.stats()).requests, 1);
  await collector.reset();
  site.releaseModule();
  // The next page learns that the team is tracked.
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

test("a page whose module is never found delivers by its keel, and counts what it has confirmed", async () => {
  site.breakModule(100);
  const page = await openPage(context, `${site.url}/page`);
  await collector.listen(false);
  await startTracker(page, collector.url);
  await page.evaluate((completed) => tracker.trackBookingCompleted(completed), COMPLETED);
  await page.close();
  await collector.listen(true);
  const next = await openPage(context, `${site.url}/page`);
  await next.clock.install();
  await startTracker(next, collector.url);
  // The tries are seconds apart; the page's clock is wound on instead of waiting.
  const isReady = next.evaluate(() => tracker.ready.then(() => true));
  for (let tries = 0; tries < 8; tries++) await next.clock.runFor(4_000);
  assert.equal(await isReady, true);
  await collector.wait({ received: 1 });
  await next.waitForFunction(() => tracker.stats().confirmed === 1);
  const { engine, captured, adopted, waiting } = await stats(next);
  assert.deepEqual([engine, captured, adopted, waiting], ["keel", 0, 1, 0]);
});

test("the counts go on from the keel to the engine", async () => {
  site.holdModule();
  const page = await openPage(context, `${site.url}/page`);
  await startTracker(page, collector.url);
  await page.evaluate((completed) => {
    tracker.trackBookingCompleted(completed);
    Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, COMPLETED);
  await page.waitForFunction(() => tracker.stats().confirmed === 1);
  await page.evaluate(() => tracker.capture("later"));
  site.releaseModule();
  await ready(page);
  const { engine, captured, adopted, confirmed, waiting } = await stats(page);
  assert.deepEqual([engine, captured, adopted, confirmed, waiting], ["wasm", 2, 0, 1, 1]);
});

test("a must-send event of a lone keel is not put off by what comes after it", async () => {
  const page = await openPage(context, `${site.url}/page?csp`);
  await startTracker(page, collector.url, { flushInterval: 3_600_000 });
  await ready(page);
  await page.evaluate((completed) => {
    tracker.trackBookingCompleted(completed);
    tracker.capture("and_then");
  }, COMPLETED);
  await collector.wait({ received: 2 });
});

test("a lone keel stops where the project key is refused, and rests after shutdown", async () => {
  const page = await openPage(context, `${site.url}/page?csp`);
  await collector.fault({ kind: "status", status: 401, count: -1 });
  await startTracker(page, collector.url, { flushInterval: 100 });
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

test("a lone keel leaves an event that is forbidden alone to the next page", async () => {
  const page = await openPage(context, `${site.url}/page?csp`);
  // Both, then the first alone.
  await collector.fault({ kind: "status", status: 403, count: 2 });
  await startTracker(page, collector.url);
  await page.evaluate((completed) => {
    tracker.trackBookingStarted({ eventTypeId: 101 });
    tracker.trackBookingCompleted(completed);
  }, COMPLETED);
  await collector.wait({ received: 1 });
  await page.waitForFunction(() => tracker.stats().confirmed === 1);
  assert.equal((await storedRecords(page)).length, 1);
  const next = await openPage(context, `${site.url}/page?csp`);
  await startTracker(next, collector.url);
  await collector.wait({ received: 2 });
  await next.waitForFunction(() => tracker.stats().confirmed === 1);
  assert.deepEqual(await storedRecords(next), []);
});

test("a lone keel takes over what only the mirror has, unless it is too old", async () => {
  const page = await openPage(context, `${site.url}/page?csp`);
  await collector.listen(false);
  await startTracker(page, collector.url);
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
  const next = await openPage(context, `${site.url}/page?csp`);
  await startTracker(next, collector.url);
  await collector.wait({ received: 1 });
  await next.waitForFunction(() => tracker.stats().dropped.expired === 1);
  await mirrorHolds(next, 0);
});

test("a late answer that a team is not tracked leaves the identity to the engine that uses it", async () => {
  site.holdModule();
  const page = await openPage(context, `${site.url}/page`);
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
  site.releaseModule();
  await ready(page);
  await page.waitForFunction(() => tracker.stats().confirmed === 1);
  await page.evaluate(() => answer(false));
  await page.waitForFunction(() => tracker.stats().dropped.gate_shut === 1);
  assert.ok((await storedKeys(page)).some((key) => key.includes("identity")));
});

test("texts that are no valid Unicode arrive, by the engine and by the keel", async () => {
  for (const query of ["", "?csp"]) {
    await collector.reset();
    const page = await openPage(context, `${site.url}/page${query}`);
    await startTracker(page, collector.url);
    await ready(page);
    await page.evaluate(async () => {
      tracker.identify("u\ud800");
      tracker.capture("a\ud800b", { text: "\udc00" });
      await tracker.flush();
    });
    await collector.wait({ received: query ? 1 : 2 });
    const events = await collector.events();
    assert.equal(events.at(-1).event, "a\ufffdb");
    assert.equal(events.at(-1).distinctId, "u\ufffd");
  }
});

test("a module that fails to load is asked for again", async () => {
  site.breakModule(1);
  const page = await openPage(context, `${site.url}/page`);
  await startTracker(page, collector.url);
  await ready(page);
  assert.equal((await stats(page)).engine, "wasm");
});

test("a module of the wrong type is read as bytes", async () => {
  site.typeModule("application/octet-stream");
  const page = await openPage(context, `${site.url}/page`);
  await startTracker(page, collector.url);
  await ready(page);
  assert.equal((await stats(page)).engine, "wasm");
});

test("an engine that traps leaves the page working and the events safe", async () => {
  const page = await openPage(context, `${site.url}/module`);
  await startTracker(page, collector.url);
  await ready(page);
  // Looked at in the task of the capture, before anything can have been confirmed.
  const safe = await page.evaluate(async (completed) => {
    const module = await loadModule();
    plantTrap("poison", module);
    tracker.capture("before");
    tracker.capture("poison", { first: true });
    tracker.capture("after");
    tracker.trackBookingCompleted(completed);
    return Object.keys(localStorage).filter((key) => /^phbt:\d/.test(key)).length;
  }, COMPLETED);
  assert.equal(safe, 4);
  // The fresh engine meets the poisoned record, and dies too; the keel delivers everything.
  await collector.wait({ received: 4 });
  assert.deepEqual(names(await collector.events()).sort(), ["after", "before", "booking_completed", "poison"]);
  await page.waitForFunction(() => tracker.stats().waiting === 0);
  assert.deepEqual(await storedRecords(page), []);
  assert.deepEqual(page.errors, []);
  // The next page is clean: its engine runs, with nothing left behind.
  const next = await openPage(context, `${site.url}/module`);
  await next.evaluate(() => {
    globalThis.plantedTrap = "poison";
  });
  await startTracker(next, collector.url);
  await ready(next);
  await next.evaluate(() => tracker.trackBookingFailed({ error: "x" }));
  await collector.wait({ received: 5 });
  assert.equal((await stats(next)).engine, "wasm");
  assert.deepEqual(next.errors, []);
});

test("a record that kills engines is left to the keel, and kills no later page", async () => {
  const page = await openPage(context, `${site.url}/module`);
  await collector.listen(false);
  await startTracker(page, collector.url);
  await ready(page);
  await page.evaluate(async () => {
    const module = await loadModule();
    plantTrap("poison", module);
    tracker.capture("poison");
  });
  // One record, two dead engines: the page is on its keel and the record in quarantine.
  await page.waitForFunction(() => Object.keys(localStorage).some((key) => key.includes("quarantine")));
  assert.equal((await storedRecords(page)).length, 1);
  await page.close();
  await collector.listen(true);
  const next = await context.newPage();
  await next.addInitScript(() => {
    globalThis.plantedTrap = "poison";
  });
  await next.goto(`${site.url}/module`);
  await startTracker(next, collector.url);
  await ready(next);
  assert.equal((await stats(next)).engine, "wasm");
  await collector.wait({ received: 1 });
  await next.waitForFunction(() => !Object.keys(localStorage).some((key) => key.includes("quarantine")));
  assert.deepEqual(await storedRecords(next), []);
  assert.deepEqual(names(await collector.events()), ["poison"]);
});

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
  for (const engine of ["wasm", "keel"]) {
    test(`with storage ${kind} the ${engine} sends from memory`, async () => {
      const page = await context.newPage();
      page.errors = [];
      page.on("pageerror", (error) => page.errors.push(error.message));
      await page.addInitScript(prepare);
      await page.goto(`${site.url}/page${engine === "keel" ? "?csp" : ""}`);
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

test("hostile properties neither throw into the page nor stop later events", async () => {
  const page = await openPage(context, `${site.url}/page`);
  await startTracker(page, collector.url);
  await ready(page);
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
  for (const event of ["circular", "bigint", "getter", "surrogate", "odd"]) assert.equal(events[event].fine, 1, event);
  assert.equal(events.bigint.large, "18446744073709551616");
  assert.equal(events.surrogate.text, "\ufffd");
  assert.equal(events.surrogate.pair, "😀");
  assert.equal(events.odd.date, "1970-01-01T00:00:00.000Z");
  assert.equal(events.odd.max, Number.MAX_VALUE);
  assert.deepEqual(page.errors, []);
});

test("a page that has replaced what the tracker uses is not broken by it", async () => {
  const page = await openPage(context, `${site.url}/page`);
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

test("stats() from inside a storage call neither kills the engine nor doubles the event", async () => {
  const page = await openPage(context, `${site.url}/page`);
  await startTracker(page, collector.url);
  await ready(page);
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
  assert.equal((await stats(page)).engine, "wasm");
  await sendMarker(page, collector);
  assert.equal((await collector.stats()).received, 2);
});

test("a quarantined record waits for its gate, and then arrives", async () => {
  const page = await context.newPage();
  await page.addInitScript(() => {
    globalThis.plantedTrap = "poison";
  });
  await page.goto(`${site.url}/module`);
  await collector.listen(false);
  const begin = (target) =>
    target.evaluate(
      ([key, host]) => {
        window.tracker = new PostHogBookingTracker(key, { host, teamId: 42, isTeamEnabled: async () => true });
      },
      [PROJECT_KEY, collector.url],
    );
  await begin(page);
  await ready(page);
  await page.evaluate(() => tracker.capture("poison"));
  await page.waitForFunction(() => Object.keys(localStorage).some((key) => key.includes("quarantine")));
  await collector.listen(true);
  await page.reload();
  await begin(page);
  await collector.wait({ received: 1 });
  assert.deepEqual(names(await collector.events()), ["poison"]);
});

/** Makes a tracker, uses it, and gives what the console said meanwhile and what does the work. */
const tryOptions = (page, key, options) =>
  page.evaluate(
    async ([k, o]) => {
      const said = [];
      const { error, warn } = console;
      console.error = (text) => said.push(["error", text]);
      console.warn = (text) => said.push(["warn", text]);
      const tracker = new PostHogBookingTracker(k, o);
      tracker.capture("slot_picked");
      await tracker.flush();
      Object.assign(console, { error, warn });
      return { said, engine: tracker.stats().engine };
    },
    [key, options],
  );

test("a bad configuration turns the tracker off, throws nothing and says once how to mend it", async () => {
  const page = await openPage(context, `${site.url}/page`);
  for (const [key, options, hint] of [
    ["phx_secret", {}, "Revoke"],
    ["phc_ü", {}, "ASCII"],
    ["phc_x", { host: "eu.i.posthog.com" }, "https://eu.i.posthog.com"],
    ["phc_x", { host: "ftp://a.example" }, "https://"],
    ["phc_x", { api_host: "https://a.example" }, "Use host instead"],
    ["phc_x", { respect_dnt: true }, "Use respectDnt instead"],
    ["phc_x", { respectGpc: "yes" }, "true or false"],
    ["phc_x", { consent: "yes" }, '"granted" or "required"'],
    ["phc_x", { isTeamEnabled: "yes" }, "true, false or a function"],
    ["phc_x", { ungated: "drop" }, '"ignore" or "track"'],
    ["phc_x", "https://a.example", "an object of options"],
  ]) {
    const { said, engine } = await tryOptions(page, key, options);
    assert.equal(engine, "off");
    assert.equal(said.length, 1, said.join());
    const [[level, message]] = said;
    assert.equal(level, "error");
    assert.ok(message.includes(hint), message);
    assert.ok(message.endsWith("."), message);
  }
  assert.deepEqual(await storedKeys(page), []);
});

test("without a key the tracker is off in silence, and without a host it is on", async () => {
  const page = await openPage(context, `${site.url}/page`);
  for (const key of [undefined, null, "", "  "]) {
    assert.deepEqual(await tryOptions(page, key, { host: "" }), { said: [], engine: "off" });
  }
  assert.deepEqual(await tryOptions(page, "phc_x", { host: "", isTeamEnabled: false }), { said: [], engine: "keel" });
  assert.deepEqual(await storedKeys(page), []);
});

test("a bad value of a number and an unknown option are warned of, and the tracker is on", async () => {
  const page = await openPage(context, `${site.url}/page`);
  for (const [options, hint] of [
    [{ flushAt: 0 }, "1 to 500"],
    [{ flushInterval: 1.5 }, "100 to 3600000"],
    [{ maxRetries: -1 }, "0 to 100"],
    [{ requestTimeout: "10" }, "1000 to 60000"],
    [{ flush_at: 7 }, "Use flushAt instead"],
    [{ autocapture: true }, "docs/options.md"],
  ]) {
    const { said, engine } = await tryOptions(page, "phc_x", { isTeamEnabled: false, ...options });
    assert.equal(engine, "keel");
    assert.equal(said.length, 1, said.join());
    const [[level, message]] = said;
    assert.equal(level, "warn");
    assert.ok(message.includes(hint), message);
    assert.ok(message.endsWith("."), message);
  }
  const good = { host: "https://a.example/ingest/", isTeamEnabled: false };
  assert.deepEqual(await tryOptions(page, "phc_x", good), { said: [], engine: "keel" });
  assert.deepEqual(await storedKeys(page), []);
});
