// What a visitor has answered: the one thing that is read and written without consent.
//
// Stored under `phbt:consent:<project>` as `granted` or `denied`, and the time of the last denial in base 36 behind a colon: a
// tab that was frozen meanwhile sees by it that what it holds was denied, whatever has been said since.

import type { TrackerOptions } from "../engine/engine.js";

/** Whether the browser asks every page not to track its visitor, and this page has chosen to listen. */
export function browserDenies({ respectDnt, respectGpc }: Pick<TrackerOptions, "respectDnt" | "respectGpc">): boolean {
  const { doNotTrack, globalPrivacyControl } = navigator as { doNotTrack?: string; globalPrivacyControl?: boolean };
  const asksDnt = respectDnt && /^(1|yes)$/.test(doNotTrack ?? "");
  return Boolean(asksDnt || (respectGpc && globalPrivacyControl));
}

/** What a visitor has answered, as a text says; nothing, where it is no answer. */
export const answered = (text: string): "granted" | "denied" | undefined =>
  /^(granted|denied)/.exec(text)?.[0] as "granted" | "denied" | undefined;

/** The text of a new answer, given the one before it. */
export function answerText(state: "granted" | "denied", earlier: string): string {
  const [, deniedAt] = earlier.split(":");
  const mark = state === "denied" ? Date.now().toString(36) : deniedAt;
  return mark ? `${state}:${mark}` : state;
}
