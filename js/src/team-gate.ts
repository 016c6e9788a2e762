// The team gate: whether what happens on the page may be tracked, for each team. Asks the sources, keeps what they say,
// and asks again; whoever sends an event looks its team up here.
//
// Stored under `phbt:gate:<project>`: the teams that are tracked, each with the time at which that was asked. A team that is
// not tracked leaves no trace there; what a lazy page remembers of it stands in `shut-teams.ts`.

import { backoffMs } from "./backoff.js";
import type { Consent } from "./consent.js";
import type { DropReason } from "./drop-reasons.js";
import { type GateSource, gateSources } from "./gate-sources.js";
import type { Notices } from "./notices.js";
import type { CheckedOptions } from "./options.js";
import * as storage from "./storage.js";
import { nounKey } from "./storage-keys.js";
import type { TeamGateState } from "./types.js";

/** Events that were captured while nobody knew whether their team is tracked are held this long. */
export const HOLD_MAX_MS = 24 * 3_600_000;

/** An answer that could not be asked for again is used for this long. */
const GATE_STALE_MAX_MS = 24 * 3_600_000;

/** So many failures in a row are no reason to say anything yet. */
const FAILURES_UNSAID = 3;

interface Answer {
  readonly open: boolean;
  /** When it was asked for, by the wall clock, which pages share. */
  readonly askedMs: number;
}

/** A team that is kept up to date. */
interface Wanted {
  /** When it is asked for again, by `performance.now()`. */
  dueMs: number;
  /** How often in a row nobody could say. */
  failures: number;
}

/** The gates of this page. */
const gates = new Set<TeamGate>();

/** Hears what is known of a team: after each answer, and each time that none could be had. */
export type GateListener = (team: string, open: boolean | undefined) => void;

/** The team gate of one tracker. Only a boolean is an answer; everything else means that nobody knows yet. */
export class TeamGate {
  /** The team of the page, for events that name none; empty, where there is none. */
  team: string;
  /** Whether it can be asked for any team. */
  readonly asksForTeams: boolean;
  /** Is called before everybody else, and not for what needed no asking. */
  onAnswer: GateListener = () => {};
  readonly #options: CheckedOptions;
  readonly #consent: Pick<Consent, "isGranted">;
  readonly #notices: Notices;
  readonly #key: string;
  readonly #sources: readonly GateSource[];
  readonly #answers = new Map<string, Answer>();
  readonly #asked = new Map<string, Promise<boolean | undefined>>();
  readonly #wanted = new Map<string, Wanted>();
  readonly #listeners = new Set<GateListener>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isLoaded = false;
  #isResting = false;

  /** `known` is what the page's callback has said before there was a tracker. */
  constructor(
    options: CheckedOptions,
    consent: Pick<Consent, "isGranted">,
    notices: Notices,
    known: ReadonlyMap<string, boolean | undefined> = new Map(),
  ) {
    this.team = options.team;
    this.#options = options;
    this.#consent = consent;
    this.#notices = notices;
    this.#key = nounKey("gate", options.project);
    this.#sources = gateSources(options, () => consent.isGranted);
    const teams = Object.entries(options.bootstrap?.teams ?? {});
    for (const [team, open] of [...known, ...teams]) {
      if (open !== undefined) this.#answers.set(team, { open, askedMs: Date.now() });
    }
    this.asksForTeams = this.#sources.length + teams.length > 0;
    gates.add(this);
  }

  /** The team whose gate an event of `team` waits for (`undefined` for none), or the reason to drop the event. Asks about it. */
  admit(team: string): { team: string | undefined } | DropReason {
    const { isTeamEnabled, ungated } = this.#options;
    const isGated = this.asksForTeams || isTeamEnabled !== undefined;
    if (isGated) this.want(team);
    const open = this.state(team);
    if (open === false) return "gate_shut";
    if (open === undefined && (team === "" || !isGated)) return ungated === "track" ? { team: undefined } : "ungated";
    return { team: team || undefined };
  }

  /** Whether the gate of a team is open; `undefined`, while nobody knows. What no team gates is always open. */
  state(team: string | undefined): boolean | undefined {
    if (team === undefined) return true;
    const own = this.#constant(team);
    if (own !== undefined) return own;
    this.#load();
    const answer = this.#answers.get(team);
    const isOld = this.#sources.length > 0 && Math.abs(Date.now() - (answer?.askedMs ?? 0)) > GATE_STALE_MAX_MS;
    return isOld ? undefined : answer?.open;
  }

