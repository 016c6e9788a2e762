// One visitor on every subdomain, where the page wants that: by a first-party cookie.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage, startTracker } from "./browser.mjs";
import { collector, context, setStage, site } from "./stage.mjs";

setStage();

/** A page of a subdomain, with a tracker that has captured an event. */
async function visit(host, options) {
  const url = new URL("/page", site.url);
  url.hostname = host;
  const page = await openPage(context, url.href);
  await startTracker(page, collector.url, options);
  await page.evaluate(async (name) => {
    tracker.capture(name);
    await tracker.flush();
  }, host);
  return page;
}

const idsOf = async () =>
  (await collector.events()).map(({ distinctId, properties }) => [distinctId, properties.$session_id]);

test("crossSubdomain: visitor and session are those of every subdomain, and gone with a denial", async () => {
  const first = await visit("book.shop.localhost", { crossSubdomain: true });
  await first.evaluate(() => tracker.identify("alice"));
  const second = await visit("www.shop.localhost", { crossSubdomain: true });
  const events = await collector.events();
  const [one, identified, two] = ["book.shop.localhost", "$identify", "www.shop.localhost"].map((name) =>
    events.find(({ event }) => event === name),
  );
  assert.equal(identified.distinctId, "alice");
  assert.equal(two.distinctId, "alice");
  assert.equal(two.properties.$session_id, one.properties.$session_id);
  const cookies = await context.cookies();
  assert.deepEqual([...new Set(cookies.map(({ domain }) => domain))], [".shop.localhost"]);
  await second.evaluate(() => tracker.optOut());
  assert.deepEqual(await context.cookies(), []);
});

test("without the option no cookie is set, and each subdomain has its own visitor", async () => {
  await visit("book.shop.localhost", {});
  await visit("www.shop.localhost", {});
  const [one, two] = await idsOf();
  assert.notEqual(one[0], two[0]);
  assert.deepEqual(await context.cookies(), []);
});
