// The tracker behind the facade: passes every call on to the instance that it runs in, tells the page's listeners, and keeps the promises
// that the page waits for. If the instance traps, a facade takes its place until there is a fresh one.

import type { ConsentWord, Engine, Host } from "../engine/engine.js";
import type { BookingTracker } from "./booking-tracker.js";
import type { Moment } from "./clock.js";
import { write } from "./console.js";
import { facade } from "./facade.js";
import { Instance, type Instances } from "./instance.js";
import { read } from "./local-storage.js";
import type { CheckedOptions } from "./options.js";
import { METHODS } from "./tracker-class.js";
import type { Listener, OpenTracker, Shared } from "./tracker-source.js";
import { noteTrap, storeTrapped } from "./trapped.js";
import type { Stats, TeamGateState } from "./types.js";

/** What a page passes to a method. */
// biome-ignore lint/suspicious/noExplicitAny: the types of the methods stand in `booking-tracker.ts`.
type Args = any[];

/** How a tracker is made once more, after a trap. */
export interface Remake {
  readonly apiKey: unknown;
  readonly given: unknown;
  readonly open: OpenTracker;
}

/** The trackers of this page: no browser tells a page what it has stored itself. */
const near = new Set<PageTracker>();

// A page gets one fresh instance after a trap, whichever of its trackers it is for: what traps twice would trap for ever.
let hasRevived = false;

/** One tracker on a page. Its methods never throw; its constructor does if the page cannot have an instance. */
export class PageTracker {
  readonly #options: CheckedOptions;
  readonly #kind: Instances["kind"];
  readonly #shared: Shared;
  readonly #remake: Remake;
  readonly #instance: Instance;
  #flushing: (() => void)[] = [];
  #shuttingDown: (() => void)[] = [];
  #loading: (readonly [ticket: number, resolve: () => void])[] = [];
  #shutdown: Promise<void> | undefined;
  /** The team that the page has set last. */
  #team: Args | undefined;
  /** How many events the module has trapped on; each is an entry of the journal. */
  #trappedEvents = 0;
  /** Whether those who develop the page want to hear everything. */
  #isVerbose: boolean;
  /** Takes the calls after a trap. */
  #shelter: ((name: string, args: Args) => unknown) | undefined;

  constructor(options: CheckedOptions, instances: Instances, shared: Shared, remake: Remake) {
    this.#options = options;
    this.#isVerbose = options.debug;
    this.#kind = instances.kind;
    this.#shared = shared;
    this.#remake = remake;
    const Engine = instances.make();
    const teamAnswers = Object.fromEntries(shared.teams);
    const { page, isLazy } = shared;
    const configuration = { ...options, version: __VERSION__, page, isLazy, said: shared.said(), teamAnswers };
    this.#instance = new Instance(() => this.#trapped());
    this.#instance.run(new Engine(configuration, Object.assign(this.#instance, this.#audience())));
    near.add(this);
    this.#instance.enter((engine) => engine.start());
  }

  static {
    const methods = PageTracker.prototype as unknown as Record<string, unknown>;
    for (const name of METHODS) {
      methods[name] ??= function (this: PageTracker, ...args: Args) {
        return this.#call(name, args);
      };
    }
  }

  /** Makes a call with the time, address and uuid of the moment at which the page made it. */
  at<Value>({ ms, sequence, monotonicMs, href, referrer, uuid, entry }: Moment, call: () => Value): Value {
    const said = entry && JSON.stringify(entry.identity);
    this.#instance.enter((engine) => engine.at(ms, sequence, monotonicMs, href, referrer, uuid, entry?.visitor, said));
    try {
      return call();
    } finally {
      this.#instance.enter((engine) => engine.now());
    }
  }

