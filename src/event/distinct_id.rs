//! Which texts PostHog takes as the id of a person.

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
