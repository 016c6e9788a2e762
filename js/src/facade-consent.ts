// Consent before the tracker is there: read and written under the tracker's own key, so that both know the same. What posthog-js knows
// of it only the tracker asks; until then nothing is stored where the visitor is posthog-js's.

import type { ConsentState, TrackerOptions } from "../engine/engine.js";
import { answered, answerText, browserDenies } from "./consent-answer.js";
import { erase, read, write } from "./local-storage.js";
import { nounKey } from "./storage-keys.js";

/**
 * The consent of one page: what it is, a look whether it has changed, what the visitor says, and what it has said here as text. `changed`
 * hears of each change, `missed` of a denial that was taken back while the page slept.
 */
export function facadeConsent(
  project: string,
  options: TrackerOptions,
  changed: (state: ConsentState) => void,
  missed: () => void,
) {
  const key = nounKey("consent", project);
  /** What was said on this page: it holds where storage does not. */
  let said = "";
  let told: ConsentState | undefined;
  /** When the visitor has denied last, as it is stored. */
  let deniedAt: string | undefined;

  const answer = () => read(key) || said;

  function consent(): ConsentState {
    if (browserDenies(options)) return "denied";
    return answered(answer()) ?? ((options.consent ?? "granted") === "granted" ? "granted" : "pending");
  }

  function refresh(): void {
    const earlier = told;
    const earlierDeniedAt = deniedAt;
    told = consent();
    // If somebody has cleared the storage, the next answer lacks the time of the last denial. That is no new denial.
    deniedAt = answer().split(":")[1] ?? deniedAt;
    if (!earlier) return;
    if (deniedAt !== earlierDeniedAt) missed();
    if (earlier !== told) changed(told);
  }

  function say(state: "granted" | "denied"): void {
    said = answerText(state, answer());
    // Where storage is full, the earlier answer would stay and win. There may be room when our other data is gone.
    if (!write(key, said)) erase(key);
    refresh();
    if (!read(key)) write(key, said);
  }

  return [consent, refresh, say, () => said] as const;
}
