// Faults that no release may bring back, each with the whole browser to itself: the scenarios of `make faults`, in Chromium.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chromium } from "../faults/chromium.mjs";
import { FAULTS } from "../faults/faults.mjs";
import { EVENTS, Scene } from "../faults/scene.mjs";
import { startSite } from "../faults/site.mjs";
import { startCollector } from "./collector.mjs";

let collector;
let site;

before(async () => {
  [collector, site] = await Promise.all([startCollector(), startSite()]);
});
after(() => Promise.all([collector.close(), site.close()]));

for (const name of [
  "navigation-elsewhere",
  "tab-killed",
  "browser-killed",
  "offline-visit",
  "503-short",
  "answer-cut",
  "three-tabs",
  "storage-full",
]) {
  const fault = FAULTS.find((known) => known.name === name);
  test(`nothing is lost and nothing counted twice: ${fault.title}`, async () => {
    const { captured, lost, twice, copies } = await new Scene(chromium, collector, site).play(fault);
    assert.deepEqual({ captured, lost, twice }, { captured: EVENTS, lost: 0, twice: 0 });
    assert.ok(copies <= (fault.copiesMax ?? 1), `${copies} copies of each event on the wire`);
  });
}
