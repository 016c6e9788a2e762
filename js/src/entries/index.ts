// The entry for bundlers and `<script type="module">`.

export type { Finding, FindingCode, FindingLevel } from "../findings.js";
export { checkOptions } from "../options.js";
export { PostHogBookingTracker } from "../tracker.js";
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
} from "../types.js";
