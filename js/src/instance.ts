// One instance of the module, and the guard through which everything enters it. Whatever is thrown out of a call into the module ends
// that instance: its memory may be in any state. A page never hears of it. This file also keeps the record that the instance
// was at, and releases its locks.

import type * as engine from "../engine/engine.js";
import type { Engine, Heard } from "../engine/engine.js";
import { pageMemory } from "./page-memory.js";

/** Where instances come from. */
export interface Instances {
  /** Which build of the module they are of. */
  readonly kind: "wasm" | "no-wasm";
  /** Makes an instance that nobody else uses; gives its classes. Throws where the page cannot have one. */
  make(): typeof engine;
}

/** One instance with its engine. */
export class Instance {
  /** The record that was touched last: what was under work, asked after a trap. */
  touched = "";
  #engine: Engine | undefined;
  #isDead = false;
  #depth = 0;
  /** Lets the locks go that are asked for or held, by their names. */
  readonly #held = new Map<string, () => void>();
  readonly #onTrap: () => void;

  /** `onTrap` is called once, when the instance dies. */
  constructor(onTrap: () => void) {
    this.#onTrap = onTrap;
  }

  /** Puts the engine in that this instance is of. */
  run(engine: Engine | undefined): void {
    this.#engine = engine;
  }

  /** Enters the module; does nothing and gives nothing where the instance is dead, or dies in this call. */
  enter<Value>(run: (engine: Engine) => Value): Value | undefined {
    const engine = this.#engine;
    if (!engine) return undefined;
    if (this.#depth++ === 0) this.touched = "";
    try {
      return run(engine);
    } catch {
      this.#die();
      return undefined;
    } finally {
      this.#depth--;
    }
  }

  #die(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.#engine = undefined;
    for (const name of [...this.#held.keys()]) this.letGo(name);
    this.#onTrap();
  }

  hearer = (what: Heard, id: number) => (value?: unknown) => this.enter((engine) => engine.hear(what, id, value));

  /** A lock may be let go before it is granted: it is then let go as soon as it is. */
  holder = (name: string, hear: (lock: unknown) => void) => {
    const held = new Promise<void>((release) => this.#held.set(name, release));
    return (lock: unknown) => {
      hear(lock);
      return lock && !this.#isDead ? held : undefined;
    };
  };

  letGo(name: string): void {
    this.#held.get(name)?.();
    this.#held.delete(name);
  }

  /** What is left of the last call of a dead instance may still run: it ends here, before it stores or sends something. */
  touch(key: string): void {
    if (this.#isDead) throw new Error("the instance is dead");
    if (key) this.touched = key;
  }

  recall(key: string): string | undefined {
    return pageMemory().values.get(key);
  }

  remember(key: string, value: string | undefined): void {
    const memory = pageMemory();
    if (value === undefined) memory.values.delete(key);
    else memory.values.set(key, value);
    memory.notes++;
  }

  notes(): number {
    return pageMemory().notes;
  }
}
