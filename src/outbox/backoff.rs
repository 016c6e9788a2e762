//! How long to wait after a failure.

/// The first wait, and the step that doubles.
pub const BACKOFF_FIRST_MS: u64 = 1_000;

/// The longest wait between two attempts of one run of failures.
pub const BACKOFF_MAX_MS: u64 = 30_000;

/// The wait once `max_retries` failures in a row are used up: one probe each five minutes.
pub const PROBE_INTERVAL_MS: u64 = 300_000;

/// The longest `Retry-After` that is honoured; a longer one is cut to this.
pub const RETRY_AFTER_MAX_MS: u64 = 3_600_000;

/// The wait after `failures` failures in a row (from 1): 1 s, 2 s, 4 s … 30 s, moved by at most ±20 % of itself by
/// `jitter` (any 64 bits), so that the pages which one outage threw back do not come back in one instant.
///
/// # Example
/// ```
/// use posthog_booking_tracker::outbox::backoff_ms;
/// assert!((800..=1_200).contains(&backoff_ms(1, 12_345)));
/// assert!((24_000..=36_000).contains(&backoff_ms(9, 12_345)));
/// ```
#[must_use]
pub fn backoff_ms(failures: u32, jitter: u64) -> u64 {
    let doublings = failures.saturating_sub(1).min(16);
    let wait = (BACKOFF_FIRST_MS << doublings).min(BACKOFF_MAX_MS);
    let fifth = wait / 5;
    wait - fifth + jitter % (2 * fifth + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn waits_double_up_to_the_bound() {
        let middles: Vec<u64> = (1..=8)
            .map(|failures| backoff_ms(failures, (BACKOFF_FIRST_MS << (failures - 1)).min(BACKOFF_MAX_MS) / 5))
            .collect();
        assert_eq!(middles, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    }

    proptest! {
        #[test]
        fn prop_jitter_stays_within_a_fifth(failures in 1_u32.., jitter: u64) {
            let middle = (BACKOFF_FIRST_MS << (failures - 1).min(10)).min(BACKOFF_MAX_MS);
            let wait = backoff_ms(failures, jitter);
            prop_assert!(wait * 5 >= middle * 4 && wait * 5 <= middle * 6, "{wait}");
        }
    }
}
