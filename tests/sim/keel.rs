//! The keel: what a page captures before its engine is there, as records in storage (`js/src/keel.ts`).

use posthog_booking_tracker::engine::{NewEvent, Store, noun_key};

use crate::book::uuid_of;
use crate::page::{OWN_TEAM, PROJECT};
use crate::record::RecordValue;
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
    let [format, captured, sequence] = [format, captured, sequence].map(base36);
    format!("phbt:{format}:{project}:{captured}:{sequence}:{uuid}")
}

impl World {
    pub(crate) fn new_uuid(&mut self) -> String {
        let (wall, random) = (self.wall(), self.chance.entropy());
        let (high, low) = (wall >> 16, wall & 0xffff);
        format!(
            "{high:08x}-{low:04x}-7{:03x}-8{:03x}-{:012x}",
            random >> 116,
            random >> 104 & 0xfff,
            random & 0xffff_ffff_ffff
        )
    }

    /// Stores a record of this page, unless its gate is shut, and notes it for the handover.
    pub(crate) fn capture_by_keel(&mut self, page: PageId) {
        self.captures += 1;
        let name = *self.chance.pick(&["booking_started", "booking_completed"]);
        let properties = format!(r#"{{"n":{}}}"#, self.captures);
        let team = *self.chance.pick(&[OWN_TEAM, OWN_TEAM, "1", "2"]);
        let Some(NewEvent { key, body, team, open, must_send, .. }) =
            self.new_event(page, name, &properties, Some(team))
        else {
            return;
        };
        // It may be waiting for another tracker to say who the event is about.
        let sealed = !self.chance.percent(50);
        let held = team.is_some() && open.is_none();
        let value = RecordValue { sealed, held, must_send, team: team.as_deref(), body: &body }.write();
        let uuid = uuid_of(&key).to_owned();
        let stored = self.store(page).put(&key, &value).is_ok();
        let sentinel = noun_key("sentinel", PROJECT);
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
