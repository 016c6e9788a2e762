//! A moment in UTC, in milliseconds since the epoch: how it is read from text, written as ISO 8601 and put into a day.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Serialize, Serializer};
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::{Iso8601, Rfc3339};
use time::macros::format_description;
use time::{Date, OffsetDateTime, PrimitiveDateTime};

const ISO: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(i64);

impl Moment {
    pub(crate) const EPOCH: Self = Self(0);

    pub(crate) fn now() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }

    pub(crate) const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    pub(crate) const fn millis(self) -> i64 {
        self.0
    }

    /// The moment this many milliseconds later. A sum beyond the range stops at its end, where the year check sees it.
    pub(crate) const fn plus(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// The milliseconds from `earlier` to this moment.
    pub(crate) const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Days since the epoch, the `toDate(timestamp)` of PostHog's sorting key.
    pub(crate) const fn utc_day(self) -> i64 {
        self.0.div_euclid(DAY_MILLIS)
    }

    /// Reads a date and time with an offset, one without (taken as UTC), or a date alone.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let with_offset =
            OffsetDateTime::parse(text, &Rfc3339).or_else(|_| OffsetDateTime::parse(text, &Iso8601::DEFAULT));
        let moment = with_offset
            .ok()
            .or_else(|| parse_without_offset(text))
            .or_else(|| Date::parse(text, &Iso8601::DEFAULT).ok().map(|date| date.midnight().assume_utc()))?;
        i64::try_from(moment.unix_timestamp_nanos().div_euclid(1_000_000)).ok().map(Self)
    }

    pub(crate) fn iso(self) -> String {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .ok()
            .and_then(|moment| moment.format(ISO).ok())
            .unwrap_or_else(|| "out of range".to_owned())
    }
}

fn parse_without_offset(text: &str) -> Option<OffsetDateTime> {
    let text = text.replacen(' ', "T", 1);
    PrimitiveDateTime::parse(&text, &Iso8601::DEFAULT).ok().map(PrimitiveDateTime::assume_utc)
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.iso())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iso(text: &str) -> Option<String> {
        Moment::parse(text).map(Moment::iso)
    }

    #[test]
    fn reads_what_clients_send() {
        let expected = Some("2026-01-02T03:04:05.678Z".to_owned());
        assert_eq!(iso("2026-01-02T03:04:05.678Z"), expected);
        assert_eq!(iso("2026-01-02T05:04:05.678+02:00"), expected);
        assert_eq!(iso("2026-01-02T03:04:05.678999Z"), expected);
        assert_eq!(iso("2026-01-02T03:04:05.678"), expected);
        assert_eq!(iso("2026-01-02 03:04:05.678"), expected);
        assert_eq!(iso("2026-01-02"), Some("2026-01-02T00:00:00.000Z".to_owned()));
    }

    #[test]
    fn refuses_what_is_no_date() {
        for text in ["", "yesterday", "2026-13-01T00:00:00Z", "1767323045678"] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
    }

    #[test]
    fn days_turn_at_midnight_utc_on_both_sides_of_the_epoch() {
        assert_eq!(Moment(DAY_MILLIS - 1).utc_day(), 0);
        assert_eq!(Moment(DAY_MILLIS).utc_day(), 1);
        assert_eq!(Moment(-1).utc_day(), -1);
    }
}
