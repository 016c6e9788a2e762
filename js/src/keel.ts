// The keel: captures before the engine is there, without it and after it has died.
//
// It stores raw records in the engine's own format, so that handing over is nothing but adoption. On leaving it seals
// what this page has captured and sends it. Where it is known that no engine will come, it delivers like a small engine.

import { Delivery } from "./keel-delivery.js";
import type { NoticeCode, Notices } from "./notices.js";
import type { CheckedOptions } from "./options.js";
import { pageAddress } from "./page-address.js";
import type { PageEvent } from "./page-events.js";
import { isMustSend, nounKey, projectHash, rawValue, recordKey, recordPrefix } from "./record.js";
import * as storage from "./storage.js";
import type { TeamGate } from "./team-gate.js";
import { uuidv7 } from "./uuid.js";
import { Visitor } from "./visitor.js";

/** The engine's bounds: the size of an event, how many wait, and how long. */
const EVENT_BYTES_MAX = 32 * 1024;
const RECORDS_MAX = 1_000;
const RECORD_AGE_MAX_MS = 7 * 24 * 3_600_000;

/** What an engine is given when it takes over. */
export interface Handover {
  /** A line for each record of this page: its key and, where storage did not take it, a space and its value. */
  readonly records: string;
  readonly minted: boolean;
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
  readonly #gate: TeamGate;
  readonly #notices: Notices;
  readonly #project: string;
  readonly #visitor: Visitor;
  readonly #delivery: Delivery;
  /** This page's records: key to value, the value empty where storage holds it. */
  readonly #records = new Map<string, string>();
  #lastMs = 0;
  #lastWallMs = 0;
  #sequence = 0;
  #inCharge = true;
  #alone = false;
  #left = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dueMs = Number.POSITIVE_INFINITY;

  constructor(options: CheckedOptions, gate: TeamGate, notices: Notices) {
    this.#options = options;
    this.#gate = gate;
    this.#notices = notices;
    this.#project = projectHash(options.apiKey);
    this.#visitor = new Visitor(this.#project);
    this.#delivery = this.#deliveryOf(this.#records);
  }

