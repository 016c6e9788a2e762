//! Which texts PostHog takes as the id of a person.

use super::json::Value;

/// The longest id that PostHog takes, in UTF-16 code units.
const DISTINCT_ID_LENGTH_MAX: usize = 200;

/// What stands for a missing value in the programs that send it, in small letters: PostHog refuses these ids, because everybody
/// would become one person (its capture server's list).
const ILLEGAL_IDS: [&str; 20] = [
    "0",
    "[object object]",
    "anonymous",
    "anonymous-user",
    "backend",
    "distinct_id",
    "distinctid",
    "email",
    "false",
    "guest",
    "id",
    "nan",
    "none",
    "not_authenticated",
    "null",
    "system",
    "true",
    "undefined",
    "user",
    "$posthog_cookieless",
];

/// Whether PostHog takes an id as a person's: a text that is neither empty nor too long nor stands for a missing value.
///
/// # Example
/// ```
/// use posthog_booking_tracker::event::is_legal_distinct_id;
/// assert!(is_legal_distinct_id("user_7"));
/// assert!(!is_legal_distinct_id(" Undefined "));
/// ```
#[must_use]
pub fn is_legal_distinct_id(id: &str) -> bool {
    let trimmed = id.trim();
    let is_illegal = ILLEGAL_IDS.iter().any(|illegal| illegal.eq_ignore_ascii_case(trimmed));
    let is_nil = trimmed.len() == 36 && trimmed.bytes().all(|byte| matches!(byte, b'0' | b'-'));
    !trimmed.is_empty() && id.encode_utf16().count() <= DISTINCT_ID_LENGTH_MAX && !is_illegal && !is_nil
}

/// The id that a JSON value stands for: a text, or a number, as which many applications keep their ids.
///
/// # Example
/// ```
/// use posthog_booking_tracker::event::{id_text, json::Value};
/// assert_eq!(id_text(Value::read("42")?).as_deref(), Some("42"));
/// assert_eq!(id_text(Value::read("true")?), None);
/// # Ok::<(), posthog_booking_tracker::event::json::Flaw>(())
/// ```
#[must_use]
pub fn id_text(value: Value<'_>) -> Option<String> {
    let is_number = value.raw().starts_with(|first: char| first == '-' || first.is_ascii_digit());
    if is_number { Some(value.raw().to_owned()) } else { value.text().map(std::borrow::Cow::into_owned) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_for_nobody_is_nobody() {
        for id in ["", "  ", "null", "NaN", "GUEST", "0", "00000000-0000-0000-0000-000000000000", &"x".repeat(201)] {
            assert!(!is_legal_distinct_id(id), "{id}");
        }
        for id in ["ada", "1", "0x", "user-1", "nullable", &"x".repeat(200)] {
            assert!(is_legal_distinct_id(id), "{id}");
        }
    }
}
