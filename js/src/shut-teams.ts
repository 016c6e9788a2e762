// What a tracker leaves for the facades of later pages (`./lazy`): the teams of which a URL or a flag has said that they are not
// tracked, so that their pages need not load the tracker while that holds.
//
// Stored under `phbt:shut:<project>`: teams, each with the time at which that was heard. Nothing about a visitor.

import { erase, readObject, write } from "./local-storage.js";
import { nounKey } from "./storage-keys.js";

/** Notes what was heard of a team. */
export function noteShut(project: string, team: string, isTracked: boolean): void {
  const key = nounKey("shut", project);
  const { [team]: known, ...others } = readObject<Record<string, number>>(key);
  const teams = isTracked ? others : { ...others, [team]: Date.now() };
  if (Object.keys(teams).length > 0) write(key, JSON.stringify(teams));
  else if (known) erase(key);
}
