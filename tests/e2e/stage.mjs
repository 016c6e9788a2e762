// What every end-to-end test stands on: one browser, collector and site for a file, a fresh context for each test.

import { after, afterEach, before, beforeEach } from "node:test";
import { launchChromium } from "./browser.mjs";
import { startCollector } from "./collector.mjs";
import { startSite } from "./site.mjs";

/** Chromium, for all tests of a file. */
export let browser;
/** What the trackers send to; empty at the start of each test, and listening. */
export let collector;
/** The pages; what they load is served as it should be at the start of each test. */
export let site;
/** A browser profile of the test's own. */
export let context;

/** A booking that has succeeded. */
export const COMPLETED = { bookingId: 7, bookingUid: "bFJeNb2uX8ANpT3JL5EfXw", eventTypeId: 101, teamId: 42 };

export const names = (events) => events.map(({ event }) => event);

/** Sets the stage for the tests of a file. */
export function setStage() {
  before(async () => {
    [browser, collector, site] = await Promise.all([launchChromium(), startCollector(), startSite()]);
  });
  after(() => Promise.all([browser.close(), collector.close(), site.close()]));
  beforeEach(async () => {
    await collector.reset();
    context = await browser.newContext();
  });
  afterEach(async () => {
    site.releaseChunks();
    site.breakChunks(0);
    await collector.listen(true);
    await context.close();
  });
}
