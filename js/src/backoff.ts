// The waits after failures, as the engine's `backoff.rs` has them.

/** The wait after the first failure, which doubles with each further one; at most the second, for one run of failures. */
const BACKOFF_FIRST_MS = 1_000;
const BACKOFF_MAX_MS = 30_000;
const PROBE_INTERVAL_MS = 300_000;

/** How long to wait after so many failures in a row: moved by chance, so that pages do not come back in one instant. */
export function backoffMs(failures: number, maxRetries: number): number {
  if (failures > maxRetries) return PROBE_INTERVAL_MS;
  return Math.min(BACKOFF_FIRST_MS * 2 ** (failures - 1), BACKOFF_MAX_MS) * (0.8 + 0.4 * Math.random());
}
