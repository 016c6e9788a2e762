// The entry for pages that do not want to wait for the tracker, or whose teams are mostly not tracked: a facade, which loads the
// tracker as soon as it may have something to do.

import type { BookingTracker } from "../booking-tracker.js";
import { trackerClass } from "../tracker-class.js";
import type { TrackerSource } from "../tracker-source.js";

export type * from "../public-types.js";

const source: TrackerSource = { load: async () => (await import("./index.js")).loadTracker() };

/** The class that a page makes its tracker of. */
export const PostHogBookingTracker = trackerClass(source);

/** A tracker. */
export type PostHogBookingTracker = BookingTracker;
