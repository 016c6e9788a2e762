// The limits that are stated: where an engine is known to lose an event or to have it counted twice, and why. A row that
// has a sentence here does not fail the table; Chromium has none.

/** By engine, then by fault. */
export const STATED_LIMITS = {};
