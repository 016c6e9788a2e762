//! The two clocks, as values that the edges pass in, and the ISO 8601 text of the wall clock.

use std::ops::Add;

/// Milliseconds of the wall clock since 1970-01-01 UTC. It may jump in both directions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wall(pub u64);

/// Milliseconds of a clock that never goes back; its zero is the edge's choice (in browsers, `performance.now()`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Monotonic(pub u64);

impl Add<u64> for Monotonic {
    type Output = Self;

    fn add(self, span_ms: u64) -> Self {
        Self(self.0.saturating_add(span_ms))
    }
}

/// What the engine is told with every input, because it has neither a clock nor randomness of its own.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// The wall clock.
    pub wall: Wall,
    /// The monotonic clock.
    pub monotonic: Monotonic,
    /// 128 bits from a cryptographic source, fresh for each input.
    pub entropy: u128,
}

/// The last millisecond that four-digit years can name; PostHog stores later years as the epoch.
const WALL_MAX: u64 = 253_402_300_799_999;

/// Appends `wall` as ISO 8601 in UTC with milliseconds, e.g. `2026-01-02T03:04:05.678Z`, exactly as JavaScript's
/// `Date.prototype.toISOString` writes it. Times after the year 9999 are written as its last millisecond.
///
/// # Example
/// ```
/// use posthog_booking_tracker::engine::{Wall, push_iso_timestamp};
/// let mut out = String::new();
/// push_iso_timestamp(&mut out, Wall(1_767_323_045_678));
/// assert_eq!(out, "2026-01-02T03:04:05.678Z");
/// ```
pub fn push_iso_timestamp(out: &mut String, wall: Wall) {
    let ms = wall.0.min(WALL_MAX);
    let (year, month, day) = civil_from_days(ms / 86_400_000);
    let of_day = ms % 86_400_000;
    push_padded(out, year, 4);
    out.push('-');
    push_padded(out, month, 2);
    out.push('-');
    push_padded(out, day, 2);
    out.push('T');
    push_padded(out, of_day / 3_600_000, 2);
    out.push(':');
    push_padded(out, of_day / 60_000 % 60, 2);
    out.push(':');
    push_padded(out, of_day / 1_000 % 60, 2);
    out.push('.');
    push_padded(out, of_day % 1_000, 3);
    out.push('Z');
}

fn push_padded(out: &mut String, number: u64, width: u32) {
    for place in (0..width).rev() {
        let digit = (number / 10_u64.pow(place) % 10) as u8;
        out.push(char::from(b'0' + digit));
    }
}

/// Year, month and day of a count of days since 1970-01-01: the algorithm `civil_from_days` of Howard Hinnant
/// (<https://howardhinnant.github.io/date_algorithms.html>) for days that are not negative.
fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test states its expectations by failing")]

    use proptest::prelude::*;

    use super::*;

    fn iso(ms: u64) -> String {
        let mut out = String::new();
        push_iso_timestamp(&mut out, Wall(ms));
        out
    }

    /// Reads the text back by counting days one by one, so that it shares nothing with the code under test.
    fn ms_of(text: &str) -> u64 {
        let number = |range: std::ops::Range<usize>| text[range].parse::<u64>().unwrap();
        let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let (year, month) = (number(0..4), number(5..7));
        let mut days: u64 = (1970..year).map(|year| if leap(year) { 366 } else { 365 }).sum();
        let lengths = [31, if leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        days += lengths[..month as usize - 1].iter().sum::<u64>() + number(8..10) - 1;
        ((days * 24 + number(11..13)) * 60 + number(14..16)) * 60_000 + number(17..19) * 1_000 + number(20..23)
    }

    #[test]
    fn known_instants() {
        assert_eq!(iso(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(iso(4_107_542_399_999), "2100-02-28T23:59:59.999Z");
        assert_eq!(iso(4_107_542_400_000), "2100-03-01T00:00:00.000Z");
        assert_eq!(iso(WALL_MAX), "9999-12-31T23:59:59.999Z");
        assert_eq!(iso(u64::MAX), "9999-12-31T23:59:59.999Z");
    }

    proptest! {
        #[test]
        fn prop_the_text_names_the_instant(ms in 0..=WALL_MAX) {
            let text = iso(ms);
            prop_assert_eq!(text.len(), 24);
            prop_assert!(text.ends_with('Z') && &text[10..11] == "T" && &text[19..20] == ".");
            prop_assert_eq!(ms_of(&text), ms);
        }

        #[test]
        fn prop_texts_sort_as_their_instants(a in 0..=WALL_MAX, b in 0..=WALL_MAX) {
            prop_assert_eq!(iso(a).cmp(&iso(b)), a.cmp(&b));
        }
    }
}
