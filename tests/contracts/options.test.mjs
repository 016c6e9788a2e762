// Options as a page's own values, read by the module in that page: what the browser's `URL` makes of an address, which values are a
// function of another realm, and what a page that configures badly gets to see. js/test/options.test.ts has every finding.

import assert from "node:assert/strict";
import { test } from "node:test";

import { API_KEY, World } from "./world.mjs";

// A host as it is configured, and as it is used.
const HOSTS = [
  [undefined, "https://us.i.posthog.com"],
  [null, "https://us.i.posthog.com"],
  ["", "https://us.i.posthog.com"],
  [" \n", "https://us.i.posthog.com"],
  ["https://eu.i.posthog.com", "https://eu.i.posthog.com"],
  ["https://eu.i.posthog.com/", "https://eu.i.posthog.com"],
  ["https://eu.i.posthog.com///", "https://eu.i.posthog.com"],
  ["HTTPS://EU.I.PostHog.com", "https://eu.i.posthog.com"],
  ["http://localhost:8000", "http://localhost:8000"],
  ["https://a.example:443/", "https://a.example"],
  ["https://a.example/ingest", "https://a.example/ingest"],
  ["https://a.example/ingest/", "https://a.example/ingest"],
  ["https://a.example/a/b//", "https://a.example/a/b"],
  ["https://a.example/a/../b", "https://a.example/b"],
  ["https://a.example/ingest/?key=x#y", "https://a.example/ingest"],
  ["https://a.example?key=x", "https://a.example"],
  ["https://ada:secret@a.example/ingest", "https://a.example/ingest"],
  ["  https://a.example  ", "https://a.example"],
  [new URL("https://a.example/proxy/"), "https://a.example/proxy"],
];

/** A page that notes the address of each request. */
function openNoting() {
  const world = new World();
  const page = world.open();
  const asked = [];
  page.window.fetch = async (url) => {
    asked.push(String(url));
    return new Response(null, { status: 204 });
  };
  // The class by which the page's own code makes the addresses that it passes.
  page.window.URL = URL;
  return { world, page, asked };
}

for (const [host, used] of HOSTS) {
  test(`the host ${JSON.stringify(host)} is used as ${used}`, async () => {
    const { world, page, asked } = openNoting();
    page.track({ host }).trackBookingCompleted({ bookingId: 1, bookingUid: "b" });
    await world.settle();
    assert.equal(asked[0], `${used}/i/v0/e/`);
  });
}

test("the address of the host application may be relative to the page, or an instance of URL", async () => {
  for (const [teamGateUrl, used] of [
    ["/team-gate?x=1", "https://book.example/team-gate?x=1&teamId=42"],
    [new URL("https://app.example/gate"), "https://app.example/gate?teamId=42"],
  ]) {
    const { world, page, asked } = openNoting();
    page.track({ isTeamEnabled: undefined, teamGateUrl, teamId: 42 });
    await world.settle();
    assert.equal(asked[0], used);
  }
});

test("a page that has no URL can use no address, and says so", async () => {
  const { page } = openNoting();
  page.window.URL = undefined;
  assert.equal(page.track().stats().engine, "off");
  assert.match(page.console.join(), /^error: .*host must be/);
});

test("checkOptions says what is wrong, and that it checks nothing where the page must not run WebAssembly", () => {
  const codesOf = (page, options) => {
    const { checkOptions } = page.window.entry ?? page.window.PostHogBookingTracker;
    return Array.from(checkOptions(API_KEY, options), ({ code, level }) => [code, level]);
  };
  const { page } = openNoting();
  assert.deepEqual(codesOf(page, { host: "https://a.example" }), []);
  assert.deepEqual(codesOf(page, { host: "a.example" }), [["host_invalid", "error"]]);
  const { page: blocked } = openNoting();
  Object.defineProperty(blocked.window, "WebAssembly", { value: undefined });
  const isTranslated = process.env.CONTRACT_ENTRY === "no-wasm";
  assert.deepEqual(
    codesOf(blocked, { host: "a.example" }),
    isTranslated ? [["host_invalid", "error"]] : [["unchecked", "warning"]],
  );
});

test("an option is read once, while the tracker is made", async () => {
  const { world, page } = openNoting();
  const reads = new Map();
  const given = { host: "https://a.example", isTeamEnabled: () => true, beforeSend: [(event) => event], teamId: 42 };
  const options = new Proxy(given, {
    get(target, name) {
      reads.set(name, (reads.get(name) ?? 0) + 1);
      return target[name];
    },
  });
  const tracker = new page.window.PostHogBookingTracker(API_KEY, options);
  const before = new Map(reads);
  tracker.capture("a");
  await world.settle();
  assert.deepEqual(reads, before, "nobody reads it later");
  // The facade takes a copy, and the module reads what it checks.
  for (const [name, count] of reads) assert.ok(count <= 2, String(name));
});

test("hooks are those that the array named when it was read, whatever it says the next time", async () => {
  const { world, page } = openNoting();
  const hooks = [(event) => event];
  let reads = 0;
  hooks[Symbol.iterator] = () => (reads++ === 0 ? [hooks[0]] : []).values();
  const tracker = page.track({ beforeSend: hooks });
  assert.equal(tracker.capture("kept").event, "kept");
  await world.settle();
  assert.deepEqual([reads, tracker.stats().captured], [1, 1]);
});
