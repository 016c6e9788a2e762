// The visitor of a page that has no tracker: its stored identity, which is made and stored where there is none, so that whoever
// replays an entry of the journal tells of the same person.

import type { IdentityBootstrap, TrackerOptions } from "../engine/engine.js";
import type { IdentityCall } from "./journal.js";
import { erase, read, write } from "./local-storage.js";
import { nounKey } from "./storage-keys.js";
import { uuidv7 } from "./uuid.js";

/**
 * The visitor of one page: its stored identity as text, what the page has said of it, and forgetting the identity, which removes what
 * was made here.
 */
export function facadeVisitor(project: string, { bootstrap }: TrackerOptions) {
  const { distinctId, isIdentified }: IdentityBootstrap = { ...bootstrap };
  const said: IdentityCall[] = distinctId && isIdentified ? [["identify", distinctId, ""]] : [];
  const key = nounKey("identity", project);
  let visitor = "";
  let made = "";

  function visitorOf(): string {
    visitor ||= read(key);
    if (visitor) return visitor;
    const id = `${(!isIdentified && distinctId) || uuidv7(Date.now())}`;
    // The tracker removes it again where the team turns out not to be tracked (`untracked`).
    made = JSON.stringify({ distinct_id: id, device_id: id, identified: false, untracked: true });
    write(key, made);
    visitor = made;
    return made;
  }

  function forget(): void {
    if (made && read(key) === made) erase(key);
    visitor = made = "";
  }

  return [visitorOf, said, forget] as const;
}
