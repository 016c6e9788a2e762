// One fault played in one browser: a fresh profile, an empty collector, the fault, its end, and what the collector has by
// then. What a scenario needs to play stands here; the scenarios themselves are in `faults.mjs`.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROJECT_KEY } from "../e2e/browser.mjs";
import {
  captureSteps,
  confess,
  isWithoutWasm,
  loadTracker,
  sendBeacon,
  settle,
  startTracker,
} from "./page-scripts.mjs";

/** How many events each fault is about. */
export const EVENTS = 20;

/** Beyond this an event counts as lost. The tracker's own patience with other tabs ends after 60 s. */
const ARRIVAL_LIMIT_MS = 90_000;

/** How long a page may take to hear of its last confirmations. */
const SETTLE_LIMIT_MS = 30_000;

/** How long what a living browser has sent may be on its way. */
const MARKER_LIMIT_MS = 20_000;

const SCRIPT = "/tracker/script.js";

/** More patience with ordinary events than they need, so that storage holds them when the fault strikes. */
export const WAITING = { flushAt: 500, flushInterval: 600_000 };

let runs = 0;

/** A fault in play. */
export class Scene {
  /** Marks the events of this play, so that a stray of an earlier one never counts. A number: the journal stores no texts. */
  run = process.pid * 1_000 + ++runs;
  captured = 0;
  /** What is to be told about the play beside its numbers. */
  notes = [];
  #engine;
  #needs;
  /** The page with the tracker that the visitor opens, also when coming back. */
  #path;
  #profile;
  #browser;

  constructor(engine, collector, site) {
    this.#engine = engine;
    this.collector = collector;
    this.site = site;
  }

