// The keel: captures before the engine is there, without it and after it has died.
//
// It stores records in the engine's own format, so that handing over is nothing but adoption. On leaving it sends what this
// page has captured. Where it is known that no engine will come, it delivers like a small engine.

import type { Consent } from "./consent.js";
import { Delivery } from "./keel-delivery.js";
import type { NoticeCode, Notices } from "./notices.js";
import type { CheckedOptions } from "./options.js";
import type { PageEvent } from "./page-events.js";
import { capturedMsOf, type NewRecord, nounKey, recordPrefix, recordValue } from "./record.js";
import * as storage from "./storage.js";
import type { TeamGate } from "./team-gate.js";

/** The engine's bounds: the size of an event, how many wait, and how long. */
const EVENT_BYTES_MAX = 32 * 1024;
const RECORDS_MAX = 1_000;
const RECORD_AGE_MAX_MS = 7 * 24 * 3_600_000;

/** What an engine is given when it takes over. */
export interface Handover {
  /** A line for each record of this page: its key and, where storage did not take it, a space and its value. */
  readonly records: string;
}

/** The keel of one tracker. */
export class Keel {
  /** How many events were captured here, whatever became of them. */
  captured = 0;
  /** How many records of earlier pages were taken over here. */
  adopted = 0;
  /** How many events were dropped here, by reason. */
  readonly dropped: Partial<Record<NoticeCode, number>> = {};
  /** How many records were handed to engines, which count them as captured once more. */
  handed = 0;
  readonly #options: CheckedOptions;
  readonly #consent: Consent;
  readonly #gate: TeamGate;
  readonly #notices: Notices;
  /** How it sends, and what came of that. */
  readonly delivery: Delivery;
  /** This page's records: key to value, the value empty where storage holds it. */
  readonly #records = new Map<string, string>();
  #alone = false;
  #left = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dueMs = Number.POSITIVE_INFINITY;

  constructor(options: CheckedOptions, consent: Consent, gate: TeamGate, notices: Notices) {
    this.#options = options;
    this.#consent = consent;
    this.#gate = gate;
    this.#notices = notices;
    this.delivery = this.#deliveryOf(this.#records);
  }

