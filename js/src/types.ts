// The types that users of the package see.

import type { DropReason } from "./drop-reasons.js";

/** An id as booking systems have it. It is sent as it is given. */
export type Id = number | string;

/** What every booking event may carry. More properties of your own are welcome; they are sent as they are. */
export interface BookingProperties {
  /** The kind of meeting that is booked. */
  eventTypeId?: Id;
  /** The host, or the user who is logged in; never the guest. */
  userId?: Id;
  /**
   * The team that the booking belongs to. The event is sent only if this team is tracked. If you leave it out, the page's team is
   * used.
   */
  teamId?: Id;
  /** Whether an earlier booking is moved. */
  isReschedule?: boolean;
  /** Whether a team hosts the meeting. */
  isTeamEvent?: boolean;
  /** Whether the booking costs something. */
  paymentRequired?: boolean;
  /** Names the attempt at a booking on all its events. The tracker makes one where you give none. */
  attemptId?: string;
  [property: string]: unknown;
}

/**
 * `booking_started`: the visitor has submitted the booking form. Begins an attempt: its id goes on all booking events until the
 * next start.
 */
export interface BookingStartedProperties extends BookingProperties {
  /** Length of the meeting in minutes; not the time that booking it took. */
  duration?: number;
}

/** `booking_completed`: the booking exists and everything about it is done. */
export interface BookingCompletedProperties extends BookingProperties {
  bookingId: Id;
  bookingUid: string;
  /** Length of the meeting in minutes; not the time that booking it took. */
  duration?: number;
  /** Milliseconds since the attempt began. The tracker measures it where you give none. */
  elapsedMs?: number;
}

/** `booking_failed`: the booking could not be made. */
export interface BookingFailedProperties extends BookingProperties {
  /** What went wrong, in words. E-mail addresses in it are replaced before anything is stored. */
  error: string;
  /** A stable name of what went wrong. */
  errorCode?: string;
  /** Milliseconds since the attempt began. The tracker measures it where you give none. */
  elapsedMs?: number;
}

/**
 * Whether a team is tracked: an answer for the page's `teamId` (for every team, where the page names none), or a question
 * for each team, whose id is given as text.
 */
export type TeamGateSource = boolean | ((teamId: string) => boolean | Promise<boolean>);

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

/** Options for reading a flag. */
export interface FlagOptions {
  /** Whether PostHog is told that the visitor has met the flag, once for each value. Default true. */
  sendEvent?: boolean;
}

/** Hears of feature flags: the keys of those that are on, the value of each, and whether the last load has failed. */
export type FeatureFlagsListener = (
  flags: string[],
  values: Record<string, FlagValue>,
  context: { readonly errorsLoading: boolean },
) => void;

/** Whether a visitor may be tracked; "pending", while it has not said so and the page requires it. */
export type ConsentState = "granted" | "denied" | "pending";

/** Which visitors PostHog keeps a profile of. */
export type PersonProfiles = "identifiedOnly" | "always" | "never";

/**
 * Where the visitor's identity comes from: "own" is this tracker, "posthog-js" is posthog-js (with a warning if it is missing),
 * "auto" is posthog-js if it is on the page, otherwise this tracker.
 */
export type IdentitySource = "own" | "posthog-js" | "auto";

/** Who the visitor is, as a server knows it that renders the page. */
export interface IdentityBootstrap {
  /** The id of the visitor. */
  distinctId?: string;
  /** Whether it is the id of a person who is logged in; otherwise it stands for a browser. Default false. */
  isIdentified?: boolean;
  /** A session that has begun already: a UUID of version 7, at most a minute ahead of this device's clock. */
  sessionId?: string;
}

/** What a server that renders the page knows already. */
export interface Bootstrap extends IdentityBootstrap {
  /** Feature flags of this visitor, evaluated by the server. They can be read at once. */
  featureFlags?: Readonly<Record<string, FlagValue>>;
  /** The JSON values that come with them. */
  featureFlagPayloads?: Readonly<Record<string, unknown>>;
  /** Teams that are tracked, and teams that are not, by their ids. */
  teams?: Readonly<Record<string, boolean>>;
}

/** Options for `capture`. */
export interface CaptureOptions {
  /** When it happened: a date, milliseconds or a text that `Date` reads. Default now. It is sent in UTC. */
  timestamp?: Date | number | string;
  /** What identifies it. Default a new UUID of version 7. An event with a uuid that waits already is dropped. */
  uuid?: string;
  /** Who it is about, if not the visitor. */
  distinctId?: string;
  /** Properties of the person that are set. */
  $set?: object;
  /** Properties of the person that are set where they have no value. */
  $setOnce?: object;
  /** Groups that it belongs to beside the visitor's, key by type. */
  groups?: Readonly<Record<string, Id>>;
  /** Whether PostHog should not look up where it comes from. Default false. */
  disableGeoip?: boolean;
  /** Whether it goes at once, as a completed booking does. Default false. */
  sendInstantly?: boolean;
}

/** What an event was stored as. */
export interface CapturedEvent {
  readonly uuid: string;
  readonly event: string;
}

