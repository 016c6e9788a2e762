// The tracker that a page makes: usable at once, by the keel until the engine is there, by the engine from then on.

import { Attempt } from "./attempt.js";
import { DrainLock } from "./drain-lock.js";
import { Engine, type Wreck } from "./engine.js";
import { Keel } from "./keel.js";
import { isHopeless, loadModule } from "./load.js";
import * as mirror from "./mirror.js";
import { DROP_REASONS, NOTICE_CODES, Notices } from "./notices.js";
import { type CheckedOptions, checkOptions } from "./options.js";
import { listenToPage, type PageEvent } from "./page-events.js";
import { readProperties, stringifyProperties, wellFormedText } from "./properties.js";
import { Quarantine } from "./quarantine.js";
import { nounKey, projectHash } from "./record.js";
import { TeamGate } from "./team-gate.js";
import type {
  BookingCompletedProperties,
  BookingFailedProperties,
  BookingProperties,
  BookingStartedProperties,
  Stats,
  TrackerOptions,
} from "./types.js";
import { isLegalDistinctId } from "./visitor.js";
import { wasmUrl } from "./wasm-url.js";

/** How often a module that does not arrive is asked for before `ready` stops waiting for it. */
const LOAD_TRIES = 5;

// A page gets one fresh engine after a trap: what traps twice would trap for ever.
let revived = false;

/**
 * Tracks bookings in PostHog. Events are stored before a call returns, sent at once or on leaving, and sent again until
 * PostHog has confirmed them. Nothing but the constructor ever throws, and that only for a bad configuration.
 */
export class PostHogBookingTracker {
  /** Is fulfilled when the engine runs, or when it is known that the page has to do without. Never rejects. */
  readonly ready: Promise<void>;
  readonly #options: CheckedOptions;
  readonly #notices: Notices;
  readonly #gate: TeamGate;
  readonly #keel: Keel;
  readonly #lock: DrainLock;
  readonly #quarantine: Quarantine;
  readonly #attempt = new Attempt();
  #engine: Engine | undefined;
  #becomeReady: () => void = () => {};
  #loadTries = 0;
  #hopeless = false;
  #left = false;
  #stopListening: () => void = () => {};
  #shutdown: Promise<void> | undefined;
  /** Who the page has said its visitor is, until that is passed on. */
  #identified = "";
  #lastTeam = "";
  #loading = false;
  /** What the page has said while nobody sees it; nothing of it has happened until somebody does. */
  #prerendered: (() => void)[] | undefined = [];

  /** @throws ConfigurationError with a sentence that says how to mend the configuration. */
  constructor(apiKey: string, options?: TrackerOptions) {
    this.#options = checkOptions(apiKey, options);
    this.#notices = new Notices(this.#options.debug);
    this.#gate = new TeamGate(this.#options);
    this.#keel = new Keel(this.#options, this.#gate, this.#notices);
    const project = projectHash(this.#options.apiKey);
    this.#quarantine = new Quarantine(project);
    this.#lock = new DrainLock(nounKey("drain", project));
    this.ready = new Promise((resolve) => {
      this.#becomeReady = resolve;
    });
    if (document.prerendering) document.addEventListener("prerenderingchange", () => this.#begin(), { once: true });
    else this.#begin();
  }

  /** Somebody has asked for a booking; begins an attempt. */
  trackBookingStarted(properties: BookingStartedProperties = {}): void {
    this.#safely(() => this.#track("booking_started", this.#attempt.begin(readProperties(properties))));
  }

  /** The booking exists. Leave the page right after this if you like. */
  trackBookingCompleted(properties: BookingCompletedProperties): void {
    this.#safely(() => this.#track("booking_completed", this.#attempt.join(readProperties(properties))));
  }

  /** The booking could not be made. */
  trackBookingFailed(properties: BookingFailedProperties): void {
    this.#safely(() => this.#track("booking_failed", this.#attempt.join(readProperties(properties))));
  }

  /** Any other event. `properties.teamId` decides the gate, as for bookings. */
  capture(event: string, properties: Record<string, unknown> = {}): void {
    this.#safely(() => this.#track(event, readProperties(properties)));
  }

  /** The page knows who its visitor is. Use an id of your own, never an e-mail address. */
  identify(distinctId: string): void {
    this.#safely(() => {
      if (!isLegalDistinctId(distinctId)) return this.#notices.debug("identify: PostHog takes no such id");
      this.#identified = wellFormedText(distinctId);
      this.#identify(this.#options.team || this.#lastTeam);
    });
  }

  /** Sends everything now. Is fulfilled when that has succeeded or failed; what failed stays stored. Never rejects. */
  async flush(): Promise<void> {
    await this.ready;
    await (this.#engine ?? this.#keel).flush();
  }

  /** Sends everything and takes no event any more. Calling it again changes nothing. Never rejects. */
  shutdown(): Promise<void> {
    this.#shutdown ??= this.ready.then(async () => {
      await (this.#engine ? this.#engine.shutDown() : this.#keel.flush());
      this.#keel.rest();
      this.#lock.leave();
      this.#stopListening();
    });
    return this.#shutdown;
  }

