//! The keel: what a page captures before its engine is there, as raw records in storage (`js/src/keel.ts`).

use posthog_booking_tracker::engine::{Entropy, Store, Uuid, Wall, noun_key, project_hash, push_iso_timestamp};
use serde_json::json;

use crate::page::{API_KEY, OWN_TEAM};
use crate::storage::{Op, PageId};
use crate::world::World;

fn base36(mut number: u64) -> String {
    let mut digits = Vec::new();
    while number > 0 || digits.is_empty() {
        digits.push(char::from_digit((number % 36) as u32, 36).unwrap());
        number /= 36;
    }
    digits.into_iter().rev().collect()
}

/// The key of a record.
pub(crate) fn record_key(format: u64, project: &str, captured: u64, sequence: u64, uuid: &str) -> String {
    let parts = [format, project_hash(project).into(), captured, sequence].map(base36);
    format!("phbt:{}:{uuid}", parts.join(":"))
}

impl World {
    pub(crate) fn new_uuid(&mut self) -> String {
        let mut entropy = Entropy::new(self.chance.entropy());
        Uuid::v7(Wall(self.wall()), &mut entropy).text()
    }

    /// The keel's identity, which it reads from storage or makes.
    fn keel_identity(&mut self, page: PageId) -> (String, String, bool) {
        let key = noun_key("identity", project_hash(API_KEY));
        let mut store = self.store(page);
        let known = store.get(&key).ok().flatten();
        let known = known.and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
        let text = |identity: &serde_json::Value, name: &str| identity[name].as_str().map(str::to_owned);
        if let Some(identity) = &known
            && let (Some(id), Some(device)) = (text(identity, "distinct_id"), text(identity, "device_id"))
        {
            return (id, device, identity["identified"] == true);
        }
        let id = self.new_uuid();
        self.pages[page].handover.minted = true;
        let text = format!(r#"{{"distinct_id":"{id}","device_id":"{id}","identified":false}}"#);
        let _ = store.put(&key, &text);
        (id.clone(), id, false)
    }

    /// Stores a raw record of this page and notes it for the handover.
    pub(crate) fn capture_by_keel(&mut self, page: PageId) {
        let (distinct_id, device_id, identified) = self.keel_identity(page);
        let (uuid, session_id) = (self.new_uuid(), self.new_uuid());
        let wall = self.wall() + self.captures % 7;
        let mut timestamp = String::new();
        push_iso_timestamp(&mut timestamp, Wall(wall));
        self.captures += 1;
        let properties = json!({ "n": self.captures });
        let name = *self.chance.pick(&["booking_started", "booking_completed"]);
        let mut record = json!({
            "stage": "raw", "uuid": uuid, "timestamp": timestamp, "event": name, "url": "", "referrer": "",
            "distinct_id": distinct_id, "session_id": session_id, "device_id": device_id, "identified": identified,
            "properties": properties,
        });
        // Whoever cannot ask for a gate has no gated records.
        if self.pages[page].config.gate != posthog_booking_tracker::engine::GateSource::Absent {
            record["team"] = json!(OWN_TEAM);
        }
        let key = record_key(1, API_KEY, wall, self.captures, &uuid);
        let value = record.to_string();
        let stored = self.store(page).put(&key, &value).is_ok();
        let sentinel = noun_key("sentinel", project_hash(API_KEY));
        if stored && !self.origin.borrow().truth.contains_key(&sentinel) {
            let sign = base36(self.wall());
            let _ = self.store(page).put(&sentinel, &sign);
        }
        let handover = &mut self.pages[page].handover.records;
        handover.push_str(&key);
        if !stored {
            handover.push(' ');
            handover.push_str(&value);
        }
        handover.push('\n');
        let ops: Vec<Op> = self.origin.borrow_mut().take_ops();
        let at = self.now + self.chance.between(2, 60);
        self.origin.borrow_mut().mirror.end_task(page, at);
        self.note(|_| format!("page {page}: the keel captures {key}, stored {stored}, {} calls", ops.len()));
        let engine = self.pages[page].engine;
        if self.book.enter(page, engine, self.now, (&key, &value, stored)).is_ok()
            && let Some(fact) = self.book.find_mut(&uuid)
        {
            fact.returned = true;
        }
        if self.origin.borrow().dead.contains(&page) {
            if let Some(fact) = self.book.find_mut(&uuid) {
                fact.returned = false;
            }
            self.die_inside(page);
        }
    }
}
