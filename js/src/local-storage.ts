// localStorage for code that cannot wait for the tracker: each access may throw, where storage is blocked, full or absent.

import { tried } from "./tried.js";

/** The stored text; empty, where there is none to be had. */
export const read = (key: string): string => tried(() => localStorage.getItem(key)) ?? "";

/** Stores a text; whether storage took it. */
export const write = (key: string, text: string): boolean =>
  tried(() => localStorage.setItem(key, text) === undefined, false);

/** Removes a key. */
export const erase = (key: string): void => tried(() => localStorage.removeItem(key));

/** All keys that start with a text. */
export const keysOf = (prefix: string): string[] =>
  tried(() => Object.keys(localStorage), []).filter((key) => key.startsWith(prefix));

/** The JSON object that is stored; an empty one, where there is none. */
export const readObject = <Value extends object>(key: string): Partial<Value> =>
  tried(() => ({ ...JSON.parse(read(key)) }), {});
