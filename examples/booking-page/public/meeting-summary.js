// @ts-check
/** The left-hand panel: who, what, how long, where and, once chosen, when. */
import { formatDayOfYear, formatTimeRange, timeZoneName } from "./dates.js";
import { TEAM } from "./event-types.js";
import { pageElement } from "./page-element.js";

/** @typedef {import("./event-types.js").EventType} EventType */

/**
 * @param {EventType} eventType
 * @param {Date | undefined} start
 */
export function showMeetingSummary(eventType, start) {
  pageElement("hosts").replaceChildren(...eventType.hosts.map(avatar));
  pageElement("host-name").textContent = `${TEAM.name} · ${hostNames(eventType)}`;
  pageElement("meeting-title").textContent = eventType.title;
  pageElement("meeting-description").textContent = eventType.description;
  pageElement("meeting-duration").textContent = `${eventType.duration} minutes`;
  pageElement("meeting-location").textContent = eventType.location;
  pageElement("meeting-time-zone").textContent = timeZoneName();
  pageElement("meeting-price").textContent = eventType.price ?? "";
  pageElement("meeting-price-row").hidden = eventType.price === null;

  pageElement("meeting-when-row").hidden = start === undefined;
  if (start) {
    pageElement("meeting-day").textContent = formatDayOfYear(start);
    pageElement("meeting-time").textContent = formatTimeRange(start, eventType.duration);
  }
}

/** @param {EventType} eventType */
function hostNames({ hosts }) {
  return hosts.length === 1 ? hosts[0] : `${hosts.length} hosts`;
}

/** @param {string} name */
function avatar(name) {
  const circle = document.createElement("span");
  circle.className = "avatar";
  circle.title = name;
  circle.textContent = name
    .split(" ")
    .map((part) => part[0])
    .join("");
  return circle;
}
