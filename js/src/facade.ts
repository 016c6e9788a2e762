// The facade: what a page constructs. It takes the calls of the page before the tracker is there, loads the tracker as soon as that may
// have something to do, and passes everything on to it from then on. No method throws, the constructor neither.

import type {
  Bootstrap,
  CapturedEvent,
  ConsentState,
  DropReason,
  FlagOptions,
  Stats,
  TrackerOptions,
} from "../engine/engine.js";
import { pageClock } from "./clock.js";
import { copyOf } from "./copy.js";
import { facadeConsent } from "./facade-consent.js";
import { facadeEvents } from "./facade-events.js";
import { facadeGate, type TeamAnswers } from "./facade-gate.js";
import { facadeVisitor } from "./facade-visitor.js";
import { erase, keysOf } from "./local-storage.js";
import { hasPage, sayNoPage, sayNothingToDo } from "./no-page.js";
import { KEY_PREFIX, projectHash } from "./storage-keys.js";
import { teamOf } from "./team-id.js";
import type { Tracker } from "./tracker.js";
import type { Listener, OpenTracker, TrackerSource } from "./tracker-source.js";
import { tried } from "./tried.js";
import { uuidv7 } from "./uuid.js";
import { type WaitingCall, type WaitingCounts, waitingCalls } from "./waiting-calls.js";

/** What the page waits for is settled after this time, whatever is late. */
const PATIENCE_MS = 2_000;

/** What a page passes to a method. */
// biome-ignore lint/suspicious/noExplicitAny: the types of the methods stand in `booking-tracker.ts`.
type Args = any[];

