// What a page without a tracker knows of teams: what the page or its server has said, what the page's callback says, and what a
// tracker has left for it: a URL of the host application or a flag of PostHog's only the tracker asks.

import type { TrackerOptions } from "../engine/engine.js";
import { readObject } from "./local-storage.js";
import { nounKey } from "./storage-keys.js";
import { teamOf } from "./team-id.js";

/** An answer holds this long where the page says nothing else. */
const GATE_TTL_MS = 300_000;

/** What the page's callback has said of teams; `undefined`, where it has been asked and could not say, or not yet. */
export type TeamAnswers = Map<string, boolean | undefined>;

/**
 * The gate of a page that has no tracker: whether a team is tracked (`undefined`, while this page cannot say), and asking the callback
 * about it, once (`false`, where there is none to ask). `heard` is told what the callback says.
 */
export function facadeGate(
  project: string,
  { isTeamEnabled, teamId, bootstrap, gateTtl = GATE_TTL_MS }: TrackerOptions,
  answers: TeamAnswers,
  hasAgreed: () => boolean,
  heard: (team: string, isTracked: boolean | undefined) => void,
) {
  function isTracked(team: string): boolean | undefined {
    const own = teamOf(teamId);
    if (typeof isTeamEnabled === "boolean" && (!own || own === team)) return isTeamEnabled;
    const said = (bootstrap?.teams as Record<string, boolean> | undefined)?.[team] ?? answers.get(team);
    // Nothing but consent itself is read before the visitor has agreed.
    if (said !== undefined || !hasAgreed() || typeof isTeamEnabled === "function") return said;
    const { [team]: heardMs = 0 } = readObject<Record<string, number>>(nounKey("shut", project));
    return Math.abs(Date.now() - heardMs) < gateTtl ? false : undefined;
  }

  /** The callback's code runs after the call that asks. */
  function asks(team: string): boolean {
    if (typeof isTeamEnabled !== "function" || !team || !hasAgreed()) return false;
    const hear = (said: unknown) => {
      answers.set(team, typeof said === "boolean" ? said : undefined);
      heard(team, answers.get(team));
    };
    if (!answers.has(team)) {
      answers.set(team, undefined);
      Promise.resolve(team)
        .then(isTeamEnabled)
        .catch(() => {})
        .then(hear);
    }
    return true;
  }

  return [isTracked, asks] as const;
}
