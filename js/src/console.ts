// The console of the page.

import { tried } from "./tried.js";

/** Says one thing on the console. */
export function write(level: "error" | "warn" | "debug", text: string): void {
  // A page may have replaced the console by something that throws.
  tried(() => console[level](`[PostHogBookingTracker] ${text}`));
}
