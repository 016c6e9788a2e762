// @ts-check
/** One booking: the request to the API and the address to go to afterwards. */

/** @typedef {import("./booking-form.js").Attendee} Attendee */
/** @typedef {import("./event-types.js").EventType} EventType */

/**
 * @typedef {object} BookingWish
 * @property {EventType} eventType
 * @property {Date} start
 * @property {Attendee} attendee
 */

/** A booking that was not made. */
export class BookingError extends Error {
  /**
   * @param {string} message
   * @param {string} errorCode
   */
  constructor(message, errorCode) {
    super(message);
    this.errorCode = errorCode;
  }
}

/**
 * @param {BookingWish} wish
 * @returns {Promise<{ bookingId: number, bookingUid: string, paymentRequired?: boolean }>}
 */
export async function book({ eventType, start, attendee }) {
  let response;
  let answer;
  try {
    response = await fetch("/api/book", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        eventTypeId: eventType.id,
        startTime: start.toISOString(),
        ...attendee,
      }),
    });
    answer = await response.json();
  } catch (error) {
    throw new BookingError(String(error), "network_error");
  }
  if (!response.ok) {
    throw new BookingError(answer.message, answer.errorCode ?? `http_${response.status}`);
  }
  return answer;
}

/**
 * Where a booked visitor goes. As on real booking pages the address carries
 * personal data, to another origin too if the page was opened with
 * `?successRedirectUrl=`.
 *
 * @param {BookingWish} wish
 * @param {string} bookingUid
 * @param {Location} page
 */
export function successUrl({ eventType, start, attendee }, bookingUid, page) {
  const url = redirectTarget(page) ?? new URL("/success", page.origin);
  const details = {
    uid: bookingUid,
    title: `${eventType.title} with ${attendee.name}`,
    eventTypeSlug: eventType.slug,
    startTime: start.toISOString(),
    attendeeName: attendee.name,
    email: attendee.email,
    isSuccessBookingPage: "true",
  };
  for (const [name, value] of Object.entries(details)) url.searchParams.append(name, value);
  return url.href;
}

/**
 * Only web addresses: a `javascript:` one would run here.
 * @param {Location} page
 */
function redirectTarget(page) {
  const wanted = new URLSearchParams(page.search).get("successRedirectUrl");
  if (!wanted || !URL.canParse(wanted)) return undefined;
  const url = new URL(wanted);
  return url.protocol === "https:" || url.protocol === "http:" ? url : undefined;
}
