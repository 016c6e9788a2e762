// What the tracker says on the console, and when: warnings once and always, drops only in debug.

import type { DropReason } from "./types.js";

/** The codes, by the numbers with which the engine names them. The first are the reasons for which it drops an event, then come its warnings, and behind its own those of the page. */
export const NOTICE_CODES = [
  "gate_shut",
  "gate_unknown",
  "invalid",
  "too_large",
  "rejected",
  "expired",
  "evicted",
  "torn",
  "duplicate",
  "shut_down",
  "forbidden",
  "purged",
  "unauthorised",
  "web_page",
  "nothing_opens_the_gate",
  "gate_unanswered",
  "ungated",
  "no_consent",
  "before_send",
] as const;

/** The name of something worth saying. */
export type NoticeCode = (typeof NOTICE_CODES)[number];

/** How many of {@link NOTICE_CODES} are the engine's reasons to drop an event. */
export const DROP_REASONS = 12;

/** Every reason to drop an event: behind the four warnings stand those of the page. */
export const ALL_REASONS = NOTICE_CODES.filter(
  (_, number) => number < DROP_REASONS || number >= DROP_REASONS + 4,
) as DropReason[];

const WARNINGS: Partial<Record<NoticeCode, string>> = {
  nothing_opens_the_gate:
    'events are ignored: nothing says that their team is tracked. Pass isTeamEnabled, teamGateUrl, teamFlag or bootstrap.teams, and a teamId for each event or for the page; or ungated: "track".',
  gate_unanswered:
    "nobody can say whether a team is tracked. Its events are held for 24 hours at most. Check what isTeamEnabled, teamGateUrl or the flag posthog-booking-tracking answers.",
  unauthorised:
    "the host refuses what this page sends. Events are kept. Check the project API key, the region of the host and what stands in front of it.",
  web_page: "the host answers with a web page. Events are kept. Check that your proxy passes /i/v0/e/ on to PostHog.",
};

/** Says one thing on the console. */
export function write(level: "error" | "warn" | "debug", text: string): void {
  try {
    console[level](`[PostHogBookingTracker] ${text}`);
  } catch {
    // A page may have replaced the console by something that throws.
  }
}

/** Says things on the console. */
export class Notices {
  /** Whether those who develop the page want to hear everything. */
  isVerbose: boolean;
  readonly #said = new Set<NoticeCode>();

  constructor(isVerbose: boolean) {
    this.isVerbose = isVerbose;
  }

  /** Says what a code stands for; `about` names the event, where it is about one. */
  report(code: NoticeCode, about = ""): void {
    const warning = WARNINGS[code];
    if (warning && !this.#said.has(code)) write("warn", warning);
    else if (!warning) this.debug(`dropped ${about || "an event"}: ${code}`);
    this.#said.add(code);
  }

  /** Says something to those who asked for it. */
  debug(text: string): void {
    if (this.isVerbose) write("debug", text);
  }

  /** Says what a call did wrong. */
  warn(text: string): void {
    write("warn", text);
  }
}
