// Copies of what a page passes, for calls that are done later: the page may change its objects meanwhile.

import { tried } from "./tried.js";

/**
 * The JSON text of a value. Prototype 1.6 gives texts and arrays a `toJSON` that gives JSON text, and dates one that says local time: there, what
 * is in the object is taken instead.
 */
export const jsonOf = (value: unknown): string =>
  JSON.stringify(value, function (this: Record<string, unknown>, name, member) {
    const own = this[name];
    if (own instanceof Date) return Number.isNaN(+own) ? null : own.toISOString();
    return /^(string|number)$/.test(typeof own) || Array.isArray(own) ? own : member;
  });

/** A copy of an argument. What cannot be copied (a getter that throws) is left out, member by member. */
export function copyOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return copyOfMember(value);
  const copy: Record<string, unknown> = {};
  for (const name of tried(() => Object.keys(value), [])) {
    tried(() => {
      copy[name] = copyOfMember((value as Record<string, unknown>)[name]);
    });
  }
  return copy;
}

/** An Error is kept, because its JSON says nothing, and so is what has none: the tracker drops or writes what it can of it. */
const copyOfMember = (value: unknown): unknown =>
  typeof value === "bigint"
    ? `${value}`
    : typeof value !== "object" || value instanceof Error
      ? value
      : tried(() => JSON.parse(jsonOf(value)), value);
