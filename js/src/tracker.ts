// The tracker that a page makes. Here stands what a page can call, and when a call is done: at once, when the page is seen,
// when the visitor has agreed, or not at all. How it is done stands in `recorder.ts`, `people.ts` and `outbox.ts`.

import { Attempt } from "./attempt.js";
import { CallQueue } from "./call-queue.js";
import { Clock, type Tick } from "./clock.js";
import { Consent } from "./consent.js";
import { type Draft, uuidOf } from "./event.js";
import { HeldCalls } from "./held-calls.js";
import { Notices } from "./notices.js";
import { type CheckedOptions, checkOptions } from "./options.js";
import { Outbox } from "./outbox.js";
import { pageAddress } from "./page-address.js";
import { listenToPage, type PageEvent } from "./page-events.js";
import { People } from "./people.js";
import { plainCopy, readProperties, wellFormedText } from "./properties.js";
import { isMustSend } from "./record.js";
import { Recorder } from "./recorder.js";
import { TeamGate } from "./team-gate.js";
import type {
  BookingCompletedProperties,
  BookingFailedProperties,
  BookingProperties,
  BookingStartedProperties,
  CapturedEvent,
  CaptureOptions,
  ConsentState,
  DropReason,
  Id,
  ResetOptions,
  Stats,
  TrackerOptions,
} from "./types.js";

/**
 * Tracks bookings in PostHog. Events are stored before a call returns, sent at once or on leaving, and sent again until
 * PostHog has confirmed them. Nothing but the constructor ever throws, and that only for a bad configuration.
 */
export class PostHogBookingTracker {
  /** Is fulfilled when the engine runs, or when it is known that the page has to do without. Never rejects. */
  readonly ready: Promise<void>;
  readonly #options: CheckedOptions;
  readonly #notices: Notices;
  readonly #calls: CallQueue;
  readonly #consent: Consent;
  readonly #people: People;
  readonly #recorder: Recorder;
  readonly #outbox: Outbox;
  readonly #held: HeldCalls;
  readonly #attempt = new Attempt();
  readonly #clock = new Clock();
  #lastTeam = "";
  #isOpen = false;
  #stopListening: () => void = () => {};
  #shutdown: Promise<void> | undefined;
  /** When a call was made that is done only now. */
  #heldTick: Tick | undefined;

