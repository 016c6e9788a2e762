// Lone surrogates: halves of a character, which JSON can write and PostHog refuses together with the whole body.

import { teamOf } from "./team-id.js";

const ESCAPE = /\\(?:u(?:d[89ab]..\\ud[c-f]..|(d[89a-f]..))|.)/gi;

/** A JSON text in which U+FFFD stands for each lone surrogate. */
export const wellFormedJson = (text: string): string =>
  /\\ud[89a-f]/i.test(text) ? text.replace(ESCAPE, (whole, lone) => (lone ? "\\ufffd" : whole)) : text;

/** A text in which U+FFFD stands for each lone surrogate. */
export const wellFormedText = (text: string): string =>
  /[\ud800-\udfff]/.test(text) ? JSON.parse(wellFormedJson(JSON.stringify(text))) : text;

/** The id of a team as text, well-formed. */
export function wellFormedTeam(id: unknown): string | undefined {
  const team = teamOf(id);
  return team === undefined ? undefined : wellFormedText(team);
}
