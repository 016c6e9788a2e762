// The faults: each captures twenty numbered events and has something go wrong. What a fault gives is the page that has
// lived through it, if one has; otherwise the visitor comes back once afterwards. Names are for `FAULTS=`; `needs` names
// what not every engine can do; `path` is the page that the visitor opens, also when coming back; `copiesMax` says how often an event may go over the wire where the page cannot hear the
// answer, and is 1 elsewhere. Time that is slept is the fault itself, results are waited for on the collector.

import { setTimeout as sleep } from "node:timers/promises";
import { LATE_TRACKERS } from "./late-trackers.mjs";
import { blockStorage, captureHostile, fillStorage, spoilStorage, waitForMirror } from "./page-scripts.mjs";
import { EVENTS, WAITING } from "./scene.mjs";

const SECOND = 1_000;

/** The collector answers every request like this for a while. */
const answering = (fault, ms) => async (scene) => {
  const page = await scene.open();
  await scene.fault({ ...fault, count: -1 });
  await scene.capture(page, { booking: true });
  await scene.collector.wait({ faultsMet: 1 });
  await sleep(ms);
  return page;
};

/** Something is done to the page before the tracker's script comes. */
const onPrepared = (prepare) => async (scene) => {
  const page = await scene.openPrepared(prepare);
  await scene.capture(page, { booking: true });
  return page;
};

/** The power goes 100 ms after the capture. */
async function captureAndKill(scene, page) {
  await scene.capture(page);
  await sleep(100);
  await scene.killBrowser();
  await scene.nothingYet();
}

const LEAVING = [
  {
    name: "navigation",
    title: "navigation in the same tick, same origin",
    copiesMax: 2,
    async play(scene) {
      await scene.captureAndLeave(await scene.open(), `${scene.site.url}/plain`);
    },
  },
  {
    name: "navigation-elsewhere",
    title: "navigation in the same tick, to another origin",
    copiesMax: 2,
    async play(scene) {
      await scene.captureAndLeave(await scene.open(), `${scene.site.otherUrl}/plain`);
    },
  },
  {
    name: "page-closed",
    title: "page closed, with pagehide",
    copiesMax: 2,
    async play(scene) {
      const page = await scene.open(WAITING);
      await scene.capture(page);
      await page.close();
    },
  },
  {
    name: "tab-killed",
    title: "tab dies without pagehide",
    needs: "crash",
    async play(scene) {
      const page = await scene.open(WAITING);
      await scene.capture(page);
      await page.crash();
      await scene.nothingYet();
    },
  },
  {
    name: "browser-killed",
    title: "browser killed 100 ms after capture, started again",
    needs: "restart",
    async play(scene) {
      const page = await scene.open(WAITING);
      // Making the database takes a first visit longer than 100 ms on a busy machine: that is the next fault.
      await page.run(waitForMirror, 10 * SECOND);
      await captureAndKill(scene, page);
    },
  },
  {
    name: "browser-killed-at-start",
    title: "the same, in the first moments of a first visit",
    needs: "restart",
    play: async (scene) => captureAndKill(scene, await scene.open(WAITING)),
  },
  {
    name: "browser-killed-offline",
    title: "browser killed after 8 s offline, started again online",
    needs: "restart",
    async play(scene) {
      const page = await scene.open();
      await scene.collector.listen(false);
      await scene.capture(page, { booking: true });
      await sleep(8 * SECOND);
      await scene.killBrowser();
      await scene.nothingYet();
    },
  },
  {
    name: "frozen",
    title: "hidden, frozen before the answer, killed",
    needs: "freeze",
    copiesMax: 2,
    async play(scene) {
      const page = await scene.open(WAITING);
      await scene.fault({ kind: "hold" });
      await scene.capture(page);
      await page.hide();
      await scene.collector.wait({ faultsMet: 1 });
      await page.freeze();
      await scene.collector.release();
      await page.crash();
    },
  },
  {
    name: "three-tabs",
    title: "three tabs capture at once and are closed",
    copiesMax: 2,
    async play(scene) {
      const pages = [await scene.open(), await scene.open(), await scene.open()];
      const bounds = [0, 7, 14, EVENTS];
      const share = (tab) => ({ from: bounds[tab], to: bounds[tab + 1], booking: true });
      await Promise.all(pages.map((page, tab) => scene.capture(page, share(tab))));
      for (const page of pages) await page.close();
    },
  },
];

