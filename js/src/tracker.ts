// The tracker that a page makes: everything that a page can call. When a call is done stands in `visit.ts`.

import { Attempt } from "./attempt.js";
import { configure, OffTracker, turnOff } from "./off.js";
import { teamOf } from "./options.js";
import { readProperties } from "./properties.js";
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
import { Visit } from "./visit.js";

/**
 * Tracks bookings in PostHog. Events are stored before a call returns, sent at once or on leaving, and sent again until
 * PostHog has confirmed them. Nothing ever throws: where the configuration is bad, the console says how to mend it, and the
 * tracker is off.
 */
export class PostHogBookingTracker {
  /** Never there where the tracker is off, and then never asked for. */
  readonly #visit!: Visit;
  readonly #attempt = new Attempt();

  /** Without a key, on a server and in a worker the tracker is off. */
  constructor(apiKey: string | null | undefined, options?: TrackerOptions | null) {
    const setup = configure(apiKey, options);
    if (setup instanceof OffTracker) turnOff(this, setup);
    else this.#visit = new Visit(setup);
  }

  /**
   * Is fulfilled when the engine runs, or when it is known that the page has to do without. Never rejects. Who asks for it has
   * the engine loaded, which otherwise waits until there is something to deliver.
   */
  get ready(): Promise<void> {
    return this.#visit.outbox.ready;
  }

  /** Somebody has asked for a booking; begins an attempt. */
  trackBookingStarted(properties: BookingStartedProperties = {}): CapturedEvent | undefined {
    const own = this.#visit.own(properties);
    return this.#visit.capture("booking_started", () => this.#attempt.begin(readProperties(own)));
  }

  /** The booking exists. Leave the page right after this if you like. */
  trackBookingCompleted(properties: BookingCompletedProperties): CapturedEvent | undefined {
    const own = this.#visit.own(properties);
    return this.#visit.capture("booking_completed", () => this.#attempt.join(readProperties(own)));
  }

  /** The booking could not be made. */
  trackBookingFailed(properties: BookingFailedProperties): CapturedEvent | undefined {
    const own = this.#visit.own(properties);
    return this.#visit.capture("booking_failed", () => this.#attempt.join(readProperties(own)));
  }

  /**
   * Any other event. `properties.teamId` decides the gate, as for bookings. Gives what the event is called and identified by;
   * nothing, where it is dropped, where the page is not seen yet, or where a hook of the page captures it.
   */
  capture(event: string, properties: object = {}, options: CaptureOptions = {}): CapturedEvent | undefined {
    const own = this.#visit.own(properties);
    return this.#visit.capture(event, () => readProperties(own), options);
  }

