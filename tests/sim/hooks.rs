//! The hooks of pages, which see every event before it is stored, and drop some and fail for others, by the numbers of events.

use posthog_booking_tracker::event::json::Object;
use posthog_booking_tracker::tracker::HookAnswer;
use serde_json::Value;

use crate::people::number_of;
use crate::world::World;

/// An event that a hook was shown.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(crate) uuid: String,
    pub(crate) is_kept: bool,
}

/// What every hook says of an event that it keeps.
pub(crate) const SEEN: &str = "seen_by_hook";

/// What hooks do to an event of this number: each drops some, and fails for others.
fn verdict(place: u32, number: Option<u64>) -> Option<HookAnswer> {
    match number.map(|number| (number + u64::from(place) * 3) % 11) {
        Some(0 | 5) => Some(HookAnswer::Dropped),
        Some(7) => Some(HookAnswer::Failed("Error: no".to_owned())),
        _ => None,
    }
}

impl World {
    /// A hook of a page is shown an event.
    pub(crate) fn hook(&mut self, place: u32, event: &str) -> (Shown, HookAnswer) {
        let event: Value = serde_json::from_str(event).unwrap_or_default();
        let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        let refused = verdict(place, number_of(&event));
        let is_kept = refused.is_none();
        let answer = refused.unwrap_or_else(|| {
            let mut properties = Object::read(&event["properties"].to_string()).unwrap_or_default();
            properties.set_boolean(SEEN, true);
            // What identifies an event is not the hooks' to change.
            for name in ["distinct_id", "token", "$session_id", "$window_id"] {
                properties.set_text(name, "somebody else's");
            }
            let object = |name: &str| Object::read(&event[name].to_string());
            let (set, set_once) = (object("$set"), object("$set_once"));
            HookAnswer::Kept { name: text("event"), properties, set, set_once }
        });
        self.note(|_| format!("  hook {place} is shown {}: kept {is_kept}", text("uuid")));
        self.hooked += usize::from(!is_kept);
        (Shown { uuid: text("uuid"), is_kept }, answer)
    }
}
