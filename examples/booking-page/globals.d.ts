/** What the two classic scripts put on the page: /config.js and /tracker/script.js. */

interface BookingFacts {
  eventTypeId: number;
  userId: number;
  teamId: number;
  isReschedule: boolean;
  isTeamEvent: boolean;
  paymentRequired: boolean;
}

declare class PostHogBookingTracker {
  constructor(
    apiKey: string,
    options: { host: string; teamId: number; isTeamEnabled: boolean; debug?: boolean },
  );
  trackBookingStarted(booking: BookingFacts & { duration: number }): void;
  trackBookingCompleted(
    booking: BookingFacts & { bookingId: number; bookingUid: string; duration: number },
  ): void;
  trackBookingFailed(booking: BookingFacts & { error: string; errorCode: string }): void;
  capture(event: string, properties?: Record<string, unknown>): void;
  stats(): { captured: number; confirmed: number; waiting: number };
  flush(): Promise<void>;
  readonly ready: Promise<unknown>;
}

interface Window {
  BOOKING_PAGE: { posthogHost: string; posthogKey: string };
  tracker: PostHogBookingTracker;
}
