// What a page can call. The facade answers while the tracker is not there, the tracker from then on.

import type {
  BookingCompletedProperties,
  BookingFailedProperties,
  BookingStartedProperties,
  CapturedEvent,
  CaptureOptions,
  ConsentState,
  FeatureFlagResult,
  FeatureFlagsListener,
  FlagOptions,
  FlagValue,
  Id,
  ResetOptions,
  Stats,
  TeamGateState,
  TrackerOptions,
} from "./types.js";

/**
 * Tracks bookings in PostHog. Events are stored before a call returns, sent at once or on leaving, and sent again until
 * PostHog has confirmed them. Nothing here throws, the constructor neither: a bad configuration is one `console.error` that
 * says how to mend it, and a tracker that is off.
 */
export interface BookingTracker {
  /**
   * Is fulfilled when the tracker is there, which is at once where its module is inside the script. Otherwise reading this
   * starts loading the tracker, and it is fulfilled when the tracker is there or when it is known that the page does without it.
   * Never rejects.
   */
  readonly ready: Promise<void>;

  /** Somebody has asked for a booking; begins an attempt. */
  trackBookingStarted(properties?: BookingStartedProperties): CapturedEvent | undefined;

  /** The booking exists. Leave the page right after this if you like. */
  trackBookingCompleted(properties: BookingCompletedProperties): CapturedEvent | undefined;

  /** The booking could not be made. */
  trackBookingFailed(properties: BookingFailedProperties): CapturedEvent | undefined;

  /**
   * Any other event. `properties.teamId` decides the gate, as for bookings. Gives what the event is called and identified by;
   * nothing, where it is dropped, where the page is not seen yet, or where a hook of the page captures it.
   */
  capture(event: string, properties?: object, options?: CaptureOptions): CapturedEvent | undefined;

  /** The page knows who its visitor is. Use an id of your own, never an e-mail address. */
  identify(distinctId: string, set?: object, setOnce?: object): void;

  /** Two ids are one person: `alias`, and `original` or the visitor's present one. */
  alias(alias: string, original?: string): void;

  /** Sets properties of the person, sets those that have no value yet, and removes some. */
  setPersonProperties(set?: object, setOnce?: object, unset?: readonly string[]): void;

  /** From here on PostHog keeps a profile of this visitor, known or not. */
  createPersonProfile(): void;

  /** The visitor belongs to this group from now on; its properties are set where they are given. */
  group(type: string, key: Id, properties?: object): void;

  /** Sets properties of a group, whether the visitor belongs to it or not. */
  groupIdentify(type: string, key: Id, properties?: object): void;

  /** The visitor belongs to no group any more. */
  resetGroups(): void;

  /** The groups that the visitor belongs to, key by type; `undefined`, while the visitor has not agreed to be known. */
  getGroups(): Record<string, string> | undefined;

  /** Puts properties on every event from now on, on every page, over those of the same name. */
  register(properties: object): void;

  /** The same, but leaves alone what has a value already. */
  registerOnce(properties: object): void;

  /** Takes a property off again. */
  unregister(name: string): void;

  /** Puts properties on every event of this tab until the session ends. */
  registerForSession(properties: object): void;

  /**
   * Somebody else uses the page from now on: another person, in another session, in no group. What waits is still sent;
   * `purge` gives it up, for devices that many share.
   */
  reset(options?: ResetOptions): void;

  /**
   * The page is about this team from now on: events that name none go through its gate, and the visitor belongs to the PostHog
   * group `team` of this id. `null`: the page is about no team any more.
   */
  setTeam(teamId: Id | null): void;

  /** Whether a team is tracked; `undefined`, while nobody knows, and then it is asked for. Default the page's team. */
  isTeamTracked(teamId?: Id): boolean | undefined;

  /**
   * Calls `listener` with what is known of the teams that this page names: now, and with every change, until the function that
   * this gives is called.
   */
  onTeamGate(listener: (teamId: string, state: TeamGateState) => void): () => void;

  /** Whether a feature flag is on for this visitor; `fallback`, where that is not known. */
  isFeatureEnabled(key: string, options?: FlagOptions & { fallback?: boolean }): boolean | undefined;

  /**
   * The value of a feature flag: on or off, or its variant; `undefined`, while it is not known. Flags are loaded when the first
   * one is asked for; `onFeatureFlags` tells when they are there.
   */
  getFeatureFlag(key: string, options?: FlagOptions): FlagValue | undefined;

  /** The JSON value that comes with a flag. Reading it is not told to PostHog. */
  getFeatureFlagPayload(key: string): unknown;

  /** Everything that a flag says; `undefined`, while it is not known. */
  getFeatureFlagResult(key: string, options?: FlagOptions): FeatureFlagResult | undefined;

  /** The values of all flags, by their keys. Reading them is not told to PostHog. */
  getFeatureFlags(): Record<string, FlagValue>;

  /** The values of all flags, and the JSON values that come with them, by their keys. */
  getFeatureFlagsAndPayloads(): { flags: Record<string, FlagValue>; payloads: Record<string, unknown> };

  /** Calls `listener` with all flags: now, where they are known, and after each load, until the function that this gives is called. */
  onFeatureFlags(listener: FeatureFlagsListener): () => void;

  /** Loads the flags anew. Is fulfilled when that has succeeded or failed; what failed leaves the flags as they were. Never rejects. */
  reloadFeatureFlags(): Promise<void>;

  /** Evaluates flags by these properties of the person from now on, before PostHog has heard of them. */
  setPersonPropertiesForFlags(properties: object): void;

  /** Evaluates flags by what PostHog knows of the person alone. */
  resetPersonPropertiesForFlags(): void;

  /** Evaluates flags by these properties of the visitor's groups from now on: an object for each type. */
  setGroupPropertiesForFlags(properties: Readonly<Record<string, object>>): void;

  /** Evaluates flags by what PostHog knows of the groups alone: of one type, or of all. */
  resetGroupPropertiesForFlags(type?: string): void;

  /** Who events are about; `undefined`, while the visitor has not agreed to be known. */
  getDistinctId(): string | undefined;

  /** What stands for this browser, whoever uses it; `undefined`, while the visitor has not agreed to be known. */
  getAnonymousId(): string | undefined;

  /** The session of an event that would be captured now; `undefined`, while the visitor has not agreed to be known. */
  getSessionId(): string | undefined;

  /** The visitor agrees to be tracked. What was held is sent, with the time at which it happened. */
  optIn(): void;

  /** The visitor does not want to be tracked. What is stored is removed, unsent, in every tab. */
  optOut(): void;

  /** Whether the visitor does not want to be tracked. */
  hasOptedOut(): boolean;

  /** What is known of the visitor's consent. */
  consent(): ConsentState;

  /** Calls `listener` with every change of consent, whichever tab it was made in, until the function that this gives is called. */
  onConsent(listener: (state: ConsentState) => void): () => void;

  /** Logs what is dropped and why, from now on; not any more, with `false`. */
  debug(isOn?: boolean): void;

  /** Sends everything now. Is fulfilled when that has succeeded or failed; what failed stays stored. Never rejects. */
  flush(): Promise<void>;

  /** Sends everything and takes no event any more. Calling it again changes nothing. Never rejects. */
  shutdown(): Promise<void>;

  /** What became of this page's events so far. */
  stats(): Stats;
}

/** The class that a page makes its tracker of. */
export type BookingTrackerClass = new (
  apiKey: string | null | undefined,
  options?: TrackerOptions | null,
) => BookingTracker;
