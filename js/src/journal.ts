// The journal: what is stored of an event that no tracker could take, because the tracker has not loaded yet or its module has
// trapped. The journal stores and never sends; a tracker makes an event of each entry later ("replays" it), on this page or
// on another one.
//
// An entry is stored under `phbt:journal:<project>:<captured ms>:<sequence>:<uuid>`, numbers in base 36. It holds little: a page
// that has no tracker has nothing that finds personal data. So of the properties only numbers, booleans and identifiers are
// stored, and of an address neither a path with an "@" nor a query beyond campaign parameters.

import type { Moment } from "./clock.js";
import { jsonOf } from "./copy.js";
import { keysOf, read, write } from "./local-storage.js";
import { capturedKey, nounKey } from "./storage-keys.js";

/** At most so many entries are stored for a project, and so many characters of them. */
export const ENTRIES_MAX = 100;
export const ENTRIES_LENGTH_MAX = 64 * 1024;

/** What a page has said of its visitor: the call, what it was given, and the uuid of the call. */
export type IdentityCall = readonly [name: string, given: unknown, uuid: string];

/** What is known of a call that makes an event. */
export interface Entry extends Moment {
  readonly uuid: string;
  /** The method of the tracker, and what it is given. */
  readonly name: string;
  readonly args: readonly unknown[];
  /** The page that has made it. */
  readonly page: string;
  /** The team that it names, or its page; empty, where there is none. */
  readonly team: string;
  readonly mustSend: boolean;
  /** The stored identity of the visitor when the page stored its first entry, and what the page has said of the visitor until this call. */
  readonly visitor: string;
  readonly identity: readonly IdentityCall[];
  /** The version whose module has trapped on it: no tracker of that version replays it. */
  readonly trapped?: string | undefined;
}

/** Names of properties whose texts are identifiers. */
const IDENTIFIERS = /^(booking(Id|Uid)|attemptId|eventTypeId|teamId|userId|errorCode|distinctId|timestamp)$/;

/** Whether a text may be stored that nobody has looked into: it holds no e-mail address, encoded or not. */
export const isPlain = (text: string): boolean => !/@|%(25)*40/.test(text);

const prefixOf = (project: string) => `${nounKey("journal", project)}:`;

/**
 * Stores an entry, as far as it may be stored, and gives its key; empty, where it may not be stored, storage refuses or a bound is
 * reached.
 */
export function storeEntry(project: string, entry: Entry): string {
  const { ms, sequence, uuid, args, href, referrer, ...rest } = entry;
  const key = prefixOf(project) + capturedKey(ms, sequence, uuid);
  const own = { ...rest, args: args.map(reduce), href: reduceHref(href), referrer: originOf(referrer) };
  const text = jsonOf(own);
  const stored = keysOf(prefixOf(project));
  const length = stored.reduce((sum, other) => sum + read(other).length, text.length);
  const fits = stored.length < ENTRIES_MAX && length <= ENTRIES_LENGTH_MAX && isPlain(text);
  return fits && write(key, text) ? key : "";
}

/** What of an argument may be stored: of an object its numbers, booleans and identifiers. */
function reduce(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const isStorable = ([name, member]: [string, unknown]) =>
    /^(number|boolean)$/.test(typeof member) ||
    // Without its `distinctId` it would be about somebody else: with one that may not be stored, the entry is not.
    (typeof member === "string" && IDENTIFIERS.test(name) && (isPlain(member) || name === "distinctId"));
  return Object.fromEntries(Object.entries(value).filter(isStorable));
}

/** What of the address may be stored that the visitor has come from. */
const originOf = (href: string): string => /^https?:\/\/[^/?#@]+/.exec(href)?.[0] ?? "";

/** What of the page's address may be stored: origin and path, without anything like an e-mail address. */
function reduceHref(href: string): string {
  const path = href.replace(/[?#].*/s, "");
  return isPlain(path) ? path : `${location.origin}/`;
}
