// @ts-check
/** This page's tracker, and what it says of itself: in the footer, and to the inspector. */
import { TEAM } from "./event-types.js";
import { forgetGateIfStartingOver } from "./first-visit.js";
import { pageElement } from "./page-element.js";
import { reportPage } from "./page-report.js";
import { showTeamGate } from "./team-gate-switch.js";

const STATUS_INTERVAL_MS = 1000;

forgetGateIfStartingOver();

export const tracker = new PostHogBookingTracker(window.BOOKING_PAGE.posthogKey, {
  host: window.BOOKING_PAGE.posthogHost,
  teamId: TEAM.id,
  teamGateUrl: "/api/team-gate",
  // As often as it may be asked, so that the switch on the page is felt at once.
  gateTtl: 1000,
  debug: true,
});
// For the console and for tests.
window.tracker = tracker;

/** @type {GateState} */
let gate = "unknown";
tracker.onTeamGate((_, state) => {
  gate = state;
  showTrackerStatus();
});

export function showTrackerStatus() {
  const stats = tracker.stats();
  const { captured, adopted, confirmed, waiting, settledElsewhere } = stats;
  const dropped = Object.values(stats.dropped).reduce((sum, count) => sum + count, 0);
  // captured + adopted = confirmed + waiting + settled elsewhere + dropped; what is zero is mostly left out.
  const counts = [
    `${captured} captured`,
    adopted > 0 ? `${adopted} adopted from earlier pages` : "",
    `${confirmed} confirmed`,
    `${waiting} waiting`,
    settledElsewhere > 0 ? `${settledElsewhere} settled by other pages` : "",
    dropped > 0 ? `${dropped} dropped` : "",
  ];
  const text = `Tracker: ${counts.filter(Boolean).join(" · ")}`;
  const status = pageElement("tracker-status");
  if (status.textContent !== text) status.textContent = text;
  showTeamGate(gate, stats);
  reportPage(stats);
}

export function keepTrackerStatusShown() {
  showTrackerStatus();
  setInterval(showTrackerStatus, STATUS_INTERVAL_MS);
  // The tracker was told of this before, and has done what it can.
  addEventListener("pagehide", () => reportPage(tracker.stats(), true));
  addEventListener("pageshow", () => showTrackerStatus());
}
