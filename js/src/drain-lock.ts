// The drain lock: the Web Lock under which the pages of an origin take turns. The engine's `drain.rs` is the other half.

// The engine's answers by their numbers (`bindings/mod.rs`).
const GRANTED = 0;
const REFUSED = 1;
const MISSING = 2;
const LOST = 3;

/** One page's hold of the lock. */
export class DrainLock {
  readonly #name: string;
  #release: (() => void) | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  /**
   * Asks without waiting, because a waiter that is queued when the holder goes into the back/forward cache is stuck for
   * good. Reports what came of it, later, and once more where the lock is taken away.
   */
  ask(report: (answer: number) => void): void {
    let answer = MISSING;
    Promise.resolve()
      .then(() =>
        navigator.locks.request(this.#name, { ifAvailable: true }, (lock) => {
          answer = lock ? LOST : REFUSED;
          if (!lock) return report(REFUSED);
          const held = new Promise<void>((release) => {
            this.#release = release;
          });
          report(GRANTED);
          return held;
        }),
      )
      // No locks in an insecure context; an origin that may have none; or a lock that another page has stolen.
      .catch(() => report(answer));
  }

  /** Lets the lock go. */
  release(): void {
    this.#release?.();
    this.#release = undefined;
  }
}
