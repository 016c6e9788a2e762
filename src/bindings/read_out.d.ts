// What a page reads of its tracker. `read_out.rs` writes it.

/** What is known of a team: nobody has said yet, it is tracked, or it is definitely not. */
export type TeamGateState = "unknown" | "open" | "shut";

/** The value of a feature flag: on or off, or the name of a variant. */
export type FlagValue = boolean | string;

/** What a feature flag says. */
export interface FeatureFlagResult {
  readonly key: string;
  readonly enabled: boolean;
  /** The variant, where the flag has several. */
  readonly variant?: string;
  /** The JSON value that comes with it. */
  readonly payload?: unknown;
}

/** Hears of feature flags: the keys of those that are on, the value of each, and whether the last load has failed. */
export type FeatureFlagsListener = (
  flags: string[],
  values: Record<string, FlagValue>,
  context: { readonly errorsLoading: boolean },
) => void;

/** Whether a visitor may be tracked; "pending", while it has not said so and the page requires it. */
export type ConsentState = "granted" | "denied" | "pending";

/** What an event was stored as. */
export interface CapturedEvent {
  readonly uuid: string;
  readonly event: string;
}

/**
 * What became of this page's events. Always
 * `captured + adopted = confirmed + waiting + settledElsewhere + the sum of dropped`.
 */
export interface Stats {
  /** What is known of the teams that have been named on this page. */
  readonly teams: Readonly<Record<string, TeamGateState>>;
  /**
   * What takes the events of this page: the module as WebAssembly; the same module translated to JavaScript; nothing but the
   * journal, because the tracker has not loaded or its module has trapped twice; nothing, because the tracker is off.
   */
  readonly engine: "wasm" | "no-wasm" | "journal" | "off";
  /** Captured on this page, whatever became of them. */
  readonly captured: number;
  /** Taken over from other pages. */
  readonly adopted: number;
  /** Confirmed by PostHog. */
  readonly confirmed: number;
  /** Stored, in memory, held by the gate or under way. */
  readonly waiting: number;
  /**
   * How many of the waiting events are held because their team's gate is not open or the visitor has not agreed. Before the tracker
   * has loaded, all waiting events count as held.
   */
  readonly held: number;
  /** Confirmed or dropped by another page, or taken over by it from the facade's journal. */
  readonly settledElsewhere: number;
  /** Given up, by reason. While the tracker is not there, a reason that was not met is missing. */
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
}

/** What a flush came to. */
export interface FlushResult {
  /** How many events PostHog has confirmed. */
  readonly sent: number;
  /** How many still wait: they could not be sent, or their team or the visitor's consent is not known yet. */
  readonly waiting: number;
  /** How many were given up; `stats().dropped` says why. */
  readonly dropped: number;
}

/** Why an event was given up: a closed list, so that no event is ever lost for a reason that is not here. */
export type DropReason =
  | "gate_shut"
  | "gate_unknown"
  | "invalid"
  | "too_large"
  | "rejected"
  | "expired"
  | "evicted"
  | "torn"
  | "duplicate"
  | "shut_down"
  | "forbidden"
  | "purged"
  | "quarantined"
  | "ungated"
  | "no_consent"
  | "before_send"
  | "bot";
