// The entry for pages that must not run WebAssembly, and know it: the same tracker, its module translated to JavaScript.

import type { BookingTracker } from "../booking-tracker.js";
import { noWasm } from "../no-wasm.js";
import { checkerOf, openerOf } from "../open.js";
import { trackerClass } from "../tracker-class.js";
import type { TrackerSource } from "../tracker-source.js";

export type * from "../public-types.js";

/** @internal What the other entries load this file for. */
export const openTracker = openerOf(noWasm);

/** Says what is wrong with a configuration, without making a tracker of it: nothing, where it is good. */
export const checkOptions = checkerOf(noWasm);

const source: TrackerSource = { open: openTracker, load: async () => openTracker };

/** The class that a page makes its tracker of. */
export const PostHogBookingTracker = trackerClass(source);

/** A tracker. */
export type PostHogBookingTracker = BookingTracker;
