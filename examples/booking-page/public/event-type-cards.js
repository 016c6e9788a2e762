// @ts-check
/** The selectable cards above the booking panel. */
import { EVENT_TYPES } from "./event-types.js";

/** @typedef {import("./event-types.js").EventType} EventType */

/**
 * @param {HTMLElement} container
 * @param {(eventType: EventType) => void} onSelect
 * @returns {{ select: (eventType: EventType) => void }}
 */
export function showEventTypeCards(container, onSelect) {
  /** @type {Map<EventType, HTMLButtonElement>} */
  const cards = new Map();

  for (const eventType of EVENT_TYPES) {
    const card = document.createElement("button");
    card.type = "button";
    card.className = "event-type";
    card.dataset.testid = `event-type-${eventType.id}`;
    card.setAttribute("aria-pressed", "false");

    const title = document.createElement("span");
    title.className = "event-type-title";
    title.textContent = eventType.title;

    const facts = document.createElement("span");
    facts.className = "event-type-facts";
    facts.textContent = [
      `${eventType.duration} min`,
      eventType.price ?? "Free",
      ...(eventType.isTeamEvent ? ["With the team"] : []),
    ].join(" · ");

    card.append(title, facts);
    card.addEventListener("click", () => onSelect(eventType));
    cards.set(eventType, card);
    container.append(card);
  }

  return {
    select(selected) {
      for (const [eventType, card] of cards) {
        card.setAttribute("aria-pressed", String(eventType === selected));
      }
    },
  };
}