  /** What became of this page's events so far. */
  stats(): Stats {
    const keel = this.#keel;
    const zero = Object.fromEntries(NOTICE_CODES.slice(0, DROP_REASONS).map((code) => [code, 0])) as Stats["dropped"];
    const stats: Stats = this.#engine?.stats() ?? {
      engine: "keel",
      captured: 0,
      adopted: 0,
      confirmed: 0,
      waiting: keel.waiting,
      settledElsewhere: 0,
      dropped: zero,
    };
    const dropped: Record<string, number> = { ...stats.dropped };
    for (const [reason, count = 0] of Object.entries(keel.dropped)) dropped[reason] = (dropped[reason] ?? 0) + count;
    return {
      ...stats,
      // The engine counts what the keel has handed over as captured.
      captured: stats.captured + keel.captured - keel.handed,
      adopted: stats.adopted + keel.adopted,
      confirmed: stats.confirmed + keel.confirmed,
      dropped: dropped as Stats["dropped"],
    };
  }

  /** The page is seen, or will be without any further sign: a page that is only prerendered leaves no trace. */
  #begin(): void {
    this.#stopListening = listenToPage((event) => this.#happened(event));
    this.#lock.live();
    void mirror.open();
    const calls = this.#prerendered ?? [];
    this.#prerendered = undefined;
    for (const call of calls) this.#safely(call);
    void this.#load();
  }

  #track(event: string, properties: BookingProperties): void {
    if (typeof event !== "string") return this.#refuse("invalid", "");
    if (this.#shutdown) return this.#refuse("shut_down", event);
    const { teamId } = properties;
    const team = wellFormedText(teamId === undefined || teamId === null ? this.#options.team : String(teamId));
    this.#lastTeam = team;
    this.#identify(team);
    (this.#engine ?? this.#keel).capture(wellFormedText(event), stringifyProperties(properties), team);
  }

  #refuse(reason: "invalid" | "shut_down", event: string): void {
    this.#keel.captured++;
    this.#keel.drop(reason, event);
  }

  /** Passes on who the visitor is, as soon as there is a team whose gate can let it pass. */
  #identify(team: string): void {
    if (this.#identified === "" || this.#shutdown) return;
    if (this.#gate.admit(team) === "ungated") return this.#notices.debug("identify waits for an event with a team");
    (this.#engine ?? this.#keel).identify(this.#identified, team);
    this.#identified = "";
  }

  #happened(event: PageEvent): void {
    this.#safely(() => {
      this.#left = event === "leaving" || (this.#left && event !== "returned");
      (this.#engine ?? this.#keel).happened(event);
      if (event === "leaving") {
        this.#lock.leave();
        mirror.close();
      } else if (event !== "hidden") {
        this.#lock.live();
        void this.#load();
      }
    });
  }

  async #load(): Promise<void> {
    if (this.#engine || this.#hopeless || this.#loading) return;
    this.#loading = true;
    try {
      this.#startEngine(await loadModule(wasmUrl()));
    } catch (error) {
      this.#notices.debug(`the engine did not load: ${error}`);
      this.#loadTries++;
      this.#hopeless = isHopeless(error);
      const waits = !this.#hopeless && this.#loadTries < LOAD_TRIES;
      if (waits) setTimeout(() => this.#load(), 1_000 * 2 ** (this.#loadTries - 1));
      else this.#goAlone();
    } finally {
      this.#loading = false;
    }
  }

  #startEngine(module: WebAssembly.Module): void {
    // A page that is being left has sent everything by its keel; an engine would send it once more.
    if (this.#engine || this.#left) return;
    const quarantined = this.#quarantine.list();
    let trapped = false;
    const handover = { ...this.#keel.handOver(), quarantined: quarantined.join("\n") };
    const engine = new Engine(module, this.#options, this.#gate, this.#lock, this.#notices, handover, (wreck) => {
      trapped = true;
      this.#engine = undefined;
      this.#recover(module, wreck);
    });
    if (trapped) return;
    this.#engine = engine;
    this.#becomeReady();
    void mirror.read().then((records) => this.#engine?.mirrored(records));
    if (quarantined.length > 0) void this.#keel.sendQuarantined(quarantined).then(() => this.#quarantine.tidy());
  }

  /** The engine has trapped: back to the keel, and on with a fresh engine if this page has not had one yet. */
  #recover(module: WebAssembly.Module, { poisoned, unsaved }: Wreck): void {
    this.#notices.debug("the engine has stopped; the page goes on without it");
    this.#quarantine.add(poisoned);
    this.#keel.takeOver();
    for (const call of unsaved) {
      if ("event" in call) this.#keel.capture(call.event, call.properties, call.team);
      else this.#keel.identify(call.distinctId, call.team);
    }
    // A fresh instance is started from a task of its own: this may run deep inside a call of the page.
    setTimeout(() =>
      this.#safely(() => {
        this.#hopeless = revived;
        if (revived) return this.#goAlone();
        revived = true;
        this.#startEngine(module);
      }),
    );
  }

  #goAlone(): void {
    this.#keel.goAlone();
    this.#becomeReady();
    void mirror.read().then((records) => this.#keel.unite(records));
  }

  #safely(run: () => void): void {
    if (this.#prerendered) return void this.#prerendered.push(run);
    try {
      run();
    } catch (error) {
      this.#notices.debug(`an error was kept from the page: ${error}`);
    }
  }
}
