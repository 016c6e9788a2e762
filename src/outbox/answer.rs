//! What the server's answer to a delivery means for the records in it. PostHog's capture server answers 200 or 204 for
//! what it takes, 400 to a whole body for one bad event, 401 for a bad project key, 413 for a body or an event that is
//! too large. 403 is none of its answers: that comes from somebody in front of it, e.g. a firewall.

use super::backoff::RETRY_AFTER_MAX_MS;
use super::ledger::DropReason;
use crate::event::json::{Object, Value};

/// What became of a request, as its edge has read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The server answered; with 2xx, in PostHog's way: by an empty body or a JSON one.
    Answered {
        /// The HTTP status.
        status: u16,
        /// What `Retry-After` asks for in its seconds form; 0, where the page may not read it (PostHog does not expose it to
        /// other origins) or there is none. The date form is left alone: it depends on two clocks.
        retry_after_s: u32,
    },
    /// PostHog says `"quota_limited": ["events", …]`: it answered 2xx and threw the events away.
    QuotaLimited,
    /// 2xx with anything else: it comes from somebody in between, a proxy that serves its own application.
    WebPage,
    /// The host sends the request somewhere else. It is never followed: nobody has said that events may go there.
    Redirected,
    /// No answer came: offline, refused, blocked, aborted.
    Failed,
}

/// What to do with the records of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// PostHog has them: remove them.
    Confirmed,
    /// One of them is refused, or they are too large together: send fewer at once, drop a single one for this reason.
    Split(DropReason),
    /// The project key is refused: stop for this page and keep them.
    Unauthorised,
    /// The project is over its billing limit and the events were not taken: keep them and ask again much later.
    QuotaLimited,
    /// Keep them and come back after the backoff, or after this time where that is longer.
    Later {
        /// What `Retry-After` asked for, within bounds.
        retry_after_ms: u64,
    },
}

/// PostHog's answers are under a hundred characters; what is longer is none of them.
const ANSWER_BYTES_MAX: usize = 4_096;

/// The longest `Retry-After` that is read, in seconds.
const RETRY_AFTER_S_MAX: u32 = 65_535;

impl Outcome {
    /// What an answer is: its status, what `Retry-After` says, and its body.
    ///
    /// # Example
    /// ```
    /// use posthog_booking_tracker::outbox::Outcome;
    /// assert_eq!(Outcome::of(429, "7", ""), Outcome::Answered { status: 429, retry_after_s: 7 });
    /// assert_eq!(Outcome::of(200, "", r#"{"status":1,"quota_limited":["events"]}"#), Outcome::QuotaLimited);
    /// assert_eq!(Outcome::of(200, "", "<!doctype html>"), Outcome::WebPage);
    /// ```
    #[must_use]
    pub fn of(status: u16, retry_after: &str, body: &str) -> Self {
        let retry_after = retry_after.trim();
        let is_number = retry_after.bytes().all(|byte| byte.is_ascii_digit()) && !retry_after.is_empty();
        let retry_after_s = if is_number { retry_after.parse().unwrap_or(RETRY_AFTER_S_MAX) } else { 0 };
        let answered = Self::Answered { status, retry_after_s: retry_after_s.min(RETRY_AFTER_S_MAX) };
        let body = body.trim();
        if !(200..300).contains(&status) || body.is_empty() {
            return answered;
        }
        match Value::read(body) {
            Ok(value) if body.len() <= ANSWER_BYTES_MAX => {
                let limited = Object::of(value).and_then(|answer| Some(answer.get("quota_limited")?.raw().to_owned()));
                if limited.is_some_and(|limited| limited.contains("\"events\"")) {
                    Self::QuotaLimited
                } else {
                    answered
                }
            }
            _ => Self::WebPage,
        }
    }

