//! Strangers: what users, foreign scripts, other projects and other versions do to the storage of the origin.

use crate::book::{body_of, uuid_of};
use crate::faults::Fault;
use crate::keys::record_key;
use crate::page::PROJECT;
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
                self.note(|_| format!("the user clears storage, the mirror as well: {both}"));
                self.destroy("cleared by the user", |world| {
                    let mut origin = world.origin.borrow_mut();
                    origin.clear();
                    if both {
                        origin.mirror.clear();
                    }
                });
                self.forget_lost_foreign();
                self.announce();
            }
            Fault::ForeignClear => {
                self.destroy("cleared by a foreign script", |world| world.origin.borrow_mut().clear());
                self.forget_lost_foreign();
                self.announce();
            }
            Fault::ForeignWrites => self.store_foreign(page),
            Fault::Torn => self.tear(),
            _ => {}
        }
    }

    /// Records of a newer format and of another project, and keys that only look like ours.
    fn store_foreign(&mut self, page: PageId) {
        let uuid = self.new_uuid();
        let (format, project) = *self.chance.pick(&[(2, PROJECT), (1, "other"), (35, "other")]);
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

    /// A record is cut off, or overwritten with something else: where it is stored, at times in the mirror as well, and in
    /// the mirror alone, where nothing else holds it.
    fn tear(&mut self) {
        let Some((key, value)) = self.some_record() else { return };
        let cut = self.chance.below(value.len() as u64) as usize;
        let torn = match self.chance.below(4) {
            // What still ends with a brace, or is an object without a name, looks whole to whoever does not read it as JSON.
            0 => value.get(..value.len().saturating_sub(1)).map(str::to_owned),
            1 => body_of(&value).and_then(|body| value.strip_suffix(body)).map(|head| format!("{head}{{}}")),
            _ => value.get(..cut).map(str::to_owned),
        };
        let Some(torn) = torn.filter(|torn| !torn.is_empty()) else { return };
        let stored = self.origin.borrow().truth.contains_key(&key);
        let mirrored = self.chance.percent(20) || !stored;
        self.note(|_| format!("the record {key} is damaged, stored {stored}, mirrored {mirrored}; {torn:?} is left"));
        let mut origin = self.origin.borrow_mut();
        if stored {
            origin.write_by_stranger(&key, Some(&torn));
        }
        if mirrored {
            origin.mirror.damage(&key, &torn);
        }
        drop(origin);
        self.torn += 1;
        if let Some(fact) = self.book.find_mut(uuid_of(&key)) {
            fact.torn = true;
        }
    }

    /// Any record of ours with its value, wherever it lies.
    fn some_record(&mut self) -> Option<(String, String)> {
        let origin = self.origin.borrow();
        // What both hold is the same, or storage's is the newer one.
        let mut records = origin.mirror.written.clone();
        records.extend(origin.truth.clone());
        drop(origin);
        records.retain(|key, _| is_record_key(key) && !self.foreign.contains_key(key));
        let records: Vec<(String, String)> = records.into_iter().collect();
        (!records.is_empty()).then(|| self.chance.pick(&records).clone())
    }
}
