// Attempts at a booking: one id on all the events of each, and the time since it began.
//
// Without them a funnel counts people, and one success hides the failures before it.

import type { BookingFailedProperties, BookingProperties } from "./types.js";
import { uuidv7 } from "./uuid.js";

/** The attempt of a page. It lasts from one `booking_started` to the next. */
export class Attempt {
  #id: string | undefined;
  #startedAt = 0;

  /** The properties of a `booking_started`, which begins an attempt. */
  begin(properties: BookingProperties): BookingProperties {
    this.#id = properties.attemptId ?? uuidv7(Date.now());
    this.#startedAt = performance.now();
    return { ...properties, attemptId: this.#id };
  }

  /** What comes next belongs to no attempt. */
  end(): void {
    this.#id = undefined;
  }

  /** The properties of an event that belongs to the attempt, or to the one that it names itself. */
  join(properties: BookingProperties & Pick<BookingFailedProperties, "elapsedMs">): BookingProperties {
    const attemptId = properties.attemptId ?? this.#id;
    if (attemptId === undefined) return properties;
    const elapsedMs =
      properties.elapsedMs ?? (attemptId === this.#id ? Math.round(performance.now() - this.#startedAt) : undefined);
    return { ...properties, attemptId, ...(elapsedMs === undefined ? {} : { elapsedMs }) };
  }
}
