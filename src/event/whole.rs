//! Whether a text is an event at all: one that is not would have the whole body refused that carries it.

use std::borrow::Cow;

use super::json::Value;

/// What PostHog reads at the root of an event. It refuses a body in which an event says one of them twice.
const ROOT_NAMES: [&str; 7] = ["event", "uuid", "distinct_id", "timestamp", "properties", "$set", "$set_once"];

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
pub fn whole_event(text: &str) -> Option<Cow<'_, str>> {
    let event = Value::read(text).ok()?;
    let mut seen = 0;
    let mut is_named = false;
    for (name, value) in event.members()? {
        for (place, root_name) in ROOT_NAMES.iter().enumerate() {
            if name == *root_name {
                let bit = 1 << place;
                if seen & bit != 0 {
                    return None;
                }
                seen |= bit;
                // The first of them.
                is_named |= place == 0 && value.text().is_some_and(|name| !name.is_empty());
            }
        }
    }
    is_named.then(|| event.well_formed())
}
