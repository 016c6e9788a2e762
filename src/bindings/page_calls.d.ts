// What a page passes to the methods of its tracker. `page_calls.rs` reads it.

/** An id as booking systems have it. It is sent as it is given. */
export type Id = number | string;

/** What every booking event may carry. More properties of your own are welcome; they are sent as they are. */
export interface BookingProperties {
  /** The kind of meeting that is booked. */
  eventTypeId?: Id | null | undefined;
  /** The host, or the user who is logged in; never the guest. */
  userId?: Id | null | undefined;
  /**
   * The team that the booking belongs to. The event is sent only if this team is tracked. If you leave it out, the page's team is
   * used.
   */
  teamId?: Id | null | undefined;
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

/**
 * `booking_started`: the visitor has submitted the booking form. Begins an attempt: its id goes on all booking events until the
 * next start.
 */
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

type NameOf<Properties> = keyof {
  [Name in keyof Properties as string extends Name ? never : number extends Name ? never : Name]: 1;
};

type Squeezed<Name extends string> = Name extends `${infer Head}_${infer Rest}`
  ? Squeezed<`${Head}${Rest}`>
  : Name extends `${infer Head}-${infer Rest}`
    ? Squeezed<`${Head}${Rest}`>
    : Lowercase<Name>;

/**
 * Properties of your own are welcome beside the known ones. A name that differs from a known one only in case, `_` or `-` is none of
 * your own: it is refused.
 */
export type WellSpelt<Given, Known> = {
  [Name in keyof Given]: Name extends NameOf<Known>
    ? Given[Name]
    : Name extends string
      ? Squeezed<Name> extends Lowercase<NameOf<Known> & string>
        ? never
        : Given[Name]
      : Given[Name];
};

/** Options for reading a flag. */
export interface FlagOptions {
  /** Whether PostHog is told that the visitor has met the flag, once for each value. Default true. */
  sendEvent?: boolean;
}

/** Options for `capture`. */
export interface CaptureOptions {
  /** When it happened: a date, milliseconds or a text that `Date` reads. Default now. It is sent in UTC. */
  timestamp?: Date | number | string;
  /** What identifies it. Default a new UUID of version 7. An event with a uuid that waits already is dropped. */
  uuid?: string;
  /** Who it is about, if not the visitor. */
  distinctId?: Id;
  /** Properties of the person that are set. */
  $set?: object;
  /** Properties of the person that are set where they have no value. */
  $setOnce?: object;
  /** Groups that it belongs to beside the visitor's, key by type. */
  groups?: Readonly<Record<string, Id>>;
  /** Whether PostHog should not look up where it comes from. Default false. */
  disableGeoip?: boolean;
  /** Whether it goes at once, as a completed booking does. Default false. */
  sendInstantly?: boolean;
}

/** Options for `reset`. */
export interface ResetOptions {
  /** Whether what waits is given up as well. Default false: it is sent. */
  purge?: boolean;
  /** Whether the browser counts as another one, with another anonymous id. Default false. */
  newDevice?: boolean;
  /** Who the next visitor is. */
  bootstrap?: IdentityBootstrap;
}
