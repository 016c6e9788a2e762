//! The timestamp rules: which moment PostHog stores for what a client claims about its clock.

use crate::moment::Moment;

/// PostHog allows for clients ahead of UTC by a wrong time zone, and for no more than that.
const FUTURE_LIMIT_MILLIS: i64 = 23 * 60 * 60 * 1000;
const START_OF_YEAR_0: Moment = Moment::from_millis(-62_167_219_200_000);
const START_OF_YEAR_10000: Moment = Moment::from_millis(253_402_300_800_000);

/// What one event and its body say about time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TimeClaim<'a> {
    pub(crate) timestamp: Option<&'a str>,
    /// Age of the event in milliseconds when it was sent. It overrides everything else.
    pub(crate) offset: Option<i64>,
    pub(crate) sent_at: Option<Moment>,
    pub(crate) ignore_sent_at: bool,
}

impl TimeClaim<'_> {
    pub(crate) fn resolve(&self, now: Moment) -> Moment {
        let claimed = self.before_bounds(now);
        if claimed.since(now) > FUTURE_LIMIT_MILLIS {
            now
        } else if claimed < START_OF_YEAR_0 || claimed >= START_OF_YEAR_10000 {
            Moment::EPOCH
        } else {
            claimed
        }
    }

    fn before_bounds(&self, now: Moment) -> Moment {
        if let Some(offset) = self.offset {
            return now.plus(offset.saturating_neg());
        }
        let Some(timestamp) = self.timestamp.and_then(Moment::parse) else {
            return now;
        };
        match self.sent_at {
            Some(sent_at) if !self.ignore_sent_at => timestamp.plus(now.since(sent_at)),
            _ => timestamp,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]

    use super::*;

    const NOW: &str = "2026-06-15T12:00:00.000Z";

    fn at(text: &str) -> Moment {
        Moment::parse(text).unwrap()
    }

    fn resolve(claim: TimeClaim<'_>) -> String {
        claim.resolve(at(NOW)).iso()
    }

    #[test]
    fn offset_overrides_everything() {
        let claim = TimeClaim {
            timestamp: Some("2020-01-01T00:00:00Z"),
            offset: Some(1500),
            sent_at: Some(at("2020-01-01T00:00:00Z")),
            ignore_sent_at: false,
        };
        assert_eq!(resolve(claim), "2026-06-15T11:59:58.500Z");
    }

    #[test]
    fn skew_is_corrected_by_sent_at() {
        let claim = TimeClaim {
            timestamp: Some("2026-06-15T10:00:00Z"),
            // The client's clock is one hour slow: it sent at 11:00 by its own clock, 5 s past the hour.
            sent_at: Some(at("2026-06-15T11:00:05Z")),
            ..TimeClaim::default()
        };
        assert_eq!(resolve(claim), "2026-06-15T10:59:55.000Z");
        let ignoring = TimeClaim { ignore_sent_at: true, ..claim };
        assert_eq!(resolve(ignoring), "2026-06-15T10:00:00.000Z");
    }

    #[test]
    fn timestamp_alone_is_taken_as_it_is() {
        let claim = TimeClaim { timestamp: Some("2026-06-10T10:00:00+02:00"), ..TimeClaim::default() };
        assert_eq!(resolve(claim), "2026-06-10T08:00:00.000Z");
    }

    #[test]
    fn nothing_or_nonsense_becomes_now() {
        assert_eq!(resolve(TimeClaim::default()), NOW);
        let nonsense = TimeClaim { timestamp: Some("soon"), ..TimeClaim::default() };
        assert_eq!(resolve(nonsense), NOW);
        let sent_at_alone = TimeClaim { sent_at: Some(at("2026-06-15T11:00:00Z")), ..TimeClaim::default() };
        assert_eq!(resolve(sent_at_alone), NOW);
    }

    #[test]
    fn the_future_is_clamped_beyond_23_hours() {
        let future = |timestamp| TimeClaim { timestamp: Some(timestamp), ..TimeClaim::default() };
        assert_eq!(resolve(future("2026-06-16T11:00:00.000Z")), "2026-06-16T11:00:00.000Z");
        assert_eq!(resolve(future("2026-06-16T11:00:00.001Z")), NOW);
        let offset = TimeClaim { offset: Some(i64::MIN), ..TimeClaim::default() };
        assert_eq!(resolve(offset), NOW);
    }

    #[test]
    fn years_before_0_become_the_epoch() {
        let ancient = TimeClaim { offset: Some(i64::MAX), ..TimeClaim::default() };
        assert_eq!(resolve(ancient), "1970-01-01T00:00:00.000Z");
    }
}
