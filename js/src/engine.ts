// The engine as the wrapper sees it: typed calls, one at a time, and nothing that it throws gets any further.

import type { Happening } from "../engine/engine.js";
import { createGlue } from "../engine/glue.js";
import type { Consent } from "./consent.js";
import type { DrainLock } from "./drain-lock.js";
import type { Handover } from "./keel.js";
import { DROP_REASONS, NOTICE_CODES, type Notices } from "./notices.js";
import type { CheckedOptions } from "./options.js";
import type { PageEvent } from "./page-events.js";
import { PageSide } from "./page-side.js";
import { type NewRecord, teamText, wholeValue } from "./record.js";
import { inHand } from "./storage.js";
import type { TeamGate } from "./team-gate.js";
import type { Answer } from "./transport.js";
import type { OutboxStats } from "./types.js";

// The engine's `Happening` by its numbers, each held against its name by the compiler.
const STARTED = 0 satisfies Happening.Started;
const CAPTURED = 1 satisfies Happening.Captured;
const GATE_ANSWERED = 2 satisfies Happening.GateAnswered;
const ANSWERS = {
  api: 3 satisfies Happening.Answered,
  quota_limited: 4 satisfies Happening.QuotaLimited,
  foreign: 5 satisfies Happening.WebPageAnswered,
} as const;
const PAGE_EVENTS = {
  hidden: 6 satisfies Happening.Hidden,
  leaving: 7 satisfies Happening.Leaving,
  returned: 8 satisfies Happening.Returned,
  online: 9 satisfies Happening.Online,
} as const;
const WOKE = 10 satisfies Happening.Woke;
const FLUSH_REQUESTED = 11 satisfies Happening.FlushRequested;
const SHUT_DOWN = 12 satisfies Happening.ShutDown;
const LOCK_ANSWERED = 13 satisfies Happening.LockAnswered;
const MIRRORED = 14 satisfies Happening.Mirrored;
const PURGED = 15 satisfies Happening.Purged;

interface Call {
  readonly happening: Happening;
  readonly numbers?: readonly number[];
  /** The texts that it comes with, with tabulators between them. */
  readonly text?: string;
  readonly record?: NewRecord;
}

/** What is known of a team, as a number. */
const answerOf = (open: boolean | undefined) => (open === undefined ? 2 : Number(open));

/** What is left of an engine that has trapped. */
export interface Wreck {
  /** The uuid of the record that it could not bear, empty where none was under work. */
  readonly poisoned: string;
  /** What it had been told and has not stored. */
  readonly unsaved: readonly NewRecord[];
}

/** One engine, in a WebAssembly instance of its own. */
export class Engine {
  readonly #glue = createGlue();
  readonly #side: PageSide;
  readonly #onTrap: (wreck: Wreck) => void;
  #dead = false;
  #busy = false;
  #behind: Call[] = [];

  /** Starts an engine; `onTrap` is called once, when it dies, which may be before this returns. */
  constructor(
    module: WebAssembly.Module,
    options: CheckedOptions,
    consent: Consent,
    gate: TeamGate,
    lock: DrainLock,
    notices: Notices,
    handover: Handover & { quarantined: string },
    onTrap: (wreck: Wreck) => void,
  ) {
    this.#side = new PageSide(this, options, consent, gate, lock, notices);
    this.#onTrap = onTrap;
    const { project, flushAt, flushInterval, maxRetries, requestTimeout } = options;
    const { records, quarantined } = handover;
    this.#guard(() => {
      this.#glue.instantiate(module);
      this.#glue.start(project, flushAt, flushInterval, maxRetries, requestTimeout, this.#side);
    });
    this.#call({ happening: STARTED, text: `${quarantined}\t${records}` });
  }

  /** Captures an event. It is stored when this returns, or `onTrap` has been given it back. */
  capture(record: NewRecord): void {
    const { key, body, team, open, mustSend, event } = record;
    const text = [key, teamText(team), body, event].join("\t");
    this.#call({ happening: CAPTURED, numbers: [Number(mustSend), answerOf(open)], text, record });
  }

  /** Gives up everything that waits. */
  purge(): void {
    this.#call({ happening: PURGED });
  }

  /** Tells the engine what is known of a team. */
  gateAnswered(team: string, open: boolean | undefined): void {
    this.#call({ happening: GATE_ANSWERED, numbers: [answerOf(open)], text: teamText(team) });
  }

  answered(request: number, { status, content, retryAfterS }: Answer): void {
    const isTaken = status >= 200 && status <= 299;
    this.#call({ happening: ANSWERS[isTaken ? content : "api"], numbers: [request, status, retryAfterS] });
  }

  lockAnswered(answer: number): void {
    this.#call({ happening: LOCK_ANSWERED, numbers: [answer] });
  }

  /** Tells the engine what the mirror holds. */
  mirrored(records: readonly [key: string, value: string][]): void {
    const lines = records.map(([key, value]) => `${key} ${wholeValue(value)}`);
    this.#call({ happening: MIRRORED, text: lines.join("\n") });
  }

  happened(event: PageEvent): void {
    this.#call({ happening: PAGE_EVENTS[event] });
  }

  woke(): void {
    this.#call({ happening: WOKE });
  }

  flush(): Promise<void> {
    const settled = this.#side.whenSettled();
    this.#call({ happening: FLUSH_REQUESTED });
    return settled;
  }

  shutDown(): Promise<void> {
    const settled = this.#side.whenSettled();
    this.#call({ happening: SHUT_DOWN });
    return settled;
  }

  /** The counters; asked from inside a call (the page may have replaced what we use), those of before the call. */
  stats(): OutboxStats {
    if (!this.#busy) {
      this.#side.counts = [];
      this.#guard(() => this.#glue.stats());
    }
    const [captured = 0, adopted = 0, confirmed = 0, waiting = 0, held = 0, settledElsewhere = 0, ...counts] =
      this.#side.counts;
    const reasons = NOTICE_CODES.slice(0, DROP_REASONS).map((code, index) => [code, counts[index]]);
    const dropped = Object.fromEntries(reasons) as OutboxStats["dropped"];
    return { engine: "wasm", captured, adopted, confirmed, waiting, held, settledElsewhere, dropped };
  }

  /** Passes a call on, behind the one that is going on where there is one: the page may have replaced what we use. */
  #call(call: Call): void {
    this.#behind.push(call);
    if (this.#busy) return;
    this.#busy = true;
    for (let next = this.#behind[0]; next; next = this.#behind[0]) {
      const { happening, numbers: [number = 0, status = 0, wait = 0] = [], text = "" } = next;
      inHand.touched = inHand.written = "";
      if (!this.#guard(() => this.#glue.handle(happening, number, status, wait, text))) break;
      this.#behind.shift();
    }
    this.#busy = false;
  }

  /** Runs a call; `false`, where the engine is dead or this has killed it. */
  #guard(run: () => void): boolean {
    if (this.#dead) return false;
    try {
      run();
      return true;
    } catch {
      this.#die();
      return false;
    }
  }

  #die(): void {
    this.#dead = true;
    this.#side.close();
    const { touched, written } = inHand;
    const calls = written === "" ? this.#behind : this.#behind.slice(1);
    const unsaved = calls.flatMap(({ record }) => record ?? []);
    this.#behind = [];
    this.#onTrap({ poisoned: touched.slice(-36), unsaved });
  }
}
