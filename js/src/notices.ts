// What the tracker says on the console, and when: warnings once and always, drops only in debug.

import { write } from "./console.js";
import type { DropReason } from "./drop-reasons.js";

const WARNINGS = {
  nothing_opens_the_gate:
    'events are ignored: nothing says that their team is tracked. Pass isTeamEnabled, teamGateUrl, teamFlag or bootstrap.teams, and a teamId for each event or for the page; or ungated: "track".',
  gate_unanswered:
    "nobody can say whether a team is tracked. Its events are held for 24 hours at most. Check what isTeamEnabled, teamGateUrl or the flag posthog-booking-tracking answers.",
  unauthorised:
    "the host refuses what this page sends. Events are kept. Check the project API key, the region of the host and what stands in front of it.",
  web_page: "the host answers with a web page. Events are kept. Check that your proxy passes /i/v0/e/ on to PostHog.",
} as const;

/** The name of something worth saying: a warning, or that an event was dropped. */
export type NoticeCode = keyof typeof WARNINGS | DropReason;

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
    const warning = (WARNINGS as Partial<Record<NoticeCode, string>>)[code];
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
