// Records that have killed an engine. Later engines leave them alone, so that one poisoned record cannot kill every
// later page; the keel, which reads them by other means, sends them.

import { nounKey } from "./record.js";
import * as storage from "./storage.js";

/** How many are remembered at most. */
const QUARANTINE_MAX = 20;

/** The quarantine of one project. */
export class Quarantine {
  readonly #key: string;

  constructor(project: string) {
    this.#key = nounKey("quarantine", project);
  }

  /** The uuids. */
  list(): string[] {
    return (storage.get(this.#key) || "").split("\n").filter(Boolean);
  }

  add(uuid: string): void {
    if (uuid) this.#write([...new Set([...this.list(), uuid])].slice(-QUARANTINE_MAX));
  }

  /** Forgets those of whom no record is left. */
  tidy(): void {
    const uuids = this.list();
    if (uuids.length > 0) this.#write(uuids.filter((uuid) => storage.keys().some((key) => key.endsWith(uuid))));
  }

  #write(uuids: readonly string[]): void {
    if (uuids.length > 0) storage.put(this.#key, uuids.join("\n"));
    else storage.remove(this.#key);
  }
}
