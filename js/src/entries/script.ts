// The entry for a classic `<script src>`: puts the class on the global object. What a page needs that must not run WebAssembly lies beside
// the script.

import type { Finding, TrackerOptions } from "../../engine/engine.js";
import type { BookingTrackerClass } from "../booking-tracker.js";
import { checkerOf, openerOf } from "../open.js";
import { trackerClass } from "../tracker-class.js";
import type { OpenTracker, TrackerSource } from "../tracker-source.js";
import { wasm } from "../wasm.js";

/** The address of this script, which is known while it runs. */
const scriptUrl = (document.currentScript as HTMLScriptElement | null)?.src || location.href;

/** How often the file beside the script is asked for, and the wait before the second time, doubled each time. */
const ATTEMPTS_MAX = 6;
const RETRY_FIRST_MS = 500;

/** Loads the file beside the script. Browsers remember a failed import by its address, so each attempt has another one. */
async function load(attempt = 0): Promise<OpenTracker> {
  const url = new URL("no-wasm.js", scriptUrl);
  if (attempt > 0) url.searchParams.set("attempt", String(attempt));
  try {
    const { openTracker }: { openTracker: OpenTracker } = await import(url.href);
    return openTracker;
  } catch (error) {
    if (attempt + 1 >= ATTEMPTS_MAX) throw error;
    await new Promise((resolve) => setTimeout(resolve, RETRY_FIRST_MS * 2 ** attempt));
    return load(attempt + 1);
  }
}

const source: TrackerSource = { open: openerOf(wasm), load: () => load() };

type CheckOptions = (apiKey: string | null | undefined, options?: TrackerOptions | null) => readonly Finding[];

declare global {
  /** The class that a page makes its tracker of, where it carries the script. */
  var PostHogBookingTracker: BookingTrackerClass & { readonly checkOptions: CheckOptions };
}

globalThis.PostHogBookingTracker = Object.assign(trackerClass(source), { checkOptions: checkerOf(wasm) });
