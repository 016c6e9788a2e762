// Who the events are about and the visit that they belong to, while there is no engine to know it. The stored forms are
// those of the engine's `identity.rs` and `session.rs`.

import { nounKey } from "./record.js";
import * as storage from "./storage.js";
import { uuidv7 } from "./uuid.js";

const SESSION_IDLE_MAX_MS = 30 * 60_000;
const SESSION_LENGTH_MAX_MS = 24 * 3_600_000;

/** The stored identity. */
export interface Identity {
  readonly distinct_id: string;
  readonly device_id: string;
  readonly identified: boolean;
}

/** The visitor of a page. Nothing is stored before it is asked for. */
export class Visitor {
  /** Whether this page has made the identity. */
  minted = false;
  readonly #identityKey: string;
  readonly #sessionKey: string;
  #identity: Identity | undefined;
  #session = "";

  constructor(project: string) {
    this.#identityKey = nounKey("identity", project);
    this.#sessionKey = nounKey("session", project);
  }

  /** The identity of this browser, made where there is none yet. */
  identity(): Identity {
    this.#identity ??= this.#load() ?? this.#mint();
    return this.#identity;
  }

  /** Names the visitor; gives the id that it had. */
  identify(distinctId: string): Identity {
    const earlier = this.identity();
    this.#save({ ...earlier, distinct_id: distinctId, identified: true });
    return earlier;
  }

  /** The session of an event. */
  sessionId(ms: number): string {
    const stored = storage.get(this.#sessionKey) || this.#session;
    const [id = "", started = "", active = ""] = stored.split(":");
    const lasts =
      Math.abs(ms - Number.parseInt(active, 36)) < SESSION_IDLE_MAX_MS &&
      Math.abs(ms - Number.parseInt(started, 36)) < SESSION_LENGTH_MAX_MS;
    const now = ms.toString(36);
    this.#session = lasts ? `${id}:${started}:${now}` : `${uuidv7(ms)}:${now}:${now}`;
    storage.put(this.#sessionKey, this.#session);
    return this.#session.slice(0, 36);
  }

  /** Forgets what it knows, because an engine takes over that may change it in storage. */
  rest(): void {
    if (storage.get(this.#identityKey)) this.#identity = undefined;
  }

  /** Removes what this page has stored of the visitor. */
  forget(): void {
    for (const key of [this.#identityKey, this.#sessionKey]) storage.remove(key);
    this.#identity = undefined;
    this.#session = "";
  }

  #load(): Identity | undefined {
    try {
      const identity = JSON.parse(storage.get(this.#identityKey) ?? "");
      return identity.distinct_id ? identity : undefined;
    } catch {
      return undefined;
    }
  }

  #mint(): Identity {
    this.minted = true;
    const id = uuidv7(Date.now());
    return this.#save({ distinct_id: id, device_id: id, identified: false });
  }

  #save(identity: Identity): Identity {
    storage.put(this.#identityKey, JSON.stringify(identity));
    this.#identity = identity;
    return identity;
  }
}

const ILLEGAL_ID =
  /^(0|[0-]{36}|\[object object\]|anonymous|anonymous-user|backend|distinct_?id|email|false|guest|id|nan|none|not_authenticated|null|system|true|undefined|user)$/i;

/** Whether PostHog takes an id as a person's: a text that is neither empty nor too long nor stands for a missing value. */
export const isLegalDistinctId = (id: unknown): id is string =>
  typeof id === "string" && id.trim() !== "" && id.length <= 200 && !ILLEGAL_ID.test(id.trim());
