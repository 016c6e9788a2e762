// @ts-check
/**
 * The page after a booking. It sends nothing itself: its tracker takes over
 * what the booking page could not deliver before it was left.
 */
import { formatLongDay, formatTimeRange, timeZoneName } from "./dates.js";
import { eventTypeBySlug } from "./event-types.js";
import { pageElement } from "./page-element.js";
import { keepTrackerStatusShown } from "./tracker.js";

const details = new URLSearchParams(location.search);
const eventType = eventTypeBySlug(details.get("eventTypeSlug"));
const start = new Date(details.get("startTime") ?? "");

showDetail("what", details.get("title"));
if (!Number.isNaN(start.getTime())) {
  showDetail("when-day", formatLongDay(start));
  showDetail(
    "when-time",
    `${formatTimeRange(start, eventType?.duration ?? 30)} (${timeZoneName()})`,
  );
}
showDetail("who-name", details.get("attendeeName"));
showDetail("who-email", details.get("email"));
showDetail("where", eventType?.location);
showDetail("price", eventType?.price && `${eventType.price} (this demo charges nothing)`);
showDetail("uid", details.get("uid"));
keepTrackerStatusShown();

/**
 * Fills one line, and shows the row it stands in.
 * @param {string} id
 * @param {string | null | undefined} text
 */
function showDetail(id, text) {
  if (!text) return;
  const line = pageElement(id);
  line.textContent = text;
  const row = line.closest(".detail");
  if (row instanceof HTMLElement) row.hidden = false;
}
