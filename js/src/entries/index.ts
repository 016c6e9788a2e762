// The entry for bundlers and `<script type="module">`.

export { ConfigurationError, type ConfigurationErrorCode } from "../errors.js";
export { PostHogBookingTracker } from "../tracker.js";
export type {
  BeforeSend,
  BookingCompletedProperties,
  BookingFailedProperties,
  BookingProperties,
  BookingStartedProperties,
  CapturedEvent,
  CaptureOptions,
  ConsentState,
  DropReason,
  Id,
  IdentityBootstrap,
  IdentitySource,
  OutgoingEvent,
  PersonProfiles,
  PostHogInstance,
  ResetOptions,
  Stats,
  TeamGateSource,
  TrackerOptions,
} from "../types.js";