  /** Stores an event before it returns; as a raw one, where its page may still change who it is about. */
  capture(record: NewRecord, stage: "sealed" | "raw" = "sealed"): void {
    const { key, event, body, mustSend } = record;
    this.captured++;
    if (new Blob([body]).size > EVENT_BYTES_MAX) return this.drop("too_large", event);
    if (this.#records.size >= RECORDS_MAX) this.delivery.evict();
    const value = recordValue(record, stage);
    this.#records.set(key, this.#store(key, value) ? "" : value);
    if (this.#alone) {
      const urgent = mustSend || this.#records.size >= this.#options.flushAt;
      this.#schedule(urgent ? 0 : this.#options.flushInterval);
    }
  }

  /** Seals a raw record that is still here: now it is known who it is about. */
  seal(record: NewRecord): void {
    const { key } = record;
    const earlier = this.#records.get(key);
    // Another page may have given it up, or settled it.
    if (earlier === undefined || (earlier === "" && !storage.get(key))) return;
    const value = recordValue(record);
    this.#records.set(key, this.#store(key, value) ? "" : value);
  }

  /** Gives up everything that waits here. */
  purge(): void {
    for (const key of this.#records.keys()) {
      storage.remove(key);
      this.drop("purged", "");
    }
    this.#records.clear();
  }

  /** Counts an event as given up. */
  drop(reason: NoticeCode, event: string): void {
    this.dropped[reason] = (this.dropped[reason] ?? 0) + 1;
    if (reason === "ungated") this.#notices.report("nothing_opens_the_gate");
    this.#notices.report(reason, event);
  }

  /** How many events of this page wait here. */
  get waiting(): number {
    return this.#records.size;
  }

  /** What an engine takes over. From here on this keel rests, until the engine gives something back. */
  handOver(): Handover {
    this.rest();
    this.delivery.settleVanished();
    const lines = [...this.#records].map(([key, value]) => (value === "" ? key : `${key} ${value}`));
    this.handed += lines.length;
    this.#records.clear();
    return { records: lines.join("\n") };
  }

  /** Nothing happens any more by itself. */
  rest(): void {
    clearTimeout(this.#timer);
    this.#dueMs = Number.POSITIVE_INFINITY;
    this.#alone = false;
  }

  /** No engine will come: this keel delivers, what earlier pages left included. */
  goAlone(): void {
    this.#alone = true;
    for (const key of this.#stored()) this.#adopt(key);
    this.#expect();
  }

  /** Takes over what the mirror holds and storage does not: what a killed browser has lost, or storage did not take. */
  unite(mirrored: readonly [key: string, value: string][]): void {
    for (const [key, value] of mirrored) {
      if (key.startsWith(recordPrefix(this.#options.project)) && !storage.get(key)) this.#adopt(key, value);
    }
    this.#expect();
  }

  /** Something is known of a team, or nobody could say. */
  gateAnswered(open: boolean | undefined): void {
    this.delivery.giveUpGated();
    if (this.#alone && open) this.#schedule(0);
  }

  /** Sends everything that may leave, and waits for the answer. */
  flush(): Promise<void> {
    return this.delivery.send();
  }

  /** Sends quarantined records, which the engine cannot bear, and forgets those that arrive. */
  async sendQuarantined(uuids: readonly string[]): Promise<void> {
    const keys = this.#stored().filter((key) => uuids.includes(key.slice(-36)));
    if (keys.length === 0) return;
    const delivery = this.#deliveryOf(new Map(keys.map((key) => [key, ""])));
    await Promise.all([...delivery.unknownTeams()].map((team) => this.#gate.ask(team)));
    await delivery.send();
  }

  /** Something happened to the page while this keel is in charge. */
  happened(event: PageEvent): void {
    if (event === "leaving") this.delivery.exit();
    // On a navigation Chromium hides the page after `pagehide`, when everything has gone out already.
    else if (event === "hidden" && !this.#left) void this.delivery.send();
    else if (event !== "hidden" && this.#alone) this.#schedule(0);
    this.#left = event === "leaving" || (this.#left && event === "hidden");
  }

  /** Takes over a record of an earlier page; `value` is what storage has lost. */
  #adopt(key: string, value?: string): void {
    if (this.#records.has(key)) return;
    this.adopted++;
    if (Date.now() - capturedMsOf(key) > RECORD_AGE_MAX_MS) {
      storage.remove(key);
      return this.drop("expired", "");
    }
    if (this.#records.size >= RECORDS_MAX) this.delivery.evict();
    this.#records.set(key, value === undefined || storage.put(key, value) ? "" : value);
  }

  #deliveryOf(records: Map<string, string>): Delivery {
    return new Delivery(this.#options, this.#consent, this.#gate, records, (reason, event) => this.drop(reason, event));
  }

  /** Stores a record, with a sign of its own after each clearing, by which that is told from a settled record. */
  #store(key: string, value: string): boolean {
    const sentinel = nounKey("sentinel", this.#options.project);
    if (!this.#consent.isGranted || !storage.put(key, value)) return false;
    if (storage.get(sentinel) === undefined) storage.put(sentinel, Date.now().toString(36));
    return true;
  }

  /** The keys of the project's records in storage. */
  #stored(): string[] {
    return storage.keys().filter((key) => key.startsWith(recordPrefix(this.#options.project)));
  }

  /** Sees to it that the gates of what was taken over are known, and sends what may leave. */
  #expect(): void {
    for (const team of this.delivery.unknownTeams()) this.#gate.want(team);
    this.delivery.giveUpGated();
    this.#schedule(0);
  }

  /** Delivers after a wait, or at the earlier time that is set already. A backoff is never cut short. */
  #schedule(waitMs: number): void {
    const dueMs = performance.now() + Math.max(waitMs, this.delivery.backoffMs());
    if (dueMs >= this.#dueMs) return;
    clearTimeout(this.#timer);
    this.#dueMs = dueMs;
    this.#timer = setTimeout(() => {
      this.#dueMs = Number.POSITIVE_INFINITY;
      void this.delivery.send().then(() => {
        if (this.#alone && this.#records.size > 0) this.#schedule(this.#options.flushInterval);
      });
    }, dueMs - performance.now());
  }
}
