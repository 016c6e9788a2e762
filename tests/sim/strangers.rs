//! Strangers: what users, foreign scripts, other projects and other versions do to the storage of the origin.

use crate::book::uuid_of;
use crate::faults::Fault;
use crate::keel::record_key;
use crate::page::API_KEY;
use crate::storage::{PageId, is_record_key};
use crate::world::World;

impl World {
    pub(crate) fn spoil_storage(&mut self, fault: Fault, page: PageId) {
        if matches!(fault, Fault::Cleared | Fault::ForeignClear) {
            let fresh = self.book.facts.iter().any(|fact| self.now < fact.captured_at + 500);
            if fresh || self.cleared_at.is_some_and(|at| self.now < at + 1_500) {
                return;
            }
            self.cleared_at = Some(self.now);
        }
        match fault {
            Fault::Full => {
                let used: usize = self
                    .origin
                    .borrow()
                    .truth
                    .iter()
                    .map(|(key, value)| crate::storage::units(key) + crate::storage::units(value))
                    .sum();
                let room = self.chance.below(4_000) as usize;
                let quota = self.chance.percent(60).then_some(used + room);
                self.quota = quota;
                for page in 0..self.pages.len() {
                    self.origin.borrow_mut().set_quota(page, quota);
                }
            }
            Fault::Cleared => {
                let both = self.chance.percent(60);
                self.sources.clear();
                self.note(|_| format!("the user clears storage, the mirror as well: {both}"));
                self.destroy("cleared by the user", |world| {
                    let mut origin = world.origin.borrow_mut();
                    origin.clear();
                    if both {
                        origin.mirror.clear();
                    }
                });
                self.forget_lost_foreign();
            }
            Fault::ForeignClear => {
                self.sources.clear();
                self.destroy("cleared by a foreign script", |world| world.origin.borrow_mut().clear());
                self.forget_lost_foreign();
            }
            Fault::ForeignWrites => self.store_foreign(page),
            Fault::Torn => self.tear(),
            _ => {}
        }
    }

    /// Records of a newer format and of another project, and keys that only look like ours.
    fn store_foreign(&mut self, page: PageId) {
        let uuid = self.new_uuid();
        let (format, project) = *self.chance.pick(&[(2, API_KEY), (1, "phc_other"), (35, "phc_other")]);
        let key = record_key(format, project, self.wall(), 0, &uuid);
        let value = format!(r#"{{"stage":"later","by":{page}}}"#);
        let mut origin = self.origin.borrow_mut();
        origin.write_by_stranger(&key, Some(&value));
        origin.write_by_stranger("phbt:", Some("x"));
        origin.write_by_stranger("phbt:1:x", Some("{"));
        origin.write_by_stranger("cart", Some("[1]"));
        drop(origin);
        self.foreign.insert(key, value);
    }

    /// A record is cut off, or overwritten with something else.
    fn tear(&mut self) {
        let keys: Vec<String> = self
            .origin
            .borrow()
            .truth
            .keys()
            .filter(|key| is_record_key(key) && !self.foreign.contains_key(*key))
            .cloned()
            .collect();
        if keys.is_empty() {
            return;
        }
        let key = self.chance.pick(&keys).clone();
        let value = self.origin.borrow().truth.get(&key).cloned().unwrap_or_default();
        let cut = self.chance.below(value.len() as u64) as usize;
        let Some(torn) = value.get(..cut).filter(|torn| !torn.is_empty()) else { return };
        self.note(|_| format!("the record {key} is cut off at {cut}"));
        self.origin.borrow_mut().write_by_stranger(&key, Some(torn));
        self.torn += 1;
        if let Some(fact) = self.book.find_mut(uuid_of(&key)) {
            fact.torn = true;
        }
    }
}
