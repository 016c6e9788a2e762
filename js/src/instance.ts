// One instance of the module, and the guard through which everything enters it. Whatever is thrown out of a call into the module ends
// that instance: its memory may be in any state. A page never hears of it.

import type { Engine } from "../engine/engine.js";
import { inHand } from "./storage.js";

/** Where instances come from. */
export interface Instances {
  /** Which build of the module they are of. */
  readonly kind: "wasm" | "no-wasm";
  /** Makes an instance that nobody else uses; gives its class. Throws where the page cannot have one. */
  make(): typeof Engine;
}

/** What is left of an instance that has trapped. */
export interface Wreck<Record_> {
  /** The key of the record that it was at; empty, where it was at none. */
  readonly touched: string;
  /** What it was told to store, and has not. */
  readonly unsaved: readonly Record_[];
}

/** One instance with its engine. */
export class Instance<Record_ extends { readonly key: string }> {
  #engine: Engine | undefined;
  #depth = 0;
  /** What the calls under way are to store. */
  #inFlight: Record_[] = [];
  readonly #isStored: (record: Record_) => boolean;
  readonly #onTrap: (wreck: Wreck<Record_>) => void;

  /** `make` makes the engine; `onTrap` is called once, when the instance dies. */
  constructor(make: () => Engine, isStored: (record: Record_) => boolean, onTrap: (wreck: Wreck<Record_>) => void) {
    this.#isStored = isStored;
    this.#onTrap = onTrap;
    this.#engine = make();
  }

  /** Enters the module; does nothing and gives nothing where the instance is dead, or dies in this call. */
  enter<Value>(run: (engine: Engine) => Value): Value | undefined {
    const engine = this.#engine;
    if (!engine) return undefined;
    if (this.#depth++ === 0) inHand.touched = "";
    try {
      return run(engine);
    } catch {
      this.#die();
      return undefined;
    } finally {
      if (--this.#depth === 0) this.#inFlight = [];
    }
  }

  /** The same for a call that stores a record. */
  store(record: Record_, run: (engine: Engine) => void): void {
    this.#inFlight.push(record);
    this.enter(run);
  }

  #die(): void {
    if (!this.#engine) return;
    this.#engine = undefined;
    const unsaved = this.#inFlight.filter((record) => !this.#isStored(record));
    // An instance that has touched no record yet has died of the one that it was given.
    this.#onTrap({ touched: inHand.touched || (unsaved[0]?.key ?? ""), unsaved });
  }
}
