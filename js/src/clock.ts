// The time of events. PostHog keys rows by it, and two events of a millisecond keep their order by it.

/** When and where something has happened, and as which of its page. */
export interface Moment {
  readonly ms: number;
  readonly sequence: number;
  /** By `performance.now()`. */
  readonly monotonicMs: number;
  readonly href: string;
  readonly referrer: string;
}

/** Says when and where something happens that happens now. */
export type Clock = () => Moment;

/**
 * The clock of one page. The time that it says is unique on this page: a tie or a step back under a second becomes the next
 * millisecond; a larger step back is a clock that was set, and is taken as it is.
 */
export function pageClock(): Clock {
  let lastMs = 0;
  let lastWallMs = 0;
  let sequence = 0;
  return () => {
    const wallMs = Date.now();
    const wasSetBack = wallMs + 1_000 <= lastWallMs;
    lastWallMs = wallMs;
    lastMs = !wasSetBack && lastMs >= wallMs ? lastMs + 1 : wallMs;
    const { href } = location;
    const { referrer } = document;
    return { ms: lastMs, sequence: sequence++, monotonicMs: performance.now(), href, referrer };
  };
}
