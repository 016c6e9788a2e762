// The entry for bundlers and `<script type="module">`.

export { ConfigurationError, type ConfigurationErrorCode } from "../errors.js";
export { PostHogBookingTracker } from "../tracker.js";
export type {
  BookingCompletedProperties,
  BookingFailedProperties,
  BookingProperties,
  BookingStartedProperties,
  DropReason,
  Id,
  Stats,
  TeamGateSource,
  TrackerOptions,
} from "../types.js";
