// The entry for bundlers and `<script type="module">`: the tracker is there at once, because its module stands in this file.

import type { BookingTracker } from "../booking-tracker.js";
import { checkerOf, openerOf } from "../open.js";
import { trackerClass } from "../tracker-class.js";
import { type OpenTracker, type TrackerSource, twice } from "../tracker-source.js";
import { wasm } from "../wasm.js";

export type * from "../public-types.js";

const openTracker = openerOf(wasm);

/** Says what is wrong with a configuration, without making a tracker of it: nothing, where it is good. */
export const checkOptions = checkerOf(wasm);

/** The same tracker, translated to JavaScript: for pages that must not run WebAssembly. */
const loadTranslated = () => twice(async () => (await import("./no-wasm.js")).openTracker);

/** @internal What `./lazy` loads this file for. */
export async function loadTracker(): Promise<OpenTracker> {
  try {
    wasm.make();
    return openTracker;
  } catch {
    return loadTranslated();
  }
}

const source: TrackerSource = { open: openTracker, load: loadTranslated };

/** The class that a page makes its tracker of. */
export const PostHogBookingTracker = trackerClass(source);

/** A tracker. */
export type PostHogBookingTracker = BookingTracker;