  /** @throws ConfigurationError with a sentence that says how to mend the configuration. */
  constructor(apiKey: string, options?: TrackerOptions) {
    this.#options = checkOptions(apiKey, options);
    this.#notices = new Notices(this.#options.debug);
    this.#calls = new CallQueue(this.#notices);
    const gate = new TeamGate(this.#options);
    this.#people = new People(this.#options, this.#notices, (event, properties, how) => {
      this.#recorder.record(this.#draft(event, properties, how, true), true);
    });
    this.#consent = new Consent(this.#options, () => this.#people.shared.isOptedOut());
    this.#outbox = new Outbox(this.#options, this.#consent, gate, this.#notices);
    this.#recorder = new Recorder(this.#options, this.#notices, gate, this.#people, this.#outbox);
    this.#held = new HeldCalls((event) => this.#outbox.refuse("evicted", event));
    gate.onShut = () => {
      if (this.#outbox.removeTraces()) this.#people.withdraw();
    };
    this.ready = this.#outbox.ready;
    if (document.prerendering) document.addEventListener("prerenderingchange", () => this.#begin(), { once: true });
    else this.#begin();
  }

  /** Somebody has asked for a booking; begins an attempt. */
  trackBookingStarted(properties: BookingStartedProperties = {}): CapturedEvent | undefined {
    const own = this.#own(properties);
    return this.#capture("booking_started", () => this.#attempt.begin(readProperties(own)));
  }

  /** The booking exists. Leave the page right after this if you like. */
  trackBookingCompleted(properties: BookingCompletedProperties): CapturedEvent | undefined {
    const own = this.#own(properties);
    return this.#capture("booking_completed", () => this.#attempt.join(readProperties(own)));
  }

  /** The booking could not be made. */
  trackBookingFailed(properties: BookingFailedProperties): CapturedEvent | undefined {
    const own = this.#own(properties);
    return this.#capture("booking_failed", () => this.#attempt.join(readProperties(own)));
  }

  /**
   * Any other event. `properties.teamId` decides the gate, as for bookings. Gives what the event is called and identified by;
   * nothing, where it is dropped, where the page is not seen yet, or where a hook of the page captures it.
   */
  capture(event: string, properties: object = {}, options: CaptureOptions = {}): CapturedEvent | undefined {
    const own = this.#own(properties);
    return this.#capture(event, () => readProperties(own), options);
  }

  /** The page knows who its visitor is. Use an id of your own, never an e-mail address. */
  identify(distinctId: string, set?: object, setOnce?: object): void {
    const own = [this.#own(set), this.#own(setOnce)];
    this.#changePerson(() => this.#people.identify(distinctId, ...own));
  }

  /** Two ids are one person: `alias`, and `original` or the visitor's present one. */
  alias(alias: string, original?: string): void {
    this.#changePerson(() => this.#people.alias(alias, original));
  }

  /** Sets properties of the person, sets those that have no value yet, and removes some. */
  setPersonProperties(set?: object, setOnce?: object, unset?: readonly string[]): void {
    const own = [this.#own(set), this.#own(setOnce)] as const;
    this.#change(() => this.#people.setPersonProperties(...own, unset));
  }

  /** From here on PostHog keeps a profile of this visitor, known or not. */
  createPersonProfile(): void {
    this.#change(() => this.#people.createPersonProfile());
  }

  /** The visitor belongs to this group from now on; its properties are set where they are given. */
  group(type: string, key: Id, properties?: object): void {
    const own = this.#own(properties);
    this.#change(() => this.#people.group(type, key, own));
  }

  /** Sets properties of a group, whether the visitor belongs to it or not. */
  groupIdentify(type: string, key: Id, properties?: object): void {
    const own = this.#own(properties);
    this.#change(() => this.#people.groupIdentify(type, key, own));
  }

  /** The visitor belongs to no group any more. */
  resetGroups(): void {
    this.#change(() => this.#people.registered.leaveGroups());
  }

  /** The groups that the visitor belongs to, key by type; `undefined`, while the visitor has not agreed to be known. */
  getGroups(): Record<string, string> | undefined {
    return this.#ask(() => ({ ...this.#people.present().groups }));
  }

  /** Puts properties on every event from now on, on every page, over those of the same name. */
  register(properties: object): void {
    const own = this.#own(properties) ?? {};
    this.#change(() => this.#people.registered.register(own));
  }

  /** The same, but leaves alone what has a value already. */
  registerOnce(properties: object): void {
    const own = this.#own(properties) ?? {};
    this.#change(() => this.#people.registered.registerOnce(own));
  }

  /** Takes a property off again. */
  unregister(name: string): void {
    this.#change(() => this.#people.registered.unregister(name));
  }

  /** Puts properties on every event of this tab until the session ends. */
  registerForSession(properties: object): void {
    const own = this.#own(properties) ?? {};
    this.#change(() => this.#people.session.register(own, Date.now()));
  }

  /**
   * Somebody else uses the page from now on: another person, in another session, in no group. What waits is still sent;
   * `purge` gives it up, for devices that many share.
   */
  reset(options?: ResetOptions): void {
    const { purge, ...how } = options ?? {};
    if (this.#calls.isPrerendering) this.#calls.run(() => this.#attempt.end());
    else this.#attempt.end();
    this.#changePerson(() => {
      if (purge) {
        this.#recorder.purge();
        this.#outbox.purge(false);
      }
      this.#people.reset(how);
    });
  }

  /** Who events are about; `undefined`, while the visitor has not agreed to be known. */
  getDistinctId(): string | undefined {
    return this.#ask(() => this.#people.present().distinctId);
  }

  /** What stands for this browser, whoever uses it; `undefined`, while the visitor has not agreed to be known. */
  getAnonymousId(): string | undefined {
    return this.#ask(() => this.#people.present().deviceId);
  }

  /** The session of an event that would be captured now; `undefined`, while the visitor has not agreed to be known. */
  getSessionId(): string | undefined {
    return this.#ask(() => this.#people.present().sessionId);
  }

  /** The visitor agrees to be tracked. What was held is sent, with the time at which it happened. */
  optIn(): void {
    this.#calls.run(() => this.#consent.say("granted"));
  }

  /** The visitor does not want to be tracked. What is stored is removed, unsent, in every tab. */
  optOut(): void {
    this.#calls.run(() => this.#consent.say("denied"));
  }

  /** Whether the visitor does not want to be tracked. */
  hasOptedOut(): boolean {
    return this.consent() === "denied";
  }

  /** What is known of the visitor's consent. */
  consent(): ConsentState {
    return this.#consent.state;
  }

  /** Calls `listener` with every change of consent, whichever tab it was made in, until the function that this gives is called. */
  onConsent(listener: (state: ConsentState) => void): () => void {
    return this.#consent.listen((state) => this.#calls.run(() => listener(state)));
  }

  /** Logs what is dropped and why, from now on; not any more, with `false`. */
  debug(isOn = true): void {
    this.#notices.isVerbose = isOn !== false;
  }

  /** Sends everything now. Is fulfilled when that has succeeded or failed; what failed stays stored. Never rejects. */
  async flush(): Promise<void> {
    this.#calls.run(() => this.#consent.refresh());
    if (this.#isOpen) await this.#outbox.flush();
  }

  /** Sends everything and takes no event any more. Calling it again changes nothing. Never rejects. */
  shutdown(): Promise<void> {
    this.#refuseHeld("shut_down");
    this.#shutdown ??= (this.#isOpen ? this.#outbox.shutDown() : Promise.resolve()).then(() => this.#stopListening());
    return this.#shutdown;
  }

  /** What became of this page's events so far. */
  stats(): Stats {
    const stats = this.#outbox.stats();
    const held = this.#held.events + this.#recorder.waiting;
    return { ...stats, captured: stats.captured + held, waiting: stats.waiting + held };
  }

  /** The page is seen, or will be without any further sign: a page that is only prerendered leaves no trace. */
  #begin(): void {
    const stopListening = listenToPage((event) => this.#calls.run(() => this.#happened(event)));
    const onStorage = ({ key }: StorageEvent) => {
      if (key === null || key.startsWith("phbt:consent:")) this.#calls.run(() => this.#consent.refresh());
    };
    // Also after `shutdown`: what is denied is removed whenever it is denied.
    addEventListener("storage", onStorage);
    this.#stopListening = stopListening;
    this.#consent.listen((state) => this.#calls.attempt(() => this.#decided(state)));
    // What this page knows was denied; what other tabs have stored since was not.
    this.#consent.onMissedDenial = () => {
      this.#recorder.purge();
      this.#outbox.giveUp();
      this.#people.forget(false);
    };
    this.#calls.begin(() => this.#decided(this.consent()));
  }

  /** The visitor has said something, or has said it before. */
  #decided(state: ConsentState): void {
    if (state === "granted") return this.#open();
    if (state === "pending") return;
    this.#refuseHeld("no_consent");
    this.#recorder.purge();
    this.#people.forget();
    this.#outbox.purge(true);
    this.#outbox.stayClosed();
  }

  #refuseHeld(reason: DropReason): void {
    for (const { event } of this.#held.release()) if (event !== undefined) this.#outbox.refuse(reason, event);
  }

  #open(): void {
    if (this.#shutdown) return;
    const { shared } = this.#people;
    if (!this.#isOpen) {
      this.#isOpen = true;
      shared.wait((found) => this.#calls.attempt(() => this.#settled(found)));
      if (this.#options.bootstrap) this.#change(() => this.#people.bootstrap());
    }
    // Once more after a denial, which may have kept the engine from starting.
    this.#outbox.open(!shared.isPending);
    for (const { run } of this.#held.release()) this.#calls.attempt(run);
  }

  /** It is known whether posthog-js says who events are about. */
  #settled(found: boolean): void {
    if (!found) {
      const text = "there is no posthog-js with this project key on the page, whose visitor could be shared";
      if (this.#options.identity === "auto") this.#notices.debug(text);
      else this.#notices.warn(text);
    }
    this.#consent.refresh();
    this.#recorder.seal(found);
    this.#outbox.allSealed();
  }

  #happened(event: PageEvent): void {
    // A page that was frozen may have missed what was said in another tab.
    this.#consent.refresh();
    if (event === "leaving" || event === "hidden") this.#people.shared.settle();
    if (this.#isOpen) {
      // Chromium hides a page after it has left it.
      if (event !== "hidden") this.#people.session.mark(event !== "leaving");
      this.#outbox.happened(event);
    }
  }

  #draft(event: string, properties: BookingProperties = {}, options: CaptureOptions = {}, ofOurs = false): Draft {
    const { teamId } = properties;
    const named = teamId === undefined || teamId === null ? "" : wellFormedText(String(teamId));
    const tick = this.#heldTick ?? this.#clock.tick();
    // What the tracker says of the visitor goes through the gate of the page's team, or the last that was named.
    const team = named || this.#options.team || (ofOurs ? this.#lastTeam : "");
    return { event, properties, options, uuid: uuidOf(options, tick.ms), team, ...tick, ...pageAddress() };
  }

  #capture(event: string, read: () => BookingProperties, options: CaptureOptions = {}): CapturedEvent | undefined {
    let captured: CapturedEvent | undefined;
    if (this.#recorder.isHooking) {
      this.#notices.warn("capture: a beforeSend hook cannot capture; the event is dropped");
      return void this.#outbox.refuse("before_send", String(event));
    }
    const isLate = this.#shutdown !== undefined;
    this.#calls.run(() => {
      try {
        if (isLate) return this.#outbox.refuse("shut_down", String(event));
        captured = this.#captureNow(event, read(), readProperties(options));
      } catch (error) {
        this.#outbox.refuse("invalid", typeof event === "string" ? event : "");
        throw error;
      }
    });
    return captured;
  }

  #captureNow(event: string, properties: BookingProperties, options: CaptureOptions): CapturedEvent | undefined {
    if (typeof event !== "string" || event.trim() === "") {
      this.#notices.warn("capture: an event needs a name, as a text; it is dropped");
      return void this.#outbox.refuse("invalid", "");
    }
    // Another tab may have changed it before this one has heard of it.
    this.#consent.refresh();
    const state = this.consent();
    if (state === "denied") return void this.#outbox.refuse("no_consent", event);
    const draft = this.#draft(wellFormedText(event), properties, options);
    this.#lastTeam = draft.team;
    if (state === "granted") return this.#recorder.record(draft);
    const isUrgent = isMustSend(event) || options.sendInstantly === true;
    this.#held.hold({ run: () => this.#recorder.record(draft), event, isUrgent });
    return { uuid: draft.uuid, event: draft.event };
  }

  /** Changes who the visitor is or what is known of it, as soon as that may be known. */
  #change(run: () => void): void {
    this.#calls.run(() => {
      const state = this.consent();
      if (this.#shutdown || state === "denied")
        return this.#notices.debug(`a call is ignored: ${this.#shutdown ? "shut_down" : "no_consent"}`);
      const change = () => {
        this.#people.follow();
        if (this.#recorder.mayKeep(this.#options.team || this.#lastTeam)) this.#people.keep(true);
        run();
      };
      if (state === "granted") return change();
      const tick = this.#clock.tick();
      this.#held.hold({
        run: () => {
          this.#heldTick = tick;
          this.#calls.attempt(change);
          this.#heldTick = undefined;
        },
      });
    });
  }

  /** The same, where it is about another person from then on: what was captured before is about who it was then. */
  #changePerson(run: () => void): void {
    this.#change(() => {
      this.#people.shared.settle();
      run();
    });
  }

  #ask<T>(read: () => T): T | undefined {
    let answer: T | undefined;
    if (!this.#calls.isPrerendering && this.consent() === "granted") {
      this.#calls.attempt(() => {
        answer = read();
      });
    }
    return answer;
  }

  /** What the page passes, as it is now: a call may be done later. */
  #own<T extends object>(properties: T | undefined): T | undefined {
    const isNow = this.#calls.isFree && this.consent() === "granted";
    return isNow || properties === undefined ? properties : (plainCopy(properties) as T);
  }
}
