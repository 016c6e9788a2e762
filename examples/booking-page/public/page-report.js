// @ts-check
/** What this page tells the inspector of its tracker: what is held or dropped never arrives there. */
import { TEAM } from "./event-types.js";

const page = crypto.randomUUID();
let number = 0;
let lastFacts = "";

/**
 * Reports what has changed, if there is somebody to report to.
 * @param {TrackerStats} stats
 * @param {boolean} [hasLeft] whether this may be the last word: it goes out even if the page is gone
 */
export function reportPage(stats, hasLeft = false) {
  const { inspector } = window.BOOKING_PAGE;
  const facts = { page, path: location.pathname, team: String(TEAM.id), hasLeft, stats };
  const text = JSON.stringify(facts);
  if (!inspector || text === lastFacts) return;
  lastFacts = text;
  // Reports may overtake each other on their way.
  number += 1;
  const body = JSON.stringify({ ...facts, number });
  const url = `${inspector}/page-stats`;
  if (hasLeft) navigator.sendBeacon(url, body);
  // Text, which needs no preflight. Nobody is there to be told where it fails.
  else fetch(url, { method: "POST", body }).catch(() => {});
}
