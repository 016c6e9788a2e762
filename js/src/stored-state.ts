// What is known of the visitor and stored as one JSON object: kept in memory until something of this visitor may be stored.
//
// Each change is applied to what is stored as well as to what this page knows, so that tabs do not overwrite each other's.

import * as storage from "./storage.js";

/** So many changes are remembered until they may be stored. */
const EDITS_MAX = 100;

/** What this page knows, by its keys: a second tracker of one project shares the first one's. */
const states = new Map<string, object>();

/** One stored object. */
export class StoredState<State extends object> {
  readonly #key: string;
  readonly #read: (stored: Partial<State>) => State;
  #kept = false;
  /** What this page has changed and not stored. */
  #edits: ((state: State) => void)[] = [];

  /** `read` makes a whole state of what was found, which somebody may have damaged; it may throw. */
  constructor(key: string, read: (stored: Partial<State>) => State) {
    this.#key = key;
    this.#read = read;
  }

  get current(): Readonly<State> {
    return this.#state;
  }

  /** Changes something, and stores it where that is allowed. */
  edit(edit: (state: State) => void): void {
    edit(this.#state);
    if (this.#kept) this.#store([edit]);
    else this.#edits = [...this.#edits.slice(-EDITS_MAX), edit];
  }

  /** From here on it is stored. */
  keep(): void {
    this.#kept = true;
    this.#store(this.#edits.splice(0));
  }

  /** Somebody else uses the page from now on. */
  clear(isOurs = true): void {
    if (isOurs) storage.remove(this.#key);
    states.delete(this.#key);
    this.#edits = [];
  }

  /** Removes what is stored, until it may be kept again; the page remembers. */
  withdraw(): void {
    const known = this.#state;
    this.forget(true);
    this.edit((state) => Object.assign(state, known));
  }

  /** Forgets everything, and removes what is stored, unless another tab has stored it since (`isOurs` false). */
  forget(isOurs: boolean): void {
    this.clear(isOurs);
    this.#kept = false;
  }

  get #state(): State {
    const state = (states.get(this.#key) as State | undefined) ?? this.#load();
    states.set(this.#key, state);
    return state;
  }

  #load(): State {
    try {
      return this.#read(JSON.parse(storage.get(this.#key) || "{}"));
    } catch {
      return this.#read({});
    }
  }

  #store(edits: readonly ((state: State) => void)[]): void {
    if (edits.length === 0) return;
    const stored = storage.get(this.#key) ? this.#load() : this.#state;
    if (stored !== this.#state) for (const edit of edits) edit(stored);
    storage.put(this.#key, JSON.stringify(stored));
  }
}
