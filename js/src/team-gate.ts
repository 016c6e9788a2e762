// The team gate on the page's side: asks the page's callback, and decides while there is no engine to decide.

import type { NoticeCode } from "./notices.js";
import type { CheckedOptions } from "./options.js";

/** Answers for teams. Only a boolean is an answer; everything else means "not known yet". */
export class TeamGate {
  /** Is called when a team is definitely not tracked, and what it had waiting is given up. */
  onShut: () => void = () => {};
  readonly #options: CheckedOptions;
  readonly #answers = new Map<string, boolean>();
  readonly #asked = new Map<string, Promise<boolean | undefined>>();

  constructor(options: CheckedOptions) {
    this.#options = options;
  }

  /** How the engine is told of the source: nothing, the page's own answer, or that it has to ask. */
  get source(): "" | "open" | "shut" | "ask" {
    const { isTeamEnabled } = this.#options;
    if (isTeamEnabled === undefined) return "";
    if (typeof isTeamEnabled === "function") return "ask";
    return isTeamEnabled ? "open" : "shut";
  }

  /** The team whose gate an event of `team` waits for (`undefined` for none), or the reason to drop the event. */
  admit(team: string): { team: string | undefined } | NoticeCode {
    const { source } = this;
    if (source === "shut" || this.#answers.get(team) === false) return "gate_shut";
    // A page that names its team has answered for that one, whatever the event says; else for the event's own.
    if (source === "open") return { team: this.#options.team || team };
    if (source === "ask" && team !== "") return { team };
    return this.#options.trackUngated ? { team: undefined } : "ungated";
  }

  /** Whether the gate of a stored record is open; `undefined`, while nobody knows. */
  state(team: string | undefined): boolean | undefined {
    if (team === undefined) return true;
    const { source } = this;
    if (source === "ask") return this.#answers.get(team);
    const speaks = source !== "" && (this.#options.team === "" || team === this.#options.team);
    return speaks ? source === "open" : undefined;
  }

  /**
   * Asks the page about a team, once at a time, and waits no longer for the answer than for a server's. Never rejects.
   * The page's code runs after the call that asks, never inside it.
   */
  ask(team: string): Promise<boolean | undefined> {
    const { isTeamEnabled, requestTimeout } = this.#options;
    let asked = this.#asked.get(team);
    if (!asked) {
      const answer = Promise.resolve().then(
        () => this.#answers.get(team) ?? (typeof isTeamEnabled === "function" ? isTeamEnabled(team) : undefined),
      );
      const tooLate = new Promise<undefined>((resolve) => setTimeout(resolve, requestTimeout, undefined));
      const forget = () => {
        this.#asked.delete(team);
        return undefined;
      };
      asked = Promise.race([answer, tooLate]).then((open) => {
        forget();
        if (typeof open !== "boolean") return undefined;
        this.#answers.set(team, open);
        return open;
      }, forget);
      this.#asked.set(team, asked);
    }
    return asked;
  }
}
