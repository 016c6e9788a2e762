// The drain lock: the Web Lock under which the pages of an origin take turns. The engine's `drain.rs` is the other half.

import type { LockAnswer } from "../engine/engine.js";

/** One page's hold of the lock. */
export class DrainLock {
  readonly #name: string;
  /** Held, shared, by every living page: who sees it held once knows that there is no other. */
  readonly #presence: string;
  #release: (() => void) | undefined;
  #leave: (() => void) | undefined;

  constructor(name: string) {
    this.#name = name;
    this.#presence = `${name}:page`;
  }

  /** The page lives: others see it until it is gone, or until `leave`. */
  live(): void {
    if (this.#leave) return;
    const present = new Promise<void>((leave) => {
      this.#leave = leave;
    });
    void request(this.#presence, { mode: "shared" }, () => present).catch(() => {});
  }

  /** The page is left: in the back/forward cache it would keep what it holds. */
  leave(): void {
    this.#leave?.();
    this.#leave = undefined;
    this.release();
  }

  /**
   * Asks without waiting, because a waiter that is queued when the holder goes into the back/forward cache is stuck for
   * good. Reports what came of it, later, and once more where the lock is taken away.
   */
  ask(report: (answer: LockAnswer) => void): void {
    let failure: LockAnswer = "missing";
    request(this.#name, { ifAvailable: true }, async (lock) => {
      failure = lock ? "lost" : "missing";
      if (!lock) return report("refused");
      let letGo: (() => void) | undefined;
      const held = new Promise<void>((release) => {
        letGo = release;
      });
      this.#release = letGo;
      const isAlone = await this.#isAlone();
      // The page may have been left meanwhile, and the lock let go.
      if (this.#release !== letGo) return report("refused");
      report(isAlone ? "granted" : "granted_beside");
      return held;
    })
      // No locks in an insecure context; an origin that may have none; or a lock that another page has stolen.
      .catch(() => report(failure));
  }

  /** Whether no other page shows that it lives; one that cannot be told is taken to live. */
  async #isAlone(): Promise<boolean> {
    try {
      const { held = [] } = await navigator.locks.query();
      return held.filter(({ name }) => name === this.#presence).length < 2;
    } catch {
      return false;
    }
  }

  /** Lets the lock go. */
  release(): void {
    this.#release?.();
    this.#release = undefined;
  }
}

/** Rejects where there are no locks, instead of throwing. */
const request = async (name: string, options: LockOptions, granted: LockGrantedCallback<void>): Promise<void> =>
  navigator.locks.request(name, options, granted);
