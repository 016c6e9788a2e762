// @ts-check
/**
 * Starting over as on a first visit, to see what happens while nobody knows whether the team is
 * tracked. A tracker that has heard an answer goes on with it for a day, on every page of the origin.
 */

/** Where this tab remembers that the next page starts over. */
const MARK = "booking-page:start-over";

/** Where the tracker remembers which teams are tracked. */
const REMEMBERED_GATE = "phbt:gate:";

/** Loads this page anew, as if no answer had ever come. */
export function startOver() {
  sessionStorage.setItem(MARK, "yes");
  location.reload();
}

/** To be called before the tracker is made: the page before may have been told an answer to the last. */
export function forgetGateIfStartingOver() {
  if (!sessionStorage.getItem(MARK)) return;
  sessionStorage.removeItem(MARK);
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith(REMEMBERED_GATE)) localStorage.removeItem(key);
  }
}
