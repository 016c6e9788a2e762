// localStorage as it is: it may be blocked, full or absent, and each access may throw. The mirror hangs on it, so that a record is
// stored in both and removed from both.

import * as mirror from "./mirror.js";
import { KEY_PREFIX } from "./storage-keys.js";

/** The record that was touched last: what was under work, asked after a trap. */
export const inHand = { touched: "" };

const isRecord = (key: string) => /^\d/.test(key.slice(KEY_PREFIX.length));

/** The stored value; `undefined`, where there is none; empty, where storage is blocked. What somebody has emptied is a space. */
export function get(key: string): string | undefined {
  if (isRecord(key)) inHand.touched = key;
  try {
    const value = localStorage.getItem(key) ?? undefined;
    return value === "" ? " " : value;
  } catch {
    return "";
  }
}

/**
 * Stores a value; `false`, where storage is full or blocked. The mirror may have taken it then. It takes no raw record: that could
 * come back when its event has long been sealed and sent about somebody else.
 */
export function put(key: string, value: string): boolean {
  if (isRecord(key) && !value.startsWith("r")) mirror.note(key, value);
  try {
    localStorage.setItem(key, value);
  } catch {
    return false;
  }
  if (isRecord(key)) inHand.touched = key;
  return true;
}

/** Removes a key. */
export function remove(key: string): void {
  if (isRecord(key)) mirror.note(key);
  try {
    localStorage.removeItem(key);
  } catch {
    // Blocked storage holds nothing of ours.
  }
}

/** Removes the records and journal entries of a project, what other pages left included; with `everything` all that is ours but the consent. */
export function erase(project: string, everything: boolean): Promise<void> {
  const isChosen = (key: string) => {
    const [, noun, owner] = key.split(":");
    const isEvent = isRecord(key) || noun === "journal";
    return owner === project && (isEvent || (everything && noun !== "consent"));
  };
  const chosen = keys().filter(isChosen);
  for (const key of chosen) remove(key);
  return mirror.erase(isChosen, chosen.length > 0);
}

/** All keys of ours. `Object.keys` is one consistent picture and twice as fast as walking `key(i)`. */
export function keys(): string[] {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(KEY_PREFIX));
  } catch {
    return [];
  }
}
