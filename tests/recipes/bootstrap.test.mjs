// The recipe for pages that a server renders: it says in the page which teams are tracked, and nobody has to be asked.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import { after, before, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openPage, PROJECT_KEY, ready, stats, storedKeys, storedRecords } from "../e2e/browser.mjs";
import { COMPLETED, collector, context, names, setStage } from "../e2e/stage.mjs";

setStage();

/** The tracker's files, by their paths on the server. */
const FILES = {
  "/tracker/script.js": ["text/javascript", "script.js"],
};
const fileOf = (name) => fileURLToPath(new URL(`../../pkg/dist/${name}`, import.meta.url));

/**
 * JSON that may stand inside a script. Within one, HTML looks for nothing but what begins with `<`, an end tag or a comment;
 * in a text of JSON `\u003c` is the same character.
 */
const inlineJson = (value) => JSON.stringify(value).replaceAll("<", "\\u003c");

/** Books and leaves, before anything else can happen. */
const AT_ONCE = `tracker.trackBookingCompleted(${inlineJson(COMPLETED)}); location.href = "/success";`;

/** The booking page, as a server renders it for a visitor; what it does at once is `script`. */
const render = (options, script = "") => `<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <title>Book a meeting</title>
  <script src="/tracker/script.js"></script>
  <script>
    window.tracker = new PostHogBookingTracker(${inlineJson(PROJECT_KEY)}, ${inlineJson(options)});
    ${script}
  </script>
  <p id="rest">Book a meeting</p>
</html>`;

let server;
let url;
/** What the server knows of its teams, and of the visitor. */
let bootstrap;
/** What the server was asked for, in order. */
let asked;

before(async () => {
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const [type, name] = FILES[request.url] ?? ["text/html; charset=utf-8"];
    const options = { host: collector.url, teamId: 42, bootstrap };
    response.writeHead(200, { "content-type": type });
    if (name) createReadStream(fileOf(name)).pipe(response);
    else if (request.url === "/success") response.end("<!doctype html><title>Booked</title><p>Booked");
    else response.end(render(options, request.url === "/at-once" ? AT_ONCE : ""));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  url = `http://127.0.0.1:${server.address().port}`;
});
after(() => {
  server.close();
  server.closeAllConnections();
});
beforeEach(() => {
  asked = [];
  bootstrap = { teams: { 42: true, 7: false } };
});

/** Collects what pages ask of anybody but their own server. */
function listenElsewhere() {
  const elsewhere = [];
  context.on("request", (request) => {
    if (!request.url().startsWith(url)) elsewhere.push(`${request.method()} ${new URL(request.url()).pathname}`);
  });
  return elsewhere;
}

/** One booking has arrived, and nobody was asked whether it may be sent. */
async function assertArrivedUnasked(elsewhere) {
  await collector.wait({ received: 1 });
  const [{ event, properties }] = await collector.events();
  assert.equal(event, "booking_completed");
  assert.equal(properties.bookingUid, COMPLETED.bookingUid);
  const others = ["GET /", "GET /at-once", "GET /success", "GET /tracker/script.js"];
  assert.deepEqual(
    asked.filter((line) => !others.includes(line) && !line.endsWith("/favicon.ico")),
    [],
  );
  assert.ok(
    elsewhere.every((line) => line === "POST /i/v0/e/"),
    elsewhere.join(),
  );
  assert.equal((await collector.stats()).flagRequests, 0);
}

test("a page that is left in the tick of the booking loses nothing, and has asked nobody", async () => {
  const elsewhere = listenElsewhere();
  const page = await openPage(context, `${url}/`);
  await ready(page);
  await page.evaluate((completed) => {
    tracker.trackBookingCompleted(completed);
    location.href = "/success";
  }, COMPLETED);
  await page.waitForURL("**/success");
  await assertArrivedUnasked(elsewhere);
  assert.deepEqual(page.errors, []);
});

test("a page that is left in the tick in which it has made its tracker loses nothing", async () => {
  const elsewhere = listenElsewhere();
  const page = await openPage(context, `${url}/at-once`);
  await page.waitForURL("**/success");
  await assertArrivedUnasked(elsewhere);
  assert.deepEqual(page.errors, []);
});

test("of a team that the server does not track nothing is stored and nothing sent", async () => {
  bootstrap = { teams: { 42: false } };
  const page = await openPage(context, `${url}/`);
  await ready(page);
  await page.evaluate((completed) => tracker.trackBookingCompleted(completed), COMPLETED);
  assert.equal((await stats(page)).dropped.gate_shut, 1);
  assert.deepEqual(await storedKeys(page), []);
  assert.equal((await collector.stats()).requests, 0);
});

test("a team that the server says nothing of is held, until a page says it", async () => {
  const page = await openPage(context, `${url}/`);
  await ready(page);
  await page.evaluate((completed) => tracker.trackBookingCompleted({ ...completed, teamId: 9 }), COMPLETED);
  assert.equal((await stats(page)).held, 1);
  bootstrap = { teams: { 42: true, 9: true } };
  await page.reload();
  await collector.wait({ received: 1 });
  const [{ properties }] = await collector.events();
  assert.equal(properties.teamId, 9);
});

test("what stands in the page cannot end the script that it stands in", async () => {
  const hostile = `</script><script>window.broken = true</script><!--`;
  bootstrap = {
    teams: { 42: true, [hostile]: true },
    distinctId: hostile,
    featureFlagPayloads: { greeting: `${hostile}\u2028\u2029` },
    featureFlags: { greeting: true },
  };
  const page = await openPage(context, `${url}/`);
  await page.waitForSelector("#rest");
  assert.equal(await page.evaluate(() => window.broken), undefined);
  await ready(page);
  await page.evaluate((completed) => tracker.trackBookingCompleted(completed), COMPLETED);
  await collector.wait({ received: 1 });
  const events = await collector.events();
  assert.deepEqual(names(events), ["booking_completed"]);
  assert.equal(events[0].distinctId, hostile);
  await page.waitForFunction(() => tracker.stats().confirmed === 1);
  assert.deepEqual(await storedRecords(page), []);
  assert.deepEqual(page.errors, []);
});
