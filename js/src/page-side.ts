// What the page does for the engine: storage, requests, timers, questions. The engine's `page_side.rs` is the other half.

import type { Consent } from "./consent.js";
import type { DrainLock } from "./drain-lock.js";
import type { Engine } from "./engine.js";
import { NOTICE_CODES, type Notices } from "./notices.js";
import type { CheckedOptions } from "./options.js";
import { wholeValue } from "./record.js";
import * as storage from "./storage.js";
import type { TeamGate } from "./team-gate.js";
import { exit, post } from "./transport.js";

/** The page's side of one engine. No method throws. */
export class PageSide {
  readonly #engine: Engine;
  readonly #gate: TeamGate;
  readonly #notices: Notices;
  readonly #options: CheckedOptions;
  readonly #consent: Consent;
  readonly #lock: DrainLock;
  /** The counters that the engine was asked for last. */
  counts: number[] = [];
  readonly #requests = new Map<number, AbortController>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #settled: (() => void)[] = [];
  /** The engine is dead. What is left of its last call may still run, but nothing of it counts any more. */
  #closed = false;

  constructor(
    engine: Engine,
    options: CheckedOptions,
    consent: Consent,
    gate: TeamGate,
    lock: DrainLock,
    notices: Notices,
  ) {
    this.#engine = engine;
    this.#gate = gate;
    this.#notices = notices;
    this.#options = options;
    this.#consent = consent;
    this.#lock = lock;
  }

  get(key: string): string | undefined {
    return storage.get(key);
  }

  getRecord(key: string): string | undefined {
    const value = storage.get(key);
    return value && wholeValue(value);
  }

  put(key: string, value: string): boolean {
    return !this.#isSilent() && storage.put(key, value);
  }

  remove(key: string): void {
    if (!this.#closed) storage.remove(key);
  }

  keys(): string {
    return storage.keys().join("\n");
  }

  send(request: number, events: string, keepalive: boolean): void {
    if (this.#isSilent()) return void this.#fail(request);
    const controller = new AbortController();
    this.#requests.set(request, controller);
    void post(this.#options, events, keepalive, controller.signal).then((answer) => {
      if (this.#requests.delete(request)) this.#engine.answered(request, answer);
    });
  }

  /** Reports, when the call is over, that a request has come to nothing. */
  async #fail(request: number): Promise<void> {
    await Promise.resolve();
    this.#engine.answered(request, { status: 0, content: "api", retryAfterS: 0 });
  }

  abort(request: number): void {
    const controller = this.#requests.get(request);
    this.#requests.delete(request);
    controller?.abort();
  }

  exit(events: string): void {
    if (!this.#isSilent()) exit(this.#options, events);
  }

  wakeIn(waitMs: number): void {
    clearTimeout(this.#timer);
    // One millisecond more, because browsers round timers down and `performance.now()` too.
    if (waitMs >= 0) this.#timer = setTimeout(() => this.#engine.woke(), waitMs + 1);
  }

  askGate(text: string): void {
    const team = decodeURIComponent(text);
    this.#gate.want(team);
    const open = this.#gate.state(team);
    // Who is being asked may know; until then nobody has said anything, and what was held for long waits a little longer.
    if (open !== undefined || !this.#gate.isAsking(team)) this.#engine.gateAnswered(team, open);
  }

  askLock(): void {
    this.#lock.ask((answer) => {
      if (this.#closed) this.#lock.release();
      else this.#engine.lockAnswered(answer);
    });
  }

  releaseLock(): void {
    this.#lock.release();
  }

  settled(): void {
    const settled = this.#settled;
    this.#settled = [];
    for (const resolve of settled) resolve();
  }

  count(count: number): void {
    this.counts.push(count);
  }

  notice(number: number, event: string): void {
    const code = NOTICE_CODES[number];
    if (code) this.#notices.report(code, event);
  }

  /** Is fulfilled when the engine reports the next `settled`, or when it dies. */
  whenSettled(): Promise<void> {
    return new Promise((resolve) => this.#settled.push(resolve));
  }

  /** Whether nothing may be stored or sent: another tab may know that the visitor has said no before this one does. */
  #isSilent(): boolean {
    return this.#closed || !this.#consent.isGranted;
  }

  /** The engine is dead: nothing of it goes on. */
  close(): void {
    this.#closed = true;
    this.wakeIn(-1);
    this.releaseLock();
    this.settled();
    for (const request of this.#requests.keys()) this.#requests.delete(request);
  }
}
