// The entry for pages that do not want to wait for the tracker, or whose teams are mostly not tracked: a facade, which loads the
// tracker as soon as it may have something to do.

import type { BookingTracker } from "../booking-tracker.js";
import { trackerClass } from "../tracker-class.js";
import { type TrackerSource, twice } from "../tracker-source.js";
import { tried } from "../tried.js";

export type * from "../public-types.js";

/** The smallest module there is: whether a page may run WebAssembly shows where it is compiled. */
const EMPTY_MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

const mayRunWasm = (): boolean => tried(() => Boolean(new WebAssembly.Module(EMPTY_MODULE)), false);

const source: TrackerSource = {
  load: () => twice(async () => (await (mayRunWasm() ? import("./index.js") : import("./no-wasm.js"))).openTracker),
};

/** The class that a page makes its tracker of. */
export const PostHogBookingTracker = trackerClass(source);

/** A tracker. */
export type PostHogBookingTracker = BookingTracker;
