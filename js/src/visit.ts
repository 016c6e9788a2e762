// The visit of a page: the parts of one tracker put together, and when a call is done: at once, when the page is seen, when the
// visitor has agreed, or not at all. How it is done stands in `recorder.ts`, `people.ts` and `outbox.ts`.

import { CallQueue } from "./call-queue.js";
import type { Clock, Moment } from "./clock.js";
import { Consent } from "./consent.js";
import type { DropReason } from "./drop-reasons.js";
import { personOf } from "./entry-events.js";
import { type Draft, uuidOf } from "./event.js";
import { HeldCalls } from "./held-calls.js";
import type { Instances } from "./instance.js";
import { isMustSend } from "./must-send.js";
import { Notices } from "./notices.js";
import type { CheckedOptions } from "./options.js";
import { Outbox } from "./outbox.js";
import { addressOf } from "./page-address.js";
import { listenToPage, type PageEvent } from "./page-events.js";
import { People } from "./people.js";
import { plainCopy, readProperties } from "./properties.js";
import { Recorder } from "./recorder.js";
import { Replay } from "./replay.js";
import { noteShut } from "./shut-teams.js";
import { nameOf, TeamGate } from "./team-gate.js";
import type { Shared } from "./tracker-source.js";
import type {
  BookingProperties,
  CapturedEvent,
  CaptureOptions,
  ConsentState,
  FeatureFlagsListener,
  Stats,
  TeamGateState,
} from "./types.js";
import { wellFormedText } from "./well-formed.js";

/** One tracker on one page. No method throws. */
export class Visit {
  readonly notices: Notices;
  readonly calls: CallQueue;
  readonly consent: Consent;
  readonly people: People;
  readonly gate: TeamGate;
  readonly outbox: Outbox;
  readonly #options: CheckedOptions;
  readonly #recorder: Recorder;
  readonly #held: HeldCalls;
  readonly #clock: Clock;
  #lastTeam = "";
  /** Who wants to listen as soon as that is allowed. */
  readonly #toStart: (() => void)[] = [];
  #isOpen = false;
  #stopListening: () => void = () => {};
  #shutdown: Promise<void> | undefined;
  /** When and where the next call was made, where that was earlier. */
  #given: Moment | undefined;
  /** The same of the call that is being done. */
  #moment: Moment | undefined;

