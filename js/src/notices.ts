// What the tracker says on the console, and when: warnings once and always, drops only in debug.

/** The codes, by the numbers with which the engine names them. The first eleven are the reasons to drop an event. */
export const NOTICE_CODES = [
  "gate_shut",
  "ungated",
  "invalid",
  "too_large",
  "rejected",
  "expired",
  "evicted",
  "torn",
  "duplicate",
  "shut_down",
  "forbidden",
  "nothing_opens_the_gate",
  "unauthorised",
  "web_page",
] as const;

/** The name of something worth saying. */
export type NoticeCode = (typeof NOTICE_CODES)[number];

/** How many of {@link NOTICE_CODES} are reasons to drop an event. */
export const DROP_REASONS = 11;

const WARNINGS: Partial<Record<NoticeCode, string>> = {
  nothing_opens_the_gate:
    'events are ignored, because nothing says that their team is tracked. Pass isTeamEnabled, with a teamId for each event or for the page, or ungated: "track".',
  unauthorised:
    "the host refuses the project API key or everything that this page sends. Nothing is sent from this page; events are kept. Check the key, the region of the host and what stands in front of it.",
  web_page:
    "the host answers with a web page. Events are kept. Check that your proxy passes the path /i/v0/e/ on to PostHog.",
};

/** Says things on the console. */
export class Notices {
  readonly #debug: boolean;
  readonly #said = new Set<NoticeCode>();

  constructor(debug: boolean) {
    this.#debug = debug;
  }

  /** Says what a code stands for; `about` names the event, where it is about one. */
  report(code: NoticeCode, about = ""): void {
    const warning = WARNINGS[code];
    if (warning && !this.#said.has(code)) this.#write("warn", warning);
    else if (!warning) this.debug(`dropped ${about || "an event"}: ${code}`);
    this.#said.add(code);
  }

  /** Says something to those who asked for it. */
  debug(text: string): void {
    if (this.#debug) this.#write("debug", text);
  }

  #write(level: "warn" | "debug", text: string): void {
    try {
      console[level](`[PostHogBookingTracker] ${text}`);
    } catch {
      // A page may have replaced the console by something that throws.
    }
  }
}
