// Why an event can be given up: a closed list, so that no event is ever lost for a reason that is not here.

/** Why an event was given up: the reasons of the core (`src/outbox/ledger.rs`). */
export type DropReason =
  | "gate_shut"
  | "gate_unknown"
  | "invalid"
  | "too_large"
  | "rejected"
  | "expired"
  | "evicted"
  | "torn"
  | "duplicate"
  | "shut_down"
  | "forbidden"
  | "purged"
  | "quarantined"
  | "ungated"
  | "no_consent"
  | "before_send";