  constructor(
    options: CheckedOptions,
    instances: Instances,
    { clock, page, teams, counts, isLazy, ...shared }: Shared,
  ) {
    this.#options = options;
    this.#clock = clock;
    this.notices = new Notices(options.debug);
    this.calls = new CallQueue(this.notices);
    this.people = new People(
      options,
      this.notices,
      (event, properties, how) => this.#recorder.record(this.#draft(event, properties, how, true), true),
      {
        isAllowed: () => this.#maySendOfVisitor(),
        // A hook of the page may ask for flags, while its event is not captured yet.
        run: (call) => this.calls.run(call),
        emit: (properties, isMinimal) => {
          if (this.#shutdown || this.gate.state(this.#team) === false) return false;
          const draft = { ...this.#draft("$feature_flag_called", properties, {}, true), isMinimal };
          return this.#recorder.record(draft, true) !== undefined;
        },
      },
    );
    this.consent = new Consent(options, () => this.people.shared.isOptedOut(), shared.said());
    this.gate = new TeamGate(options, this.consent, this.notices, teams);
    this.outbox = new Outbox(options, this.consent, this.gate, this.notices, instances, counts);
    this.#recorder = new Recorder(options, this.notices, this.gate, this.people, this.outbox, page);
    const replay = new Replay(options.project, page, this.#recorder, this.outbox);
    this.outbox.onReplay = (ageMinMs) => this.calls.run(() => replay.run(ageMinMs));
    this.#held = new HeldCalls((event) => this.outbox.refuse("evicted", event));
    if (isLazy) this.gate.listen((team, open) => this.#noteShut(team, open));
    this.gate.onAnswer = (team, open) => this.calls.attempt(() => this.#gateAnswered(team, open));
    if (document.prerendering) document.addEventListener("prerenderingchange", () => this.#begin(), { once: true });
    else this.#begin();
  }

  /** Makes a call as what happened then. */
  at<Value>(moment: Moment, call: () => Value): Value {
    this.#given = moment;
    try {
      return call();
    } finally {
      this.#given = undefined;
    }
  }

  /** When the call was made that is done now, by `performance.now()`. */
  get monotonicMs(): number {
    return this.#moment?.monotonicMs ?? performance.now();
  }

  /** The uuid of what the call makes that is done now, where it has one already. */
  get uuid(): string | undefined {
    return this.#moment?.uuid;
  }

  /** Captures an event; `read` gives its properties. */
  capture(event: string, read: () => BookingProperties, options: CaptureOptions = {}): CapturedEvent | undefined {
    let captured: CapturedEvent | undefined;
    if (this.#recorder.isHooking) {
      this.notices.warn("capture: a beforeSend hook cannot capture; the event is dropped");
      return void this.outbox.refuse("before_send", String(event));
    }
    const isLate = this.#shutdown !== undefined;
    const moment = this.#takeMoment();
    this.calls.run(() => {
      try {
        if (isLate) return this.outbox.refuse("shut_down", String(event));
        captured = this.#during(moment, () => this.#captureNow(event, read(), readProperties(options)));
      } catch (error) {
        this.outbox.refuse("invalid", typeof event === "string" ? event : "");
        throw error;
      }
    });
    return captured;
  }

  /** Changes who the visitor is or what is known of it, as soon as that may be known. */
  change(run: (people: People) => void): void {
    const given = this.#takeMoment();
    this.calls.run(() => {
      const { state } = this.consent;
      if (this.#shutdown || state === "denied")
        return this.notices.debug(`a call is ignored: ${this.#shutdown ? "shut_down" : "no_consent"}`);
      const change = () => {
        this.people.follow();
        if (this.#recorder.mayKeep(this.#team)) this.people.keep(true);
        run(this.people);
      };
      if (state === "granted") return this.#during(given, change);
      const moment = given ?? this.#clock();
      this.#held.hold({ run: () => this.#during(moment, () => this.calls.attempt(change)) });
    });
  }

  /** The same, where it is about another person from then on: what was captured before is about who it was then. */
  changePerson(run: (people: People) => void): void {
    this.change((people) => {
      people.shared.settle();
      run(people);
    });
  }

  /** Gives up what waits, on this page and in storage. */
  purge(): void {
    this.#recorder.purge();
    this.outbox.purge(false);
  }

  /** Reads something of the visitor; nothing, while it has not agreed to be known. */
  ask<T>(read: (people: People) => T): T | undefined {
    let answer: T | undefined;
    if (!this.calls.isPrerendering && this.consent.isGranted) {
      this.calls.attempt(() => {
        answer = read(this.people);
      });
    }
    return answer;
  }

  /** What the page passes, as it is now: a call may be done later. */
  own<T extends object>(properties: T | undefined): T | undefined {
    const isNow = this.calls.isFree && this.consent.isGranted;
    return isNow || properties === undefined ? properties : (plainCopy(properties) as T);
  }

  /** The page is about this team from now on; about none, where it is empty. */
  setTeam(team: string): void {
    this.calls.run(() => {
      this.gate.team = team;
    });
    this.change((people) => {
      this.gate.want(team);
      if (team === "") people.leaveGroups("team");
      else people.group("team", team);
    });
  }

  /** Calls `listener` with what is known of the teams of this page, and with every change. */
  onTeamGate(listener: (teamId: string, state: TeamGateState) => void): () => void {
    const told = new Map<string, TeamGateState>();
    const tell = (team: string, state: TeamGateState) => {
      if (told.get(team) === state) return;
      told.set(team, state);
      this.calls.run(() => listener(team, state));
    };
    return this.#listening(() => {
      this.gate.want(this.gate.team);
      for (const [team, state] of Object.entries(this.gate.states())) tell(team, state);
      return this.gate.listen((team, open) => tell(team, nameOf(open)));
    });
  }

  /** Whether a team is tracked, of the page where it is empty; asks, where nobody knows. */
  isTeamTracked(teamId: string): boolean | undefined {
    const team = teamId || this.gate.team;
    this.gate.want(team);
    return this.gate.state(team);
  }

  /** Calls `listener` with the visitor's flags. */
  onFeatureFlags(listener: FeatureFlagsListener): () => void {
    return this.#listening(() => this.people.flags.listen((...told) => this.calls.run(() => listener(...told))));
  }

  /** Makes somebody listen as soon as that is allowed, until the function that this gives is called. */
  #listening(begin: () => () => void): () => void {
    let stop: (() => void) | undefined = () => {};
    const start = () => {
      stop &&= begin();
    };
    if (this.#isOpen && this.consent.isGranted) this.calls.run(start);
    else this.#toStart.push(start);
    return () => {
      stop?.();
      stop = undefined;
    };
  }

  async flush(): Promise<void> {
    this.calls.run(() => this.consent.refresh());
    if (!this.#isOpen) return;
    await this.people.shared.settled;
    await this.outbox.flush();
  }

  shutdown(): Promise<void> {
    this.#refuseHeld("shut_down");
    this.ask(({ flags }) => flags.rest());
    this.#shutdown ??= (this.#isOpen ? this.outbox.shutDown() : Promise.resolve()).then(() => {
      this.#stopListening();
      this.gate.rest();
    });
    return this.#shutdown;
  }

  stats(): Stats {
    const stats = this.outbox.stats();
    const held = this.#held.events + this.#recorder.waiting;
    const { captured, waiting } = stats;
    return {
      ...stats,
      captured: captured + held,
      waiting: waiting + held,
      held: stats.held + held,
      teams: this.ask(() => this.gate.states()) ?? {},
    };
  }

  /** What a call is told of its moment. A call that is made from inside it is told nothing. */
  #takeMoment(): Moment | undefined {
    const given = this.#given;
    this.#given = undefined;
    return given;
  }

  #during<Value>(moment: Moment | undefined, run: () => Value): Value {
    const outer = this.#moment;
    this.#moment = moment;
    try {
      return run();
    } finally {
      this.#moment = outer;
    }
  }

  /** The team of the page, or the last that was named. */
  get #team(): string {
    return this.gate.team || this.#lastTeam;
  }

  /** The page is seen, or will be without any further sign: a page that is only prerendered leaves no trace. */
  #begin(): void {
    const stopListening = listenToPage((event) => this.calls.run(() => this.#happened(event)));
    const onStorage = ({ key }: StorageEvent) => {
      if (key === null || key.startsWith("phbt:consent:")) this.calls.run(() => this.consent.refresh());
      if (key === null || key.startsWith("phbt:gate:")) this.ask(() => this.gate.heard());
    };
    // Also after `shutdown`: what is denied is removed whenever it is denied.
    addEventListener("storage", onStorage);
    this.#stopListening = stopListening;
    this.consent.listen((state) => this.calls.attempt(() => this.#decided(state)));
    // What this page knows was denied; what other tabs have stored since was not.
    this.consent.onMissedDenial = () => {
      this.#recorder.purge();
      this.outbox.giveUp();
      this.people.forget(false);
    };
    this.calls.begin(() => this.#decided(this.consent.state));
  }

  /** The visitor has said something, or has said it before. */
  #decided(state: ConsentState): void {
    if (state === "granted") return this.#open();
    if (state === "pending") return;
    this.#refuseHeld("no_consent");
    this.#recorder.purge();
    this.people.forget();
    this.outbox.purge(true);
  }

  #refuseHeld(reason: DropReason): void {
    for (const { event } of this.#held.release()) if (event !== undefined) this.outbox.refuse(reason, event);
  }

  #open(): void {
    if (this.#shutdown) return;
    const { shared } = this.people;
    if (!this.#isOpen) {
      this.#isOpen = true;
      shared.wait((found) => this.calls.attempt(() => this.#settled(found)));
      if (this.#options.bootstrap) this.change(() => this.people.bootstrap());
    }
    this.outbox.open();
    // The first event of a page may be its last: by then it should be known whether its team is tracked.
    this.gate.want(this.gate.team);
    for (const run of [...this.#held.release().map(({ run }) => run), ...this.#toStart.splice(0)])
      this.calls.attempt(run);
    this.gate.refresh();
    if (this.#options.featureFlags) this.people.flags.want();
    this.people.flags.refresh();
  }

  #gateAnswered(team: string, open: boolean | undefined): void {
    this.#recorder.gateAnswered(team, open);
    this.outbox.gateAnswered(team, open);
    if (open) this.people.flags.refresh();
    if (open === false && this.outbox.removeTraces()) this.people.withdraw();
  }

  /** Leaves a note for the facades of later pages, where a request was needed to hear of a team. */
  #noteShut(team: string, open: boolean | undefined): void {
    const { teamGateUrl, teamFlag, project } = this.#options;
    if (open !== undefined && (teamGateUrl || teamFlag) && this.consent.isGranted) noteShut(project, team, open);
  }

  /** Whether something may be sent of the visitor that is no event: its team is known to be tracked. */
  #maySendOfVisitor(): boolean {
    if (!this.#isOpen || this.#shutdown || !this.consent.isGranted || this.people.shared.isPending) return false;
    const isUngated = !this.gate.asksForTeams && this.gate.admit(this.#team) === "ungated";
    if (isUngated) this.notices.report("nothing_opens_the_gate");
    return this.#recorder.mayKeep(this.#team);
  }

  /** It is known whether posthog-js says who events are about. */
  #settled(found: boolean): void {
    if (!found) {
      const text = "there is no posthog-js with this project key on the page";
      if (this.#options.identity === "auto") this.notices.debug(text);
      else this.notices.warn(text);
    }
    this.consent.refresh();
    this.#recorder.seal(found);
    this.people.flags.refresh();
  }

  #happened(event: PageEvent): void {
    // A page that was frozen may have missed what was said in another tab.
    this.consent.refresh();
    if (event === "leaving" || event === "hidden") this.people.shared.settle();
    if (this.#isOpen) {
      // Chromium hides a page after it has left it.
      if (event !== "hidden") this.people.session.mark(event !== "leaving");
      this.outbox.happened(event);
      if (event === "returned" || event === "online") {
        this.gate.refresh();
        this.people.flags.refresh();
      }
    }
  }

  #draft(event: string, properties: BookingProperties = {}, options: CaptureOptions = {}, ofOurs = false): Draft {
    const { teamId } = properties;
    const named = teamId === undefined || teamId === null ? "" : wellFormedText(String(teamId));
    const { href, referrer, uuid, ms, sequence, entry } = this.#moment ?? this.#clock();
    // What the tracker says of the visitor goes through the gate of the page's team, or the last that was named.
    const team = named || this.gate.team || (ofOurs ? this.#lastTeam : "");
    const address = addressOf(href, referrer);
    const person = entry && personOf(entry);
    return { event, properties, options, uuid: uuidOf(options, ms, uuid), team, ms, sequence, person, ...address };
  }

  #captureNow(event: string, properties: BookingProperties, options: CaptureOptions): CapturedEvent | undefined {
    if (typeof event !== "string" || event.trim() === "") {
      this.notices.warn("capture: an event needs a name, as a text; it is dropped");
      return void this.outbox.refuse("invalid", "");
    }
    // Another tab may have changed it before this one has heard of it.
    this.consent.refresh();
    const state = this.consent.state;
    if (state === "denied") return void this.outbox.refuse("no_consent", event);
    const draft = this.#draft(wellFormedText(event), properties, options);
    if (draft.team && draft.team !== this.#lastTeam) {
      this.#lastTeam = draft.team;
      this.people.flags.refresh();
    }
    if (state === "granted") return this.#recorder.record(draft);
    const isUrgent = isMustSend(event) || options.sendInstantly === true;
    this.#held.hold({ run: () => this.#recorder.record(draft), event, isUrgent });
    return { uuid: draft.uuid, event: draft.event };
  }
}
