// @ts-check
/**
 * When the team can be booked: weekdays from tomorrow on, in office hours, with
 * some times already taken. Made up, but the same on every visit.
 */
import { dayKey, daysAfter } from "./dates.js";

const BOOKABLE_DAYS_AHEAD = 60;
const OPENS_AT = 9 * 60;
const CLOSES_AT = 17 * 60;
const LUNCH_STARTS_AT = 12 * 60;
const LUNCH_ENDS_AT = 13 * 60;

/**
 * @param {Date} day
 * @param {Date} today
 */
export function isBookableDay(day, today) {
  const isWeekday = day.getDay() !== 0 && day.getDay() !== 6;
  return isWeekday && day >= daysAfter(today, 1) && day <= lastBookableDay(today);
}

/** @param {Date} today */
export function firstBookableDay(today) {
  let day = daysAfter(today, 1);
  while (!isBookableDay(day, today)) day = daysAfter(day, 1);
  return day;
}

/** @param {Date} today */
export function lastBookableDay(today) {
  return daysAfter(today, BOOKABLE_DAYS_AHEAD);
}

/**
 * The start times still free on a day for a meeting of this length.
 * @param {Date} day
 * @param {number} duration in minutes
 * @returns {Date[]}
 */
export function freeTimes(day, duration) {
  const times = [];
  for (let minute = OPENS_AT; minute + duration <= CLOSES_AT; minute += duration) {
    const meetsLunch = minute < LUNCH_ENDS_AT && minute + duration > LUNCH_STARTS_AT;
    if (meetsLunch || isTaken(day, minute)) continue;
    times.push(new Date(day.getFullYear(), day.getMonth(), day.getDate(), 0, minute));
  }
  return times;
}

/**
 * About every fourth time is taken, never the day's first.
 * @param {Date} day
 * @param {number} minute
 */
function isTaken(day, minute) {
  if (minute === OPENS_AT) return false;
  let hash = minute;
  for (const character of dayKey(day)) hash = (hash * 31 + character.charCodeAt(0)) >>> 0;
  return (hash >>> 3) % 4 === 0;
}