  /** Tells somebody who has come to listen what is known already. */
  getNews(listener: Listener): void {
    if (this.#shelter) this.#shelter("getNews", [listener]);
    else if (listener.name === "onTeamGate") this.#tellTeams(listener);
    else if (listener.name === "onFeatureFlags") this.#tellFlags(listener);
  }

  async flush(): Promise<void> {
    if (this.#shelter) return this.#shelter("flush", []) as Promise<void>;
    return new Promise((resolve) => {
      this.#flushing.push(resolve);
      this.#instance.enter((engine) => engine.flush());
    });
  }

  shutdown(): Promise<void> {
    if (this.#shelter) return this.#shelter("shutdown", []) as Promise<void>;
    this.#shutdown ??= new Promise((resolve) => {
      this.#shuttingDown.push(resolve);
      this.#instance.enter((engine) => engine.shutdown());
    });
    return this.#shutdown;
  }

  async reloadFeatureFlags(): Promise<void> {
    if (this.#shelter) return this.#shelter("reloadFeatureFlags", []) as Promise<void>;
    const ticket = this.#instance.enter((engine) => engine.reloadFeatureFlags());
    if (ticket !== undefined) return new Promise((resolve) => this.#loading.push([ticket, resolve]));
  }

  stats(): Stats {
    if (this.#shelter) {
      const { captured, waiting, ...stats } = this.#shelter("stats", []) as Stats;
      return { ...stats, captured: captured + this.#trappedEvents, waiting: waiting + this.#trappedEvents };
    }
    const { captured, settledElsewhere, dropped: earlier } = this.#shared.counts;
    const counted = this.#instance.enter((engine) => engine.stats());
    const none = { captured: 0, adopted: 0, confirmed: 0, waiting: 0, held: 0, settledElsewhere: 0, teams: {} };
    const stats = counted ?? { ...none, dropped: {} };
    const dropped = { ...stats.dropped };
    for (const [reason, count] of Object.entries(earlier)) dropped[reason] = (dropped[reason] ?? 0) + count;
    return {
      ...stats,
      engine: this.#kind,
      captured: stats.captured + captured,
      settledElsewhere: stats.settledElsewhere + settledElsewhere,
      dropped,
    };
  }

  #call(name: string, args: Args): unknown {
    if (this.#shelter) return this.#shelter(name, args);
    if (name === "setTeam") this.#team = args;
    if (name === "debug") this.#isVerbose = args[0] !== false;
    const value = this.#instance.enter((engine) =>
      (engine as unknown as Record<string, (...args: Args) => unknown>)[name]?.(...args),
    );
    if (this.#shelter) return this.#afterTrap(name, args);
    return value;
  }

  /** The instance has trapped in this call. Its event is in the journal for another version, unless its record is stored. */
  #afterTrap(name: string, args: Args): unknown {
    if (!/^(track|capture$)/.test(name)) return this.#shelter?.(name, args);
    const { touched } = this.#instance;
    if (touched && read(touched)) return undefined;
    const stored = storeTrapped(this.#options, this.#shared, name, args);
    if (stored) this.#trappedEvents++;
    return stored;
  }

  /** Nothing of the instance goes on: a facade takes the calls, and makes a tracker with a fresh instance, if this page has not had one. */
  #trapped(): void {
    if (this.#isVerbose) write("debug", "the module has trapped");
    near.delete(this);
    this.#settleAll();
    const { touched } = this.#instance;
    if (touched) noteTrap(this.#options.project, touched.slice(-36));
    const { apiKey, given, open } = this.#remake;
    const isLast = hasRevived;
    hasRevived = true;
    const load = async () => {
      if (isLast) throw new Error("the module has trapped twice");
      // In a task of its own: this may run deep inside a call of the page.
      await new Promise((resolve) => setTimeout(resolve));
      return open;
    };
    const [pass] = facade(apiKey, given, { load }, this.#shared.listeners);
    this.#shelter = pass;
    if (this.#team) pass("setTeam", this.#team);
  }

  #settleAll(): void {
    for (const resolve of [...this.#flushing.splice(0), ...this.#shuttingDown.splice(0)]) resolve();
    for (const [, resolve] of this.#loading.splice(0)) resolve();
  }

  #tellTeams(listener: Listener): void {
    const teams = this.#instance.enter((engine) => engine.teamStates()) ?? {};
    for (const [team, state] of Object.entries(teams)) this.#tellTeam(listener, team, state);
  }

  #tellFlags({ hear }: Listener): void {
    const told = this.#instance.enter((engine) => engine.flagsTold());
    if (told) this.#tell(hear, ...told);
  }

  /** Tells a listener what is known of a team, unless it knows. */
  #tellTeam({ hear, told }: Listener, team: string, state: TeamGateState): void {
    if (told.get(team) === state) return;
    told.set(team, state);
    this.#tell(hear, team, state);
  }

  /** Calls the page's code; what it throws is kept from the page. */
  #tell(hear: Listener["hear"], ...told: Args): void {
    try {
      hear(...told);
    } catch (error) {
      this.#instance.enter((engine) => engine.errorKept(error));
    }
  }

  #all(name: Listener["name"]): Listener[] {
    return [...this.#shared.listeners].filter((listener) => listener.name === name);
  }

  #audience(): Pick<Host, Exclude<keyof Host, keyof Instance>> {
    return {
      opened: () => {
        for (const listener of this.#all("onTeamGate")) this.#tellTeams(listener);
        for (const listener of this.#all("onFeatureFlags")) this.#tellFlags(listener);
      },
      tellTeam: (team, isOpen) => {
        const state = isOpen === undefined ? "unknown" : isOpen ? "open" : "shut";
        for (const listener of this.#all("onTeamGate")) this.#tellTeam(listener, team, state);
      },
      tellFlags: () => {
        for (const listener of this.#all("onFeatureFlags")) this.#tellFlags(listener);
      },
      tellConsent: (state: ConsentWord) => {
        for (const { hear } of this.#all("onConsent")) this.#tell(hear, state);
      },
      tellNear: (key) => {
        for (const other of near) if (other !== this) other.#instance.enter((engine: Engine) => engine.stored(key));
      },
      flagsSettled: (ticket) => {
        const settled = this.#loading.filter(([waiting]) => waiting <= ticket);
        this.#loading = this.#loading.filter(([waiting]) => waiting > ticket);
        for (const [, resolve] of settled) resolve();
      },
      flushed: () => {
        for (const resolve of this.#flushing.splice(0)) resolve();
      },
      isShutDown: () => {
        for (const resolve of this.#shuttingDown.splice(0)) resolve();
      },
    };
  }
}

/** The methods that {@link PageTracker} types itself, or that the facade answers. The others pass on arguments and results. */
type Own = "onTeamGate" | "onFeatureFlags" | "onConsent" | "flush" | "shutdown" | "reloadFeatureFlags" | "stats";

/** One tracker on a page. No method throws. */
export type Tracker = PageTracker & Omit<BookingTracker, Own | "ready">;

/** Makes the tracker of a page. Throws where the page cannot have an instance. */
export const makeTracker = (...given: ConstructorParameters<typeof PageTracker>): Tracker =>
  new PageTracker(...given) as Tracker;
