// How the keel sends: seals what it holds, at most what a keepalive request carries, and forgets what is confirmed.

import { backoffMs } from "./backoff.js";
import type { Consent } from "./consent.js";
import type { NoticeCode } from "./notices.js";
import type { CheckedOptions } from "./options.js";
import { capturedMsOf, parseValue, type RecordValue } from "./record.js";
import * as storage from "./storage.js";
import { HOLD_MAX_MS, type TeamGate } from "./team-gate.js";
import { exit, post } from "./transport.js";

/** The most bytes that leave at a time: browsers share 64 KiB between all unanswered keepalive requests of a page. */
const EXIT_BYTES_MAX = 60_000;

/** More than the bytes of a body that are not events. */
const ENVELOPE_BYTES_MAX = 192;

interface Sendable extends RecordValue {
  readonly key: string;
}

/** Sends the records of a keel. */
export class Delivery {
  /** How many events PostHog has confirmed. */
  confirmed = 0;
  /** How many another page has settled. */
  settledElsewhere = 0;
  readonly #options: CheckedOptions;
  readonly #consent: Consent;
  readonly #gate: TeamGate;
  readonly #records: Map<string, string>;
  readonly #drop: (reason: NoticeCode, event: string) => void;
  /** What an unanswered request carries. */
  readonly #underWay = new Set<string>();
  /** What was refused alone by 403. */
  readonly #aside = new Set<string>();
  #batchMax = Number.POSITIVE_INFINITY;
  /** Failures in a row, and when the next attempt may be made; never again, where the project key is refused. */
  #failures = 0;
  #notBeforeMs = 0;

  constructor(
    options: CheckedOptions,
    consent: Consent,
    gate: TeamGate,
    records: Map<string, string>,
    drop: (reason: NoticeCode, event: string) => void,
  ) {
    this.#options = options;
    this.#consent = consent;
    this.#gate = gate;
    this.#records = records;
    this.#drop = drop;
  }

  /** How long to wait until the next attempt. */
  backoffMs(): number {
    return Math.max(0, this.#notBeforeMs - performance.now());
  }

  /** Sends what may leave; what is confirmed is removed, everything else stays. */
  async send(): Promise<void> {
    const batch = this.#isStopped() ? [] : this.#load();
    if (batch.length === 0) return;
    for (const { key } of batch) this.#underWay.add(key);
    const controller = new AbortController();
    const timeout = setTimeout(() => controller.abort(), this.#options.requestTimeout);
    const { status, content } = await post(this.#options, textOf(batch), true, controller.signal);
    clearTimeout(timeout);
    for (const { key } of batch) this.#underWay.delete(key);
    if (status >= 200 && status <= 299 && content === "api") {
      this.#batchMax = Number.POSITIVE_INFINITY;
      this.#failures = 0;
      // What was given up while it was under way has been counted.
      this.confirmed += batch.filter(({ key }) => this.#records.has(key)).length;
      for (const { key } of batch) this.#forget(key);
      return this.send();
    }
    if (this.#isSettledByHalving(status, batch)) return this.send();
    this.#backOff(status);
  }

  /** Halves what was refused, and gives up an event that is refused alone; whether there is more to send at once. */
  #isSettledByHalving(status: number, batch: Sendable[]): boolean {
    if (status !== 400 && status !== 403 && status !== 413) return false;
    this.#batchMax = Math.ceil(batch.length / 2);
    const [only] = batch.length === 1 ? batch : [];
    if (only && status === 403) {
      // Perhaps it is the event, perhaps everything is refused: this page leaves it to a later one.
      this.#aside.add(only.key);
      return false;
    }
    if (only) this.#giveUp(only.key, status === 400 ? "rejected" : "too_large");
    return true;
  }

  #backOff(status: number): void {
    this.#failures++;
    const waitMs = backoffMs(this.#failures, this.#options.maxRetries);
    this.#notBeforeMs = status === 401 ? Number.POSITIVE_INFINITY : performance.now() + waitMs;
  }

  #isStopped(): boolean {
    return this.#notBeforeMs === Number.POSITIVE_INFINITY || !this.#consent.isGranted;
  }

  /** Hands what may leave over to the browser. It stays stored: nobody will confirm it. */
  exit(): void {
    const batch = this.#isStopped() ? [] : this.#load();
    if (batch.length > 0) exit(this.#options, textOf(batch));
  }

  /** The teams of which nobody knows yet whether they are tracked. */
  unknownTeams(): Set<string> {
    const teams = new Set<string>();
    for (const key of this.#records.keys()) {
      const team = this.#read(key)?.team;
      if (team && this.#gate.state(team) === undefined) teams.add(team);
    }
    return teams;
  }

  /** Gives up what waits for teams that are not tracked, and what has waited for too long for anybody to say. */
  giveUpGated(): void {
    for (const key of [...this.#records.keys()]) {
      const { team, held } = this.#read(key) ?? {};
      const open = this.#gate.state(team);
      if (open === false) this.#giveUp(key, "gate_shut");
      const isLate = held && Date.now() - capturedMsOf(key) > HOLD_MAX_MS;
      if (isLate && team && open === undefined && !this.#gate.isAsking(team)) this.#giveUp(key, "gate_unknown");
    }
  }

  /** How many records the gate holds. */
  get held(): number {
    return [...this.#records.keys()].filter((key) => this.#gate.state(this.#read(key)?.team) !== true).length;
  }

  /** What storage had and has not any more has been settled by another page. */
  settleVanished(): void {
    for (const [key, value] of this.#records) {
      if (value !== "" || storage.get(key) !== undefined) continue;
      this.#records.delete(key);
      this.settledElsewhere++;
    }
  }

  /** Gives up the oldest record that is not must-send, else the oldest. */
  evict(): void {
    const keys = [...this.#records.keys()];
    const key = keys.find((candidate) => !this.#read(candidate)?.mustSend) ?? keys[0];
    if (key !== undefined) this.#giveUp(key, "evicted");
  }

  /** What may leave now and fits, must-send events first, in the order of capture. */
  #load(): Sendable[] {
    this.settleVanished();
    const sealed = [...this.#records.keys()].flatMap((key) => this.#sendable(key) ?? []);
    let bytes = ENVELOPE_BYTES_MAX;
    const chosen = new Set<Sendable>();
    for (const mustSend of [true, false]) {
      for (const record of sealed) {
        const size = new Blob([record.body]).size + 1;
        if (record.mustSend !== mustSend || bytes + size > EXIT_BYTES_MAX || chosen.size >= this.#batchMax) continue;
        bytes += size;
        chosen.add(record);
      }
    }
    return sealed.filter((record) => chosen.has(record));
  }

  /** The record as it is sent; nothing, where it may not be sent now. */
  #sendable(key: string): Sendable | undefined {
    const value = this.#read(key);
    if (!value && storage.get(key)) this.#giveUp(key, "torn");
    const isHeld = this.#underWay.has(key) || this.#aside.has(key);
    if (!value || isHeld || this.#gate.state(value.team) !== true) return undefined;
    return { key, ...value };
  }

  #read(key: string): RecordValue | undefined {
    return parseValue(this.#records.get(key) || storage.get(key) || "");
  }

  #giveUp(key: string, reason: NoticeCode): void {
    this.#drop(reason, this.#read(key)?.event ?? "");
    this.#forget(key);
  }

  #forget(key: string): void {
    this.#records.delete(key);
    storage.remove(key);
  }
}

/** The events of records, with commas between them. */
const textOf = (batch: readonly Sendable[]): string => batch.map(({ body }) => body).join();
