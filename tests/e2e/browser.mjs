// Chromium, and the few things that every test does in a page.

import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/** Playwright's driver of Chromium. */
export const { chromium } = createRequire(fileURLToPath(new URL("../../js/package.json", import.meta.url)))(
  "playwright-core",
);

/** What keeps Chromium from reaching for the network by itself, and lets it run in a container. */
export const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const PROJECT_KEY = "phc_e2e";

/** Starts Chromium without anything that would reach for the network. */
export const launchChromium = (options = {}) =>
  chromium.launch({
    ...options,
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ARGUMENTS,
  });

/** Opens a page and collects whatever it throws; `errors` has to stay empty. */
export async function openPage(context, url) {
  const page = await context.newPage();
  page.errors = [];
  page.warnings = [];
  page.on("pageerror", (error) => page.errors.push(error.message));
  page.on("console", (message) => message.type() === "warning" && page.warnings.push(message.text()));
  await page.goto(url);
  return page;
}

/** Makes a tracker as `window.tracker`, open to every team unless said otherwise. */
export const startTracker = (page, host, options = {}) =>
  page.evaluate(
    ([key, all]) => {
      window.tracker = new window.PostHogBookingTracker(key, all);
    },
    [PROJECT_KEY, { host, isTeamEnabled: true, ...options }],
  );

export const ready = (page) => page.evaluate(() => window.tracker.ready);

export const stats = (page) => page.evaluate(() => window.tracker.stats());

/**
 * Waits until whatever the page's browser has sent must have arrived: a marker goes the same way, behind it. It is one row
 * and one request more.
 */
export async function sendMarker(page, collector) {
  const { received } = await collector.stats();
  const event = { event: "marker", distinct_id: "marker" };
  const body = JSON.stringify({ api_key: PROJECT_KEY, batch: [event] });
  await page.evaluate(([url, text]) => void navigator.sendBeacon(url, text), [`${collector.url}/e/`, body]);
  await collector.wait({ received: received + 1 });
}

/** What lies in storage of ours. */
export const storedKeys = (page) =>
  page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith("phbt:")));

/** The records among the stored keys. */
export const storedRecords = async (page) => (await storedKeys(page)).filter((key) => /^phbt:\d/.test(key));

/** The keys of the journal's entries among them. */
export const journalKeys = async (page) => (await storedKeys(page)).filter((key) => key.startsWith("phbt:journal:"));

/** Gathers the names of the tracker's files that a page asks for from now on. */
export function trackerFiles(page) {
  const files = [];
  page.on("request", (request) => {
    const [, file] = /\/tracker\/([\w.-]+)/.exec(request.url()) ?? [];
    if (file) files.push(file);
  });
  return files;
}

/** What the mirror holds: key and value of every record. */
const mirrored = (page) =>
  page.evaluate(
    () =>
      new Promise((resolve) => {
        const opening = indexedDB.open("phbt");
        opening.onsuccess = () => {
          const store = opening.result.transaction("records").objectStore("records");
          const keys = store.getAllKeys();
          const values = store.getAll();
          values.onsuccess = () => {
            opening.result.close();
            resolve(keys.result.map((key, place) => [key, values.result[place]]));
          };
        };
      }),
  );

/** Waits until the mirror holds this many records, each with this text. */
export async function mirrorHolds(page, count, text = "") {
  const end = Date.now() + 20_000;
  for (;;) {
    const records = await mirrored(page);
    if (records.length === count && records.every(([, value]) => value.includes(text))) return records;
    if (Date.now() > end)
      throw new Error(`the mirror holds ${records.length} records instead of ${count} with "${text}"`);
  }
}
