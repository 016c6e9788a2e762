// The tracker itself, behind the facade: everything that a page can call, as `booking-tracker.ts` describes it. When a call is
// done stands in `visit.ts`.

import { attempts } from "./attempt.js";
import type { Moment } from "./clock.js";
import type { Instances } from "./instance.js";
import type { CheckedOptions } from "./options.js";
import { readProperties } from "./properties.js";
import type { Shared } from "./tracker-source.js";
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
} from "./types.js";
import { Visit } from "./visit.js";
import { wellFormedTeam } from "./well-formed.js";

/** The tracker of one page. No method throws. */
export class Tracker {
  readonly #visit: Visit;
  readonly #joinAttempt: ReturnType<typeof attempts>[0];
  readonly #endAttempt: ReturnType<typeof attempts>[1];

  /** `Engine` is the class of an instance that nobody else uses; `instantiate` makes another one after a trap. */
  constructor(options: CheckedOptions, instances: Instances, shared: Shared) {
    this.#visit = new Visit(options, instances, shared);
    [this.#joinAttempt, this.#endAttempt] = attempts();
  }

  /** Makes a call as what happened then. */
  at<Value>(moment: Moment, call: () => Value): Value {
    return this.#visit.at(moment, call);
  }

  trackBookingStarted(properties: BookingStartedProperties = {}): CapturedEvent | undefined {
    const own = this.#visit.own(properties);
    return this.#visit.capture("booking_started", () =>
      this.#joinAttempt(readProperties(own), this.#visit.monotonicMs, true),
    );
  }

