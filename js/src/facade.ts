// The facade: what a page constructs. It takes the calls of the page before the tracker is there, loads the tracker as soon as that may
// have something to do, and passes everything on to it from then on. No method throws, the constructor neither.

import { type Moment, pageClock } from "./clock.js";
import { copyOf } from "./copy.js";
import { facadeConsent } from "./facade-consent.js";
import { facadeEvents } from "./facade-events.js";
import { facadeGate } from "./facade-gate.js";
import { type Entry, eraseEntries } from "./journal.js";
import { keysOf } from "./local-storage.js";
import { hasPage, sayNoPage } from "./no-page.js";
import { KEY_PREFIX, projectHash } from "./storage-keys.js";
import { teamOf } from "./team-id.js";
import type { Tracker } from "./tracker.js";
import type { OpenTracker, TrackerSource } from "./tracker-source.js";
import { tried } from "./tried.js";
import type { ConsentState, FlagOptions, Stats, TrackerOptions } from "./types.js";
import { uuidv7 } from "./uuid.js";

/** What the page waits for is settled after this time, whatever is late. */
const PATIENCE_MS = 2_000;

/** What a page passes to a method. */
// biome-ignore lint/suspicious/noExplicitAny: the types of the methods stand in `booking-tracker.ts`.
type Args = any[];

/** Somebody who wants to hear of something. */
interface Listener {
  readonly name: "onTeamGate" | "onFeatureFlags" | "onConsent";
  readonly hear: (...told: Args) => void;
  stop?: (() => void) | undefined;
}

