// Super properties, groups and where the visitor came from first: what goes on every event until it is taken away.
//
// Stored under `phbt:properties:<project>`. Each change is applied to what is stored as well as to what this page knows,
// so that tabs do not overwrite each other's.

import { type PageAddress, QUERY_KEYS } from "./page-address.js";
import { plainCopy } from "./properties.js";
import { nounKey } from "./record.js";
import * as storage from "./storage.js";

/** So many changes are remembered until they may be stored. */
const EDITS_MAX = 100;

interface Stored {
  properties: Record<string, unknown>;
  groups: Record<string, string>;
  initial?: PageAddress;
  /** The id that posthog-js has said last; what is registered goes with it. */
  followed?: string;
}

/** What this page knows, by its keys: a second tracker of one project shares the first one's. */
const states = new Map<string, Stored>();

/** The super properties of one project. */
export class SuperProperties {
  readonly #key: string;
  #kept = false;
  /** What this page has changed and not stored. */
  #edits: ((state: Stored) => void)[] = [];

  constructor(project: string) {
    this.#key = nounKey("properties", project);
  }

  get properties(): Readonly<Record<string, unknown>> {
    return this.#state.properties;
  }

  get groups(): Readonly<Record<string, string>> {
    return this.#state.groups;
  }

  /** Where this browser was seen first, and where it came from. */
  initial({ url, referrer }: PageAddress): PageAddress {
    const { initial } = this.#state;
    if (initial) return initial;
    const present = { url, referrer };
    this.#change((state) => {
      state.initial ??= present;
    });
    return present;
  }

  /** From here on the properties are stored. */
  keep(): void {
    this.#kept = true;
    this.#store(this.#edits.splice(0));
  }

  register(properties: object): void {
    const copy = plainCopy(properties);
    this.#change((state) => Object.assign(state.properties, copy));
  }

  registerOnce(properties: object): void {
    const copy = plainCopy(properties);
    this.#change((state) => {
      state.properties = { ...copy, ...state.properties };
    });
  }

  /** A campaign has brought the visitor here: it is on every event until another one does. */
  arrive(campaign: Record<string, string>): void {
    this.#change((state) => {
      for (const name of QUERY_KEYS) delete state.properties[name];
      Object.assign(state.properties, campaign);
    });
  }

  unregister(name: string): void {
    this.#change((state) => delete state.properties[name]);
  }

  /** The id that posthog-js has said last, on whichever page. */
  get followed(): string {
    return this.#state.followed ?? "";
  }

  follow(distinctId: string): void {
    if (this.followed === distinctId) return;
    this.#change((state) => {
      state.followed = distinctId;
    });
  }

  /** Puts the visitor into a group; whether that is news. */
  join(type: string, key: string): boolean {
    const isNews = this.groups[type] !== key;
    if (isNews) this.#change((state) => Object.assign(state.groups, { [type]: key }));
    return isNews;
  }

  /** Takes the visitor out of its group of a type, or out of every group. */
  leaveGroups(type?: string): void {
    this.#change((state) => {
      if (type === undefined) state.groups = {};
      else delete state.groups[type];
    });
  }

  /** Somebody else uses the page from now on. */
  clear(): void {
    storage.remove(this.#key);
    states.delete(this.#key);
    this.#edits = [];
  }

  /** Removes what is stored, until it may be kept again; the page remembers. */
  withdraw(): void {
    const known = this.#state;
    this.clear();
    states.set(this.#key, known);
    this.#edits = [(state) => Object.assign(state, known)];
    this.#kept = false;
  }

  /** Forgets everything, and removes what is stored, unless another tab has stored it since (`isOurs` false). */
  forget(isOurs: boolean): void {
    if (isOurs) this.clear();
    states.delete(this.#key);
    this.#edits = [];
    this.#kept = false;
  }

  get #state(): Stored {
    const state = states.get(this.#key) ?? this.#load();
    states.set(this.#key, state);
    return state;
  }

  #load(): Stored {
    try {
      const { properties, groups, initial, followed } = JSON.parse(storage.get(this.#key) || "{}");
      const stored: Stored = { properties: { ...properties }, groups: { ...groups }, ...(followed && { followed }) };
      return typeof initial?.url === "string" ? { ...stored, initial } : stored;
    } catch {
      return { properties: {}, groups: {} };
    }
  }

  #change(edit: (state: Stored) => void): void {
    edit(this.#state);
    if (this.#kept) this.#store([edit]);
    else this.#edits = [...this.#edits.slice(-EDITS_MAX), edit];
  }

  #store(edits: readonly ((state: Stored) => void)[]): void {
    if (edits.length === 0) return;
    const stored = storage.get(this.#key) ? this.#load() : this.#state;
    for (const edit of edits) edit(stored);
    storage.put(this.#key, JSON.stringify(stored));
  }
}
