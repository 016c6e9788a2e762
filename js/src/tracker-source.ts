// Where the tracker of a page comes from: what facade and tracker know of each other.

import type { ConsentState, TeamGateState, TrackerOptions } from "../engine/engine.js";
import type { Clock } from "./clock.js";
import type { TeamAnswers } from "./facade-gate.js";
import type { Tracker } from "./tracker.js";
import type { WaitingCounts } from "./waiting-calls.js";

/** Somebody who wants to hear of something, and what it was told of each team. */
export interface Listener {
  readonly name: "onTeamGate" | "onFeatureFlags" | "onConsent";
  // biome-ignore lint/suspicious/noExplicitAny: the types of what is told stand in `booking-tracker.ts`.
  readonly hear: (...told: any[]) => void;
  readonly told: Map<string, TeamGateState>;
}

/** What facade and tracker of a page share. */
export interface Shared {
  /** Those whom the tracker tells; a fresh instance after a trap goes on with them. */
  readonly listeners: Set<Listener>;
  readonly clock: Clock;
  /** What the page has configured, as far as it could be read. */
  readonly options: TrackerOptions;
  /** The hash of the project's key, by which storage keeps projects apart. */
  readonly project: string;
  /** Names the page in the entries of the journal. */
  readonly page: string;
  /** What the page's callback has said of teams. */
  readonly teams: TeamAnswers;
  /** What has become of events before the tracker was there. */
  readonly counts: WaitingCounts;
  /** What is known of the visitor's consent. */
  consent(): ConsentState;
  /** What the visitor has said on this page of its consent, as storage has it; empty, where it has said nothing. */
  said(): string;
  /** Whether the tracker had to be loaded. */
  readonly isLazy: boolean;
}

/** Makes a tracker; where its configuration says that it is off, what says so on the console. Throws where the module cannot run. */
export type OpenTracker = (apiKey: unknown, options: unknown, shared: Shared) => Tracker | (() => void);

/** Where the tracker comes from. */
export interface TrackerSource {
  /** Makes it at once; absent, where it has to be loaded first. */
  readonly open?: OpenTracker;
  /** Loads what makes it; rejects where that cannot be had. */
  load(): Promise<OpenTracker>;
}

/** Loads once more after a failure. If that fails too, waiting calls stay in the journal for the next page. */
export const twice = (load: () => Promise<OpenTracker>): Promise<OpenTracker> => load().catch(load);
