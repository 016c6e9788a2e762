// The console of the page.

/** Says one thing on the console. */
export function write(level: "error" | "warn" | "debug", text: string): void {
  try {
    console[level](`[PostHogBookingTracker] ${text}`);
  } catch {
    // A page may have replaced the console by something that throws.
  }
}
