// The entry for bundlers and `<script type="module">`: the tracker is there at once, because its module stands in this file.

import type { BookingTracker } from "../booking-tracker.js";
import { openerOf } from "../open.js";
import { trackerClass } from "../tracker-class.js";
import { type TrackerSource, twice } from "../tracker-source.js";
import { wasm } from "../wasm.js";

export { checkOptions } from "../options.js";
export type * from "../public-types.js";

/** @internal What `./lazy` loads this file for. */
export const openTracker = openerOf(wasm);

const source: TrackerSource = {
  open: openTracker,
  // Where the page must not run WebAssembly.
  load: () => twice(async () => (await import("./no-wasm.js")).openTracker),
};

/** The class that a page makes its tracker of. */
export const PostHogBookingTracker = trackerClass(source);

/** A tracker. */
export type PostHogBookingTracker = BookingTracker;
