// @ts-check
/** The month calendar: one month at a time, bookable days as buttons. */
import { firstBookableDay, isBookableDay, lastBookableDay } from "./availability.js";
import { dayKey, daysAfter, formatLongDay, formatMonth, monthsAfter } from "./dates.js";

/**
 * @typedef {object} CalendarElements
 * @property {HTMLElement} month the month's name
 * @property {HTMLElement} days the grid
 * @property {HTMLButtonElement} previous
 * @property {HTMLButtonElement} next
 */

/**
 * Shows the month of the first bookable day.
 *
 * @param {CalendarElements} elements
 * @param {Date} today
 * @param {(day: Date) => void} onSelect
 * @returns {{ select: (day: Date) => void }}
 */
export function showCalendar(elements, today, onSelect) {
  const firstDay = firstBookableDay(today);
  const firstMonth = monthsAfter(today, 0);
  const lastMonth = monthsAfter(lastBookableDay(today), 0);
  let shownMonth = monthsAfter(firstDay, 0);
  /** @type {Date | undefined} */
  let selectedDay;

  /** @param {number} months */
  function turn(months) {
    shownMonth = monthsAfter(shownMonth, months);
    showMonth();
  }

  function showMonth() {
    elements.month.textContent = formatMonth(shownMonth);
    elements.days.setAttribute("aria-label", formatMonth(shownMonth));
    elements.previous.disabled = shownMonth <= firstMonth;
    elements.next.disabled = shownMonth >= lastMonth;

    const cells = blankCellsBefore(shownMonth);
    const nextMonth = monthsAfter(shownMonth, 1);
    for (let day = shownMonth; day < nextMonth; day = daysAfter(day, 1)) {
      cells.push(dayButton(day));
    }
    elements.days.replaceChildren(...cells);
    markSelected();
  }

  /** @param {Date} day */
  function dayButton(day) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "day";
    button.dataset.testid = `day-${dayKey(day)}`;
    button.dataset.day = dayKey(day);
    button.disabled = !isBookableDay(day, today);
    button.setAttribute("aria-label", formatLongDay(day));
    if (dayKey(day) === dayKey(today)) button.setAttribute("aria-current", "date");

    const number = document.createElement("span");
    number.className = "day-number";
    number.textContent = String(day.getDate());
    if (dayKey(day) === dayKey(firstDay)) number.dataset.testid = "first-day";

    button.append(number);
    button.addEventListener("click", () => onSelect(day));
    return button;
  }

  function markSelected() {
    const selectedKey = selectedDay && dayKey(selectedDay);
    for (const button of elements.days.querySelectorAll("button")) {
      if (button.disabled) continue;
      button.setAttribute("aria-pressed", String(button.dataset.day === selectedKey));
    }
  }

  elements.previous.addEventListener("click", () => turn(-1));
  elements.next.addEventListener("click", () => turn(1));
  showMonth();

  return {
    select(day) {
      selectedDay = day;
      markSelected();
    },
  };
}

/**
 * Weeks start on Monday.
 * @param {Date} month
 * @returns {HTMLElement[]}
 */
function blankCellsBefore(month) {
  const blankDays = (month.getDay() + 6) % 7;
  return Array.from({ length: blankDays }, () => document.createElement("span"));
}
