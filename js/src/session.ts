// Sessions: a visit that ends after 30 idle minutes or after 24 hours, shared by all tabs of the origin; and the window, one
// for each tab of a session.
//
// The session is stored in localStorage as `<uuid v7>:<started ms>:<last activity ms>`, times in base 36; the window in
// sessionStorage, which a browser copies when a tab is duplicated: a window that is marked as open belongs to another tab.
// Both are stored only once `keep` was called.

import { plainCopy } from "./properties.js";
import * as storage from "./storage.js";
import { nounKey } from "./storage-keys.js";
import { uuidv7 } from "./uuid.js";

/** PostHog's bounds of a session. */
const SESSION_IDLE_MAX_MS = 30 * 60_000;
const SESSION_LENGTH_MAX_MS = 24 * 3_600_000;

/** Activity is written at most this often, because a write costs more than the capture it notes. */
const SESSION_WRITE_INTERVAL_MS = 5_000;

/** How far ahead of this device's clock the session of a bootstrap may have begun. */
const SESSION_AHEAD_MAX_MS = 60_000;

const UUID_V7 = /^([\da-f]{8})-([\da-f]{4})-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/i;

interface Visit {
  readonly id: string;
  readonly startedMs: number;
  activeMs: number;
}

interface Window {
  id: string;
  session: string;
  isOpen: boolean;
  /** What is registered for this session. */
  properties: Record<string, unknown>;
}

/** The ids of an event. */
export interface SessionIds {
  readonly sessionId: string;
  readonly windowId: string;
}

/** The visits and windows of this page, by their keys: a second tracker of one project shares the first one's. */
const visits = new Map<string, Visit>();
const windows = new Map<string, Window>();

/** The session of one project. */
export class Session {
  readonly #key: string;
  readonly #windowKey: string;
  #kept = false;

  constructor(project: string, bootstrap?: string) {
    this.#key = nounKey("session", project);
    this.#windowKey = nounKey("window", project);
    const visit = bootstrapped(bootstrap);
    if (visit) visits.set(this.#key, visit);
  }

  /**
   * The ids at this time; whoever asks later than a session lasts begins another one. Only an event (`isActivity`) keeps
   * the session alive.
   */
  at(ms: number, isActivity = false): SessionIds {
    const sessionId = this.#visitAt(ms, isActivity).id;
    return { sessionId, windowId: this.#windowOf(sessionId).id };
  }

  /** What is registered for the session that was asked for last. */
  get properties(): Readonly<Record<string, unknown>> {
    return windows.get(this.#windowKey)?.properties ?? {};
  }

  register(properties: object, ms: number): void {
    Object.assign(this.#windowOf(this.#visitAt(ms, true).id).properties, plainCopy(properties));
    this.#saveWindow();
  }

  /** Notes that this tab shows another page soon, or this one again. */
  mark(isOpen: boolean): void {
    const window = windows.get(this.#windowKey);
    if (!window || window.isOpen === isOpen) return;
    window.isOpen = isOpen;
    this.#saveWindow();
  }

  /** From here on session and window are stored. */
  keep(): void {
    if (this.#kept) return;
    this.#kept = true;
    this.#saveWindow();
  }

  /** Begins another session, which other tabs take over. */
  renew(bootstrap?: string): void {
    this.#save(bootstrapped(bootstrap) ?? begunAt(Date.now()));
    windows.delete(this.#windowKey);
  }

  /** Forgets everything, and removes what is stored, but a session that another tab has begun since (`isOurs` false). */
  forget(isOurs: boolean): void {
    visits.delete(this.#key);
    windows.delete(this.#windowKey);
    this.withdraw(isOurs);
  }

  /** Removes what is stored, until it may be kept again; the page remembers. */
  withdraw(isOurs = true): void {
    this.#kept = false;
    if (isOurs) storage.remove(this.#key);
    try {
      sessionStorage.removeItem(this.#windowKey);
    } catch {
      // Blocked, so that there is nothing in it.
    }
  }

  #visitAt(ms: number, isActivity: boolean): Visit {
    const stored = parse(storage.get(this.#key));
    const own = visits.get(this.#key);
    // Where nothing is stored yet, or storage is blocked, this page remembers; what it was given at its start goes first.
    let visit = [own?.activeMs === 0 ? own : stored, own].find((known) => known && lastsAt(known, ms));
    const isNews = !visit || visit.activeMs === 0;
    visit ??= begunAt(ms);
    const isDue = isNews || ms - visit.activeMs >= SESSION_WRITE_INTERVAL_MS;
    // A session of events that were held is over where another one has begun since.
    const isPast = stored !== undefined && ms < stored.activeMs;
    if (isActivity && isDue && !isPast) this.#save({ ...visit, activeMs: ms });
    else visits.set(this.#key, visit);
    return visit;
  }

  #save(visit: Visit): void {
    visits.set(this.#key, visit);
    const { id, startedMs, activeMs } = visit;
    if (this.#kept) storage.put(this.#key, [id, startedMs.toString(36), activeMs.toString(36)].join(":"));
  }

  #windowOf(session: string): Window {
    let window = windows.get(this.#windowKey) ?? this.#loadWindow();
    if (window?.session !== session) window = { id: uuidv7(Date.now()), session, isOpen: true, properties: {} };
    if (windows.get(this.#windowKey) !== window) {
      windows.set(this.#windowKey, window);
      window.isOpen = true;
      this.#saveWindow();
    }
    return window;
  }

  /** The window that an earlier page of this tab has left. */
  #loadWindow(): Window | undefined {
    try {
      const window: Window = JSON.parse(sessionStorage.getItem(this.#windowKey) ?? "null");
      if (window?.isOpen) window.id = uuidv7(Date.now());
      return window ?? undefined;
    } catch {
      return undefined;
    }
  }

  #saveWindow(): void {
    const window = windows.get(this.#windowKey);
    if (!this.#kept || !window) return;
    try {
      sessionStorage.setItem(this.#windowKey, JSON.stringify(window));
    } catch {
      // Blocked or full: this page remembers.
    }
  }
}

const begunAt = (ms: number): Visit => ({ id: uuidv7(ms), startedMs: ms, activeMs: ms });

/** Differences count in both directions, so that a session from a clock that was wrong does not live on for years. */
const lastsAt = ({ startedMs, activeMs }: Visit, ms: number): boolean =>
  (activeMs === 0 || Math.abs(ms - activeMs) < SESSION_IDLE_MAX_MS || (ms >= startedMs && ms < activeMs)) &&
  Math.abs(ms - startedMs) < SESSION_LENGTH_MAX_MS;

function parse(text: string | undefined): Visit | undefined {
  const [id = "", started = "", active = ""] = (text ?? "").split(":");
  const visit = { id, startedMs: Number.parseInt(started, 36), activeMs: Number.parseInt(active, 36) };
  return UUID_V7.test(id) ? visit : undefined;
}

/** The session that the page was given, where PostHog would take it; it has seen no activity here. */
function bootstrapped(id: string | undefined): Visit | undefined {
  const [, high = "", low = ""] = UUID_V7.exec(id ?? "") ?? [];
  const startedMs = Number.parseInt(high + low, 16);
  return id && startedMs <= Date.now() + SESSION_AHEAD_MAX_MS ? { id, startedMs, activeMs: 0 } : undefined;
}
