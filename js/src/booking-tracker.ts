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
  FlushResult,
  Id,
  ResetOptions,
  Stats,
  TeamGateState,
  TrackerOptions,
  WellSpelt,
} from "../engine/engine.js";

/**
 * Tracks bookings in PostHog. An event is stored before the call that captures it returns. Urgent events are sent at once; all
 * others within `flushInterval`, or when the page is hidden or left. If PostHog does not confirm an event, this page and later pages
 * of the same origin send it again, for up to 7 days.
 *
 * Nothing here throws, not even the constructor. A serious configuration mistake turns the tracker off, and one `console.error`
 * says how to fix it. For a smaller one, a `console.warn` says so, and the tracker uses the default or ignores the option.
 */
export interface BookingTracker {
  /**
   * Fulfilled when the tracker is there, could not be loaded, or is of no use to this page. If the tracker has to be loaded, reading
   * `ready` starts loading it, unless consent is pending or denied or the team is not tracked. While consent is pending, `ready` may
   * stay pending too. Never rejects.
   */
  readonly ready: Promise<void>;

  /** The visitor has submitted the booking form. Begins an attempt: its id goes on all booking events until the next start. */
  trackBookingStarted<Given extends BookingStartedProperties>(
    properties?: Given & WellSpelt<Given, BookingStartedProperties>,
  ): CapturedEvent | undefined;

  /** The booking exists. Leave the page right after this if you like. */
  trackBookingCompleted<Given extends BookingCompletedProperties>(
    properties: Given & WellSpelt<Given, BookingCompletedProperties>,
  ): CapturedEvent | undefined;

  /** The booking could not be made. */
  trackBookingFailed<Given extends BookingFailedProperties>(
    properties: Given & WellSpelt<Given, BookingFailedProperties>,
  ): CapturedEvent | undefined;

  /**
   * Captures any other event. `properties.teamId` names its team, as for bookings. Returns the event's name and uuid. Returns
   * `undefined` if the event is dropped, as it is if you call this inside a `beforeSend` hook. Also returns `undefined` while the page
   * is still prerendered, or inside one of your listeners; the event is then captured afterwards.
   */
  capture(event: string, properties?: object, options?: CaptureOptions): CapturedEvent | undefined;

  /** The page knows who its visitor is. Use an id of your own, never an e-mail address. */
  identify(distinctId: Id, set?: object, setOnce?: object): void;

  /** Tells PostHog that `alias` and `original` (default: the visitor's current id) are the same person. */
  alias(alias: Id, original?: Id): void;

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

  /**
   * The groups that the visitor belongs to, key by type. `undefined` while consent is pending or denied, while the page is
   * prerendered, and before the tracker has loaded.
   */
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

  /** From now on, PostHog evaluates flags as if the person had these properties, even if it has not received them yet. */
  setPersonPropertiesForFlags(properties: object): void;

  /** Undoes `setPersonPropertiesForFlags`: PostHog evaluates flags only by what it knows of the person. */
  resetPersonPropertiesForFlags(): void;

  /**
   * From now on, PostHog evaluates flags as if the visitor's groups had these properties, even if it has not received them yet.
   * `properties` has an object for each group type.
   */
  setGroupPropertiesForFlags(properties: Readonly<Record<string, object>>): void;

  /** Undoes `setGroupPropertiesForFlags`, for one group type or for all. */
  resetGroupPropertiesForFlags(type?: string): void;

  /**
   * Who events are about. `undefined` while consent is pending or denied, while the page is prerendered, and before the tracker has
   * loaded.
   */
  getDistinctId(): string | undefined;

  /** What stands for this browser, whoever uses it. `undefined` whenever `getDistinctId()` is. */
  getAnonymousId(): string | undefined;

  /** The session of an event that would be captured now. `undefined` whenever `getDistinctId()` is. */
  getSessionId(): string | undefined;

  /** The visitor agrees to be tracked. What was held is sent, with the time at which it happened. */
  optIn(): void;

  /**
   * The visitor does not want to be tracked. Removes everything that is stored except this answer, in every tab, without sending
   * it, and drops the events in memory. A request that is already under way may still arrive.
   */
  optOut(): void;

  /** Whether the visitor does not want to be tracked. */
  hasOptedOut(): boolean;

  /** What is known of the visitor's consent. */
  consent(): ConsentState;

  /** Calls `listener` with every change of consent, whichever tab it was made in, until the function that this gives is called. */
  onConsent(listener: (state: ConsentState) => void): () => void;

  /** Logs what is dropped and why, from now on; not any more, with `false`. */
  debug(isOn?: boolean): void;

  /**
   * Sends everything now. The promise is fulfilled when sending has succeeded or failed, with what became of the events; events that
   * failed stay stored. If the tracker has not loaded within 2 seconds, it is fulfilled without sending. Never rejects.
   */
  flush(): Promise<FlushResult>;

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