  /** Stores an event before it returns. */
  capture(event: string, properties: string, team: string): void {
    this.captured++;
    const admitted = event.trim() === "" ? "invalid" : this.#gate.admit(team);
    if (typeof admitted === "string") return this.drop(admitted, event);
    const ms = this.#timestamp();
    const uuid = uuidv7(ms);
    const { distinct_id, device_id, identified } = this.#visitor.identity();
    const raw = {
      uuid,
      timestamp: new Date(ms).toISOString(),
      event,
      ...(admitted.team === undefined ? {} : { team: admitted.team }),
      ...pageAddress(),
      distinct_id,
      session_id: this.#visitor.sessionId(ms),
      device_id,
      identified,
    };
    const key = recordKey(this.#project, ms, this.#sequence++, uuid);
    const value = rawValue(raw, properties);
    if (new Blob([value]).size > EVENT_BYTES_MAX) return this.drop("too_large", event);
    if (this.#records.size >= RECORDS_MAX) this.#delivery.evict();
    this.#records.set(key, this.#store(key, value) ? "" : value);
    if (this.#gate.source === "ask" && admitted.team !== undefined) void this.#learn(admitted.team);
    if (this.#alone) {
      const urgent = isMustSend(event) || this.#records.size >= this.#options.flushAt;
      this.#schedule(urgent ? 0 : this.#options.flushInterval);
    }
  }

  /** Names the visitor, by an event where that is news. */
  identify(distinctId: string, team: string): void {
    if (typeof this.#gate.admit(team) === "string") return;
    const earlier = this.#visitor.identify(distinctId);
    if (!earlier.identified && earlier.distinct_id !== distinctId) {
      this.capture("$identify", JSON.stringify({ $anon_distinct_id: earlier.distinct_id }), team);
    }
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

  /** How many events have been confirmed here. */
  get confirmed(): number {
    return this.#delivery.confirmed;
  }

  /** What an engine takes over. From here on this keel rests, until the engine gives something back. */
  handOver(): Handover {
    this.rest();
    this.#inCharge = false;
    const lines = [...this.#records].map(([key, value]) => (value === "" ? key : `${key} ${value}`));
    this.handed += lines.length;
    this.#records.clear();
    this.#visitor.rest();
    return { records: lines.join("\n"), minted: this.#visitor.minted };
  }

  /** Nothing happens any more by itself. */
  rest(): void {
    clearTimeout(this.#timer);
    this.#dueMs = Number.POSITIVE_INFINITY;
    this.#alone = false;
  }

  /** The engine is gone: this keel is in charge again. */
  takeOver(): void {
    this.#inCharge = true;
  }

  /** No engine will come: this keel delivers, what earlier pages left included. */
  goAlone(): void {
    this.#alone = true;
    for (const key of this.#stored()) this.#adopt(key);
    this.#schedule(0);
  }

  /** Takes over what the mirror holds and storage does not: what a killed browser has lost, or storage did not take. */
  unite(mirrored: readonly [key: string, value: string][]): void {
    for (const [key, value] of mirrored) {
      if (key.startsWith(recordPrefix(this.#project)) && !storage.get(key)) this.#adopt(key, value);
    }
    this.#schedule(0);
  }

  /** Sends everything that may leave, and waits for the answer. */
  async flush(): Promise<void> {
    await this.#delivery.send();
    await this.#learnAndSend(this.#delivery);
  }

  /** Sends quarantined records, which the engine cannot bear, and forgets those that arrive. */
  async sendQuarantined(uuids: readonly string[]): Promise<void> {
    const keys = this.#stored().filter((key) => uuids.includes(key.slice(-36)));
    if (keys.length === 0) return;
    const delivery = this.#deliveryOf(new Map(keys.map((key) => [key, ""])));
    await delivery.send();
    await this.#learnAndSend(delivery);
  }

  /** Something happened to the page while this keel is in charge. */
  happened(event: PageEvent): void {
    if (event === "leaving") this.#delivery.exit();
    // On a navigation Chromium hides the page after `pagehide`, when everything has gone out already.
    else if (event === "hidden" && !this.#left) void this.#delivery.send();
    else if (event !== "hidden" && this.#alone) this.#schedule(0);
    this.#left = event === "leaving" || (this.#left && event === "hidden");
  }

  /** Takes over a record of an earlier page; `value` is what storage has lost. */
  #adopt(key: string, value?: string): void {
    if (this.#records.has(key)) return;
    this.adopted++;
    const capturedMs = Number.parseInt(key.slice(recordPrefix(this.#project).length), 36);
    if (Date.now() - capturedMs > RECORD_AGE_MAX_MS) {
      storage.remove(key);
      return this.drop("expired", "");
    }
    if (this.#records.size >= RECORDS_MAX) this.#delivery.evict();
    this.#records.set(key, value === undefined || storage.put(key, value) ? "" : value);
  }

  #deliveryOf(records: Map<string, string>): Delivery {
    return new Delivery(this.#options, this.#gate, records, (reason, event) => this.drop(reason, event));
  }

  /** Stores a record, with a sign of its own after each clearing, by which that is told from a settled record. */
  #store(key: string, value: string): boolean {
    const sentinel = nounKey("sentinel", this.#project);
    if (!storage.put(key, value)) return false;
    if (storage.get(sentinel) === undefined) storage.put(sentinel, Date.now().toString(36));
    return true;
  }

  /** The keys of the project's records in storage. */
  #stored(): string[] {
    return storage.keys().filter((key) => key.startsWith(recordPrefix(this.#project)));
  }

  async #learnAndSend(delivery: Delivery): Promise<void> {
    const unknown = [...delivery.unknownTeams()];
    if (unknown.length === 0) return;
    await Promise.all(unknown.map((team) => this.#learn(team)));
    await delivery.send();
  }

  /**
   * Learns whether a team is tracked. A definite "no" drops what it has waiting, and with it every trace; where an engine
   * has taken over since, that is the engine's to do.
   */
  async #learn(team: string): Promise<void> {
    if ((await this.#gate.ask(team)) !== false || !this.#inCharge) return;
    this.#delivery.discard(team);
    if (this.#records.size === 0 && this.confirmed === 0 && this.#visitor.minted) {
      this.#visitor.forget();
      storage.remove(nounKey("sentinel", this.#project));
    }
  }

  /** The timestamp of an event, unique on this page, by the engine's rule. */
  #timestamp(): number {
    const ms = Date.now();
    const wasSetBack = ms + 1_000 <= this.#lastWallMs;
    this.#lastWallMs = ms;
    this.#lastMs = !wasSetBack && this.#lastMs >= ms ? this.#lastMs + 1 : ms;
    return this.#lastMs;
  }

  /** Delivers after a wait, or at the earlier time that is set already. A backoff is never cut short. */
  #schedule(waitMs: number): void {
    const dueMs = performance.now() + Math.max(waitMs, this.#delivery.backoffMs());
    if (dueMs >= this.#dueMs) return;
    clearTimeout(this.#timer);
    this.#dueMs = dueMs;
    this.#timer = setTimeout(() => {
      this.#dueMs = Number.POSITIVE_INFINITY;
      void this.flush().then(() => {
        if (this.#alone && this.#records.size > 0) this.#schedule(this.#options.flushInterval);
      });
    }, dueMs - performance.now());
  }
}
