// The types that users of the package see.

/** An id as booking systems have it. It is sent as it is given. */
export type Id = number | string;

/** What every booking event may carry. More properties of your own are welcome; they are sent as they are. */
export interface BookingProperties {
  /** The kind of meeting that is booked. */
  eventTypeId?: Id;
  /** The host, or the user who is logged in; never the guest. */
  userId?: Id;
  /** The team that the booking belongs to; decides the gate. Where it is left out, the page's team does. */
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

/** `booking_started`: somebody has asked for a booking. */
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

/** How a flag is read. */
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

/** Who says who the events are about: this tracker, posthog-js, or posthog-js where it is on the page. */
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

/** How an event differs from others. */
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

/** How far a page is reset. */
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
  /** So many waiting events start a delivery: 1 to 500. Default 20. */
  flushAt?: number;
  /** Events that are not urgent wait at most this many milliseconds: 100 to 3,600,000. Default 10,000. */
  flushInterval?: number;
  /** So many failures in a row, then one attempt each five minutes: 0 to 100. Default 10. */
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
  /** What happens to events that nothing can open the gate for. Default "ignore", with one warning. */
  ungated?: "ignore" | "track";
  /**
   * Whether a visitor has to agree first. Default "granted". With "required", events are kept in memory, at most 200, until
   * `optIn()` or `optOut()` is called, on this page or an earlier one.
   */
  consent?: "granted" | "required";
  /** Whether a browser that asks not to be tracked (Do Not Track) is not. Default false. */
  respectDnt?: boolean;
  /** Whether a browser that sends Global Privacy Control is not tracked. Default false. */
  respectGpc?: boolean;
  /** Which visitors PostHog keeps a profile of. Default "identifiedOnly". */
  personProfiles?: PersonProfiles;
  /** Who says who the events are about. Default "own". */
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

/** What of a posthog-js instance is used. */
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

/** Why an event was given up. */
export type DropReason =
  | "gate_shut"
  | "gate_unknown"
  | "ungated"
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
  | "no_consent"
  | "before_send";

/**
 * What became of this page's events. Always
 * `captured + adopted = confirmed + waiting + settledElsewhere + the sum of dropped`.
 */
export interface Stats extends OutboxStats {
  /** What is known of the teams that have been named on this page. */
  readonly teams: Readonly<Record<string, TeamGateState>>;
}

/** The part of {@link Stats} that the outbox counts. */
export interface OutboxStats {
  /** What does the work at the moment: the engine, the keel while there is none, or nothing where the tracker is off. */
  readonly engine: "wasm" | "keel" | "off";
  /** Captured on this page, whatever became of them. */
  readonly captured: number;
  /** Found in storage, left by earlier pages. */
  readonly adopted: number;
  /** Confirmed by PostHog. */
  readonly confirmed: number;
  /** Stored, in memory, held by the gate or under way. */
  readonly waiting: number;
  /** Of those that wait, how many are held: by the gate of their team, or because the visitor has not agreed yet. */
  readonly held: number;
  /** Removed by another page, which settled them. */
  readonly settledElsewhere: number;
  /** Given up, by reason. */
  readonly dropped: Readonly<Record<DropReason, number>>;
}
