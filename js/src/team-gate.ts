// The team gate on the page's side: asks the page's callback, and decides while there is no engine to decide.

import type { NoticeCode } from "./notices.js";
import type { CheckedOptions } from "./options.js";

/** Answers for teams. Only a boolean is an answer; everything else means "not known yet". */
export class TeamGate {
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
    if (source === "open") return { team: this.#options.team };
    if (source === "ask" && team !== "") return { team };
    return this.#options.trackUngated ? { team: undefined } : "ungated";
  }

  /** Whether the gate of a stored record is open; `undefined`, while nobody knows. */
  state(team: string | undefined): boolean | undefined {
    if (team === undefined) return true;
    const { source } = this;
    if (source === "ask") return this.#answers.get(team);
    return source !== "" && team === this.#options.team ? source === "open" : undefined;
  }

  /** Asks the page about a team, once at a time. Never rejects. */
  ask(team: string): Promise<boolean | undefined> {
    const { isTeamEnabled } = this.#options;
    let asked = this.#asked.get(team);
    if (!asked) {
      asked = Promise.resolve(team)
        // The page's code runs in a task of its own, never inside a call of ours.
        .then((id) => this.#answers.get(id) ?? (typeof isTeamEnabled === "function" ? isTeamEnabled(id) : undefined))
        .then(
          (answer) => {
            this.#asked.delete(team);
            if (typeof answer !== "boolean") return undefined;
            this.#answers.set(team, answer);
            return answer;
          },
          () => {
            this.#asked.delete(team);
            return undefined;
          },
        );
      this.#asked.set(team, asked);
    }
    return asked;
  }
}
