// People: who the visitor is, which groups it belongs to, and the events that tell PostHog so, named as
// posthog-js names them.

import { isLegalDistinctId } from "./distinct-id.js";
import type { Person } from "./entry-events.js";
import { campaign } from "./environment.js";
import type { Draft, Who } from "./event.js";
import { addressProperties } from "./event.js";
import { FeatureFlags, type FlagContext } from "./feature-flags.js";
import { IdentityKeeper } from "./identity.js";
import type { Notices } from "./notices.js";
import type { CheckedOptions } from "./options.js";
import { type PageAddress, pageAddress } from "./page-address.js";
import { plainCopy } from "./properties.js";
import { Session } from "./session.js";
import { SharedIdentity } from "./shared-identity.js";
import { SuperProperties } from "./super-properties.js";
import type { CaptureOptions, Id, ResetOptions } from "./types.js";
import { wellFormedText } from "./well-formed.js";

/** Who is on the page; `profile`, where PostHog keeps a profile of this one already. */
type Present = Omit<Who, "hasProfile"> & { readonly profile: boolean };

/** Captures an event of ours. */
export type Emit = (event: string, properties: Record<string, unknown>, options?: CaptureOptions) => void;

/** Events that are about the person, whatever the person's profile was before. */
const ABOUT_PERSON = /^\$(identify|set|create_alias|groupidentify)$/;

/** The people of one tracker. */
export class People {
  readonly identity: IdentityKeeper;
  readonly registered: SuperProperties;
  readonly session: Session;
  readonly shared: SharedIdentity;
  readonly flags: FeatureFlags;
  readonly #options: CheckedOptions;
  readonly #notices: Notices;
  readonly #emit: Emit;
  /** The person properties that were told last, so that saying them again costs nothing. */
  #told = "";
  #hasToldInitial = false;
  #hasArrived = false;

