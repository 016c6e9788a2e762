//! What the server's answer to a delivery means for the records in it (DESIGN §5, reference/wire.md §1.5).

use super::backoff::RETRY_AFTER_MAX_MS;
use super::json;
use super::ledger::DropReason;

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The server answered.
    Answered {
        /// The HTTP status.
        status: u16,
        /// The body as text; the edge may cut it after some kilobytes.
        body: String,
        /// The header `Retry-After` where the page may read it (PostHog does not expose it to other origins).
        retry_after: Option<String>,
    },
    /// No answer came: offline, refused, blocked, redirected (redirects are errors for these requests), aborted.
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
    /// Keep them and come back after the backoff, or after this time where the server said so.
    Later {
        /// What `Retry-After` asked for.
        retry_after_ms: Option<u64>,
    },
}

impl Outcome {
    pub(super) fn verdict(&self) -> Verdict {
        let Self::Answered { status, body, retry_after } = self else {
            return Verdict::Later { retry_after_ms: None };
        };
        match status {
            204 => Verdict::Confirmed,
            200..=299 if is_quota_limited(body) => Verdict::QuotaLimited,
            200..=299 if is_api_answer(body) => Verdict::Confirmed,
            400 => Verdict::Split(DropReason::Rejected),
            403 => Verdict::Split(DropReason::Forbidden),
            413 => Verdict::Split(DropReason::TooLarge),
            401 => Verdict::Unauthorised,
            _ => Verdict::Later { retry_after_ms: retry_after.as_deref().and_then(retry_after_ms) },
        }
    }

    /// Whether this is a page where an API answer was due: a misconfigured proxy that serves its own application.
    pub(super) fn is_web_page(&self) -> bool {
        matches!(self, Self::Answered { status: 200..=299, body, .. } if !is_api_answer(body))
    }
}

/// PostHog answers with an empty body or a JSON one. Anything else comes from somebody in between.
fn is_api_answer(body: &str) -> bool {
    body.trim_ascii().is_empty() || json::copy(body, &mut String::new()).is_ok()
}

/// Whether PostHog says `"quota_limited": ["events", …]`: it answered 200 and threw the events away.
fn is_quota_limited(body: &str) -> bool {
    let mut limited = false;
    let _ = json::members(body, &mut |name, raw| {
        limited |= name == "quota_limited" && raw.as_bytes().windows(8).any(|word| word == b"\"events\"");
    });
    limited
}

/// Reads the seconds form of `Retry-After`. The date form is left alone: it depends on two clocks.
fn retry_after_ms(header: &str) -> Option<u64> {
    let digits = header.trim_ascii();
    let seconds = digits.bytes().try_fold(0_u64, |seconds, digit| {
        let digit = char::from(digit).to_digit(10)?;
        Some((seconds * 10 + u64::from(digit)).min(RETRY_AFTER_MAX_MS))
    })?;
    (!digits.is_empty()).then(|| (seconds * 1_000).min(RETRY_AFTER_MAX_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(status: u16, body: &str, retry_after: Option<&str>) -> Verdict {
        Outcome::Answered { status, body: body.to_owned(), retry_after: retry_after.map(str::to_owned) }.verdict()
    }

    #[test]
    fn the_answer_table() {
        let later = Verdict::Later { retry_after_ms: None };
        for (status, body, expected) in [
            (200, r#"{"status":"Ok"}"#, Verdict::Confirmed),
            (200, r#"{"status":1}"#, Verdict::Confirmed),
            (200, "1", Verdict::Confirmed),
            (200, "", Verdict::Confirmed),
            (202, " \n", Verdict::Confirmed),
            (204, "", Verdict::Confirmed),
            (200, r#"{"status":"Ok","quota_limited":["recordings"]}"#, Verdict::Confirmed),
            (200, r#"{"status":"Ok","quota_limited":["recordings","events"]}"#, Verdict::QuotaLimited),
            (200, "<!doctype html><title>Shop</title>", later),
            (200, "ok", later),
            (301, "", later),
            (400, "bad", Verdict::Split(DropReason::Rejected)),
            (401, "", Verdict::Unauthorised),
            (403, "", Verdict::Split(DropReason::Forbidden)),
            (404, "", later),
            (408, "", later),
            (413, "", Verdict::Split(DropReason::TooLarge)),
            (429, "", later),
            (500, "", later),
            (502, "", later),
            (503, "", later),
            (504, "", later),
        ] {
            assert_eq!(verdict(status, body, None), expected, "{status} {body}");
        }
        assert_eq!(Outcome::Failed.verdict(), later);
    }

    #[test]
    fn retry_after_is_read_in_seconds_and_bounded() {
        for (header, expected) in [
            ("2", Some(2_000)),
            (" 120 ", Some(120_000)),
            ("99999999999999999999", Some(3_600_000)),
            ("", None),
            ("-1", None),
            ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ] {
            assert_eq!(verdict(503, "", Some(header)), Verdict::Later { retry_after_ms: expected }, "{header}");
        }
    }

    #[test]
    fn a_web_page_is_told_from_an_answer() {
        let page =
            |body: &str| Outcome::Answered { status: 200, body: body.to_owned(), retry_after: None }.is_web_page();
        assert!(page("<html></html>"));
        assert!(!page(r#"{"status":"Ok"}"#));
        assert!(!Outcome::Failed.is_web_page());
    }
}
