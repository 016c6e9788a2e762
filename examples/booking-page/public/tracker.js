// @ts-check
/** This page's tracker, and the line in the footer that shows its counts. */
import { TEAM } from "./event-types.js";
import { pageElement } from "./page-element.js";

const STATUS_INTERVAL_MS = 1000;

export const tracker = new PostHogBookingTracker(window.BOOKING_PAGE.posthogKey, {
  host: window.BOOKING_PAGE.posthogHost,
  teamId: TEAM.id,
  isTeamEnabled: true,
  debug: true,
});
// For the console and for tests.
window.tracker = tracker;

export function showTrackerStatus() {
  const { captured, confirmed, waiting } = tracker.stats();
  const text = `Tracker: ${captured} captured · ${confirmed} confirmed · ${waiting} waiting`;
  const status = pageElement("tracker-status");
  if (status.textContent !== text) status.textContent = text;
}

export function keepTrackerStatusShown() {
  showTrackerStatus();
  setInterval(showTrackerStatus, STATUS_INTERVAL_MS);
}