  /** What is known of the teams that have been named on this page. */
  states(): Record<string, TeamGateState> {
    const teams = [this.team, ...this.#wanted.keys()].filter((team) => team);
    return Object.fromEntries(teams.map((team) => [team, nameOf(this.state(team))]));
  }

  /** Something waits for a team, or somebody wants to know: asks, where that is due, and keeps the answer up to date. */
  want(team: string | undefined): void {
    if (!team || this.#wanted.has(team)) return;
    const open = this.state(team);
    const answer = open ? this.#answers.get(team) : open === false && { open, askedMs: Date.now() };
    const ageMs = Date.now() - (answer ? answer.askedMs : 0);
    const restMs = open === undefined ? 0 : Math.max(0, this.#options.gateTtl - Math.max(0, ageMs));
    this.#wanted.set(team, { dueMs: performance.now() + restMs, failures: 0 });
    // A yes of the server is remembered by other pages as well, and a no ends what they remember.
    if (answer) this.#store(team, answer);
    if (open !== undefined) this.#tell(team);
    else if (this.#sources.length === 0) this.#notices.report("gate_unanswered");
    this.#proceed();
  }

  /** Calls `listener` with what is known, whenever that was asked for, until the function that this gives is called. */
  listen(listener: GateListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The page is seen or connected again, or may be tracked again: what is not known, or has grown old, is asked now. */
  refresh(): void {
    for (const [team, wanted] of this.#wanted) {
      // The device may have slept, and `performance.now()` with it.
      const ageMs = Math.abs(Date.now() - (this.#answers.get(team)?.askedMs ?? 0));
      if (wanted.failures > 0 || ageMs >= this.#options.gateTtl) wanted.dueMs = 0;
    }
    this.#proceed();
  }

  /** Whether somebody is being asked about a team. */
  isAsking(team: string): boolean {
    return this.#asked.has(team);
  }

  /** Asks about the teams of which nobody knows, now; whether there were some. */
  async askUnknown(): Promise<boolean> {
    if (!this.#consent.isGranted || this.#sources.length === 0) return false;
    const unknown = [...this.#wanted.keys()].filter((team) => this.state(team) === undefined);
    await Promise.all(unknown.map((team) => this.ask(team)));
    return unknown.length > 0;
  }

  /** Another tab has learned something. Where it has forgotten a team that is tracked, that one may not be tracked any more. */
  heard(): void {
    if (this.#sources.length === 0) return;
    const stored = this.#stored();
    for (const [team, wanted] of this.#wanted) {
      const { open = false, askedMs = 0 } = this.#answers.get(team) ?? {};
      const { [team]: heardMs = 0 } = stored;
      if (heardMs > askedMs) this.#learn(team, { open: true, askedMs: heardMs });
      else if (open && heardMs === 0) {
        this.#answers.delete(team);
        wanted.dueMs = 0;
        this.#answered(team);
      }
    }
    this.#proceed();
  }

  /** Nobody is asked any more, unless by {@link ask}. */
  rest(): void {
    this.#isResting = true;
    clearTimeout(this.#timer);
  }

  /**
   * Asks about a team, once at a time, and waits no longer for the answer than for a server's; gives what is known then.
   * An answer that comes later counts as well. Never rejects.
   */
  ask(team: string): Promise<boolean | undefined> {
    const asked = this.#asked.get(team) ?? this.#askAll(team);
    this.#asked.set(team, asked);
    return asked;
  }

  /** Asks one source after the other, until one has answered. The page's code runs after the call that asks, never inside it. */
  async #askAll(team: string): Promise<boolean | undefined> {
    const askedMs = Date.now();
    await undefined;
    let open: unknown;
    for (const source of this.#sources) {
      if (typeof open === "boolean" || !this.#consent.isGranted) break;
      const answer = (async () => source(team))().then((said) => {
        // Also one that comes too late.
        if (typeof said === "boolean") this.#learn(team, { open: said, askedMs });
        return said;
      });
      const tooLate = new Promise((resolve) => setTimeout(resolve, this.#options.requestTimeout));
      open = await Promise.race([answer, tooLate]).catch(() => {});
    }
    this.#asked.delete(team);
    if (typeof open !== "boolean") this.#miss(team);
    this.#proceed();
    return this.state(team);
  }

  /** The page's own answer, which speaks for the team of its configuration, or for every team where that names none. */
  #constant(team: string): boolean | undefined {
    const { isTeamEnabled, team: own } = this.#options;
    return typeof isTeamEnabled === "boolean" && (own === "" || team === own) ? isTeamEnabled : undefined;
  }

  #learn(team: string, answer: Answer): void {
    const known = this.#answers.get(team);
    if (isOvertaken(answer.askedMs, known?.askedMs)) return;
    this.#answers.set(team, answer);
    this.#wanted.set(team, { dueMs: performance.now() + this.#options.gateTtl, failures: 0 });
    this.#store(team, answer);
    if (known?.open !== answer.open) this.#notices.debug(`team ${team} is ${answer.open ? "" : "not "}tracked`);
    this.#answered(team);
  }

  #miss(team: string): void {
    const failures = (this.#wanted.get(team)?.failures ?? 0) + 1;
    if (failures === FAILURES_UNSAID && this.state(team) === undefined) this.#notices.report("gate_unanswered");
    this.#wanted.set(team, {
      dueMs: performance.now() + backoffMs(failures, this.#options.maxRetries),
      failures,
    });
    this.#notices.debug(`nobody could say whether team ${team} is tracked`);
    this.#answered(team);
  }

  #answered(team: string): void {
    this.onAnswer(team, this.state(team));
    this.#tell(team);
  }

  #tell(team: string): void {
    for (const listener of [...this.#listeners]) listener(team, this.state(team));
  }

  /** Asks for what is due, and sees to it that the rest is asked for in time. */
  #proceed(): void {
    clearTimeout(this.#timer);
    if (this.#sources.length === 0 || this.#isResting || !this.#consent.isGranted) return;
    let nextMs = Number.POSITIVE_INFINITY;
    for (const [team, { dueMs }] of this.#wanted) {
      if (this.#constant(team) !== undefined || this.#asked.has(team)) continue;
      if (dueMs <= performance.now()) void this.ask(team);
      else nextMs = Math.min(nextMs, dueMs);
    }
    // One millisecond more, because browsers round timers down and `performance.now()` too.
    if (nextMs < Number.POSITIVE_INFINITY) {
      this.#timer = setTimeout(() => this.#proceed(), nextMs - performance.now() + 1);
    }
  }

  /** Takes over what earlier pages have learned. Nothing is read while the visitor has not agreed. */
  #load(): void {
    if (this.#isLoaded || this.#sources.length === 0 || !this.#consent.isGranted) return;
    this.#isLoaded = true;
    for (const [team, askedMs] of Object.entries(this.#stored())) {
      if (!this.#answers.has(team)) this.#answers.set(team, { open: true, askedMs });
    }
  }

  #stored(): Record<string, number> {
    try {
      const entries = Object.entries(JSON.parse(storage.get(this.#key) || "{}"));
      const isFresh = (ageMs: number) => ageMs >= 0 && ageMs < GATE_STALE_MAX_MS;
      const fresh = entries.filter(([, askedMs]) => isFresh(Date.now() - Number(askedMs)));
      return Object.fromEntries(fresh.map(([team, askedMs]) => [team, Number(askedMs)]));
    } catch {
      return {};
    }
  }

  #store(team: string, { open, askedMs }: Answer): void {
    const { [team]: earlier = 0, ...others } = this.#stored();
    const isNews = open ? askedMs !== earlier : earlier !== 0;
    if (!this.#consent.isGranted || isOvertaken(askedMs, earlier) || !isNews) return;
    const text = JSON.stringify(open ? { ...others, [team]: askedMs } : others);
    if (text === "{}") storage.remove(this.#key);
    else storage.put(this.#key, text);
    // No browser tells a page what it has stored itself.
    for (const gate of gates) if (gate !== this) gate.heard();
  }
}

/** Whether an answer was asked for before another one, unless the clock was set back since. */
const isOvertaken = (askedMs: number, otherMs = 0): boolean => otherMs > askedMs && otherMs <= Date.now();

/** What is known of a team, by its name. */
export const nameOf = (open: boolean | undefined): TeamGateState => {
  if (open === undefined) return "unknown";
  return open ? "open" : "shut";
};
