// What the tracker costs a page, measured in Chromium: a call, the start, the mirror at the start of a page.
//
//   node scripts/bench.mjs        (make bench)
//
// PACKAGE names another build to measure, the folder of its files (pkg/dist): figures are of the machine that runs this, so a build is
// compared with another one by running both.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { launchChromium } from "../tests/e2e/browser.mjs";
import { startCollector } from "../tests/e2e/collector.mjs";
import { startSite } from "../tests/e2e/site.mjs";

const dist = process.env.PACKAGE ?? join(dirname(dirname(fileURLToPath(import.meta.url))), "pkg/dist");
const script = readFileSync(join(dist, "script.js"), "utf8");

const CALLS = 300;
const ROUNDS = 15;

const quantile = (values, part) => values.sort((a, b) => a - b)[Math.floor((values.length - 1) * part)];
const ms = (values) =>
  [
    ["median", 0.5],
    ["p95", 0.95],
    ["p99", 0.99],
  ]
    .map(([name, part]) => `${name} ${quantile(values, part).toFixed(2)} ms`)
    .join(", ");

/**
 * Runs the script in a page and captures an event: the time from the start of the script until the event is stored, in ms. The tracker
 * stays there as `tracker`.
 */
const start = (page, host) =>
  page.evaluate(
    ([text, options]) => {
      const element = document.createElement("script");
      element.textContent = text;
      const from = performance.now();
      document.head.append(element);
      globalThis.tracker = new PostHogBookingTracker("phc_bench", options);
      tracker.trackBookingStarted({ eventTypeId: 7 });
      return performance.now() - from;
    },
    [script, { host, teamId: 42, isTeamEnabled: true }],
  );

/** The start on the first page of a visitor, and on a later one. */
async function measureStart(browser, url, host) {
  const times = { first: [], later: [] };
  for (let round = 0; round < ROUNDS; round++) {
    const context = await browser.newContext();
    for (const which of ["first", "later"]) {
      const page = await context.newPage();
      await page.goto(url);
      times[which].push(await start(page, host));
      await page.evaluate(() => tracker.flush());
      await page.close();
    }
    await context.close();
  }
  console.log(`from the start of the script to the first event stored, first page of a visitor: ${ms(times.first)}`);
  console.log(`the same on a later page: ${ms(times.later)}`);
}

/** The time of single calls, one every few milliseconds, as a page makes them. */
async function measureCapture(page) {
  const times = await page.evaluate(async (calls) => {
    const measured = [];
    for (let call = 0; call < calls; call++) {
      const from = performance.now();
      tracker.capture("slot_selected", { call, teamId: 42, eventTypeId: 7, duration: 30, zone: "Europe/Berlin" });
      measured.push(performance.now() - from);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return measured;
  }, CALLS);
  console.log(`capture, ${CALLS} calls 5 ms apart: ${ms(times)}`);
}

/** How long it takes to open the mirror and to read so many records, as the tracker does at the start of a page. */
async function measureMirror(context, url, records) {
  const times = [];
  for (let round = 0; round < ROUNDS; round++) {
    const page = await context.newPage();
    await page.goto(url);
    times.push(
      await page.evaluate(
        (count) =>
          new Promise((resolve) => {
            const name = `bench-${count}`;
            const body = JSON.stringify({ stage: "sealed", team: "42", body: { text: "x".repeat(700) } });
            const read = (opening, from) => {
              const store = opening.result.transaction("records").objectStore("records");
              store.getAllKeys();
              store.getAll().onsuccess = () => {
                opening.result.close();
                resolve(performance.now() - from);
              };
            };
            const filling = indexedDB.open(name, 1);
            filling.onupgradeneeded = () => {
              const store = filling.result.createObjectStore("records");
              for (let index = 0; index < count; index++) store.put(body, `phbt:1:bench:${index}`);
            };
            filling.onsuccess = () => {
              filling.result.close();
              const from = performance.now();
              const opening = indexedDB.open(name, 1);
              opening.onsuccess = () => read(opening, from);
            };
          }),
        records,
      ),
    );
    await page.close();
  }
  console.log(`mirror opened and read at the start, ${records} records: ${ms(times)}, off the main thread`);
}

const [browser, collector, site] = await Promise.all([launchChromium(), startCollector(), startSite()]);
const context = await browser.newContext();
const page = await context.newPage();
await page.goto(`${site.url}/plain`);
await start(page, collector.url);
await measureCapture(page);
await page.close();
await measureStart(browser, `${site.url}/plain`, collector.url);
for (const records of [0, 100, 400]) await measureMirror(context, `${site.url}/plain`, records);
await Promise.all([browser.close(), collector.close(), site.close()]);