/** An event as it is about to be stored. A hook may change its name, its properties, `$set` and `$set_once`. */
export interface OutgoingEvent {
  event: string;
  readonly uuid: string;
  readonly distinct_id: string;
  /** ISO 8601 in UTC. */
  readonly timestamp: string;
  properties: Record<string, unknown>;
  $set?: Record<string, unknown> | undefined;
  $set_once?: Record<string, unknown> | undefined;
}

/** Sees every event before it is stored; gives it back, changed or not, or nothing to drop it. */
export type BeforeSend = (event: OutgoingEvent) => OutgoingEvent | null | undefined;

/** Options for `reset`. */
export interface ResetOptions {
  /** Whether what waits is given up as well. Default false: it is sent. */
  purge?: boolean;
  /** Whether the browser counts as another one, with another anonymous id. Default false. */
  newDevice?: boolean;
  /** Who the next visitor is. */
  bootstrap?: IdentityBootstrap;
}

/** How a tracker is set up. */
export interface TrackerOptions {
  /** Where events are sent: an absolute http(s) URL, with a path for a proxy. Default `https://us.i.posthog.com`. */
  host?: string | null | undefined;
  /** The team of this page, for events that name none. */
  teamId?: Id;
  /** Send once this many events are queued: 1 to 500. Default 20. */
  flushAt?: number;
  /** Events that are not urgent wait at most this many milliseconds: 100 to 3,600,000. Default 10,000. */
  flushInterval?: number;
  /** After this many failures in a row, try only once every five minutes: 0 to 100. Default 10. */
  maxRetries?: number;
  /** A request fails without an answer after this many milliseconds: 1,000 to 60,000. Default 10,000. */
  requestTimeout?: number;
  /** Logs what is dropped and why. Default false. */
  debug?: boolean;
  /**
   * Whether a team is tracked. A promise that rejects, or an answer that is no boolean, means "not known yet": events
   * are held and the question is asked again. `false` drops what that team has waiting.
   */
  isTeamEnabled?: TeamGateSource;
  /**
   * A URL of your application that says whether a team is tracked: it is asked with `teamId` in its query, and answers with
   * `true`, `false` or `{"enabled": true}` as JSON. Asked where `isTeamEnabled` has no answer. Anything else means "not known
   * yet".
   */
  teamGateUrl?: string;
  /**
   * Whether PostHog's feature flag `posthog-booking-tracking` says that a team is tracked: a flag for groups of the type
   * `team`. Asked where the other sources have no answer. Default false.
   */
  teamFlag?: boolean;
  /** An answer for a team is asked for again after this many milliseconds: 1,000 to 86,400,000. Default 300,000. */
  gateTtl?: number;
  /**
   * Where events are held while nobody knows whether their team is tracked: stored, so that a later page sends them, or in
   * memory, so that they are lost with the page. For 24 hours at most. Default "durable".
   */
  holdUnknown?: "durable" | "memory";
  /**
   * What happens to an event that has no team, or when no source is configured that can say whether a team is tracked. "ignore"
   * drops it, with one warning; "track" sends it. Default "ignore".
   */
  ungated?: "ignore" | "track";
  /**
   * Whether a visitor has to agree first. Default "granted". With "required", events are kept in memory, at most 200, until
   * `optIn()` or `optOut()` is called, on this page or an earlier one.
   */
  consent?: "granted" | "required";
  /** Whether to treat a browser's Do Not Track signal as an opt-out. Default false. */
  respectDnt?: boolean;
  /** Whether to treat a browser's Global Privacy Control signal as an opt-out. Default false. */
  respectGpc?: boolean;
  /** Which visitors PostHog keeps a profile of. Default "identifiedOnly". */
  personProfiles?: PersonProfiles;
  /** Where the visitor's identity comes from: this tracker, posthog-js, or posthog-js if it is on the page. Default "own". */
  identity?: IdentitySource;
  /** The posthog-js instance to share the identity of, where it is not `window.posthog` or one that it names. */
  posthog?: PostHogInstance;
  /** What the server knows already: who the visitor is, its feature flags, and which teams are tracked. */
  bootstrap?: Bootstrap;
  /**
   * Whether feature flags are loaded when the page starts. Default false: they are loaded when the page asks for one first, and
   * kept up to date from then on.
   */
  featureFlags?: boolean;
  /** A request for flags that fails on the way is repeated this many times: 0 to 10. Default 1. */
  flagRetries?: number;
  /** One hook or several that see every event before it is stored. One that throws drops its event, with a warning. */
  beforeSend?: BeforeSend | readonly BeforeSend[];
}

/** The parts of a posthog-js instance that the tracker uses. */
export interface PostHogInstance {
  readonly __loaded?: boolean;
  readonly config?: { readonly token?: string };
  get_distinct_id(): string;
  get_property(name: string): unknown;
  getGroups?(): Record<string, unknown>;
  readonly sessionManager?: {
    checkAndGetSessionAndWindowId(readOnly: boolean): { sessionId: string; windowId: string };
  };
  has_opted_out_capturing?(): boolean;
  get_explicit_consent_status?(): string;
  identify?(distinctId: string): void;
  reset?(newDevice?: boolean): void;
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
