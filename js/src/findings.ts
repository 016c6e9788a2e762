// What is wrong with a configuration, and how it is said.

import { write } from "./notices.js";

/** The stable names of what can be wrong. `docs/options.md` has a row for each. */
export type FindingCode =
  | "api_key_missing"
  | "api_key_personal"
  | "api_key_invalid"
  | "host_invalid"
  | "option_invalid"
  | "option_out_of_range"
  | "option_unreadable"
  | "option_misspelt"
  | "option_unknown"
  | "options_invalid"
  | "no_page";

/** How much it matters: "error" turns the tracker off, "warning" does not, "info" is off on purpose. */
export type FindingLevel = "error" | "warning" | "info";

/** One thing that is wrong with a configuration. */
export interface Finding {
  readonly code: FindingCode;
  /** The option as the page spells it; `apiKey` and `options` for the arguments, empty for what is about none. */
  readonly option: string;
  readonly level: FindingLevel;
  /** Says what to change. */
  readonly message: string;
}

/** Why there is no tracker on a server and in a worker. */
export const NO_PAGE: Finding = {
  code: "no_page",
  option: "",
  level: "warning",
  message:
    "The tracker is off, because there is no page: window or document is missing. Construct the tracker in the browser, for example in an effect of React.",
};

let isNoPageSaid = false;

/** Says everything that was found, each once. A page without a key is silent, unless somebody wants to hear everything. */
export function sayFindings(findings: readonly Finding[], isVerbose: boolean): void {
  if (!isVerbose && findings.some(({ code }) => code === "api_key_missing")) return;
  const messages = (level: FindingLevel) => findings.filter((one) => one.level === level).map(({ message }) => message);
  const errors = messages("error");
  if (errors.length > 0) write("error", `The tracker is off. ${errors.join(" ")}`);
  for (const text of messages("info")) write("debug", text);
  if (findings.includes(NO_PAGE)) {
    // A server renders many pages in one process.
    if (isNoPageSaid) return;
    isNoPageSaid = true;
  }
  for (const text of messages("warning")) write("warn", text);
}
