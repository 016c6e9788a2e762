// Super properties, groups and where the visitor came from first: what goes on every event until it is taken away. Stored under
// `phbt:properties:<project>`.

import type { PageAddress } from "./page-address.js";
import { plainCopy } from "./properties.js";
import { QUERY_KEYS } from "./query-keys.js";
import { nounKey } from "./storage-keys.js";
import { StoredState } from "./stored-state.js";

interface Stored {
  properties: Record<string, unknown>;
  groups: Record<string, string>;
  initial?: PageAddress;
  /** The id that posthog-js has said last; what is registered goes with it. */
  followed?: string;
}

/** The super properties of one project. */
export class SuperProperties extends StoredState<Stored> {
  constructor(project: string) {
    super(nounKey("properties", project), ({ properties, groups, initial, followed }) => ({
      properties: { ...properties },
      groups: { ...groups },
      ...(followed && { followed }),
      ...(typeof initial?.url === "string" && { initial }),
    }));
  }

  get properties(): Readonly<Record<string, unknown>> {
    return this.current.properties;
  }

  get groups(): Readonly<Record<string, string>> {
    return this.current.groups;
  }

  /** Where this browser was seen first, and where it came from. */
  initial({ url, referrer }: PageAddress): PageAddress {
    const { initial } = this.current;
    if (initial) return initial;
    const present = { url, referrer };
    this.edit((state) => {
      state.initial ??= present;
    });
    return present;
  }

  register(properties: object): void {
    const copy = plainCopy(properties);
    this.edit((state) => Object.assign(state.properties, copy));
  }

  registerOnce(properties: object): void {
    const copy = plainCopy(properties);
    this.edit((state) => {
      state.properties = { ...copy, ...state.properties };
    });
  }

  /** A campaign has brought the visitor here: it is on every event until another one does. */
  arrive(campaign: Record<string, string>): void {
    this.edit((state) => {
      for (const name of QUERY_KEYS) delete state.properties[name];
      Object.assign(state.properties, campaign);
    });
  }

  unregister(name: string): void {
    this.edit((state) => delete state.properties[name]);
  }

  /** The id that posthog-js has said last, on whichever page. */
  get followed(): string {
    return this.current.followed ?? "";
  }

  follow(distinctId: string): void {
    if (this.followed === distinctId) return;
    this.edit((state) => {
      state.followed = distinctId;
    });
  }

  /** Puts the visitor into a group; whether that is news. */
  join(type: string, key: string): boolean {
    const isNews = this.groups[type] !== key;
    if (isNews) this.edit((state) => Object.assign(state.groups, { [type]: key }));
    return isNews;
  }

  /** Takes the visitor out of its group of a type, or out of every group. */
  leaveGroups(type?: string): void {
    this.edit((state) => {
      if (type === undefined) state.groups = {};
      else delete state.groups[type];
    });
  }
}
