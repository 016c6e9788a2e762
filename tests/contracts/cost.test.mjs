// What a call costs the page before it returns.

import assert from "node:assert/strict";
import { test } from "node:test";
import { World } from "./world.mjs";

/** A page whose tracker has captured before, and what its storage and network are asked for from then on. */
async function watched() {
  const world = new World();
  const { page, tracker } = await world.visit({});
  tracker.capture("first");
  await tracker.flush();
  const asked = [];
  const noun = (key) => (/^phbt:\d/.test(key) ? "record" : key.split(":")[1]);
  const { localStorage, fetch } = page.window;
  for (const method of ["getItem", "setItem", "removeItem"]) {
    const own = localStorage[method];
    localStorage[method] = (key, ...rest) => {
      asked.push(`${method} ${noun(key)}`);
      return own(key, ...rest);
    };
  }
  page.window.fetch = (...given) => {
    asked.push("fetch");
    return fetch(...given);
  };
  return { tracker, asked };
}

const READS = ["getItem consent", "getItem session", "getItem sentinel"];

test("a capture reads three keys and writes its record, and nothing else before it returns", async () => {
  const { tracker, asked } = await watched();
  tracker.capture("slot_selected");
  assert.deepEqual(asked.toSorted(), [...READS, "setItem record"].sort());
});

test("a must-send event is stored when its call returns, and its request starts in the microtask behind that", async () => {
  const { tracker, asked } = await watched();
  tracker.trackBookingCompleted({ bookingUid: "u" });
  assert.ok(asked.includes("setItem record") && !asked.includes("fetch"), asked.join());
  await Promise.resolve();
  await Promise.resolve();
  assert.ok(asked.includes("fetch"), asked.join());
});
