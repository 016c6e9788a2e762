// The types that users of the package import: those of what crosses into the core and out of it stand beside the Rust that reads and
// writes them (`src/bindings/*.d.ts`).

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
  DropReason,
  FeatureFlagResult,
  FeatureFlagsListener,
  Finding,
  FindingCode,
  FindingLevel,
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
} from "../engine/engine.js";
export type { BookingTracker } from "./booking-tracker.js";
