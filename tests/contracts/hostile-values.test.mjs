// Values that throw when they are looked at, and built-ins that do: only what fails is lost, and the module does not trap.

import assert from "node:assert/strict";
import { test } from "node:test";
import { runInContext } from "node:vm";
import { API_KEY, MINUTE, SECOND, World } from "./world.mjs";

const thrower = new Proxy({}, { get: fail, ownKeys: fail });
const hasTrapped = (page) => page.console.some((line) => line.includes("trapped"));
function fail() {
  throw new Error("boom");
}

for (const [name, timestamp] of Object.entries({
  "a BigInt": { getTime: () => 10n },
  "a symbol": { getTime: () => Symbol("x") },
  "an object without a value": { getTime: () => ({ valueOf: fail }) },
})) {
  test(`a timestamp whose getTime gives ${name} counts as none`, async () => {
    const world = new World();
    const { page, tracker } = await world.visit({ debug: true });
    tracker.capture("a", {}, { timestamp });
    await tracker.flush();
    assert.deepEqual([hasTrapped(page), world.server.names()], [false, ["a"]]);
  });
}

test("names to remove that do not want to be listed are none", async () => {
  for (const unset of [new Proxy([], { get: fail }), Object.assign(["x"], { [Symbol.iterator]: fail })]) {
    const world = new World();
    const { page, tracker } = await world.visit({ debug: true });
    tracker.setPersonProperties({ a: 1 }, {}, unset);
    await tracker.flush();
    assert.deepEqual([hasTrapped(page), world.server.names()], [false, ["$set"]]);
  }
});

test("every method takes what throws when it is looked at", async () => {
  const text = { toString: fail };
  for (const [method, args] of Object.entries({
    capture: ["a", thrower, thrower],
    identify: ["a", thrower, thrower],
    group: ["t", "k", thrower],
    register: [thrower],
    reset: [thrower],
    setTeam: [text],
    unregister: [text],
    getFeatureFlag: [text, thrower],
    isTeamTracked: [thrower],
    setGroupPropertiesForFlags: [thrower],
    resetGroupPropertiesForFlags: [thrower],
    debug: [thrower],
    isFeatureEnabled: ["x", thrower],
  })) {
    const world = new World();
    const { page, tracker } = await world.visit({ debug: true });
    tracker[method](...args);
    await world.settle();
    assert.equal(hasTrapped(page), false, method);
  }
});

test("a hook may throw an error that throws when it is read", async () => {
  const bad =
    "(() => { const e = new Error('x'); Object.defineProperty(e, 'message', { get() { throw 1 } }); return e })()";
  for (const thrown of [bad, "new (class extends Error { toString() { throw 1 } })()"]) {
    const world = new World();
    const page = world.open();
    runInContext(`globalThis.hook = () => { throw ${thrown} }`, page.window);
    const tracker = page.track({ debug: true, beforeSend: page.window.hook });
    tracker.capture("a");
    await world.settle();
    assert.deepEqual([hasTrapped(page), tracker.stats().dropped.before_send], [false, 1]);
  }
});

test("a page whose Intl throws goes without a time zone", async () => {
  const world = new World();
  const page = world.open();
  runInContext("Intl.DateTimeFormat = function () { throw new RangeError('no time zone') }", page.window);
  const tracker = page.track({ debug: true });
  tracker.trackBookingCompleted({ bookingUid: "u" });
  await world.pass(MINUTE);
  const [{ properties }] = world.server.named("booking_completed");
  assert.deepEqual([hasTrapped(page), properties.$browser, properties.$timezone], [false, "Chrome", undefined]);
});

test("what stands in the place of posthog-js may call the tracker while it is looked at", async () => {
  const world = new World();
  const page = world.open();
  let tracker;
  page.window.posthog = Object.defineProperty({}, "x", { enumerable: true, get: () => tracker?.getDistinctId() });
  tracker = page.track({ identity: "auto", debug: true });
  tracker.capture("a");
  await world.pass(10 * SECOND);
  await tracker.flush();
  assert.deepEqual([hasTrapped(page), world.server.names()], [false, ["a"]]);
});

test("posthog-js is asked who the visitor is only where the page may know", async () => {
  for (const prerendering of [false, true]) {
    const world = new World();
    const page = world.open();
    page.window.document.prerendering = prerendering;
    const asked = [];
    const posthog = {
      __loaded: true,
      config: { token: API_KEY },
      get_explicit_consent_status: () => "pending",
      get_distinct_id: () => asked.push("id") && "ph",
      get_property: (name) => asked.push(name) && undefined,
      sessionManager: {
        checkAndGetSessionAndWindowId: () => asked.push("session") && { sessionId: "s", windowId: "w" },
      },
    };
    const options = { identity: "posthog-js", posthog, ...(prerendering ? {} : { consent: "required" }) };
    const tracker = page.track(options);
    tracker.capture("a");
    await world.pass(10 * SECOND);
    assert.deepEqual(asked, []);
    if (prerendering) continue;
    tracker.optIn();
    await tracker.flush();
    assert.equal(world.server.named("a")[0].distinct_id, "ph");
  }
});
