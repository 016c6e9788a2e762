// The time of events. PostHog keys rows by it, and two events of a millisecond keep their order by it.

/** When something has happened, and as which of its page. */
export interface Tick {
  readonly ms: number;
  readonly sequence: number;
}

/** The clock of one page. */
export class Clock {
  #lastMs = 0;
  #lastWallMs = 0;
  #sequence = 0;

  /**
   * The time of an event that happens now, unique on this page, and its number. A tie or a step back under a second becomes
   * the next millisecond; a larger step back is a clock that was set, and is taken as it is.
   */
  tick(): Tick {
    const ms = Date.now();
    const wasSetBack = ms + 1_000 <= this.#lastWallMs;
    this.#lastWallMs = ms;
    this.#lastMs = !wasSetBack && this.#lastMs >= ms ? this.#lastMs + 1 : ms;
    return { ms: this.#lastMs, sequence: this.#sequence++ };
  }
}
