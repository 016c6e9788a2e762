// What is known of the visitor's feature flags, kept for later pages: the flags as PostHog has evaluated them, what the page
// adds to each evaluation, and which values the visitor has met.
//
// Stored under `phbt:flags:<project>`, once something may be stored of this visitor.

import type { FlagDetail, FlagsAnswer } from "./flags-request.js";
import { plainCopy } from "./properties.js";
import { nounKey } from "./storage-keys.js";
import { StoredState } from "./stored-state.js";
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
  /** What the visitor has met: a flag and its value each. */
  called: string[];
}

const NONE: Flags = {};

/** The flags of one project's visitor. */
export class FlagCache extends StoredState<Stored> {
  /** Flags of the server that renders the page, until they are looked at first. */
  #bootstrapped: Flags | undefined;

  constructor(project: string, { featureFlags, featureFlagPayloads }: Bootstrap = {}) {
    const nothing = { flags: {}, loadedMs: 0, person: {}, groups: {} };
    super(nounKey("flags", project), (stored) => ({
      ...nothing,
      ...stored,
      flags: Object.fromEntries(Object.entries(stored.flags ?? {}).filter(([, flag]) => flag)),
      groups: { ...stored.groups },
      called: [stored.called ?? []].flat(),
    }));
    const flags = Object.entries(featureFlags ?? {}).filter(([, value]) => value);
    if (flags.length === 0) return;
    const payloads = plainCopy(featureFlagPayloads);
    this.#bootstrapped = Object.fromEntries(
      flags.map(([key, value]) => [key, { value, payload: JSON.stringify(payloads[key]) }]),
    );
  }

  /** The flags, unless they are too old. */
  get flags(): Flags {
    const bootstrapped = this.#bootstrapped;
    if (bootstrapped) {
      this.#bootstrapped = undefined;
      // What is stored is older than the page.
      this.edit((state) => Object.assign(state, { flags: bootstrapped, loadedMs: Date.now() }));
    }
    const { flags, loadedMs } = this.current;
    return Math.abs(Date.now() - loadedMs) > FLAGS_AGE_MAX_MS ? NONE : flags;
  }

  /** Takes over what PostHog has evaluated: all of it, or, where it could not evaluate everything, what it could. */
  take({ flags, errorsWhileComputingFlags = false, ...rest }: FlagsAnswer): void {
    const fresh = Object.entries(flags).filter(([, detail]) => detail && detail.failed !== true);
    const known = errorsWhileComputingFlags ? this.flags : {};
    // Nobody has looked at it yet, and PostHog knows better.
    this.#bootstrapped = undefined;
    const loadedMs = Date.now();
    this.edit((state) => {
      state.flags = { ...known, ...Object.fromEntries(fresh.map(([key, detail]) => [key, flagOf(detail)])) };
      state.loadedMs = loadedMs;
      state.requestId = rest.requestId;
      state.evaluatedAt = rest.evaluatedAt;
      state.isMinimal = rest.minimalFlagCalledEvents;
    });
  }

  /** Nothing of this is about the next visitor, nor what the server knew at the start. */
  override clear(isOurs?: boolean): void {
    this.#bootstrapped = undefined;
    super.clear(isOurs);
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
