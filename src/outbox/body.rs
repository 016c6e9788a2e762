//! The body of a request to PostHog's capture endpoint.

use super::Wall;
use crate::event::iso_time;
use crate::event::json::object;

/// The body that sends these events, which are given with commas between them. `sent_at` is the time of the attempt, and fresh on each:
/// PostHog takes what it differs from the server's time for the skew of the page's clock, and moves every timestamp by it.
///
/// # Example
/// ```
/// use posthog_booking_tracker::outbox::{Wall, request_body};
/// let body = request_body("phc_demo", Wall(1_767_323_048_678), r#"{"event":"a","n":1.0e2},{"event":"b"}"#);
/// let expected = r#"{"api_key":"phc_demo","sent_at":"2026-01-02T03:04:08.678Z","batch":[{"event":"a","n":1.0e2},{"event":"b"}]}"#;
/// assert_eq!(body, expected);
/// ```
#[must_use]
pub fn request_body(api_key: &str, sent_at: Wall, events: &str) -> String {
    let mut body = object(&mut |body| {
        body.text("api_key", api_key);
        body.text("sent_at", &iso_time(sent_at));
    });
    body.pop();
    [&body, ",\"batch\":[", events, "]}"].concat()
}

#[cfg(test)]
mod tests {
    use super::super::delivery::ENVELOPE_BYTES_MAX;
    use super::*;

    /// How many characters a project key has at most. As JSON escapes it, the longest one has twice as many bytes.
    const API_KEY_LENGTH_MAX: usize = 64;

    #[test]
    fn a_key_is_written_as_a_json_text() {
        let body = request_body("phc_\"odd\"", Wall(1_767_323_048_678), "");
        assert_eq!(body, r#"{"api_key":"phc_\"odd\"","sent_at":"2026-01-02T03:04:08.678Z","batch":[]}"#);
    }

    #[test]
    fn what_stands_around_the_events_of_the_longest_key_fits_into_what_is_kept_free_for_it() {
        assert!(
            request_body(&"\"".repeat(API_KEY_LENGTH_MAX), Wall(1_767_323_048_678), "").len() <= ENVELOPE_BYTES_MAX
        );
    }
}
