//! Times as text: ISO 8601 in UTC, as PostHog takes them and as JavaScript's `toISOString` writes them.

use crate::outbox::Wall;

const DAY_MS: u64 = 86_400_000;

/// The text of a time, to the millisecond. The calendar is the proleptic Gregorian one; the algorithm is `civil_from_days` of
/// <https://howardhinnant.github.io/date_algorithms.html>.
///
/// # Example
/// ```
/// use posthog_booking_tracker::{outbox::Wall, event::iso_time};
/// assert_eq!(iso_time(Wall(1_767_323_045_678)), "2026-01-02T03:04:05.678Z");
/// ```
#[must_use]
pub fn iso_time(time: Wall) -> String {
    let (days, ms) = (time.0 / DAY_MS, time.0 % DAY_MS);
    // Years begin in March here, so that the leap day is the last of one.
    let since_era = days + 719_468;
    let era = since_era / 146_097;
    let day_of_era = since_era % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let mut out = String::with_capacity(24);
    let parts = [
        (year, 4, "-"),
        (month, 2, "-"),
        (day, 2, "T"),
        (ms / 3_600_000, 2, ":"),
        (ms / 60_000 % 60, 2, ":"),
        (ms / 1_000 % 60, 2, "."),
        (ms % 1_000, 3, "Z"),
    ];
    for (number, digits, behind) in parts {
        push_digits(&mut out, number, digits);
        out.push_str(behind);
    }
    out
}

fn push_digits(out: &mut String, number: u64, digits: u32) {
    if digits > 1 || number > 9 {
        push_digits(out, number / 10, digits.saturating_sub(1));
    }
    let digit = (number % 10) as usize;
    out.push_str(&"0123456789"[digit..=digit]);
}

/// Whether a text is a time as [`iso_time`] writes it, whichever day and hour it names.
///
/// # Example
/// ```
/// use posthog_booking_tracker::event::is_iso_time;
/// assert!(is_iso_time("2026-01-02T03:04:05.678Z"));
/// assert!(!is_iso_time("2026-01-02") && !is_iso_time("Jan 2 2026, 03:04:05 UTC"));
/// ```
#[must_use]
pub fn is_iso_time(text: &str) -> bool {
    const SHAPE: &[u8] = b"0000-00-00T00:00:00.000Z";
    let fits = |(byte, shape): (u8, &u8)| if *shape == b'0' { byte.is_ascii_digit() } else { byte == *shape };
    text.len() == SHAPE.len() && text.bytes().zip(SHAPE).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leap_days_and_ends_of_years() {
        let cases = [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            (1_798_761_599_999, "2026-12-31T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ];
        for (ms, text) in cases {
            assert_eq!(iso_time(Wall(ms)), text);
        }
    }
}
