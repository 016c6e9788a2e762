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
