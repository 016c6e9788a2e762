// Why an event can be given up: a closed list, so that no event is ever lost for a reason that is not here.

/** Every reason, those of the engine first. */
export const DROP_REASONS = [
  "gate_shut",
  "gate_unknown",
  "invalid",
  "too_large",
  "rejected",
  "expired",
  "evicted",
  "torn",
  "duplicate",
  "shut_down",
  "forbidden",
  "purged",
  "quarantined",
  "ungated",
  "no_consent",
  "before_send",
] as const;

/** Why an event was given up. */
export type DropReason = (typeof DROP_REASONS)[number];

/** A count of nothing for every reason. */
export const noDrops = (): Record<DropReason, number> =>
  Object.fromEntries(DROP_REASONS.map((reason) => [reason, 0])) as Record<DropReason, number>;