  trackBookingCompleted(properties: BookingCompletedProperties): CapturedEvent | undefined {
    const own = this.#visit.own(properties);
    return this.#visit.capture("booking_completed", () =>
      this.#joinAttempt(readProperties(own), this.#visit.monotonicMs),
    );
  }

  trackBookingFailed(properties: BookingFailedProperties): CapturedEvent | undefined {
    const own = this.#visit.own(properties);
    return this.#visit.capture("booking_failed", () => this.#joinAttempt(readProperties(own), this.#visit.monotonicMs));
  }

  capture(event: string, properties: object = {}, options: CaptureOptions = {}): CapturedEvent | undefined {
    const own = this.#visit.own(properties);
    return this.#visit.capture(event, () => readProperties(own), options);
  }

  identify(distinctId: string, set?: object, setOnce?: object): void {
    const own = [this.#visit.own(set), this.#visit.own(setOnce)];
    this.#visit.changePerson((people) => people.identify(distinctId, ...own));
  }

  alias(alias: string, original?: string): void {
    this.#visit.changePerson((people) => people.alias(alias, original));
  }

  setPersonProperties(set?: object, setOnce?: object, unset?: readonly string[]): void {
    const own = [this.#visit.own(set), this.#visit.own(setOnce)] as const;
    this.#visit.change((people) => people.setPersonProperties(...own, unset));
  }

  createPersonProfile(): void {
    this.#visit.change((people) => people.createPersonProfile());
  }

  group(type: string, key: Id, properties?: object): void {
    const own = this.#visit.own(properties);
    this.#visit.change((people) => people.group(type, key, own));
  }

  groupIdentify(type: string, key: Id, properties?: object): void {
    const own = this.#visit.own(properties);
    this.#visit.change((people) => people.groupIdentify(type, key, own));
  }

  resetGroups(): void {
    this.#visit.change((people) => people.leaveGroups());
  }

  getGroups(): Record<string, string> | undefined {
    return this.#visit.ask((people) => ({ ...people.present().groups }));
  }

  register(properties: object): void {
    const own = this.#visit.own(properties) ?? {};
    this.#visit.change((people) => people.registered.register(own));
  }

  registerOnce(properties: object): void {
    const own = this.#visit.own(properties) ?? {};
    this.#visit.change((people) => people.registered.registerOnce(own));
  }

  unregister(name: string): void {
    this.#visit.change((people) => people.registered.unregister(name));
  }

  registerForSession(properties: object): void {
    const own = this.#visit.own(properties) ?? {};
    this.#visit.change((people) => people.session.register(own, Date.now()));
  }

  reset(options?: ResetOptions): void {
    const { purge, ...how } = options ?? {};
    const { calls } = this.#visit;
    if (calls.isPrerendering) calls.run(() => this.#endAttempt());
    else this.#endAttempt();
    this.#visit.changePerson((people) => {
      if (purge) this.#visit.purge();
      people.reset(how, this.#visit.uuid);
    });
  }

  setTeam(teamId: Id | null): void {
    const team = wellFormedTeam(teamId);
    if (team === undefined) this.#visit.notices.warn("setTeam: pass the id of the team, or null");
    else this.#visit.setTeam(team);
  }

  isTeamTracked(teamId?: Id): boolean | undefined {
    const team = wellFormedTeam(teamId);
    return this.#visit.ask(() => (team === undefined ? undefined : this.#visit.isTeamTracked(team)));
  }

  onTeamGate(listener: (teamId: string, state: TeamGateState) => void): () => void {
    return this.#visit.onTeamGate(listener);
  }

  isFeatureEnabled(key: string, options?: FlagOptions & { fallback?: boolean }): boolean | undefined {
    const value = this.getFeatureFlag(key, options);
    return value === undefined ? options?.fallback : value !== false;
  }

  getFeatureFlag(key: string, options?: FlagOptions): FlagValue | undefined {
    const result = this.getFeatureFlagResult(key, options);
    return result && (result.variant ?? result.enabled);
  }

  getFeatureFlagPayload(key: string): unknown {
    return this.getFeatureFlagResult(key, { sendEvent: false })?.payload;
  }

  getFeatureFlagResult(key: string, options?: FlagOptions): FeatureFlagResult | undefined {
    return this.#visit.ask(({ flags }) => flags.result(String(key), options));
  }

  getFeatureFlags(): Record<string, FlagValue> {
    return this.getFeatureFlagsAndPayloads().flags;
  }

  getFeatureFlagsAndPayloads(): { flags: Record<string, FlagValue>; payloads: Record<string, unknown> } {
    return this.#visit.ask(({ flags }) => flags.all()) ?? { flags: {}, payloads: {} };
  }

  onFeatureFlags(listener: FeatureFlagsListener): () => void {
    return this.#visit.onFeatureFlags(listener);
  }

  async reloadFeatureFlags(): Promise<void> {
    await this.#visit.ask(({ flags }) => flags.reload());
  }

  setPersonPropertiesForFlags(properties: object): void {
    const own = this.#visit.own(properties);
    this.#visit.change(({ flags }) => flags.addPerson(own));
  }

  resetPersonPropertiesForFlags(): void {
    this.#visit.change(({ flags }) => flags.resetPerson());
  }

  setGroupPropertiesForFlags(properties: Readonly<Record<string, object>>): void {
    const own = this.#visit.own(properties) ?? {};
    this.#visit.change(({ flags }) => {
      for (const [type, group] of Object.entries(own)) flags.addGroup(type, group);
    });
  }

  resetGroupPropertiesForFlags(type?: string): void {
    this.#visit.change(({ flags }) => flags.resetGroups(type));
  }

  getDistinctId(): string | undefined {
    return this.#visit.ask((people) => people.present().distinctId);
  }

  getAnonymousId(): string | undefined {
    return this.#visit.ask((people) => people.present().deviceId);
  }

  getSessionId(): string | undefined {
    return this.#visit.ask((people) => people.present().sessionId);
  }

  optIn(): void {
    this.#visit.calls.run(() => this.#visit.consent.say("granted"));
  }

  optOut(): void {
    this.#visit.calls.run(() => this.#visit.consent.say("denied"));
  }

  hasOptedOut(): boolean {
    return this.consent() === "denied";
  }

  consent(): ConsentState {
    return this.#visit.consent.state;
  }

  onConsent(listener: (state: ConsentState) => void): () => void {
    return this.#visit.consent.listen((state) => this.#visit.calls.run(() => listener(state)));
  }

  debug(isOn = true): void {
    this.#visit.notices.isVerbose = isOn !== false;
  }

  flush(): Promise<void> {
    return this.#visit.flush();
  }

  shutdown(): Promise<void> {
    return this.#visit.shutdown();
  }

  stats(): Stats {
    return this.#visit.stats();
  }
}
