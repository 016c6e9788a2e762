// The tracker behind the facade: passes every call on to the instance that it runs in, tells the page's listeners, and keeps the promises
// that the page waits for. If the instance traps, a facade takes its place until there is a fresh one.

import type { Configuration, Engine, FlushResult, Host, Stats, TeamGateState } from "../engine/engine.js";
import type { BookingTracker } from "./booking-tracker.js";
import { write } from "./console.js";
import { Instance, type Instances } from "./instance.js";
import { read } from "./local-storage.js";
import { pageMemory } from "./page-memory.js";
import { METHODS } from "./tracker-class.js";
import type { Listener, Shared } from "./tracker-source.js";
import { noteTrap, storeTrapped } from "./trapped.js";
import type { WaitingCall } from "./waiting-calls.js";

/** What a page passes to a method. */
// biome-ignore lint/suspicious/noExplicitAny: the types of the methods stand in `booking-tracker.ts`.
type Args = any[];

/** Somebody who waits until something is over. */
interface Wait {
  readonly name: "flush" | "shutdown" | "reloadFeatureFlags";
  readonly resolve: () => void;
  /** By which the tracker names a load of flags. */
  ticket: number;
}

/** What takes the calls after a trap. */
type Shelter = (name: string, args: Args) => unknown;

/** One tracker on a page. Its methods never throw; its constructor does if the page cannot have an instance. */
export class PageTracker {
  readonly #kind: Instances["kind"];
  readonly #shared: Shared;
  readonly #takeShelter: () => Shelter;
  readonly #instance: Instance;
  #waits: Wait[] = [];
  #shutdown: Promise<void> | undefined;
  /** The team that the page has set last. */
  #team: Args | undefined;
  /** How many events the module has trapped on; each is an entry of the journal. */
  #trappedEvents = 0;
  /** Whether those who develop the page want to hear everything. */
  #isVerbose: boolean;
  /** Takes the calls after a trap. */
  #shelter: Shelter | undefined;
  /** Another tracker of this page has stored something. */
  readonly #hear = (key: string) => this.#instance.enter((engine: Engine) => engine.stored(key));

  /** Makes the tracker of a good configuration; `takeShelter` gives what takes the calls after a trap. */
  constructor(configuration: Configuration, kind: Instances["kind"], shared: Shared, takeShelter: () => Shelter) {
    this.#isVerbose = shared.options.debug === true;
    this.#kind = kind;
    this.#shared = shared;
    this.#takeShelter = takeShelter;
    this.#instance = new Instance(() => this.#trapped());
    const { page, isLazy } = shared;
    const teams = Object.fromEntries(shared.teams);
    const handedOver = { version: __VERSION__, page, isLazy, said: shared.said(), teams };
    this.#instance.run(configuration.open(handedOver, Object.assign(this.#instance, this.#audience())));
    pageMemory().hearers.add(this.#hear);
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

  /** Does a call that the page has made earlier: as of that moment, if it has one. */
  do(call: WaitingCall): void {
    if (call.uuid) this.#instance.enter((engine) => engine.at(call));
    (this as unknown as Record<string, (...args: Args) => unknown>)[call.name]?.(...call.args);
    this.#instance.enter((engine) => engine.now());
  }

  /** Tells somebody who has come to listen what is known already. */
  getNews(listener: Listener): void {
    if (this.#shelter) this.#shelter("getNews", [listener]);
    else if (listener.name === "onTeamGate") this.#tellTeams(listener);
    else if (listener.name === "onFeatureFlags") this.#tellFlags(listener);
  }

  async flush(): Promise<FlushResult> {
    const before = this.stats();
    await this.#over("flush");
    const { confirmed, waiting, dropped } = this.stats();
    const sum = (counts: Stats["dropped"]) => Object.values(counts).reduce((all, count) => all + count, 0);
    return { sent: confirmed - before.confirmed, waiting, dropped: sum(dropped) - sum(before.dropped) };
  }

  shutdown(): Promise<void> {
    this.#shutdown ??= this.#over("shutdown");
    return this.#shutdown;
  }

  reloadFeatureFlags(): Promise<void> {
    return this.#over("reloadFeatureFlags");
  }

  stats(): Stats {
    if (this.#shelter) {
      const { captured, waiting, ...stats } = this.#shelter("stats", []) as Stats;
      return { ...stats, captured: captured + this.#trappedEvents, waiting: waiting + this.#trappedEvents };
    }
    const stats = this.#instance.enter((engine) => engine.stats());
    // It has trapped in this very call.
    if (!stats) return this.stats();
    const { captured, settledElsewhere, dropped: earlier } = this.#shared.counts;
    const dropped: Record<string, number> = { ...stats.dropped };
    for (const [reason, count] of Object.entries(earlier)) dropped[reason] = (dropped[reason] ?? 0) + count;
    return {
      ...stats,
      engine: this.#kind,
      captured: stats.captured + captured,
      settledElsewhere: stats.settledElsewhere + settledElsewhere,
      dropped,
    };
  }

  /** Has the tracker do something; fulfilled when that is over, or when the instance is dead. */
  #over(name: Wait["name"]): Promise<void> {
    if (this.#shelter) return this.#shelter(name, []) as Promise<void>;
    return new Promise((resolve) => {
      const wait: Wait = { name, resolve, ticket: 0 };
      this.#waits.push(wait);
      const ticket = this.#instance.enter((engine) => engine[name]());
      if (typeof ticket === "number") wait.ticket = ticket;
      // Nobody loads flags.
      else if (name === "reloadFeatureFlags") this.#settle((other) => other === wait);
    });
  }

  #settle(isOver: (wait: Wait) => boolean): void {
    const over = this.#waits.filter(isOver);
    this.#waits = this.#waits.filter((wait) => !isOver(wait));
    for (const { resolve } of over) resolve();
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
    const stored = storeTrapped(this.#shared, name, args);
    if (stored) this.#trappedEvents++;
    return stored;
  }

  /** Nothing of the instance goes on: a facade takes the calls, and makes a tracker with a fresh instance, if this page has not had one. */
  #trapped(): void {
    if (this.#isVerbose) write("debug", "the module has trapped");
    pageMemory().hearers.delete(this.#hear);
    this.#shutdown = undefined;
    this.#settle(() => true);
    const { touched } = this.#instance;
    if (touched) noteTrap(this.#shared.project, touched.slice(-36));
    this.#shelter = this.#takeShelter();
    if (this.#team) this.#shelter("setTeam", this.#team);
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
      opened: () => [...this.#shared.listeners].forEach(this.getNews, this),
      tellTeam: (team, state) => {
        for (const listener of this.#all("onTeamGate")) this.#tellTeam(listener, team, state);
      },
      tellFlags: () => this.#all("onFeatureFlags").forEach(this.#tellFlags, this),
      tellConsent: (state) => {
        for (const { hear } of this.#all("onConsent")) this.#tell(hear, state);
      },
      tellNear: (key) => {
        for (const hear of pageMemory().hearers) if (hear !== this.#hear) hear(key);
      },
      flagsSettled: (ticket) => this.#settle((wait) => wait.name === "reloadFeatureFlags" && wait.ticket <= ticket),
      flushed: () => this.#settle(({ name }) => name === "flush"),
      isShutDown: () => {
        pageMemory().hearers.delete(this.#hear);
        this.#settle(({ name }) => name === "shutdown");
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
