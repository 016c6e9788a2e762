// What the page does for the engine: storage, requests, timers, questions. The engine's `page_side.rs` is the other half.

import type { Engine, LockAnswer } from "../engine/engine.js";
import type { Consent } from "./consent.js";
import type { DrainLock } from "./drain-lock.js";
import type { NoticeCode, Notices } from "./notices.js";
import type { CheckedOptions } from "./options.js";
import * as storage from "./storage.js";
import type { TeamGate } from "./team-gate.js";
import { type Answer, exit, post } from "./transport.js";

/** What the page's side calls back. */
interface Host {
  /** Enters the module. */
  enter(run: (engine: Engine) => void): void;
  /** Replays entries of the journal that other pages have left. */
  replay(ageMinMs: number): void;
}

/** The page's side of one instance. No method throws. */
export class PageSide {
  readonly #host: Host;
  readonly #gate: TeamGate;
  readonly #notices: Notices;
  readonly #options: CheckedOptions;
  readonly #consent: Consent;
  readonly #lock: DrainLock;
  readonly #requests = new Map<number, AbortController>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #settled: (() => void)[] = [];
  /** The instance is dead. What is left of its last call may still run, but nothing of it counts any more. */
  #closed = false;

  constructor(
    options: CheckedOptions,
    consent: Consent,
    gate: TeamGate,
    lock: DrainLock,
    notices: Notices,
    host: Host,
  ) {
    this.#host = host;
    this.#gate = gate;
    this.#notices = notices;
    this.#options = options;
    this.#consent = consent;
    this.#lock = lock;
  }

  get(key: string): string | undefined {
    return storage.get(key);
  }

  put(key: string, value: string): boolean {
    return !this.#isSilent() && storage.put(key, value);
  }

  remove(key: string): void {
    if (!this.#closed) storage.remove(key);
  }

  keys(prefix: string): string[] {
    return storage.keys().filter((key) => key.startsWith(prefix));
  }

  send(request: number, events: string, keepalive: boolean): void {
    if (this.#isSilent()) return void this.#fail(request);
    const controller = new AbortController();
    this.#requests.set(request, controller);
    void post(this.#options, events, keepalive, controller.signal).then((answer) => {
      if (this.#requests.delete(request)) this.#enter((engine) => report(engine, request, answer));
    });
  }

  /** Reports, when the call is over, that a request has come to nothing. */
  async #fail(request: number): Promise<void> {
    await Promise.resolve();
    this.#enter((engine) => engine.failed(request));
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
    if (waitMs >= 0) this.#timer = setTimeout(() => this.#enter((engine) => engine.woke()), waitMs + 1);
  }

  askGate(team: string): void {
    this.#gate.want(team);
    const open = this.#gate.state(team);
    // Who is being asked may know; until then nobody has said anything, and what was held for long waits a little longer.
    if (open !== undefined || !this.#gate.isAsking(team)) this.#enter((engine) => engine.gateAnswered(team, open));
  }

  askLock(): void {
    this.#lock.ask((answer: LockAnswer) => {
      if (this.#closed) this.#lock.release();
      else this.#enter((engine) => engine.lockAnswered(answer));
    });
  }

  releaseLock(): void {
    this.#lock.release();
  }

  replayJournal(ageMinMs: number): void {
    if (!this.#isSilent()) this.#host.replay(ageMinMs);
  }

  settled(): void {
    const settled = this.#settled;
    this.#settled = [];
    for (const resolve of settled) resolve();
  }

  notice(code: string, event: string): void {
    this.#notices.report(code as NoticeCode, event);
  }

  /** Is fulfilled when the engine reports the next `settled`, or when it dies. */
  whenSettled(): Promise<void> {
    return new Promise((resolve) => this.#settled.push(resolve));
  }

  /** The instance is dead: nothing of it goes on. */
  close(): void {
    this.#closed = true;
    this.wakeIn(-1);
    this.releaseLock();
    this.settled();
    this.#requests.clear();
  }

  #enter(run: (engine: Engine) => void): void {
    if (!this.#closed) this.#host.enter(run);
  }

  /** Whether nothing may be stored or sent: another tab may know that the visitor has said no before this one does. */
  #isSilent(): boolean {
    return this.#closed || !this.#consent.isGranted;
  }
}

/** Tells the engine what a server has answered. */
function report(engine: Engine, request: number, { status, content, retryAfterS }: Answer): void {
  const isTaken = status >= 200 && status <= 299;
  if (status === 0) engine.failed(request);
  else if (isTaken && content === "quota_limited") engine.quotaLimited(request);
  else if (isTaken && content === "foreign") engine.webPageAnswered(request);
  else engine.answered(request, status, retryAfterS);
}
