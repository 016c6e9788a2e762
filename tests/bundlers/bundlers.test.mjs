// A page imports the package, a bundler without any plugin makes something of it, and the tracker runs as it should.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { launchChromium, openPage, PROJECT_KEY } from "../e2e/browser.mjs";
import { startCollector } from "../e2e/collector.mjs";
import { packPackage } from "./application.mjs";
import { TOOLS } from "./tools.mjs";

const CASES = [
  { title: "the package runs its module", entry: "posthog-booking-tracker", engine: "wasm" },
  {
    title: "the package where WebAssembly is forbidden",
    entry: "posthog-booking-tracker",
    engine: "no-wasm",
    forbidsWasm: true,
  },
  { title: "/lazy finds its module", entry: "posthog-booking-tracker/lazy", engine: "wasm" },
  { title: "/no-wasm runs without one", entry: "posthog-booking-tracker/no-wasm", engine: "no-wasm" },
];

let browser;
let collector;
let tarball;

before(async () => {
  tarball = packPackage();
  [browser, collector] = await Promise.all([launchChromium(), startCollector()]);
});
after(() => {
  tarball.remove();
  return Promise.all([browser.close(), collector.close()]);
});
beforeEach(() => collector.reset());

/** Collects what pages ask of their own server, and what of it fails. */
function listen(context, url) {
  const asked = [];
  const failed = [];
  const isOurs = (request) => request.url().startsWith(url);
  context.on("request", (request) => isOurs(request) && asked.push(request.url()));
  context.on("requestfailed", (request) => isOurs(request) && failed.push(request.url()));
  context.on("response", (response) => {
    if (isOurs(response.request()) && response.status() >= 400) failed.push(`${response.status()} ${response.url()}`);
  });
  return { asked, failed };
}

/** What Vite and webpack say of large chunks: `make pkg` weighs the files, and README says that they do. */
const OF_SIZE = /chunks are larger than 500 kB|^(asset|entrypoint) size limit|^webpack performance recommendations/m;

/** Opens the page, which books by itself, and finds nothing wrong with it. */
async function assertBooks(context, { url, said }, { engine, serves }) {
  const { asked, failed } = listen(context, url);
  const page = await openPage(context, url);
  const complaints = () => ({
    said: said.filter((text) => !OF_SIZE.test(text)),
    errors: page.errors,
    failed,
    wasm: asked.filter((name) => name.includes(".wasm")),
  });
  const none = { said: [], errors: [], failed: [], wasm: [] };
  // What is broken by now would be waited for in vain.
  assert.deepEqual({ ...complaints(), wasm: [] }, none);
  await collector.wait({ received: 1 }).catch((error) => {
    assert.deepEqual(complaints(), none);
    throw error;
  });
  const [{ event, properties }] = await collector.events();
  assert.equal(event, "booking_completed");
  assert.equal(properties.bookingUid, "b-1");
  assert.equal(properties.teamId, 42);
  const running = await page.evaluate(async () => {
    await window.tracker.ready;
    return window.tracker.stats().engine;
  });
  assert.deepEqual({ engine: running, ...complaints() }, { engine, ...none });
  if (serves)
    assert.ok(
      asked.some((name) => serves.test(name)),
      asked.join("\n"),
    );
}

for (const [name, { start, scriptTag, serves, evaluates }] of Object.entries(TOOLS)) {
  for (const { title, entry, engine, forbidsWasm } of CASES) {
    // A page that forbids WebAssembly forbids such a build as a whole.
    if (forbidsWasm && evaluates) continue;
    test(`${name}: ${title}`, async (t) => {
      const application = tarball.makeApplication({
        entry,
        key: PROJECT_KEY,
        host: collector.url,
        scriptTag,
        forbidsWasm,
      });
      t.after(application.remove);
      const served = await start(application.root);
      const context = await browser.newContext();
      try {
        await assertBooks(context, served, { engine, serves });
      } finally {
        await context.close();
        await served.close();
      }
    });
  }
}
