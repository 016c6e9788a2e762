// The types that users of the package import.

export type { BookingTracker } from "./booking-tracker.js";
export type { DropReason } from "./drop-reasons.js";
export type { Finding, FindingCode, FindingLevel } from "./findings.js";
export type * from "./types.js";
