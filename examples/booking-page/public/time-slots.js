// @ts-check
/** The free times of one day, as a list of buttons. */
import { freeTimes } from "./availability.js";
import { formatClock } from "./dates.js";

/**
 * @param {HTMLElement} list
 * @param {Date} day
 * @param {number} duration in minutes
 * @param {(start: Date) => void} onSelect
 */
export function showTimeSlots(list, day, duration, onSelect) {
  const items = freeTimes(day, duration).map((start, index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "slot";
    button.dataset.testid = `slot-${formatClock(start).replace(":", "-")}`;

    const time = document.createElement("span");
    time.className = "slot-time";
    time.textContent = formatClock(start);
    if (index === 0) time.dataset.testid = "first-slot";

    button.append(time);
    button.addEventListener("click", () => onSelect(start));
    const item = document.createElement("li");
    item.append(button);
    return item;
  });
  list.replaceChildren(...items);
  list.scrollTop = 0;
}