  /** `flags` says whether flags may be loaded, and tells PostHog of those that were met. */
  constructor(
    options: CheckedOptions,
    notices: Notices,
    emit: Emit,
    flags: Pick<FlagContext, "isAllowed" | "run" | "emit">,
  ) {
    this.#options = options;
    this.#notices = notices;
    this.#emit = emit;
    this.identity = new IdentityKeeper(options.project, options.bootstrap);
    this.registered = new SuperProperties(options.project);
    this.session = new Session(options.project, options.bootstrap?.sessionId);
    this.shared = new SharedIdentity(options);
    this.flags = new FeatureFlags(options, {
      ...flags,
      visitor: () => ({ ...this.present(), initial: this.#initialOf(pageAddress()) }),
      shared: () => this.shared.flags(),
    });
  }

  /** From here on what is known of the visitor is stored; `isTracked`, where a team is known to be tracked. */
  keep(isTracked: boolean): void {
    this.identity.keep(isTracked);
    this.registered.keep();
    this.session.keep();
    this.flags.cache.keep();
  }

  /** Brings the person of the bootstrap together with the stored one. */
  bootstrap(): void {
    const known = this.identity.bootstrap();
    if (known) this.identify(known);
  }

  /** Who is on the page now. Asking is no activity. */
  present(ms = Date.now(), isActivity = false): Present {
    const { distinct_id, device_id, identified, profile = false } = this.identity.current;
    const own = { distinctId: distinct_id, deviceId: device_id, isIdentified: identified, profile, groups: {} };
    const shared = this.follow();
    const ids = this.session.at(ms, isActivity);
    const who = shared?.sessionId ? shared : { ...(shared ?? own), ...ids };
    return { ...who, groups: { ...who.groups, ...this.registered.groups } };
  }

  /** Whether an event is about who is on the page now; so is one of which nobody says otherwise. */
  isPresent(person: Person | undefined): boolean {
    return person === undefined || person.distinct_id === this.present().distinctId;
  }

  /** Who an event is about. */
  who({ event, ms, person, options: { distinctId } }: Pick<Draft, "event" | "ms" | "person" | "options">): Who {
    const { profile, ...visitor } = this.present(ms, true);
    const present = person
      ? { ...visitor, ...whoOf(person), ...(this.isPresent(person) ? {} : { groups: {} }) }
      : visitor;
    const { personProfiles } = this.#options;
    const isPerson =
      present.isIdentified ||
      (profile && this.isPresent(person)) ||
      Object.keys(present.groups).length > 0 ||
      ABOUT_PERSON.test(event);
    if (isPerson && personProfiles === "identifiedOnly" && this.isPresent(person)) this.identity.noteProfile();
    const who = { ...present, hasProfile: personProfiles === "always" || (isPerson && personProfiles !== "never") };
    if (distinctId === undefined || distinctId === who.distinctId) return who;
    if (isLegalDistinctId(distinctId)) {
      return { ...who, distinctId, isIdentified: false, hasProfile: personProfiles !== "never" };
    }
    this.#notices.warn("capture: distinctId is no id; the visitor's own is sent");
    return who;
  }

  /** Who posthog-js says is on the page. Where it was reset, nothing of what the last one had is left. */
  follow(): ReturnType<SharedIdentity["who"]> {
    const shared = this.shared.who();
    const { followed } = this.registered;
    if (shared && followed && followed !== shared.distinctId) {
      if (shared.isIdentified) this.flags.identified(undefined);
      else this.#clear();
    }
    if (shared) this.registered.follow(shared.distinctId);
    return shared;
  }

  /** Notes how the visitor has come: once a page, and again for each visitor. */
  arrive(address: PageAddress): void {
    if (this.#hasArrived) return;
    this.#hasArrived = true;
    const found = campaign(address.url);
    if (Object.keys(found).length > 0) this.registered.arrive(found);
    this.registered.initial(address);
  }

  /** Where the person came from first: once a page, and always with `$identify`. */
  initialProperties(event: string, present: PageAddress): Record<string, unknown> | undefined {
    const initial = this.#initialOf(present);
    if (event !== "$identify" && this.#hasToldInitial) return undefined;
    this.#hasToldInitial ||= event !== "$groupidentify";
    return initial;
  }

  #initialOf(present: PageAddress): Record<string, unknown> {
    const initial = this.registered.initial(present);
    const entries = Object.entries({ ...addressProperties(initial), ...campaign(initial.url) });
    return Object.fromEntries(entries.map(([name, value]) => [`$initial_${name.replace("$", "")}`, value]));
  }

  identify(distinctId: string, set?: object, setOnce?: object): void {
    if (!isLegalDistinctId(distinctId)) {
      return this.#notices.warn("identify: pass your own id of the person, as a text");
    }
    if (this.#isWithoutPeople("identify")) return;
    const id = wellFormedText(distinctId);
    const { distinctId: earlier, isIdentified } = this.present();
    this.identity.name(id);
    this.shared.tell((instance) => instance.identify?.(id));
    if (earlier !== id) this.flags.identified(isIdentified ? undefined : earlier);
    this.flags.addPerson(set);
    // Two known people are never merged, and who has this id already is not news.
    if (isIdentified) this.setPersonProperties(set, setOnce);
    else if (earlier === id) this.#set(set ?? {}, setOnce);
    else {
      this.#told = tellingOf(id, set, setOnce);
      this.#emit("$identify", { $anon_distinct_id: earlier }, { ...optionsOf(set, setOnce), distinctId: id });
    }
  }

  alias(alias: string, original?: string): void {
    const current = this.present().distinctId;
    const of = original ?? current;
    if (!isLegalDistinctId(alias) || !isLegalDistinctId(of)) {
      return this.#notices.warn("alias: pass two ids of one person, as texts");
    }
    if (this.#isWithoutPeople("alias")) return;
    if (alias === current) return this.identify(alias);
    this.#emit("$create_alias", { alias, distinct_id: of }, { distinctId: of });
  }

  setPersonProperties(set?: object, setOnce?: object, unset?: readonly string[]): void {
    const isEmpty = (object?: object) => Object.keys(object ?? {}).length === 0;
    if (this.#isWithoutPeople("setPersonProperties") || (isEmpty(set) && isEmpty(setOnce) && isEmpty(unset))) return;
    this.flags.addPerson({ ...setOnce, ...set });
    if (tellingOf(this.present().distinctId, set, setOnce, unset) !== this.#told) this.#set(set, setOnce, unset);
  }

  createPersonProfile(): void {
    if (this.#isWithoutPeople("createPersonProfile")) return;
    const { isIdentified, profile } = this.present();
    if (!isIdentified && !profile && this.#options.personProfiles !== "always") this.#set({}, {});
  }

  group(type: string, key: Id, properties?: object): void {
    if (!this.#isGroup("group", type, key)) return;
    const isNews = this.registered.join(type, String(key));
    if (isNews) this.flags.resetGroups(type);
    this.flags.addGroup(type, properties);
    if (isNews || properties) this.#identifyGroup(type, key, properties);
  }

  groupIdentify(type: string, key: Id, properties?: object): void {
    if (this.#isGroup("groupIdentify", type, key)) this.#identifyGroup(type, key, properties);
  }

  /** The visitor belongs to no group any more, or to none of a type. */
  leaveGroups(type?: string): void {
    this.registered.leaveGroups(type);
    this.flags.resetGroups(type);
  }

  /** Somebody else uses the page from now on. */
  reset({ newDevice = false, bootstrap }: ResetOptions, id?: string): void {
    this.shared.tell((instance) => instance.reset?.(newDevice));
    this.#clear();
    this.session.renew(bootstrap?.sessionId);
    const { distinctId } = bootstrap ?? {};
    const isLegal = distinctId === undefined || isLegalDistinctId(distinctId);
    if (!isLegal) this.#notices.warn("reset: bootstrap.distinctId is no id; it is ignored");
    this.identity.reset(newDevice, isLegal ? bootstrap : undefined, id);
    this.registered.follow(this.shared.who()?.distinctId ?? "");
  }

  #clear(): void {
    this.registered.clear();
    this.flags.clear();
    this.#told = "";
    this.#hasToldInitial = false;
    this.#hasArrived = false;
  }

  /** Forgets the visitor, and removes what is stored of it; with `isOurs` false what other tabs have stored stays. */
  forget(isOurs = true): void {
    this.identity.forget(isOurs);
    this.registered.forget(isOurs);
    this.session.forget(isOurs);
    this.flags.forget(isOurs);
  }

  /** Removes what is stored of a visitor whose teams are not tracked. */
  withdraw(): void {
    if (!this.identity.withdraw()) return;
    this.registered.withdraw();
    this.session.withdraw();
    this.flags.cache.withdraw();
  }

  #set(set?: object, setOnce?: object, unset?: readonly string[]): void {
    this.#told = tellingOf(this.present().distinctId, set, setOnce, unset);
    // PostHog's capture server reads `$set` and `$set_once` at an event's root too, `$unset` among its properties only.
    this.#emit("$set", unset ? { $unset: [...unset] } : {}, optionsOf(set, setOnce));
  }

  #identifyGroup(type: string, key: Id, properties?: object): void {
    const group = { $group_type: type, $group_key: String(key) };
    this.#emit("$groupidentify", properties ? { ...group, $group_set: properties } : group);
  }

  #isGroup(call: string, type: string, key: Id): boolean {
    const isWhole = typeof type === "string" && type !== "" && /^(string|number)$/.test(typeof key) && key !== "";
    if (!isWhole) this.#notices.warn(`${call}: pass the type of the group and its key`);
    return isWhole && !this.#isWithoutPeople(call);
  }

  #isWithoutPeople(call: string): boolean {
    const isWithout = this.#options.personProfiles === "never";
    if (isWithout) this.#notices.debug(`${call} is ignored, because personProfiles is "never"`);
    return isWithout;
  }
}

const whoOf = ({ distinct_id, device_id, identified }: Person) => ({
  distinctId: distinct_id,
  deviceId: device_id,
  isIdentified: identified,
});

const optionsOf = (set?: object, setOnce?: object): CaptureOptions => ({
  ...(set && { $set: set }),
  ...(setOnce && { $setOnce: setOnce }),
});

/** What tells the same of the same person. */
const tellingOf = (id: string, set?: object, setOnce?: object, unset?: readonly string[]): string =>
  JSON.stringify([id, plainCopy({ set, setOnce, unset })]);
