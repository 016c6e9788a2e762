//! The edge as the browser's page side is: it does for the engine what needs JSON, the project key or an answer's body.

use posthog_booking_tracker::outbox::Outcome;
use serde_json::Value;

use crate::timestamp::iso_timestamp;

/// How many characters a project key has at most. As JSON escapes it, the longest one has twice as many bytes.
const API_KEY_LENGTH_MAX: usize = 64;

/// Whether an event of this name goes at once: a page is usually left right after it, or money depends on it.
pub(crate) fn is_must_send(event: &str) -> bool {
    matches!(event, "booking_completed" | "booking_failed" | "$identify") || event.starts_with("payment_")
}

/// The whole body around `events`, as it goes out at `wall`: each attempt says when it is made. The project key is the one
/// that takes the most room, so that what holds for the size of these bodies holds for those of every project.
pub(crate) fn body_text(events: &str, wall: u64) -> String {
    let api_key = r#"\""#.repeat(API_KEY_LENGTH_MAX);
    format!(r#"{{"api_key":"{api_key}","sent_at":"{}","batch":[{events}]}}"#, iso_timestamp(wall))
}

/// An answer, read: PostHog answers 2xx with an empty body or a JSON one, anything else comes from somebody in between.
pub(crate) fn answered(status: u16, body: &str) -> Outcome {
    let is_taken = (200..=299).contains(&status);
    match serde_json::from_str::<Value>(body) {
        Err(_) if is_taken && !body.trim().is_empty() => Outcome::WebPage,
        Ok(json) if is_taken && takes_no_events(&json) => Outcome::QuotaLimited,
        _ => Outcome::Answered { status, retry_after_s: 0 },
    }
}

/// Whether PostHog says that the project is over its quota of events and that it has thrown these away.
fn takes_no_events(answer: &Value) -> bool {
    answer["quota_limited"].as_array().is_some_and(|products| products.iter().any(|product| product == "events"))
}
