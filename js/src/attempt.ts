// Attempts at a booking: one id on all the events of each, and the time since it began.
//
// Without them a funnel counts people, and one success hides the failures before it.

import type { BookingFailedProperties, BookingProperties } from "./types.js";
import { uuidv7 } from "./uuid.js";

/** The attempts of a page: joining an event to one, and ending it. One lasts from one `booking_started` to the next. Times are those of `performance.now()`. */
export function attempts() {
  let id: string | undefined;
  let startedMs = 0;

  /** The properties of an event with those of its attempt: the one that it names itself or `begins`, else the present one. */
  function join(
    properties: BookingProperties & Pick<BookingFailedProperties, "elapsedMs">,
    nowMs: number,
    begins = false,
  ): BookingProperties {
    const attemptId = properties.attemptId ?? (begins ? uuidv7(Date.now()) : id);
    if (begins) [id, startedMs] = [attemptId, nowMs];
    if (attemptId === undefined) return properties;
    const isPresent = !begins && attemptId === id;
    const elapsedMs = properties.elapsedMs ?? (isPresent ? Math.round(nowMs - startedMs) : undefined);
    return { ...properties, attemptId, ...(elapsedMs !== undefined && { elapsedMs }) };
  }

  /** What comes next belongs to no attempt. */
  function end(): void {
    id = undefined;
  }

  return [join, end] as const;
}
