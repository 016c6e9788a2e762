// @ts-check
/** Calendar dates and clock times, always in the visitor's own time zone. */

const LOCALE = "en-GB";

const longDay = new Intl.DateTimeFormat(LOCALE, {
  weekday: "long",
  day: "numeric",
  month: "long",
  year: "numeric",
});
const dayOfYear = new Intl.DateTimeFormat(LOCALE, {
  weekday: "long",
  day: "numeric",
  month: "long",
});
const shortDay = new Intl.DateTimeFormat(LOCALE, {
  weekday: "short",
  day: "numeric",
  month: "short",
});
const month = new Intl.DateTimeFormat(LOCALE, { month: "long", year: "numeric" });
const clock = new Intl.DateTimeFormat(LOCALE, { hour: "2-digit", minute: "2-digit" });

/** @param {Date} date */
export const formatLongDay = (date) => longDay.format(date);
/** @param {Date} date */
export const formatDayOfYear = (date) => dayOfYear.format(date);
/** @param {Date} date */
export const formatShortDay = (date) => shortDay.format(date);
/** @param {Date} date */
export const formatMonth = (date) => month.format(date);
/** @param {Date} date */
export const formatClock = (date) => clock.format(date);

/**
 * "09:00 – 09:30"
 * @param {Date} start
 * @param {number} minutes
 */
export function formatTimeRange(start, minutes) {
  const end = new Date(start.getTime() + minutes * 60_000);
  return `${formatClock(start)} – ${formatClock(end)}`;
}

/** For people: "Europe/Berlin", "America/New York". */
export function timeZoneName() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone.replaceAll("_", " ");
}

/**
 * "2030-01-31", by the local calendar.
 * @param {Date} date
 */
export function dayKey(date) {
  const monthNumber = String(date.getMonth() + 1).padStart(2, "0");
  return `${date.getFullYear()}-${monthNumber}-${String(date.getDate()).padStart(2, "0")}`;
}

/**
 * Midnight of the day that lies so many days after this one.
 * @param {Date} date
 * @param {number} days
 */
export function daysAfter(date, days) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + days);
}

/**
 * The first of the month that lies so many months after this one.
 * @param {Date} date
 * @param {number} months
 */
export function monthsAfter(date, months) {
  return new Date(date.getFullYear(), date.getMonth() + months, 1);
}
