// Who the events are about: the distinct id, the device (anonymous) id, and whether the person is known.
//
// A page keeps the identity that it started with until it changes it itself. What it knows is stored only once `keep` was
// called: nothing is written for a visitor whose team is not tracked.

import { isLegalDistinctId } from "./distinct-id.js";
import type { Person } from "./entry-events.js";
import * as storage from "./storage.js";
import { nounKey } from "./storage-keys.js";
import type { IdentityBootstrap } from "./types.js";
import { uuidv7 } from "./uuid.js";

/** The stored identity. */
export interface Identity extends Person {
  /** Whether an event with a person profile was captured, so that later ones have one as well. */
  readonly profile?: boolean;
  /** Whether no event of this visitor has been for a team that is known to be tracked; so it may have to leave no trace. */
  readonly untracked?: boolean;
}

/** The identities of this page, by their keys: a second tracker of one project shares the first one's. */
const identities = new Map<string, Identity>();

/** The identity of this browser for one project. */
export class IdentityKeeper {
  readonly #key: string;
  #bootstrap: IdentityBootstrap | undefined;
  #kept = false;
  /** Whether this page has changed the identity and not stored it. */
  #isAhead = false;

  constructor(project: string, bootstrap?: IdentityBootstrap) {
    this.#key = nounKey("identity", project);
    this.#bootstrap = bootstrap;
  }

  /** The identity; read, or made, where it is asked for first. */
  get current(): Identity {
    const identity = identities.get(this.#key) ?? this.#load() ?? this.#mint();
    identities.set(this.#key, identity);
    return identity;
  }

  /** From here on the identity is stored; `isTracked`, where a team is known to be tracked that an event is for. */
  keep(isTracked: boolean): void {
    const { untracked } = this.current;
    this.#kept = true;
    // Whoever has cleared the storage has not made this visitor somebody else. Another tab may have stored another identity
    // since: that one stays, unless this page has said so itself.
    if (this.#isAhead || storage.get(this.#key) === undefined) this.#save();
    if (isTracked && untracked) this.#note({ untracked: false });
  }

  /** Removes what is stored for the sake of teams that are not tracked; whether there was something. The page remembers. */
  withdraw(): boolean {
    if (!this.#load()?.untracked) return false;
    storage.remove(this.#key);
    this.#kept = false;
    return true;
  }

  /** Names the visitor. */
  name(distinctId: string): void {
    this.#change({ distinct_id: distinctId, identified: true });
  }

  /** Notes that this visitor has a person profile from now on. */
  noteProfile(): void {
    if (!this.current.profile) this.#note({ profile: true });
  }

  /** Somebody else uses the device from now on, or takes it over as well. */
  reset(newDevice: boolean, bootstrap?: IdentityBootstrap, id?: string): void {
    const device = this.current.device_id;
    // What a page was given at its start is not for the next visitor.
    this.#bootstrap = bootstrap;
    const fresh = this.#mint(id);
    this.#change(newDevice ? fresh : { ...fresh, device_id: device });
  }

  /**
   * Unites a bootstrapped person with the stored one (PostHog's SDK specification, bootstrap): a known person stays who it
   * is, an anonymous one of the same id becomes known, and for another one this gives the id to `identify`.
   */
  bootstrap(): string | undefined {
    const { distinctId, isIdentified } = this.#bootstrap ?? {};
    if (!distinctId || !isIdentified) return undefined;
    const { distinct_id, identified } = this.current;
    if (identified) return undefined;
    if (distinctId !== distinct_id) return distinctId;
    this.#change({ identified: true });
    return undefined;
  }

  /** Forgets who the visitor is, and removes what is stored, unless another tab has stored it since (`isOurs` false). */
  forget(isOurs: boolean): void {
    if (isOurs) storage.remove(this.#key);
    identities.delete(this.#key);
    this.#isAhead = false;
    this.#kept = false;
  }

  /** Notes something of the present visitor. Where another tab has stored somebody else, that one stays. */
  #note(fact: Partial<Identity>): void {
    identities.set(this.#key, { ...this.current, ...fact });
    const stored = this.#load();
    if (stored?.distinct_id !== this.current.distinct_id || !this.#kept) return;
    storage.put(this.#key, JSON.stringify({ ...stored, ...fact }));
  }

  #change(change: Partial<Identity>): void {
    identities.set(this.#key, { ...this.current, ...change });
    this.#isAhead = true;
    this.#save();
  }

  #load(): Identity | undefined {
    try {
      const identity = JSON.parse(storage.get(this.#key) ?? "");
      return isLegalDistinctId(identity.distinct_id) ? identity : undefined;
    } catch {
      return undefined;
    }
  }

  #mint(id = uuidv7(Date.now())): Identity {
    const { distinctId, isIdentified = false } = this.#bootstrap ?? {};
    // The id of a known person is no device's.
    const device_id = distinctId && !isIdentified ? distinctId : id;
    return { distinct_id: distinctId || id, device_id, identified: !!distinctId && isIdentified, untracked: true };
  }

  #save(): void {
    if (!this.#kept) return;
    storage.put(this.#key, JSON.stringify(identities.get(this.#key)));
    this.#isAhead = false;
  }
}
