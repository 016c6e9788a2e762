// What the trackers of one page share, also where the page carries the script twice: what they know and may not store, or cannot, and
// who of them is to be told that something is stored.

export interface PageMemory {
  readonly values: Map<string, string>;
  /** How often something was noted in it. */
  notes: number;
  /** Tell one tracker each that something is stored under a key: no browser tells a page what it has stored itself. */
  readonly hearers: Set<(key: string) => void>;
}

/** Every copy of the script finds the memory under this name; the number changes with what it holds. */
const NAME = Symbol.for("posthog-booking-tracker:1");

/** The memory of this page. */
export function pageMemory(): PageMemory {
  const page = globalThis as { [NAME]?: PageMemory };
  page[NAME] ??= { values: new Map(), notes: 0, hearers: new Set() };
  return page[NAME];
}
