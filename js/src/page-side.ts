// What the page does for the engine: storage, requests, timers, questions, listeners. The engine's `page_side.rs` is the other half.

import type { ConsentWord, Engine, LockAnswer } from "../engine/engine.js";
import { write } from "./console.js";
import { DrainLock } from "./drain-lock.js";
import * as mirror from "./mirror.js";
import type { CheckedOptions } from "./options.js";
import * as storage from "./storage.js";
import { nounKey } from "./storage-keys.js";
import { type Answer, ask, exit, post } from "./transport.js";
import { tried } from "./tried.js";
import type { TeamGateState } from "./types.js";

/** What the page's side tells those who wait or listen. */
export interface Audience {
  opened(): void;
  teamTold(team: string, state: TeamGateState): void;
  flagsTold(): void;
  consentTold(state: ConsentWord): void;
  nearTold(key: string): void;
  flagsSettled(ticket: number): void;
  flushed(): void;
  isShutDown(): void;
}

/** What the trackers of this page know and may not store, or cannot, and how often something was noted in it. */
const memory = new Map<string, string>();
let notes = 0;

/** The page's side of one instance. No method throws. */
export class PageSide {
  readonly #options: CheckedOptions;
  readonly #audience: Audience;
  readonly #enter: (run: (engine: Engine) => void) => void;
  readonly #lock: DrainLock;
  readonly #requests = new Map<number, AbortController>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  /** `enter` enters the module, through its guard. */
  constructor(options: CheckedOptions, audience: Audience, enter: (run: (engine: Engine) => void) => void) {
    this.#options = options;
    this.#audience = audience;
    this.#enter = enter;
    this.#lock = new DrainLock(nounKey("drain", options.project));
  }

  get = storage.get;

  /** What is left of the last call of a dead instance may still run, but nothing of it counts any more. */
  put(key: string, value: string): boolean {
    return !this.#isClosed && storage.put(key, value);
  }

  remove(key: string): void {
    if (!this.#isClosed) storage.remove(key);
  }

  keys(prefix: string): string[] {
    return storage.keys().filter((key) => key.startsWith(prefix));
  }

  tabGet(key: string): string | undefined {
    return tried(() => sessionStorage.getItem(key)) ?? undefined;
  }

  tabPut(key: string, value: string): void {
    tried(() => sessionStorage.setItem(key, value));
  }

  tabRemove(key: string): void {
    tried(() => sessionStorage.removeItem(key));
  }

  recall(key: string): string | undefined {
    return memory.get(key);
  }

  remember(key: string, value: string | undefined): void {
    if (value === undefined) memory.delete(key);
    else memory.set(key, value);
    notes++;
  }

  notes(): number {
    return notes;
  }

  send(request: number, events: string, keepalive: boolean): void {
    const controller = new AbortController();
    this.#requests.set(request, controller);
    void post(this.#options, events, keepalive, controller.signal).then((answer) => {
      if (this.#requests.delete(request)) this.#enter((engine) => report(engine, request, answer));
    });
  }

  abort(request: number): void {
    const controller = this.#requests.get(request);
    this.#requests.delete(request);
    controller?.abort();
  }

  exit(events: string): void {
    exit(this.#options, events);
  }

  ask(question: number, url: string, body: string | undefined): void {
    void ask(url, body, this.#options.requestTimeout).then(({ status, text, isLate }) =>
      this.#enter((engine) => engine.jsonAnswered(question, status, text, isLate)),
    );
  }

  async askCallback(question: number, team: string): Promise<void> {
    const { isTeamEnabled } = this.#options;
    let said: unknown;
    try {
      // The page's code runs behind the call that asks.
      said = await Promise.resolve(team).then(isTeamEnabled as (team: string) => unknown);
    } catch {
      // Nobody could say.
    }
    this.#enter((engine) => engine.callbackAnswered(question, typeof said === "boolean" ? said : undefined));
  }

  wakeIn(waitMs: number): void {
    clearTimeout(this.#timer);
    // One millisecond more, because browsers round timers down and `performance.now()` too.
    if (waitMs >= 0) this.#timer = setTimeout(() => this.#enter((engine) => engine.woke()), waitMs + 1);
  }

  askLock(): void {
    this.#lock.ask((answer: LockAnswer) => {
      if (this.#isClosed) this.#lock.release();
      else this.#enter((engine) => engine.lockAnswered(answer));
    });
  }

  releaseLock(): void {
    this.#lock.release();
  }

  opened(opensMirror: boolean): void {
    this.#lock.live();
    // Made early, so that the first record need not wait for it.
    if (opensMirror) void mirror.open();
    this.#audience.opened();
  }

  async readMirror(): Promise<void> {
    // Reading would make it.
    if (!(await mirror.exists())) return;
    const records = await mirror.read();
    const keys = records.map(([key]) => key);
    const values = records.map(([, value]) => value);
    this.#enter((engine) => engine.mirrored(keys, values));
  }

  tryLater(uuid: string): void {
    setTimeout(() => this.#enter((engine) => engine.retryQuarantined(uuid)));
  }

  eraseMirror(erasesRecords: boolean, isUsed: boolean): void {
    const isOurs = (key: string) => erasesRecords && key.split(":")[2] === this.#options.project;
    void mirror.erase(isOurs, isUsed);
  }

  tellTeam(team: string, isOpen: boolean | undefined): void {
    this.#audience.teamTold(team, isOpen === undefined ? "unknown" : isOpen ? "open" : "shut");
  }

  tellFlags(): void {
    this.#audience.flagsTold();
  }

  tellConsent(state: ConsentWord): void {
    this.#audience.consentTold(state);
  }

  tellNear(key: string): void {
    this.#audience.nearTold(key);
  }

  flagsSettled(ticket: number): void {
    this.#audience.flagsSettled(ticket);
  }

  flushed(): void {
    this.#audience.flushed();
  }

  isShutDown(): void {
    this.#lock.leave();
    this.#audience.isShutDown();
  }

  say(level: "error" | "warn" | "debug", text: string): void {
    write(level, text);
  }

  /** The page is left: in the back/forward cache it would keep what it holds. */
  leave(): void {
    this.#lock.leave();
    mirror.close();
  }

  /** The page lives. */
  live(): void {
    this.#lock.live();
  }

  /** The instance is dead: nothing of it goes on. */
  close(): void {
    this.#isClosed = true;
    this.wakeIn(-1);
    this.#lock.leave();
    this.#requests.clear();
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
