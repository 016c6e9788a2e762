// One call after the other: what the page calls from inside a hook, a listener or something that it has replaced is done behind
// the call that is going on; what it calls while nobody sees it, when somebody does. No error gets any further.

import type { Notices } from "./notices.js";

/** So much may be called from inside one call; what calls itself for ever ends. */
const BEHIND_MAX = 1_000;

/** The calls of one tracker. */
export class CallQueue {
  readonly #notices: Notices;
  /** What the page has said while nobody sees it; nothing of it has happened until somebody does. */
  #prerendered: (() => void)[] | undefined = [];
  /** What is being done, and what was said meanwhile. */
  readonly #behind: (() => void)[] = [];

  constructor(notices: Notices) {
    this.#notices = notices;
  }

  /** Whether nobody sees the page yet. */
  get isPrerendering(): boolean {
    return this.#prerendered !== undefined;
  }

  /** Whether a call would be done at once. */
  get isFree(): boolean {
    return !this.isPrerendering && this.#behind.length === 0;
  }

  /** The page is seen: `first` is done, and then what it has said until now. */
  begin(first: () => void): void {
    const calls = this.#prerendered ?? [];
    this.#prerendered = undefined;
    for (const call of [first, ...calls]) this.run(call);
  }

  /** Does something, as soon as it is its turn. */
  run(call: () => void): void {
    if (this.#prerendered) return void this.#prerendered.push(call);
    this.#behind.push(call);
    if (this.#behind.length > 1) return;
    for (let done = 0; done < BEHIND_MAX && done < this.#behind.length; done++) this.attempt(this.#behind[done]);
    this.#behind.length = 0;
  }

  /** Does something now. */
  attempt(call: (() => void) | undefined): void {
    try {
      call?.();
    } catch (error) {
      this.#notices.debug(`an error was kept from the page: ${error}`);
    }
  }
}
