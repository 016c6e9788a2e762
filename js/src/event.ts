// Events as PostHog takes them: what the page says of one, and who it is about. PostHog's capture server reads name,
// uuid, distinct id, timestamp, `$set` and `$set_once` at the root, everything else among the properties.

import type { Person } from "./entry-events.js";
import { environment } from "./environment.js";
import type { PageAddress } from "./page-address.js";
import { plainCopy, readProperties, stringifyProperties } from "./properties.js";
import { QUERY_KEYS } from "./query-keys.js";
import type { SessionIds } from "./session.js";
import type { CaptureOptions, OutgoingEvent } from "./types.js";
import { isUuid, uuidv7 } from "./uuid.js";
import { wellFormedText } from "./well-formed.js";

/** An event that has happened, before it is known who it is about. */
export interface Draft extends PageAddress {
  readonly event: string;
  readonly properties: Record<string, unknown>;
  readonly options: CaptureOptions;
  readonly uuid: string;
  /** When it was captured, and as which of its page. */
  readonly ms: number;
  readonly sequence: number;
  /** The team that it names, or its page. */
  readonly team: string;
  /** Whether PostHog wants as few properties of it as possible. */
  readonly isMinimal?: boolean;
  /** Who it is about, where that is settled already. */
  readonly person?: Person | undefined;
}

/** Who an event is about. */
export interface Who extends SessionIds {
  readonly distinctId: string;
  readonly deviceId: string;
  readonly isIdentified: boolean;
  /** Whether PostHog keeps a profile of the person. */
  readonly hasProfile: boolean;
  readonly groups: Readonly<Record<string, string>>;
}

/** What sends the events. */
export const LIBRARY = { $lib: "posthog-booking-tracker", $lib_version: __VERSION__ };

/** What PostHog writes where a visit has no referrer. */
const DIRECT = "$direct";

/** Scheme and host, then path, of a reduced address. */
const PARTS = /^https?:\/\/([^/]*)([^?]*)/;

/** The host of a reduced address. */
const hostOf = (url: string) => PARTS.exec(url)?.[1];

/** The properties of a page: where it is, and where its visitor came from. */
export function addressProperties({ url, referrer }: PageAddress): Record<string, unknown> {
  return {
    ...(url && { $current_url: url, $host: hostOf(url), $pathname: PARTS.exec(url)?.[2] }),
    $referrer: referrer || DIRECT,
    $referring_domain: hostOf(referrer) ?? DIRECT,
  };
}

/** What only the tracker says, or one event could claim to be somebody else's. */
export function ownedProperties(
  apiKey: string,
  who: Omit<Who, "windowId" | "groups"> & Partial<Who>,
): Record<string, unknown> {
  return {
    token: apiKey,
    distinct_id: who.distinctId,
    ...LIBRARY,
    $session_id: who.sessionId,
    $window_id: who.windowId,
    $device_id: who.deviceId,
    $user_id: who.isIdentified ? who.distinctId : undefined,
    $is_identified: who.isIdentified,
    $process_person_profile: who.hasProfile,
  };
}

/** The ISO text of a time that a caller gives; `undefined`, where it is none. */
function isoOf(time: CaptureOptions["timestamp"]): string | undefined {
  try {
    const isTime = /^(string|number)$/.test(typeof time) || typeof (time as Date | undefined)?.getTime === "function";
    const iso = isTime ? new Date(time as Date).toISOString() : "";
    // Other years are written in a form that not everybody reads.
    return /^\d{4}-/.test(iso) ? iso : undefined;
  } catch {
    return undefined;
  }
}

/** The uuid that a caller gives, where PostHog takes it; else the one that the call was given, or a new one. */
export const uuidOf = ({ uuid }: CaptureOptions, ms: number, given?: string): string =>
  isUuid(uuid) ? uuid : (given ?? uuidv7(ms));

/** The groups of the visitor, of the caller's properties and of its options, in this order. */
function groupsProperty({ properties: { $groups }, options, team }: Draft, who: Who): Record<string, unknown> {
  const { team: own } = who.groups;
  const groups = {
    ...who.groups,
    // The visitor belongs to the team of the page; the event may be about another one.
    ...(own && team && { team }),
    ...($groups ? plainCopy($groups) : {}),
    ...(options.groups && plainCopy(options.groups)),
  };
  return { $groups: Object.keys(groups).length > 0 ? groups : undefined };
}

/**
 * What is left of the properties of a minimal event, beside the campaign: the list of PostHog's SDK specification,
 * feature-flag-called-tracker.
 */
const MINIMAL =
  /^(\$(feature_flag.*|used_bootstrap_value|groups|process_person_profile|geoip_disable|current_url|pathname|referring_domain|(session|window)_id|lib.*)|token|distinct_id)$/;

const isInMinimal = (name: string) => MINIMAL.test(name) || QUERY_KEYS.includes(name);

/** The event of a draft. `registered` lies under what the caller says, `owned` over it. */
export function eventOf(draft: Draft, who: Who, registered: Record<string, unknown>, apiKey: string): OutgoingEvent {
  const { event, uuid, ms, options, properties } = draft;
  const { $set, $setOnce, disableGeoip } = options;
  const all = {
    ...environment(),
    ...addressProperties(draft),
    ...registered,
    ...properties,
    ...groupsProperty(draft, who),
    ...(disableGeoip && { $geoip_disable: true }),
    ...ownedProperties(apiKey, who),
  };
  return {
    event,
    uuid,
    distinct_id: who.distinctId,
    timestamp: isoOf(options.timestamp) ?? new Date(ms).toISOString(),
    properties: draft.isMinimal ? Object.fromEntries(Object.entries(all).filter(([name]) => isInMinimal(name))) : all,
    ...($set && { $set: readProperties($set) }),
    ...($setOnce && { $set_once: readProperties($setOnce) }),
  };
}

/** The JSON text of an event. What cannot be written is left out. */
export function textOf({ event, uuid, distinct_id, timestamp, properties, $set, $set_once }: OutgoingEvent): string {
  const head = JSON.stringify({ event: wellFormedText(event), uuid, distinct_id, timestamp });
  const objects = Object.entries({ properties, $set, $set_once });
  const texts = objects.flatMap(([name, value]) => (value ? `"${name}":${stringifyProperties(value)}` : []));
  return `${head.slice(0, -1)},${texts.join()}}`;
}
