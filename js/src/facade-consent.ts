// Consent before the tracker is there: read and written under the tracker's own key, so that both know the same. What posthog-js knows
// of it only the tracker asks; until then nothing is stored where the visitor is posthog-js's.

import { answered, answerText, browserDenies } from "./consent-answer.js";
import { read, write } from "./local-storage.js";
import { nounKey } from "./storage-keys.js";
import type { ConsentState, TrackerOptions } from "./types.js";

/** The consent of one page: what it is, a look whether it has changed, and what the visitor says. `changed` hears of each change. */
export function facadeConsent(project: string, options: TrackerOptions, changed: (state: ConsentState) => void) {
  const key = nounKey("consent", project);
  /** What was said on this page: it holds where storage does not. */
  let said = "";
  let told: ConsentState | undefined;

  function consent(): ConsentState {
    if (browserDenies(options)) return "denied";
    return (
      answered(read(key)) ?? answered(said) ?? ((options.consent ?? "granted") === "granted" ? "granted" : "pending")
    );
  }

  function refresh(): void {
    const earlier = told;
    told = consent();
    if (earlier && earlier !== told) changed(told);
  }

  function say(state: "granted" | "denied"): void {
    said = answerText(state, read(key) || said);
    write(key, said);
    refresh();
  }

  return [consent, refresh, say] as const;
}