const NETWORK = [
  {
    name: "down",
    title: "collector down for 10 s, page open, no later event",
    async play(scene) {
      const page = await scene.open();
      await scene.collector.listen(false);
      await scene.capture(page, { booking: true });
      await sleep(10 * SECOND);
      await scene.nothingYet();
      return page;
    },
  },
  {
    name: "offline-visit",
    title: "offline visit, then a visit without an event",
    async play(scene) {
      const page = await scene.open();
      await scene.collector.listen(false);
      await scene.capture(page, { booking: true });
      await page.close();
      await scene.nothingYet();
    },
  },
  { name: "503", title: "503 for 10 s", play: answering({ kind: "status", status: 503 }, 10 * SECOND) },
  {
    name: "503-short",
    title: "503 for 2 s",
    play: answering({ kind: "status", status: 503 }, 2 * SECOND),
  },
  {
    name: "429",
    title: "429 with Retry-After: 2",
    async play(scene) {
      const page = await scene.open();
      await scene.fault({ kind: "status", status: 429, retryAfter: "2" });
      await scene.capture(page, { booking: true });
      await scene.collector.wait({ faultsMet: 1 });
      return page;
    },
  },
  { name: "html", title: "a web page with status 200, for 5 s", play: answering({ kind: "html" }, 5 * SECOND) },
  {
    name: "answer-cut",
    title: "answer lost after acceptance: connection cut",
    copiesMax: 2,
    async play(scene) {
      const page = await scene.open();
      // On a new connection no browser repeats the request by itself, so that the page has to.
      await scene.collector.listen(false);
      await scene.collector.listen(true);
      await scene.fault({ kind: "cut" });
      await scene.capture(page, { booking: true });
      await scene.collector.wait({ faultsMet: 1 });
      return page;
    },
  },
  {
    name: "answer-held",
    title: "answer lost after acceptance: page left before it",
    copiesMax: 2,
    async play(scene) {
      const page = await scene.open();
      await scene.fault({ kind: "hold" });
      await scene.capture(page, { booking: true });
      await scene.collector.wait({ faultsMet: 1 });
      await page.close();
    },
  },
  {
    name: "hang",
    title: "a request that is never answered, and a reload",
    async play(scene) {
      const page = await scene.open();
      await scene.fault({ kind: "hang" });
      await scene.capture(page, { booking: true });
      await scene.collector.wait({ faultsMet: 1 });
      await page.reload();
      await scene.start(page);
      return page;
    },
  },
  {
    name: "413",
    title: "413 above 20 KB, events of 2 KB",
    async play(scene) {
      const page = await scene.open();
      await scene.order("POST", "/limits", { maxBodyBytes: 20_000 });
      await scene.capture(page, { text: "x".repeat(2_000), booking: true });
      // A limit of this kind never ends, so everything has to arrive under it.
      await scene.arrived();
      await scene.collector.wait({ refusedBodies: 1 });
      return page;
    },
  },
];

const HOSTILE_PAGES = [
  {
    name: "storage-full",
    title: "localStorage full",
    play: onPrepared(fillStorage),
  },
  {
    name: "storage-blocked",
    title: "localStorage blocked",
    play: onPrepared(blockStorage),
  },
  {
    name: "truncated",
    title: "truncated and foreign records in storage",
    async play(scene) {
      const earlier = await scene.open(WAITING);
      await scene.collector.listen(false);
      await scene.captureOthers(earlier);
      const spoilt = await earlier.run(spoilStorage);
      if (spoilt !== EVENTS) throw new Error(`${spoilt} records to cut instead of ${EVENTS}`);
      await earlier.close();
      await scene.collector.listen(true);
      const page = await scene.open();
      await scene.capture(page, { booking: true });
      return page;
    },
  },
  {
    name: "hostile",
    title: "hostile properties, then twenty events",
    async play(scene) {
      const page = await scene.open();
      const thrown = await page.run(captureHostile, scene.run);
      if (thrown > 0) throw new Error(`${thrown} calls threw into the page`);
      await scene.capture(page, { booking: true });
      return page;
    },
  },
];

/** All faults, in the order of the table. */
export const FAULTS = [...LEAVING, ...NETWORK, ...HOSTILE_PAGES, ...LATE_TRACKERS];