/** The facade of one tracker. */
export function facade(apiKey: unknown, given: unknown, source: TrackerSource) {
  // None, where they cannot be read: the tracker reads them itself, and says so.
  const options: TrackerOptions = tried(() => ({ ...(given as TrackerOptions) }), {});
  const project = projectHash(String(apiKey).trim());
  const clock = pageClock();
  const listeners = new Set<Listener>();
  let tracker: Tracker | undefined;
  /** Says why the tracker is off; absent, while it is not. */
  let sayWhyOff: (() => void) | undefined;
  let isLoading = false;
  /** It could not be loaded. */
  let isMissing = false;
  let isShutDown = false;
  let stopListening = () => {};
  let becomeReady = () => {};
  const ready = new Promise<void>((resolve) => {
    becomeReady = resolve;
  });
  const page = hasPage() ? uuidv7(Date.now()) : "";
  const consent = facadeConsent(project, options, consented);
  const consentState = () => (sayWhyOff ? "denied" : consent.state());
  const gate = facadeGate(project, options, consentState, heard);
  const events = facadeEvents(project, options, clock, page, gate, consentState, want);
  const { calls } = events;

  /** The visitor has said something, here or in another tab. */
  function consented(state: ConsentState): void {
    if (state === "granted") want(events.team());
    if (state === "denied") {
      calls.drop("no_consent");
      eraseEntries(project);
      events.forget();
      becomeReady();
    }
    for (const { name, hear } of listeners) if (name === "onConsent") hear(state);
  }

  /** The callback has said something of a team. */
  function heard(team: string, isTracked: boolean | undefined): void {
    if (tracker || isTracked !== false) return load();
    calls.drop("gate_shut", team);
    if (calls.waiting() === 0) events.forget();
    if (team === events.team()) becomeReady();
  }

  /** Something happens for a team: the tracker is loaded, unless it is known, or about to be known, to be of no use. */
  function want(team: string): void {
    const isTracked = gate.isTracked(team);
    if (isTracked || (isTracked === undefined && !gate.asks(team))) load();
  }

  /** Loads the tracker, unless it is there, on its way or of no use. */
  function load(isForced = false): void {
    if (tracker || isLoading || !(isForced || consentState() === "granted")) return;
    isLoading = true;
    source.load().then(opens, () => {
      isLoading = false;
      isMissing = true;
      becomeReady();
    });
  }

  /** Makes the tracker, and has it do everything that waits; `false`, where the page cannot run its module. */
  function opens(open: OpenTracker): boolean {
    const shared = { clock, project, page, teams: gate.answers, counts: calls.counts, isLazy: !source.open };
    const opened = tried(() => open(apiKey, given, shared));
    if (!opened) return false;
    if (typeof opened === "function") turnOff(opened);
    else passOn(opened);
    stopListening();
    becomeReady();
    return true;
  }

  function passOn(opened: Tracker): void {
    const run = opened as unknown as Record<string, (...args: Args) => unknown>;
    calls.release((call) => {
      const make = () => run[call.name]?.(...call.args);
      if (call.uuid) opened.at({ ...(call as Moment), entry: call.key ? (call as Entry) : undefined }, make);
      else make();
    });
    tracker = opened;
    for (const listener of listeners) listener.stop = opened[listener.name](listener.hear);
  }

  function turnOff(sayWhy: () => void): void {
    sayWhyOff = sayWhy;
    calls.drop("invalid");
    events.forget();
    becomeReady();
  }

  /** Does something as soon as the tracker is there; waits for it only for a while. */
  async function patiently(run: (opened: Tracker) => Promise<void>): Promise<void> {
    if (!tracker) await Promise.race([whenReady(), new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
    if (tracker) await run(tracker);
  }

  function whenReady(): Promise<void> {
    if (consentState() === "denied" || gate.isTracked(events.team()) === false) becomeReady();
    else load();
    return ready;
  }

  async function shutdown(): Promise<void> {
    isShutDown = true;
    calls.add({ name: "shutdown", args: [] });
    await patiently((opened) => opened.shutdown());
    events.store();
  }

  function say(name: "optIn" | "optOut", state: "granted" | "denied"): void {
    if (sayWhyOff) return;
    consent.say(state);
    // Where storage refuses, the tracker knows it only from here; and only the tracker can remove everything that is stored.
    calls.add({ name, args: [] });
    load(true);
  }

  function listen(name: Listener["name"], hear: Listener["hear"]): () => void {
    const listener: Listener = { name, hear, stop: tracker?.[name](hear) };
    listeners.add(listener);
    return () => {
      listener.stop?.();
      listeners.delete(listener);
    };
  }

  function stats(): Stats {
    const waiting = calls.waiting();
    const engine = sayWhyOff ? "off" : "journal";
    return { engine, adopted: 0, confirmed: 0, waiting, held: waiting, teams: {}, ...calls.counts };
  }

  /** What a method does while there is no tracker. Any other changes who the visitor is, or is a question that has no answer yet. */
  const answers: Record<string, (...args: Args) => unknown> = {
    isTeamTracked(teamId) {
      const team = teamOf(teamId) || events.team();
      want(team);
      // The tracker finds out, where this page cannot say.
      calls.add({ name: "isTeamTracked", args: [teamId] });
      return consentState() === "granted" ? gate.isTracked(team) : undefined;
    },
    isFeatureEnabled: (_, how?: FlagOptions & { fallback?: boolean }) => how?.fallback,
    getFeatureFlags: () => ({}),
    getFeatureFlagsAndPayloads: () => ({ flags: {}, payloads: {} }),
    consent: consentState,
    hasOptedOut: () => consentState() === "denied",
    optIn: () => say("optIn", "granted"),
    optOut: () => say("optOut", "denied"),
    flush: () => patiently((opened) => opened.flush()),
    shutdown,
    stats,
    reloadFeatureFlags: () => patiently((opened) => opened.reloadFeatureFlags()),
  };

  /** Whatever the page has passed or replaced: it never hears of it. */
  const pass = (name: string, args: Args): unknown => tried(() => answer(name, args));

  function answer(name: string, args: Args): unknown {
    if (/^on[A-Z]/.test(name)) return listen(name as Listener["name"], args[0]);
    if (tracker) return (tracker as unknown as typeof answers)[name]?.(...args);
    const instead = answers[name];
    if (instead) return instead(...args);
    if (name === "debug" && args[0] !== false) sayWhyOff?.();
    if (sayWhyOff || name.startsWith("get")) return undefined;
    const isCapture = /^(track|capture$)/.test(name);
    if (isShutDown) return isCapture ? calls.refuse("shut_down") : undefined;
    const copies = args.map(copyOf);
    // What nobody has seen has not happened: it is done when somebody sees the page.
    if (document.prerendering) return calls.add({ name, args: copies });
    return isCapture ? events.capture(name, copies) : events.change(name, copies);
  }

  /** The page may be left now, or never be seen again; or there is a network again, or another tab has heard the visitor. */
  function happened(): void {
    consent.refresh();
    events.store();
    if (isMissing) load();
  }

  /** Waits until the tracker may have something to do. */
  function wait(): void {
    const listening = new AbortController();
    stopListening = () => listening.abort();
    consent.refresh();
    const listenTo = (target: EventTarget, type: string) => target.addEventListener(type, happened, listening);
    for (const type of ["pagehide", "online", "storage"]) listenTo(window, type);
    listenTo(document, "visibilitychange");
    if (events.team() || gate.isTracked("")) want(events.team());
    // What earlier pages have left is sent whoever opens the origin.
    setTimeout(() => keysOf(KEY_PREFIX).some((key) => /-\w{12}$/.test(key)) && load());
  }

  if (!hasPage()) turnOff(sayNoPage);
  else if (typeof apiKey !== "string" || apiKey.trim() === "") turnOff(() => {});
  else if (!source.open || !opens(source.open)) wait();

  return { pass, ready: whenReady };
}