    pub(super) fn verdict(self) -> Verdict {
        match self {
            Self::Answered { status, retry_after_s } => match status {
                200..=299 => Verdict::Confirmed,
                400 => Verdict::Split(DropReason::Rejected),
                403 => Verdict::Split(DropReason::Forbidden),
                413 => Verdict::Split(DropReason::TooLarge),
                401 => Verdict::Unauthorised,
                _ => Verdict::Later { retry_after_ms: (u64::from(retry_after_s) * 1_000).min(RETRY_AFTER_MAX_MS) },
            },
            Self::QuotaLimited => Verdict::QuotaLimited,
            Self::WebPage | Self::Redirected | Self::Failed => Verdict::Later { retry_after_ms: 0 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_table() {
        let later = Verdict::Later { retry_after_ms: 0 };
        for (status, expected) in [
            (200, Verdict::Confirmed),
            (202, Verdict::Confirmed),
            (204, Verdict::Confirmed),
            (301, later),
            (400, Verdict::Split(DropReason::Rejected)),
            (401, Verdict::Unauthorised),
            (403, Verdict::Split(DropReason::Forbidden)),
            (404, later),
            (408, later),
            (413, Verdict::Split(DropReason::TooLarge)),
            (429, later),
            (500, later),
            (502, later),
            (503, later),
            (504, later),
        ] {
            assert_eq!(Outcome::Answered { status, retry_after_s: 0 }.verdict(), expected, "{status}");
        }
        assert_eq!(Outcome::QuotaLimited.verdict(), Verdict::QuotaLimited);
        for outcome in [Outcome::WebPage, Outcome::Redirected, Outcome::Failed] {
            assert_eq!(outcome.verdict(), later, "{outcome:?}");
        }
    }

    #[test]
    fn posthog_s_answers_are_told_from_those_of_somebody_in_between() {
        let taken = Outcome::Answered { status: 200, retry_after_s: 0 };
        let long = format!("[{}1]", "1,".repeat(ANSWER_BYTES_MAX));
        for (body, outcome) in [
            ("", taken),
            (" \n", taken),
            (r#"{"status":"Ok"}"#, taken),
            (r#"{"status":1}"#, taken),
            ("1", taken),
            ("null", taken),
            ("[]", taken),
            (r#"{"status":"Ok","quota_limited":["recordings"]}"#, taken),
            (r#"{"status":"Ok","quota_limited":null}"#, taken),
            (r#"{"status":"Ok","quota_limited":["recordings","events"]}"#, Outcome::QuotaLimited),
            ("<!doctype html><title>Shop</title>", Outcome::WebPage),
            ("ok", Outcome::WebPage),
            (r#"{"status":"Ok""#, Outcome::WebPage),
            (&long, Outcome::WebPage),
        ] {
            assert_eq!(Outcome::of(200, "", body), outcome, "{body:.80}");
        }
        assert_eq!(Outcome::of(204, "", ""), Outcome::Answered { status: 204, retry_after_s: 0 });
        assert_eq!(Outcome::of(503, "", "<html>"), Outcome::Answered { status: 503, retry_after_s: 0 });
    }

    #[test]
    fn retry_after_counts_in_its_seconds_form_which_does_not_depend_on_two_clocks() {
        for (header, retry_after_s) in [
            ("2", 2),
            (" 120 ", 120),
            ("0", 0),
            ("", 0),
            ("soon", 0),
            ("-1", 0),
            ("4294967296", 65_535),
            ("1.5", 0),
            ("Wed, 21 Oct 2026 07:28:00 GMT", 0),
        ] {
            assert_eq!(Outcome::of(503, header, ""), Outcome::Answered { status: 503, retry_after_s }, "{header}");
        }
    }

    #[test]
    fn retry_after_is_bounded() {
        for (retry_after_s, retry_after_ms) in [(2, 2_000), (3_600, 3_600_000), (u32::MAX, 3_600_000)] {
            let answer = Outcome::Answered { status: 503, retry_after_s };
            assert_eq!(answer.verdict(), Verdict::Later { retry_after_ms }, "{retry_after_s}");
        }
    }
}
