// What is known of the visitor's feature flags, kept for later pages: the flags as PostHog has evaluated them, what the page
// adds to each evaluation, and which values the visitor has met.
//
// Stored under `phbt:flags:<project>`, once something may be stored of this visitor.

import type { FlagDetail, FlagsAnswer } from "./flags-request.js";
import { nounKey } from "./record.js";
import * as storage from "./storage.js";
import type { Bootstrap, FlagValue } from "./types.js";

/** What was evaluated longer ago is not known any more. */
const FLAGS_AGE_MAX_MS = 24 * 3_600_000;

/** A flag, and what PostHog wants to hear of it again. */
export interface Flag {
  readonly value: FlagValue;
  /** JSON text; it may be damaged, where somebody has entered it by hand. */
  readonly payload?: string | undefined;
  readonly id?: number | undefined;
  readonly version?: number | undefined;
  readonly reason?: string | undefined;
  readonly hasExperiment?: boolean | undefined;
}

/** Flags by their keys. */
export type Flags = Readonly<Record<string, Flag>>;

interface Stored {
  flags: Flags;
  /** When they were evaluated, by the wall clock. */
  loadedMs: number;
  requestId?: string | undefined;
  evaluatedAt?: number | undefined;
  /** Whether PostHog wants few properties on `$feature_flag_called`. */
  isMinimal?: boolean | undefined;
  person: Record<string, unknown>;
  groups: Record<string, Record<string, unknown>>;
  /** The values that the visitor has met, by flag. */
  called: Record<string, string[]>;
}

const nothing = (): Stored => ({ flags: {}, loadedMs: 0, person: {}, groups: {}, called: {} });

const NONE: Flags = {};

/** What this page knows, by its keys: a second tracker of one project shares the first one's. */
const states = new Map<string, Stored>();

/** The flags of one project's visitor. */
export class FlagCache {
  readonly #key: string;
  readonly #bootstrapped: Flags;
  #isBootstrapped: boolean;
  #kept = false;
  /** Whether this page has changed something and not stored it. */
  #isAhead = false;

  constructor(project: string, { featureFlags = {}, featureFlagPayloads = {} }: Bootstrap = {}) {
    this.#key = nounKey("flags", project);
    const flags = Object.entries(featureFlags).filter(([, value]) => value !== false);
    this.#bootstrapped = Object.fromEntries(
      flags.map(([key, value]) => [key, { value, payload: JSON.stringify(featureFlagPayloads[key]) }]),
    );
    this.#isBootstrapped = flags.length > 0;
  }

  /** The flags, unless they are too old. */
  get flags(): Flags {
    const { flags, loadedMs } = this.state;
    return Math.abs(Date.now() - loadedMs) > FLAGS_AGE_MAX_MS ? NONE : flags;
  }

  get state(): Readonly<Stored> {
    return this.#state;
  }

  /** Takes over what PostHog has evaluated: all of it, or, where it could not evaluate everything, what it could. */
  take({ flags, errorsWhileComputingFlags = false, ...rest }: FlagsAnswer): void {
    const fresh = Object.entries(flags).filter(([, { failed }]) => failed !== true);
    const known = errorsWhileComputingFlags ? this.flags : {};
    this.edit((state) => {
      state.flags = { ...known, ...Object.fromEntries(fresh.map(([key, detail]) => [key, flagOf(detail)])) };
      state.loadedMs = Date.now();
      state.requestId = rest.requestId;
      state.evaluatedAt = rest.evaluatedAt;
      state.isMinimal = rest.minimalFlagCalledEvents;
    });
  }

  /** Changes something, and stores it where that is allowed. */
  edit(change: (state: Stored) => void): void {
    change(this.#state);
    this.#isAhead = true;
    this.#save();
  }

  /** From here on what is known is stored. */
  keep(): void {
    this.#kept = true;
    this.#save();
  }

  /** Removes what is stored, until it may be kept again; the page remembers. */
  withdraw(): void {
    storage.remove(this.#key);
    this.#isAhead = this.#state.loadedMs > 0;
    this.#kept = false;
  }

  /** Somebody else uses the page from now on: nothing of this is about that one, nor what the server knew at the start. */
  clear(): void {
    storage.remove(this.#key);
    this.#isBootstrapped = false;
    states.set(this.#key, nothing());
    this.#isAhead = false;
  }

  /** Forgets everything, and removes what is stored, unless another tab has stored it since (`isOurs` false). */
  forget(isOurs: boolean): void {
    if (isOurs) storage.remove(this.#key);
    states.delete(this.#key);
    this.#isAhead = false;
    this.#kept = false;
  }

  get #state(): Stored {
    let state = states.get(this.#key);
    if (!state) {
      state = this.#load();
      if (this.#isBootstrapped) Object.assign(state, { flags: this.#bootstrapped, loadedMs: Date.now() });
      states.set(this.#key, state);
    }
    return state;
  }

  #load(): Stored {
    try {
      return { ...nothing(), ...JSON.parse(storage.get(this.#key) || "{}") };
    } catch {
      return nothing();
    }
  }

  #save(): void {
    if (!this.#kept || !this.#isAhead) return;
    storage.put(this.#key, JSON.stringify(this.#state));
    this.#isAhead = false;
  }
}

const flagOf = ({ enabled, variant, reason, metadata }: FlagDetail): Flag => ({
  value: variant ?? enabled,
  payload: (enabled && metadata?.payload) || undefined,
  id: metadata?.id,
  version: metadata?.version,
  reason: reason?.description ?? reason?.code,
  hasExperiment: metadata?.has_experiment,
});

/** The JSON value of a flag's payload; none, where it has none or it is damaged. */
export function payloadOf(flag: Flag | undefined): unknown {
  try {
    return flag?.payload === undefined ? undefined : JSON.parse(flag.payload);
  } catch {
    return undefined;
  }
}
