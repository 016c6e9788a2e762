// One instance of the module, and the guard through which everything enters it. Whatever is thrown out of a call into the module ends
// that instance: its memory may be in any state. A page never hears of it.

import type { Engine } from "../engine/engine.js";
import type { CheckedOptions } from "./options.js";
import { inHand } from "./storage.js";

/** Where instances come from. */
export interface Instances {
  /** Which build of the module they are of. */
  readonly kind: "wasm" | "no-wasm";
  /** Makes an instance that nobody else uses; gives its class. Throws where the page cannot have one. */
  make(): typeof Engine;
}

/** What an instance is told when it is made. */
export interface Configuration extends CheckedOptions {
  readonly version: string;
  /** Names the page in the entries of the journal. */
  readonly page: string;
  /** What the visitor has said of its consent on this page, as it is stored. */
  readonly said: string;
  /** Whether facades of later pages want to know which teams are not tracked. */
  readonly isLazy: boolean;
  /** What the page's callback has said of teams. */
  readonly teamAnswers: Readonly<Record<string, boolean | undefined>>;
}

/** One instance with its engine. */
export class Instance {
  #engine: Engine | undefined;
  #depth = 0;
  readonly #onTrap: () => void;

  /** `onTrap` is called once, when the instance dies. */
  constructor(engine: Engine, onTrap: () => void) {
    this.#engine = engine;
    this.#onTrap = onTrap;
  }

  /** Enters the module; does nothing and gives nothing where the instance is dead, or dies in this call. */
  enter<Value>(run: (engine: Engine) => Value): Value | undefined {
    const engine = this.#engine;
    if (!engine) return undefined;
    if (this.#depth++ === 0) inHand.touched = "";
    try {
      return run(engine);
    } catch {
      if (this.#engine) {
        this.#engine = undefined;
        this.#onTrap();
      }
      return undefined;
    } finally {
      this.#depth--;
    }
  }
}