/** The facade of one tracker, and of those who listen to it already: how a method is called, and `ready`. */
export function facade(apiKey: unknown, given: unknown, source: TrackerSource, listeners = new Set<Listener>()) {
  // None, where they cannot be read: the tracker reads them itself, and says so.
  const options: TrackerOptions = tried(() => {
    const { bootstrap, ...rest } = { ...(given as TrackerOptions) };
    return { ...rest, ...(bootstrap && { bootstrap: copyOf(bootstrap) as Bootstrap }) };
  }, {});
  const { beforeSend, crossSubdomain, holdUnknown, identity = "own" } = options;
  const key = typeof apiKey === "string" ? apiKey.trim() : "";
  const project = projectHash(key);
  const isPage = hasPage();
  const page = isPage ? uuidv7(Date.now()) : "";
  const clock = pageClock();
  const teams: TeamAnswers = new Map();
  const counts: WaitingCounts = { captured: 0, settledElsewhere: 0, dropped: {} };
  /** The teams that the page has asked about. */
  const asked = new Set<string>();
  let tracker: Tracker | undefined;
  /** Says why the tracker is off; absent, while it is not. */
  let sayWhyOff: (() => void) | undefined;
  let isLoading = false;
  /** It could not be loaded. */
  let isMissing = false;
  let isShutDown = false;
  let becomeReady = () => {};
  const ready = new Promise<void>((resolve) => {
    becomeReady = resolve;
  });
  const [storedConsent, refreshConsent, sayConsent, said] = facadeConsent(project, options, consented, forgetCalls);
  const consent = (): ConsentState => (sayWhyOff ? "denied" : storedConsent());
  const hasAgreed = () => consent() === "granted";
  const [isTracked, asks] = facadeGate(project, options, teams, hasAgreed, heard);
  const [visitorOf, saidOfVisitor, forgetVisitor] = facadeVisitor(project, options);
  const [waiting, refuse, add, storeCalls, drop, release] = waitingCalls(project, counts);
  const [team, capture, change, setTeam] = facadeEvents(options, clock, page, saidOfVisitor, taken);

  /**
   * Keeps a call and returns whether it was kept. A must-send call (an urgent event, or `identify`) is also stored in the journal,
   * if anything may be stored.
   */
  function taken(call: WaitingCall): boolean {
    const isKept = add(call);
    if (call.mustSend) store(true);
    return isKept;
  }

  /**
   * Stores what waits; with `mustSend`, only what is must-send. Not before the visitor has agreed and has seen the page, nor where a
   * hook has yet to look for personal data, or posthog-js has yet to say who the visitor is.
   */
  function store(mustSend?: boolean): void {
    const isOpen = hasAgreed() && !beforeSend && !crossSubdomain && holdUnknown !== "memory" && identity === "own";
    if (isOpen && !document.prerendering) storeCalls(visitorOf, isTracked, mustSend);
  }

  /** What was called was denied; but whatever the visitor says, the page is about its team. */
  function forgetCalls(): void {
    let team: readonly unknown[] | undefined;
    drop("no_consent");
    release(({ name, args }) => {
      if (name === "setTeam") team = args;
    });
    // Without a time or uuid it takes effect when the tracker does it, so nothing from before the denial is attached to it.
    if (team) add({ name: "setTeam", args: team });
    saidOfVisitor.length = 0;
    forgetVisitor();
  }

  /** Nothing but the denial itself stays. */
  function forgetEverything(): void {
    forgetCalls();
    const isOurs = (stored: string) => stored.includes(project) && !stored.includes("consent");
    keysOf(KEY_PREFIX).filter(isOurs).forEach(erase);
    becomeReady();
  }

  /** The visitor has said something, here or in another tab. */
  function consented(state: ConsentState): void {
    if (state === "granted") want(team());
    if (state === "denied") forgetEverything();
    for (const { name, hear } of [...listeners]) if (name === "onConsent") tried(() => hear(state));
  }

  /** The callback has said something of a team. */
  function heard(of: string, isOpen: boolean | undefined): void {
    if (tracker || isOpen !== false) return load();
    drop("gate_shut", of);
    if (waiting() === 0) forgetVisitor();
    becomeReady();
  }

  /** Something happens for a team: the tracker is loaded, unless it is known, or about to be known, to be of no use. */
  function want(of: string): void {
    const isOpen = isTracked(of);
    // Where loading has failed, it is tried again when something happens to the page, or when the page waits for it.
    if (!isMissing && (isOpen || (isOpen === undefined && !asks(of)))) load();
  }

  /** Loads the tracker, unless it is there, on its way or of no use. */
  function load(isForced = false): void {
    // What is called before somebody sees the page is called in one order, by one of the two.
    if (tracker || isLoading || document.prerendering || !(isForced || hasAgreed())) return;
    isLoading = true;
    const miss = () => {
      isLoading = false;
      isMissing = true;
      becomeReady();
    };
    source.load().then((open) => opens(open) || miss(), miss);
  }

  /** Makes the tracker, and has it do everything that waits; `false`, where the page cannot run its module. */
  function opens(open: OpenTracker): boolean {
    refreshConsent();
    const shared = { options, project, listeners, clock, page, teams, counts, isLazy: !source.open, consent, said };
    const opened = tried(() => open(apiKey, given, shared));
    if (!opened) return false;
    if (typeof opened === "function") turnOff(opened);
    else passOn(opened);
    becomeReady();
    return true;
  }

  function passOn(opened: Tracker): void {
    release((call) => tried(() => opened.do(call)));
    tracker = opened;
    for (const of of asked) opened.isTeamTracked(of);
    listeners.forEach(opened.getNews, opened);
  }

  function turnOff(sayWhy: () => void): void {
    sayWhyOff = sayWhy;
    drop("invalid");
    forgetVisitor();
    becomeReady();
  }

  /** Has the tracker do something as soon as it is there; waits for it only for a while. */
  async function patiently(name: "flush" | "shutdown" | "reloadFeatureFlags"): Promise<unknown> {
    if (!tracker) await Promise.race([whenReady(), new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
    return tracker?.[name]();
  }

  function whenReady(): Promise<void> {
    if (consent() === "denied" || isTracked(team()) === false) becomeReady();
    else load();
    return ready;
  }

  async function shutdown(): Promise<void> {
    isShutDown = true;
    add({ name: "shutdown", args: [] });
    await patiently("shutdown");
    store();
  }

  function say(state: "granted" | "denied"): void {
    if (sayWhyOff) return;
    sayConsent(state);
    // Only the tracker can remove what the mirror holds.
    load(true);
  }

  function listen(name: Listener["name"], hear: Listener["hear"]): () => void {
    const listener: Listener = { name, hear, told: new Map() };
    listeners.add(listener);
    tracker?.getNews(listener);
    return () => void listeners.delete(listener);
  }

  function stats(): Stats {
    const engine = sayWhyOff ? "off" : "journal";
    return { engine, adopted: 0, confirmed: 0, waiting: waiting(), held: waiting(), teams: {}, ...counts };
  }

  /**
   * What a method does while there is no tracker. A method not listed here captures an event, changes the visitor, or returns
   * `undefined`; one whose name begins with `on` adds a listener.
   */
  const answers: Record<string, (...args: Args) => unknown> = {
    isTeamTracked(teamId) {
      const of = teamOf(teamId) || team();
      want(of);
      // The tracker finds out, where this page cannot say.
      asked.add(of);
      return isTracked(of);
    },
    isFeatureEnabled: (_, how?: FlagOptions & { fallback?: boolean }) => how?.fallback,
    getFeatureFlags: () => ({}),
    getFeatureFlagsAndPayloads: () => ({ flags: {}, payloads: {} }),
    consent,
    hasOptedOut: () => consent() === "denied",
    optIn: () => say("granted"),
    optOut: () => say("denied"),
    flush: async () => (await patiently("flush")) ?? { sent: 0, waiting: waiting(), dropped: 0 },
    shutdown,
    stats,
    reloadFeatureFlags: () => patiently("reloadFeatureFlags"),
  };

  /** Why an event is given up at once, if it is. */
  function refusal(event: Partial<string> | undefined, of: string): DropReason | undefined {
    if (isShutDown) return "shut_down";
    if (!event?.trim?.()) return "invalid";
    if (consent() === "denied") return "no_consent";
    return isTracked(of) === false ? "gate_shut" : undefined;
  }

  /** Captures an event, unless it is given up at once. */
  function captured(name: string, args: Args): CapturedEvent | undefined {
    const named = [name.replace("trackBooking", "booking_").toLowerCase(), ...args];
    const [event, given, how] = name === "capture" ? args : named;
    const properties = Array.isArray(given) ? {} : { ...given };
    const of = teamOf(properties.teamId) || team();
    const reason = refusal(event, of);
    if (reason) return refuse(reason);
    want(of);
    return capture(name, event, properties, how, of);
  }

  function changed(name: string, args: Args): void {
    const isDenied = isShutDown || consent() === "denied";
    if (name === "reset" && args[0]?.purge) drop("purged");
    if (!isDenied) change(name, args);
    if (name !== "setTeam") return;
    // Whatever the visitor says, the page is about this team.
    setTeam(args[0]);
    if (isDenied) add({ name, args });
    want(team());
  }

  function answer(name: string, args: Args): unknown {
    if (name.startsWith("on")) return listen(name as Listener["name"], args[0]);
    if (tracker) return (tracker as unknown as typeof answers)[name]?.(...args);
    const instead = answers[name];
    if (instead) return instead(...args);
    return name.startsWith("get") ? undefined : keep(name, args);
  }

  /** A call that the tracker will make. */
  function keep(name: string, args: Args): unknown {
    if (sayWhyOff) return name === "debug" && args[0] !== false ? sayWhyOff() : undefined;
    const copies = args.map(copyOf);
    // What nobody has seen has not happened: it is done when somebody sees the page.
    if (document.prerendering) {
      return document.addEventListener("prerenderingchange", () => pass(name, copies), { once: true });
    }
    return (/^(track|capture$)/.test(name) ? captured : changed)(name, copies);
  }

  /** Calls a method. No error reaches the page, whatever it passed or overwrote. */
  const pass = (name: string, args: Args): unknown => tried(() => answer(name, args));

  /** The page may be left now, or never be seen again; or there is a network again, or another tab has heard the visitor. */
  function happened(): void {
    if (tracker || sayWhyOff) return;
    refreshConsent();
    store();
    if (isMissing) load(true);
  }

  /** Waits until the tracker may have something to do. */
  function wait(): void {
    refreshConsent();
    for (const type of ["pagehide", "online", "storage", "visibilitychange"]) addEventListener(type, happened);
    if (team() || isTracked("")) want(team());
    // What earlier pages have left is sent whoever opens the origin.
    setTimeout(() => hasAgreed() && keysOf(KEY_PREFIX).some((key) => /-\w{12}$/.test(key)) && load());
  }

  if (!isPage) {
    sayNoPage();
    turnOff(sayNothingToDo);
  } else if (!(source.open && opens(source.open))) {
    if (key) wait();
    else turnOff(sayNothingToDo);
  }

  return [pass, whenReady] as const;
}
