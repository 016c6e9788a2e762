// The types that users of the package see.

/** An id as booking systems have it. It is sent as it is given. */
export type Id = number | string;

/** What every booking event may carry. More properties of your own are welcome; they are sent as they are. */
export interface BookingProperties {
  /** The kind of meeting that is booked. */
  eventTypeId?: Id;
  /** The host, or the user who is logged in; never the guest. */
  userId?: Id;
  /** The team that the booking belongs to; decides the gate. Defaults to the tracker's `teamId`. */
  teamId?: Id;
  /** Whether an earlier booking is moved. */
  isReschedule?: boolean;
  /** Whether a team hosts the meeting. */
  isTeamEvent?: boolean;
  /** Whether the booking costs something. */
  paymentRequired?: boolean;
  /** Names the attempt at a booking on all its events. The tracker makes one where you give none. */
  attemptId?: string;
  [property: string]: unknown;
}

/** `booking_started`: somebody has asked for a booking. */
export interface BookingStartedProperties extends BookingProperties {
  /** Length of the meeting in minutes; not the time that booking it took. */
  duration?: number;
}

/** `booking_completed`: the booking exists and everything about it is done. */
export interface BookingCompletedProperties extends BookingProperties {
  bookingId: Id;
  bookingUid: string;
  /** Length of the meeting in minutes; not the time that booking it took. */
  duration?: number;
  /** Milliseconds since the attempt began. The tracker measures it where you give none. */
  elapsedMs?: number;
}

/** `booking_failed`: the booking could not be made. */
export interface BookingFailedProperties extends BookingProperties {
  /** What went wrong, in words. E-mail addresses in it are replaced before anything is stored. */
  error: string;
  /** A stable name of what went wrong. */
  errorCode?: string;
  /** Milliseconds since the attempt began. The tracker measures it where you give none. */
  elapsedMs?: number;
}

/**
 * Whether a team is tracked: an answer for the page's `teamId` (for every team, where the page names none), or a question
 * for each team.
 */
export type TeamGateSource = boolean | ((teamId: string) => boolean | Promise<boolean>);

/** How a tracker is set up. */
export interface TrackerOptions {
  /** Where events are sent: an absolute http(s) URL, with a path for a proxy. Default `https://us.i.posthog.com`. */
  host?: string;
  /** The team of this page, for events that name none. */
  teamId?: Id;
  /** So many waiting events start a delivery: 1 to 500. Default 20. */
  flushAt?: number;
  /** Events that are not urgent wait at most this many milliseconds: 100 to 3,600,000. Default 10,000. */
  flushInterval?: number;
  /** So many failures in a row, then one attempt each five minutes: 0 to 100. Default 10. */
  maxRetries?: number;
  /** A request fails without an answer after this many milliseconds: 1,000 to 60,000. Default 10,000. */
  requestTimeout?: number;
  /** Logs what is dropped and why. Default false. */
  debug?: boolean;
  /**
   * Whether a team is tracked. A promise that rejects, or an answer that is no boolean, means "not known yet": events
   * are held and the question is asked again. `false` drops what that team has waiting.
   */
  isTeamEnabled?: TeamGateSource;
  /** What happens to events that nothing can open the gate for. Default "ignore", with one warning. */
  ungated?: "ignore" | "track";
}

/** Why an event was given up. */
export type DropReason =
  | "gate_shut"
  | "ungated"
  | "invalid"
  | "too_large"
  | "rejected"
  | "expired"
  | "evicted"
  | "torn"
  | "duplicate"
  | "shut_down"
  | "forbidden";

/**
 * What became of this page's events. Always
 * `captured + adopted = confirmed + waiting + settledElsewhere + the sum of dropped`.
 */
export interface Stats {
  /** What does the work at the moment: the engine, or the keel while there is none. */
  readonly engine: "wasm" | "keel";
  /** Captured on this page, whatever became of them. */
  readonly captured: number;
  /** Found in storage, left by earlier pages. */
  readonly adopted: number;
  /** Confirmed by PostHog. */
  readonly confirmed: number;
  /** Stored, in memory, held by the gate or under way. */
  readonly waiting: number;
  /** Removed by another page, which settled them. */
  readonly settledElsewhere: number;
  /** Given up, by reason. */
  readonly dropped: Readonly<Record<DropReason, number>>;
}
