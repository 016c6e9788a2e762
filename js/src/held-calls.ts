// What the page says while the visitor has not said whether it may be tracked: kept in memory, and done when it may.

/** At most so many events wait, and beside them as many calls that change who the visitor is. */
const HELD_MAX = 200;

interface HeldCall {
  readonly run: () => void;
  /** The event that it captures; absent, where it captures none. */
  readonly event?: string;
  readonly isUrgent?: boolean;
}

/** Calls that wait for consent. */
export class HeldCalls {
  #calls: HeldCall[] = [];
  readonly #onEvicted: (event: string) => void;

  /** `onEvicted` is called for an event that had to make room. */
  constructor(onEvicted: (event: string) => void) {
    this.#onEvicted = onEvicted;
  }

  /** How many events wait. */
  get events(): number {
    return this.#calls.filter(({ event }) => event !== undefined).length;
  }

  /** Keeps a call. Where there are too many events, the oldest that is not urgent goes, else the oldest. */
  hold(call: HeldCall): void {
    const events = this.#calls.filter(({ event }) => event !== undefined);
    if (call.event === undefined && this.#calls.length - events.length >= HELD_MAX) return;
    this.#calls.push(call);
    if (call.event === undefined || events.length < HELD_MAX) return;
    const evicted = events.find(({ isUrgent }) => !isUrgent) ?? events[0];
    this.#calls = this.#calls.filter((held) => held !== evicted);
    this.#onEvicted(evicted?.event ?? "");
  }

  /** Gives up the calls, in their order. */
  release(): HeldCall[] {
    return this.#calls.splice(0);
  }
}