  /** The page knows who its visitor is. Use an id of your own, never an e-mail address. */
  identify(distinctId: string, set?: object, setOnce?: object): void {
    const own = [this.#visit.own(set), this.#visit.own(setOnce)];
    this.#visit.changePerson((people) => people.identify(distinctId, ...own));
  }

  /** Two ids are one person: `alias`, and `original` or the visitor's present one. */
  alias(alias: string, original?: string): void {
    this.#visit.changePerson((people) => people.alias(alias, original));
  }

  /** Sets properties of the person, sets those that have no value yet, and removes some. */
  setPersonProperties(set?: object, setOnce?: object, unset?: readonly string[]): void {
    const own = [this.#visit.own(set), this.#visit.own(setOnce)] as const;
    this.#visit.change((people) => people.setPersonProperties(...own, unset));
  }

  /** From here on PostHog keeps a profile of this visitor, known or not. */
  createPersonProfile(): void {
    this.#visit.change((people) => people.createPersonProfile());
  }

  /** The visitor belongs to this group from now on; its properties are set where they are given. */
  group(type: string, key: Id, properties?: object): void {
    const own = this.#visit.own(properties);
    this.#visit.change((people) => people.group(type, key, own));
  }

  /** Sets properties of a group, whether the visitor belongs to it or not. */
  groupIdentify(type: string, key: Id, properties?: object): void {
    const own = this.#visit.own(properties);
    this.#visit.change((people) => people.groupIdentify(type, key, own));
  }

  /** The visitor belongs to no group any more. */
  resetGroups(): void {
    this.#visit.change((people) => people.leaveGroups());
  }

  /** The groups that the visitor belongs to, key by type; `undefined`, while the visitor has not agreed to be known. */
  getGroups(): Record<string, string> | undefined {
    return this.#visit.ask((people) => ({ ...people.present().groups }));
  }

  /** Puts properties on every event from now on, on every page, over those of the same name. */
  register(properties: object): void {
    const own = this.#visit.own(properties) ?? {};
    this.#visit.change((people) => people.registered.register(own));
  }

  /** The same, but leaves alone what has a value already. */
  registerOnce(properties: object): void {
    const own = this.#visit.own(properties) ?? {};
    this.#visit.change((people) => people.registered.registerOnce(own));
  }

  /** Takes a property off again. */
  unregister(name: string): void {
    this.#visit.change((people) => people.registered.unregister(name));
  }

  /** Puts properties on every event of this tab until the session ends. */
  registerForSession(properties: object): void {
    const own = this.#visit.own(properties) ?? {};
    this.#visit.change((people) => people.session.register(own, Date.now()));
  }

  /**
   * Somebody else uses the page from now on: another person, in another session, in no group. What waits is still sent;
   * `purge` gives it up, for devices that many share.
   */
  reset(options?: ResetOptions): void {
    const { purge, ...how } = options ?? {};
    const { calls } = this.#visit;
    if (calls.isPrerendering) calls.run(() => this.#attempt.end());
    else this.#attempt.end();
    this.#visit.changePerson((people) => {
      if (purge) this.#visit.purge();
      people.reset(how);
    });
  }

  /**
   * The page is about this team from now on: events that name none go through its gate, and the visitor belongs to the PostHog
   * group `team` of this id. `null`: the page is about no team any more.
   */
  setTeam(teamId: Id | null): void {
    const team = teamOf(teamId);
    if (team === undefined) this.#visit.notices.warn("setTeam: pass the id of the team, or null");
    else this.#visit.setTeam(team);
  }

  /** Whether a team is tracked; `undefined`, while nobody knows, and then it is asked for. Default the page's team. */
  isTeamTracked(teamId?: Id): boolean | undefined {
    const team = teamOf(teamId);
    return this.#visit.ask(() => (team === undefined ? undefined : this.#visit.isTeamTracked(team)));
  }

  /**
   * Calls `listener` with what is known of the teams that this page names: now, and with every change, until the function that
   * this gives is called.
   */
  onTeamGate(listener: (teamId: string, state: TeamGateState) => void): () => void {
    return this.#visit.onTeamGate(listener);
  }

  /** Whether a feature flag is on for this visitor; `fallback`, where that is not known. */
  isFeatureEnabled(key: string, options?: FlagOptions & { fallback?: boolean }): boolean | undefined {
    const value = this.getFeatureFlag(key, options);
    return value === undefined ? options?.fallback : value !== false;
  }

  /**
   * The value of a feature flag: on or off, or its variant; `undefined`, while it is not known. Flags are loaded when the first
   * one is asked for; `onFeatureFlags` tells when they are there.
   */
  getFeatureFlag(key: string, options?: FlagOptions): FlagValue | undefined {
    const result = this.getFeatureFlagResult(key, options);
    return result && (result.variant ?? result.enabled);
  }

  /** The JSON value that comes with a flag. Reading it is not told to PostHog. */
  getFeatureFlagPayload(key: string): unknown {
    return this.getFeatureFlagResult(key, { sendEvent: false })?.payload;
  }

  /** Everything that a flag says; `undefined`, while it is not known. */
  getFeatureFlagResult(key: string, options?: FlagOptions): FeatureFlagResult | undefined {
    return this.#visit.ask(({ flags }) => flags.result(String(key), options));
  }

  /** The values of all flags, by their keys. Reading them is not told to PostHog. */
  getFeatureFlags(): Record<string, FlagValue> {
    return this.getFeatureFlagsAndPayloads().flags;
  }

  /** The values of all flags, and the JSON values that come with them, by their keys. */
  getFeatureFlagsAndPayloads(): { flags: Record<string, FlagValue>; payloads: Record<string, unknown> } {
    return this.#visit.ask(({ flags }) => flags.all()) ?? { flags: {}, payloads: {} };
  }

  /** Calls `listener` with all flags: now, where they are known, and after each load, until the function that this gives is called. */
  onFeatureFlags(listener: FeatureFlagsListener): () => void {
    return this.#visit.onFeatureFlags(listener);
  }

  /** Loads the flags anew. Is fulfilled when that has succeeded or failed; what failed leaves the flags as they were. Never rejects. */
  async reloadFeatureFlags(): Promise<void> {
    await this.#visit.ask(({ flags }) => flags.reload());
  }

  /** Evaluates flags by these properties of the person from now on, before PostHog has heard of them. */
  setPersonPropertiesForFlags(properties: object): void {
    const own = this.#visit.own(properties);
    this.#visit.change(({ flags }) => flags.addPerson(own));
  }

  /** Evaluates flags by what PostHog knows of the person alone. */
  resetPersonPropertiesForFlags(): void {
    this.#visit.change(({ flags }) => flags.resetPerson());
  }

  /** Evaluates flags by these properties of the visitor's groups from now on: an object for each type. */
  setGroupPropertiesForFlags(properties: Readonly<Record<string, object>>): void {
    const own = this.#visit.own(properties) ?? {};
    this.#visit.change(({ flags }) => {
      for (const [type, group] of Object.entries(own)) flags.addGroup(type, group);
    });
  }

  /** Evaluates flags by what PostHog knows of the groups alone: of one type, or of all. */
  resetGroupPropertiesForFlags(type?: string): void {
    this.#visit.change(({ flags }) => flags.resetGroups(type));
  }

  /** Who events are about; `undefined`, while the visitor has not agreed to be known. */
  getDistinctId(): string | undefined {
    return this.#visit.ask((people) => people.present().distinctId);
  }

  /** What stands for this browser, whoever uses it; `undefined`, while the visitor has not agreed to be known. */
  getAnonymousId(): string | undefined {
    return this.#visit.ask((people) => people.present().deviceId);
  }

  /** The session of an event that would be captured now; `undefined`, while the visitor has not agreed to be known. */
  getSessionId(): string | undefined {
    return this.#visit.ask((people) => people.present().sessionId);
  }

  /** The visitor agrees to be tracked. What was held is sent, with the time at which it happened. */
  optIn(): void {
    this.#visit.calls.run(() => this.#visit.consent.say("granted"));
  }

  /** The visitor does not want to be tracked. What is stored is removed, unsent, in every tab. */
  optOut(): void {
    this.#visit.calls.run(() => this.#visit.consent.say("denied"));
  }

  /** Whether the visitor does not want to be tracked. */
  hasOptedOut(): boolean {
    return this.consent() === "denied";
  }

  /** What is known of the visitor's consent. */
  consent(): ConsentState {
    return this.#visit.consent.state;
  }

  /** Calls `listener` with every change of consent, whichever tab it was made in, until the function that this gives is called. */
  onConsent(listener: (state: ConsentState) => void): () => void {
    return this.#visit.consent.listen((state) => this.#visit.calls.run(() => listener(state)));
  }

  /** Logs what is dropped and why, from now on; not any more, with `false`. */
  debug(isOn = true): void {
    this.#visit.notices.isVerbose = isOn !== false;
  }

  /** Sends everything now. Is fulfilled when that has succeeded or failed; what failed stays stored. Never rejects. */
  flush(): Promise<void> {
    return this.#visit.flush();
  }

  /** Sends everything and takes no event any more. Calling it again changes nothing. Never rejects. */
  shutdown(): Promise<void> {
    return this.#visit.shutdown();
  }

  /** What became of this page's events so far. */
  stats(): Stats {
    return this.#visit.stats();
  }
}
