// The tracker that is off: there is no page, no key, or a configuration with which it must not run.

import { type Finding, NO_PAGE, sayFindings } from "./findings.js";
import { ALL_REASONS } from "./notices.js";
import { type CheckedOptions, readOptions } from "./options.js";
import type { PostHogBookingTracker } from "./tracker.js";
import type { ConsentState, DropReason, FlagOptions, FlagValue, Stats } from "./types.js";

/** Everything that a page can call. */
type Tracker = Pick<PostHogBookingTracker, keyof PostHogBookingTracker>;

/** Reads what the page configures, says what is wrong with it, and gives the options or what stands in for the tracker. */
export function configure(apiKey: unknown, given: unknown): CheckedOptions | OffTracker {
  const hasPage = typeof window !== "undefined" && typeof document !== "undefined";
  const { options, findings, isVerbose } = hasPage
    ? readOptions(apiKey, given)
    : { options: undefined, findings: [NO_PAGE], isVerbose: false };
  sayFindings(findings, isVerbose);
  return options ?? new OffTracker(findings);
}

/** Puts the members of one that is off in the place of a tracker's own. */
export function turnOff(tracker: Tracker, off: OffTracker): void {
  for (const name of Object.getOwnPropertyNames(OffTracker.prototype) as (keyof OffTracker | "constructor")[]) {
    if (name === "constructor") continue;
    const member = off[name];
    const value = typeof member === "function" ? member.bind(off) : member;
    Object.defineProperty(tracker, name, { value, configurable: true, writable: true });
  }
}

const ignore = () => {};

/** Captures, stores, reads and sends nothing. Nobody is tracked, so nobody has to be asked for consent. */
export class OffTracker implements Tracker {
  readonly #findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    this.#findings = findings;
  }

  get ready(): Promise<void> {
    return Promise.resolve();
  }

  trackBookingStarted(): undefined {}
  trackBookingCompleted(): undefined {}
  trackBookingFailed(): undefined {}
  capture(): undefined {}

  identify(): void {}
  alias(): void {}
  setPersonProperties(): void {}
  createPersonProfile(): void {}
  group(): void {}
  groupIdentify(): void {}
  resetGroups(): void {}
  getGroups(): undefined {}
  register(): void {}
  registerOnce(): void {}
  unregister(): void {}
  registerForSession(): void {}
  reset(): void {}

  setTeam(): void {}
  isTeamTracked(): undefined {}
  onTeamGate(): () => void {
    return ignore;
  }

  isFeatureEnabled(_key: string, options?: FlagOptions & { fallback?: boolean }): boolean | undefined {
    return options?.fallback;
  }
  getFeatureFlag(): undefined {}
  getFeatureFlagPayload(): undefined {}
  getFeatureFlagResult(): undefined {}
  getFeatureFlags(): Record<string, FlagValue> {
    return {};
  }
  getFeatureFlagsAndPayloads(): { flags: Record<string, FlagValue>; payloads: Record<string, unknown> } {
    return { flags: {}, payloads: {} };
  }
  onFeatureFlags(): () => void {
    return ignore;
  }
  async reloadFeatureFlags(): Promise<void> {}
  setPersonPropertiesForFlags(): void {}
  resetPersonPropertiesForFlags(): void {}
  setGroupPropertiesForFlags(): void {}
  resetGroupPropertiesForFlags(): void {}

  getDistinctId(): undefined {}
  getAnonymousId(): undefined {}
  getSessionId(): undefined {}

  optIn(): void {}
  optOut(): void {}
  hasOptedOut(): boolean {
    return true;
  }
  consent(): ConsentState {
    return "denied";
  }
  onConsent(): () => void {
    return ignore;
  }

  /** Says once more why it is off, also where that was silent. */
  debug(isOn = true): void {
    if (isOn !== false) sayFindings(this.#findings, true);
  }

  async flush(): Promise<void> {}
  async shutdown(): Promise<void> {}

  stats(): Stats {
    const dropped = Object.fromEntries(ALL_REASONS.map((code) => [code, 0])) as Record<DropReason, number>;
    const none = { captured: 0, adopted: 0, confirmed: 0, waiting: 0, held: 0, settledElsewhere: 0 };
    return { engine: "off", ...none, dropped, teams: {} };
  }
}
