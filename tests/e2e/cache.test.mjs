// The back/forward cache and prerendering: a tracker never keeps a page out of the cache, is alive when it comes back, and
// says nothing of a page that nobody has seen. Both want a browser that nobody controls more than needed.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { launchChromium, openPage, PROJECT_KEY, ready, startTracker } from "./browser.mjs";
import { startCollector } from "./collector.mjs";
import { startSite } from "./site.mjs";
import { COMPLETED } from "./stage.mjs";

let browser;
let collector;
let site;

before(async () => {
  const cached = { ignoreDefaultArgs: ["--disable-back-forward-cache"] };
  [browser, collector, site] = await Promise.all([launchChromium(cached), startCollector(), startSite()]);
});
after(() => Promise.all([browser.close(), collector.close(), site.close()]));
afterEach(() => collector.reset());

/** A page with a running tracker that notes whether it comes back from the cache. */
async function visit(context) {
  const page = await openPage(context, `${site.url}/page`);
  await startTracker(page, collector.url);
  await ready(page);
  await page.evaluate(() => {
    window.mark = "the same page";
    addEventListener("pageshow", ({ persisted }) => {
      window.persisted = persisted;
    });
  });
  return page;
}

/** Goes away and comes back, and sees that the cache has kept the page. */
async function leaveAndReturn(page) {
  await page.evaluate((url) => {
    location.href = url;
  }, `${site.url}/plain`);
  await page.waitForURL(/plain/);
  await page.evaluate(() => history.back());
  await page.waitForURL(/page/, { waitUntil: "commit" });
  const [mark, persisted, reasons] = await page.evaluate(() => [
    window.mark,
    window.persisted,
    JSON.stringify(performance.getEntriesByType("navigation")[0].notRestoredReasons),
  ]);
  assert.deepEqual([mark, persisted], ["the same page", true], reasons);
}

/** The tracker of a page that has come back still delivers. */
async function isAlive(page) {
  const { received } = await collector.stats();
  await page.evaluate(() => tracker.trackBookingFailed({ teamId: 42, error: "after the return" }));
  await collector.wait({ received: received + 1 });
}

test("an idle page comes back from the back/forward cache", async () => {
  const context = await browser.newContext();
  const page = await visit(context);
  await leaveAndReturn(page);
  await isAlive(page);
  await context.close();
});

test("a page with a request under way comes back, and what it carried is counted once", async () => {
  const context = await browser.newContext();
  const page = await visit(context);
  await collector.fault({ kind: "hold", count: 1 });
  await page.evaluate((completed) => tracker.trackBookingCompleted(completed), COMPLETED);
  await collector.wait({ received: 1 });
  await leaveAndReturn(page);
  await collector.release();
  await page.waitForFunction(() => tracker.stats().waiting === 0);
  await isAlive(page);
  assert.equal((await collector.stats()).received, 2);
  await context.close();
});

test("a page that holds the drain lock lets it go, and comes back beside three busy tabs", async () => {
  const context = await browser.newContext();
  const page = await visit(context);
  const tabs = [await visit(context), await visit(context), await visit(context)];
  await collector.fault({ kind: "hold", count: 1 });
  await page.bringToFront();
  await page.evaluate(() => {
    tracker.capture("slot_selected", { teamId: 42 });
    return void tracker.flush();
  });
  await collector.wait({ received: 1 });
  await page.evaluate((url) => {
    location.href = url;
  }, `${site.url}/plain`);
  await page.waitForURL(/plain/);
  for (const tab of tabs) {
    await tab.evaluate(() => {
      tracker.capture("date_changed", { teamId: 42 });
      return void tracker.flush();
    });
  }
  await collector.wait({ received: 4 });
  const { held } = await tabs[0].evaluate(() => navigator.locks.query());
  // The page in the cache holds none: each client that holds one is a tab beside it.
  assert.ok(new Set(held.map(({ clientId }) => clientId)).size <= tabs.length, JSON.stringify(held));
  await page.evaluate(() => history.back());
  await page.waitForURL(/page/, { waitUntil: "commit" });
  assert.equal(await page.evaluate(() => window.persisted), true);
  await collector.release();
  await isAlive(page);
  await context.close();
});

test("a prerendered page leaves no trace until it is seen", async () => {
  const opened = {};
  const seen = new Promise((resolve) => {
    opened.prerendered = resolve;
  });
  const profile = await mkdtemp(join(tmpdir(), "phbt-prerender-"));
  const tracker = `<script src="/tracker/script.js"></script><script>
    const tracker = new PostHogBookingTracker("${PROJECT_KEY}", { host: "${collector.url}", ungated: "track" });
    tracker.trackBookingFailed({ error: "seen" });
    fetch("/said?prerendering=" + document.prerendering + "&keys=" + Object.keys(localStorage).length);
  </script>`;
  const rules = JSON.stringify({ prerender: [{ urls: ["/tracked"], eagerness: "immediate" }] });
  const first = `<script type="speculationrules">${rules}</script><script>
    fetch("/go").then(() => { location.href = "/tracked"; });
  </script>`;
  const waiting = [];
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://localhost");
    const html = { "/first": first, "/tracked": tracker }[pathname];
    if (html) return response.writeHead(200, { "content-type": "text/html" }).end(`<!doctype html>${html}`);
    if (pathname === "/go") return waiting.push(response);
    if (pathname === "/said") opened.prerendered(Object.fromEntries(searchParams));
    if (!pathname.startsWith("/tracker/")) return response.writeHead(204).end();
    const file = await fetch(site.url + pathname);
    response.writeHead(file.status, { "content-type": file.headers.get("content-type") });
    return response.end(Buffer.from(await file.arrayBuffer()));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  // Nobody may hold a debugger to a page that is prerendered, so the browser is on its own.
  const chromium = spawn(
    process.env.CHROMIUM ?? "/usr/bin/chromium",
    [
      ...["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
      ...["--disable-component-update", `--user-data-dir=${profile}`],
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
      `http://127.0.0.1:${server.address().port}/first`,
    ],
    { stdio: "ignore" },
  );
  assert.deepEqual(await seen, { prerendering: "true", keys: "0" });
  assert.equal((await collector.stats()).requests, 0);
  for (const response of waiting) response.writeHead(204).end();
  await collector.wait({ received: 1 });
  const exited = new Promise((resolve) => chromium.once("exit", resolve));
  chromium.kill("SIGKILL");
  await exited;
  server.closeAllConnections();
  server.close();
  await rm(profile, { recursive: true, force: true, maxRetries: 5 });
});
