// Records that a module has trapped on. Trackers of the same version leave them alone, so that one record cannot kill the module
// of every later page; a tracker of another version tries each of them once, alone. They expire like every record.
//
// Stored under `phbt:quarantine:<project>`: the uuid of each record with the version that has trapped on it last.

import * as storage from "./storage.js";
import { nounKey } from "./storage-keys.js";

/** How many are remembered at most. */
const QUARANTINE_MAX = 20;

/** The quarantine of one project. */
export class Quarantine {
  readonly #key: string;

  constructor(project: string) {
    this.#key = nounKey("quarantine", project);
  }

  /** The uuids of all records in it. */
  get uuids(): string[] {
    return Object.keys(this.#versions);
  }

  /** The records that another version has trapped on, and this one has not tried. */
  get untried(): string[] {
    return Object.entries(this.#versions).flatMap(([uuid, version]) => (version === __VERSION__ ? [] : uuid));
  }

  /** Notes that this version has trapped on a record, or is about to try it. */
  add(uuid: string): void {
    const { [uuid]: _, ...others } = this.#versions;
    const kept = Object.entries(others).slice(1 - QUARANTINE_MAX);
    storage.put(this.#key, JSON.stringify(Object.fromEntries([...kept, [uuid, __VERSION__]])));
  }

  /** Forgets those of whom nothing is stored any more. */
  tidy(): void {
    const versions = this.#versions;
    const keys = storage.keys();
    const kept = Object.entries(versions).filter(([uuid]) => keys.some((key) => key.endsWith(uuid)));
    if (kept.length === Object.keys(versions).length) return;
    if (kept.length > 0) storage.put(this.#key, JSON.stringify(Object.fromEntries(kept)));
    else storage.remove(this.#key);
  }

  get #versions(): Record<string, string> {
    try {
      return { ...JSON.parse(storage.get(this.#key) || "{}") };
    } catch {
      return {};
    }
  }
}
