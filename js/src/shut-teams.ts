// What a tracker leaves for the facades of later pages (`./lazy`): the teams of which a URL or a flag has said that they are not
// tracked, so that their pages need not load the tracker while that holds.
//
// Stored under `phbt:shut:<project>`: teams, each with the time at which that was heard. Nothing about a visitor.

import { erase, readObject, write } from "./local-storage.js";
import { nounKey } from "./storage-keys.js";

/** What was heard longer ago than any `gateTtl` is forgotten, and of the rest all but the newest. */
const AGE_MAX_MS = 86_400_000;
const TEAMS_MAX = 50;

/** Notes what was heard of a team. */
export function noteShut(project: string, team: string, isTracked: boolean): void {
  const key = nounKey("shut", project);
  const { [team]: known, ...others } = readObject<Record<string, number>>(key);
  const isFresh = ([, heardMs]: [string, number | undefined]) => Math.abs(Date.now() - Number(heardMs)) < AGE_MAX_MS;
  const fresh = Object.entries(others)
    .filter(isFresh)
    .slice(1 - TEAMS_MAX);
  const teams = Object.fromEntries(isTracked ? fresh : [...fresh, [team, Date.now()]]);
  if (Object.keys(teams).length > 0) write(key, JSON.stringify(teams));
  else if (known) erase(key);
}
