// Properties, whatever the page passes: read without harm, cleaned of personal data, written as JSON text.

import { replaceEmails } from "./emails.js";
import { reduceAddress } from "./page-address.js";
import { wellFormedJson } from "./well-formed.js";

/** What is known to hold personal data, and what makes it clean. */
const CLEANERS = new Map<string, (value: unknown) => unknown>([
  ["error", cleanError],
  ["$current_url", cleanAddress],
  ["$referrer", cleanAddress],
]);

/** An Error, whose JSON would be `{}`, becomes its message; in anything else the texts are cleaned. */
function cleanError(value: unknown): unknown {
  const { message = value } = value as { message?: unknown };
  if (typeof message === "string") return replaceEmails(message);
  return JSON.parse(replaceEmails(JSON.stringify(value)));
}

function cleanAddress(value: unknown): unknown {
  return typeof value === "string" && value !== "$direct" ? reduceAddress(value) : value;
}

/** A plain copy, cleaned. What cannot be read (a getter that throws) is left out. */
export function readProperties(properties: unknown): Record<string, unknown> {
  const entries: [string, unknown][] = [];
  for (const name of namesOf(properties)) {
    try {
      const value = (properties as Record<string, unknown>)[name];
      const clean = value === undefined || value === null ? undefined : CLEANERS.get(name);
      entries.push([name, clean ? clean(value) : value]);
    } catch {
      // This one is lost, the others are not.
    }
  }
  return Object.fromEntries(entries);
}

function namesOf(properties: unknown): string[] {
  try {
    return typeof properties === "object" && !Array.isArray(properties) ? Object.keys(properties ?? {}) : [];
  } catch {
    // A proxy that does not want to be listed.
    return [];
  }
}

/** The deepest nesting of properties; an event around them is two levels more, and readers of JSON have their limits. */
const DEPTH_MAX = 62;

/** The text of a JSON object. What cannot be written is left out, and nothing ever throws. */
export function stringifyProperties(properties: Record<string, unknown>): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(properties);
    if (text && isDeep(text)) text = stringifyMembers(properties);
  } catch {
    text = stringifyMembers(properties);
  }
  // A `toJSON` among the properties may have made something else of it.
  return text?.startsWith("{") ? wellFormedJson(text) : "{}";
}

/** A copy that has nothing in common with what the page passed, and nothing in it that JSON cannot hold. */
export const plainCopy = (properties: unknown): Record<string, unknown> => jsonCopy(readProperties(properties));

/** The same of what has been cleaned already. */
export const jsonCopy = (properties: Record<string, unknown>): Record<string, unknown> =>
  JSON.parse(stringifyProperties(properties));

/** Member by member, so that only what fails is lost. A BigInt becomes its text. */
function stringifyMembers(properties: Record<string, unknown>): string {
  const members: string[] = [];
  for (const name of Object.keys(properties)) {
    try {
      const text = JSON.stringify(properties[name], (_, value) => (typeof value === "bigint" ? String(value) : value));
      if (text !== undefined && depth(text) < DEPTH_MAX) members.push(`${JSON.stringify(name)}:${text}`);
    } catch {
      // Circular, or a `toJSON` that throws.
    }
  }
  return `{${members.join()}}`;
}

/** Whether a JSON text is nested too deeply; most have fewer brackets than that, which is soon seen. */
const isDeep = (text: string) => (text.match(/[[{]/g)?.length ?? 0) > DEPTH_MAX && depth(text) > DEPTH_MAX;

/** How deep arrays and objects are nested in a JSON text. */
function depth(text: string): number {
  let open = 0;
  let most = 0;
  for (const [bracket] of text.replace(/"(?:\\.|[^"\\])*"/g, "").matchAll(/[[\]{}]/g)) {
    open += bracket === "[" || bracket === "{" ? 1 : -1;
    most = Math.max(most, open);
  }
  return most;
}