  /** Plays a fault from an empty collector to its end. */
  async play(fault) {
    await this.#heal();
    await this.collector.reset();
    this.#needs = fault.needs;
    this.#path = fault.path ?? "/page";
    this.#profile = await mkdtemp(join(tmpdir(), "faults-"));
    try {
      await this.#launch();
      const survivor = await fault.play(this);
      await this.#heal();
      // A page that survives is waited for like one that comes back.
      if (survivor) await this.arrived();
      else await this.#marked();
      const { stored: unaided } = await this.#count();
      const page = survivor ?? (await this.#returnVisit());
      await this.arrived();
      await this.#listenTo(page);
      return { ...(await this.#count()), unaided, notes: this.notes };
    } finally {
      await this.#browser?.kill();
      await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
    }
  }

  /** Opens the site's page with a tracker on it. */
  async open(options) {
    const page = await this.openUnstarted();
    await this.start(page, options);
    return page;
  }

  /** Opens the site's page and makes no tracker. */
  async openUnstarted() {
    const page = await this.#browser.open(this.site.url + this.#path);
    if (this.#path.endsWith("?csp") && !(await page.run(isWithoutWasm)))
      throw new Error("the page may run WebAssembly");
    return page;
  }

  /** Opens a page to which `prepare` is done before the tracker's script comes. */
  async openPrepared(prepare) {
    const page = await this.#browser.open(`${this.site.url}/plain`);
    await page.run(prepare);
    await page.run(loadTracker, SCRIPT);
    await this.start(page);
    return page;
  }

  /** Makes a tracker on a page and waits until it is ready. */
  start(page, options) {
    return page.run(startTracker, this.configuration(options));
  }

  /** What a tracker is made of. */
  configuration(options = {}) {
    return [PROJECT_KEY, { host: this.collector.url, isTeamEnabled: true, ...options }];
  }

  /** Captures the twenty events, or some of them. */
  async capture(page, how = {}) {
    const captured = await page.run(captureSteps, { run: this.run, to: EVENTS, ...how });
    this.captured += captured;
  }

  /** Captures twenty events that nobody counts. */
  captureOthers(page) {
    return page.run(captureSteps, { run: `${this.run}-others`, to: EVENTS });
  }

  /** Captures the twenty events and leaves for an address in the same tick. */
  async captureAndLeave(page, address, how = {}) {
    const all = { run: this.run, to: EVENTS, booking: true, leaveFor: address, ...how };
    this.captured = await page.leaveBy(captureSteps, all, address);
  }

  /** Makes sure that the fault has struck before anything arrived; otherwise the row would prove nothing. */
  async nothingYet() {
    const { stored } = await this.#count();
    if (stored > 0) throw new Error(`${stored} events had arrived before the fault`);
  }

  /** The power goes. Pages come back only with the return visit. */
  async killBrowser() {
    const browser = this.#browser;
    this.#browser = undefined;
    await browser.kill();
  }

  /** Something goes wrong with the next requests. */
  fault(fault) {
    return this.order("POST", "/faults", fault);
  }

  /** Gives the collector an order on its control port. */
  async order(method, path, body) {
    const response = await fetch(this.collector.inspector + path, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
  }

  /** Waits until the collector has all that was captured, as long as there is hope. */
  arrived() {
    return this.#until(async () => (await this.#count()).stored >= this.captured, ARRIVAL_LIMIT_MS);
  }

  /** Makes sure that the page has thrown nothing so far. */
  async nothingThrown(page) {
    const { thrown } = await page.run(confess);
    if (thrown.length > 0) throw new Error(`thrown into the page: ${thrown.join("; ")}`);
  }

  /** Waits until the collector's rows are as wished; gives whether they were within the limit. */
  async #until(isReached, limitMs) {
    const end = Date.now() + limitMs;
    for (;;) {
      // Asked before the rows, so that what comes between the two questions ends the wait below.
      const { copies } = await this.collector.stats();
      if (await isReached()) return true;
      try {
        await this.collector.wait({ copies: copies + 1, limitMs: Math.max(1, end - Date.now()) });
      } catch {
        return false;
      }
    }
  }

  /**
   * Waits until whatever the browser has sent must have arrived: a marker goes the same way, behind it, from a page without a
   * tracker. A browser that is gone sends nothing.
   */
  async #marked() {
    if (!this.#browser) return;
    const page = await this.#browser.open(`${this.site.url}/plain`);
    const marker = { event: "marker", distinct_id: "marker", properties: { marker: this.run } };
    const body = JSON.stringify({ api_key: PROJECT_KEY, batch: [marker] });
    await page.run(sendBeacon, [`${this.collector.url}/e/`, body]);
    const isThere = async () =>
      (await this.collector.events()).some(({ properties }) => properties.marker === this.run);
    if (!(await this.#until(isThere, MARKER_LIMIT_MS))) throw new Error("the marker has not arrived");
  }

  async #launch() {
    this.#browser = await this.#engine.launch(this.#profile, this.#needs);
  }

  /** Ends whatever is wrong with collector and site. */
  async #heal() {
    this.site.serve();
    await this.order("DELETE", "/faults");
    await this.order("POST", "/limits", { maxBodyBytes: null });
    await this.order("POST", "/release", {});
    await this.collector.listen(true);
  }

  async #returnVisit() {
    if (!this.#browser) await this.#launch();
    return this.open();
  }

  /** Lets a page come to rest, and hears what went wrong on it. */
  async #listenTo(page) {
    const waiting = await page.run(settle, SETTLE_LIMIT_MS);
    const { dropped } = await page.run(confess);
    if (waiting > 0) this.notes.push(`${waiting} events still wait on the page`);
    if (dropped.length > 0) this.notes.push(`given up: ${dropped.map(([why, count]) => `${count} ${why}`).join(", ")}`);
    await this.nothingThrown(page);
  }

  /** What the collector has of this play. Rows are distinct by PostHog's key, events by their number. */
  async #count() {
    const rows = (await this.collector.events()).filter(({ properties }) => properties.run === this.run);
    const stored = new Set(rows.map(({ properties }) => properties.n)).size;
    const copies = rows.reduce((sum, row) => sum + row.copies, 0);
    return {
      captured: this.captured,
      stored,
      lost: this.captured - stored,
      twice: rows.length - stored,
      copies: stored === 0 ? 0 : copies / stored,
    };
  }
}
