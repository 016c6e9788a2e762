// The types that users of the package import.

export type { BookingTracker } from "./booking-tracker.js";
export type { DropReason } from "./drop-reasons.js";
export type { Finding, FindingCode, FindingLevel } from "./findings.js";
export type {
  BeforeSend,
  BookingCompletedProperties,
  BookingFailedProperties,
  BookingProperties,
  BookingStartedProperties,
  Bootstrap,
  CapturedEvent,
  CaptureOptions,
  ConsentState,
  FeatureFlagResult,
  FeatureFlagsListener,
  FlagOptions,
  FlagValue,
  Id,
  IdentityBootstrap,
  IdentitySource,
  OutgoingEvent,
  PersonProfiles,
  PostHogInstance,
  ResetOptions,
  Stats,
  TeamGateSource,
  TeamGateState,
  TrackerOptions,
} from "./types.js";
