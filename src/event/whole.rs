//! Whether a text is an event at all: one that is not would have the whole body refused that carries it.

use super::json::Value;

/// What PostHog reads at the root of an event. It refuses a body in which an event says one of them twice.
const ROOT_NAMES: [&str; 7] =
    [NAME, r#""uuid""#, r#""distinct_id""#, r#""timestamp""#, r#""properties""#, r#""$set""#, r#""$set_once""#];

/// Where an event says what it is called.
const NAME: &str = r#""event""#;

/// The event that `text` holds, as it may be sent: a JSON object with a name, in which U+FFFD stands for each lone surrogate.
/// `None`, where it is damaged, or nothing that PostHog takes.
///
/// # Example
/// ```
/// use posthog_booking_tracker::event::whole_event;
/// assert_eq!(whole_event(r#"{"event":"e","note":"\ud83d"}"#).as_deref(), Some(r#"{"event":"e","note":"\ufffd"}"#));
/// for torn in [r#"{"event":"e","no"#, r#"{"event":""}"#, r#"{"event":7}"#, r#"{"event":"e","event":"e"}"#, "null"] {
///     assert_eq!(whole_event(torn), None);
/// }
/// ```
#[must_use]
pub fn whole_event(text: &str) -> Option<String> {
    let event = Value::read(text).ok()?;
    let mut seen = 0;
    for (name, value) in event.members()? {
        // No writer of ours has escapes in a name here, and one in escapes could be any of those that come once only.
        if name.raw().bytes().any(|byte| byte == b'\\') {
            return None;
        }
        if let Some(place) = ROOT_NAMES.iter().position(|root_name| name.raw() == *root_name) {
            if seen & 1 << place != 0 || place == 0 && !is_name(value) {
                return None;
            }
            seen |= 1 << place;
        }
    }
    (seen & 1 != 0).then(|| event.well_formed())
}

/// Whether this is a text with something in it.
fn is_name(value: Value<'_>) -> bool {
    value.raw().len() > 2 && value.raw().as_bytes()[0] == b'"'
}
