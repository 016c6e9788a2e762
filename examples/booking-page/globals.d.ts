/** What the two classic scripts put on the page: /config.js and /tracker/script.js. */

type GateState = "unknown" | "open" | "shut";

interface TrackerStats {
  captured: number;
  confirmed: number;
  waiting: number;
  held: number;
  dropped: Record<string, number>;
  teams: Record<string, GateState>;
}

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
    options: {
      host: string;
      teamId: number;
      teamGateUrl: string;
      gateTtl: number;
      debug?: boolean;
    },
  );
  trackBookingStarted(booking: BookingFacts & { duration: number }): void;
  trackBookingCompleted(
    booking: BookingFacts & { bookingId: number; bookingUid: string; duration: number },
  ): void;
  trackBookingFailed(booking: BookingFacts & { error: string; errorCode: string }): void;
  capture(event: string, properties?: Record<string, unknown>): void;
  onTeamGate(listener: (teamId: string, state: GateState) => void): () => void;
  stats(): TrackerStats;
  flush(): Promise<void>;
  readonly ready: Promise<unknown>;
}

interface Window {
  BOOKING_PAGE: { posthogHost: string; posthogKey: string; inspector: string };
  tracker: PostHogBookingTracker;
}
