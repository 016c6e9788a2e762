// What a page configures, and what is said of it. `src/configuration` checks it.

/**
 * Whether a team is tracked: an answer for the page's `teamId` (for every team, where the page names none), or a question
 * for each team, whose id is given as text.
 */
export type TeamGateSource = boolean | ((teamId: string) => boolean | Promise<boolean>);

/** Which visitors PostHog keeps a profile of. */
export type PersonProfiles = "identifiedOnly" | "always" | "never";

/**
 * Where the visitor's identity comes from: "own" is this tracker, "posthog-js" is posthog-js (with a warning if it is missing),
 * "auto" is posthog-js if it is on the page, otherwise this tracker.
 */
export type IdentitySource = "own" | "posthog-js" | "auto";

/** Who the visitor is, as a server knows it that renders the page. */
export interface IdentityBootstrap {
  /** The id of the visitor. A number is taken as its text. */
  distinctId?: Id;
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

/** How a tracker is set up. */
export interface TrackerOptions {
  /** Where events are sent: an absolute http(s) URL, with a path for a proxy. Default `https://us.i.posthog.com`. */
  host?: string | null | undefined;
  /** The team of this page, for events that name none. */
  teamId?: Id | null | undefined;
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
  /**
   * Which visitors are ignored because they are programs: crawlers; crawlers and browsers that a program drives
   * (`navigator.webdriver`), tests included; or none. Default "crawlers".
   */
  ignoreBots?: "crawlers" | "automated" | "none";
  /**
   * Whether visitor and session are kept in a first-party cookie as well, so that every subdomain knows them. Default false.
   */
  crossSubdomain?: boolean;
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

/** The stable names of what can be wrong with a configuration. `docs/options.md` has a row for each. */
export type FindingCode =
  | "api_key_missing"
  | "api_key_personal"
  | "api_key_invalid"
  | "host_invalid"
  | "host_corrected"
  | "option_invalid"
  | "option_out_of_range"
  | "option_unreadable"
  | "option_misspelt"
  | "option_unknown"
  | "options_invalid"
  | "unchecked";

/** How much it matters: "error" turns the tracker off, "warning" does not, "info" is off on purpose. */
export type FindingLevel = "error" | "warning" | "info";

/** One thing that is wrong with a configuration. */
export interface Finding {
  readonly code: FindingCode;
  /** The option as the page spells it; `apiKey` and `options` for the arguments, empty for what is about none. */
  readonly option: string;
  readonly level: FindingLevel;
  /** Says what to change. */
  readonly message: string;
}

/** What the facade has heard before there was a tracker. */
export interface HandedOver {
  readonly version: string;
  /** Names the page in the entries of the journal. */
  readonly page: string;
  /** What the visitor has said of its consent on this page, as it is stored. */
  readonly said: string;
  /** Whether facades of later pages want to know which teams are not tracked. */
  readonly isLazy: boolean;
  /** What the page's callback has said of teams. */
  readonly teams: Readonly<Record<string, boolean | undefined>>;
}
