//! Who the events are about: the distinct id, the device id, and whether the person is known.
//!
//! Stored under `phbt:identity:<project>` as `{"distinct_id","device_id","identified"}`, shared with the keel.

use super::json::{self, ObjectWriter};
use super::{Entropy, Store, Uuid, Wall};

/// The identity of this browser for one project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) distinct_id: String,
    pub(super) device_id: String,
    pub(super) identified: bool,
}

/// Ids that PostHog refuses to merge persons on, compared trimmed and without regard to case (reference/wire.md §1.7).
const ILLEGAL_IDS: [&str; 19] = [
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
];

/// Longest distinct id in characters; PostHog cuts longer ones.
const DISTINCT_ID_MAX: usize = 200;

impl Identity {
    /// A new anonymous person on a new device.
    pub(super) fn anonymous(wall: Wall, entropy: &mut Entropy) -> Self {
        let id = Uuid::v7(wall, entropy).text();
        Self { distinct_id: id.clone(), device_id: id, identified: false }
    }

    /// Reads the identity that is stored under `key`; `None` where there is none that can be read.
    pub(super) fn load(store: &impl Store, key: &str) -> Option<Self> {
        let text = store.get(key).ok()??;
        let mut identity = Self::default();
        json::members(&text, &mut |name, raw| match name {
            "distinct_id" => identity.distinct_id = json::string(raw).unwrap_or_default(),
            "device_id" => identity.device_id = json::string(raw).unwrap_or_default(),
            "identified" => identity.identified = raw == "true",
            _ => {}
        })
        .ok()?;
        (!identity.distinct_id.is_empty()).then_some(identity)
    }

    /// Stores the identity. Where storage refuses, it lasts as long as the page.
    pub(super) fn save(&self, store: &mut impl Store, key: &str) {
        let mut text = String::new();
        let mut object = ObjectWriter::begin(&mut text);
        object.string("distinct_id", &self.distinct_id);
        object.string("device_id", &self.device_id);
        object.boolean("identified", self.identified);
        object.end();
        let _ = store.put(key, &text);
    }
}

/// Whether PostHog takes `id` as a person's: not empty, not too long, none of the words that stand for a missing value.
///
/// # Example
/// ```
/// use posthog_booking_tracker::engine::is_legal_distinct_id;
/// assert!(is_legal_distinct_id("user_1"));
/// assert!(!is_legal_distinct_id(" Undefined ") && !is_legal_distinct_id(""));
/// ```
#[must_use]
pub fn is_legal_distinct_id(id: &str) -> bool {
    let trimmed = id.trim_ascii();
    !trimmed.is_empty()
        && trimmed.chars().count() <= DISTINCT_ID_MAX
        && trimmed != "00000000-0000-0000-0000-000000000000"
        && !ILLEGAL_IDS.iter().any(|illegal| trimmed.eq_ignore_ascii_case(illegal))
}
