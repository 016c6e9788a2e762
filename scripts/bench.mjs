// What the tracker costs a page, measured in Chromium: a call, the mirror at the start of a page, the mirror's bytes.
//
//   node scripts/bench.mjs        (make bench)
//
// Figures are of the machine that runs it; compare only what one run prints.

import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { launchChromium, openPage, ready, startTracker } from "../tests/e2e/browser.mjs";
import { startCollector } from "../tests/e2e/collector.mjs";
import { startSite } from "../tests/e2e/site.mjs";

const js = join(dirname(dirname(fileURLToPath(import.meta.url))), "js");
const { build } = createRequire(join(js, "package.json"))("esbuild");

const CALLS = 300;
const ROUNDS = 15;

const quantile = (values, part) => values.sort((a, b) => a - b)[Math.floor((values.length - 1) * part)];
const ms = (values) => `median ${quantile(values, 0.5).toFixed(2)} ms, p95 ${quantile(values, 0.95).toFixed(2)} ms`;

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

/** What the wrapper weighs, with the mirror or with nothing in its place. */
async function weigh(mirror) {
  const idle = ["note", "close", "open", "erase"].map((name) => `export const ${name} = () => {};`);
  const contents = `${idle.join("")} export const read = async () => []; export const exists = async () => false;`;
  const nothing = (bundler) => bundler.onLoad({ filter: /mirror\.ts$/ }, () => ({ contents }));
  const { outputFiles } = await build({
    absWorkingDir: js,
    entryPoints: ["src/entries/index.ts"],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
    define: { __VERSION__: '"0.0.0"' },
    plugins: mirror ? [] : [{ name: "nothing", setup: nothing }],
  });
  return brotliCompressSync(outputFiles[0].contents).length;
}

const [browser, collector, site] = await Promise.all([launchChromium(), startCollector(), startSite()]);
const context = await browser.newContext();
const page = await openPage(context, `${site.url}/page`);
await startTracker(page, collector.url);
await ready(page);
await measureCapture(page);
await page.close();
for (const records of [0, 100, 400]) await measureMirror(context, `${site.url}/plain`, records);
console.log(`mirror: ${(await weigh(true)) - (await weigh(false))} bytes of brotli`);
await Promise.all([browser.close(), collector.close(), site.close()]);
