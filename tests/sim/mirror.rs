//! The mirror of storage in IndexedDB: written a little later than localStorage, in batches of a task, and safe from
//! then on whatever process is killed (Chromium 156 lost no completed transaction).

use std::collections::{BTreeMap, VecDeque};

use crate::storage::PageId;

type Note = (String, Option<String>);

#[derive(Debug, Clone)]
struct Batch {
    at: u64,
    page: PageId,
    notes: Vec<Note>,
}

#[derive(Debug, Default)]
pub(crate) struct Mirror {
    pub(crate) written: BTreeMap<String, String>,
    /// Handed to the database, not written.
    batches: VecDeque<Batch>,
    /// What the present task has noted so far.
    notes: BTreeMap<PageId, Vec<Note>>,
}

impl Mirror {
    pub(crate) fn note(&mut self, page: PageId, key: &str, value: Option<&str>) {
        self.notes.entry(page).or_default().push((key.to_owned(), value.map(str::to_owned)));
    }

    /// The task of `page` is over: its notes go to the database, which needs until `at`.
    pub(crate) fn end_task(&mut self, page: PageId, at: u64) {
        if let Some(notes) = self.notes.remove(&page).filter(|notes| !notes.is_empty()) {
            // Batches are written in the order of their tasks.
            let at = at.max(self.batches.back().map_or(0, |batch| batch.at));
            self.batches.push_back(Batch { at, page, notes });
        }
    }

    /// The task never ended, because its page died in it.
    pub(crate) fn lose_task(&mut self, page: PageId) {
        self.notes.remove(&page);
    }

    pub(crate) fn tick(&mut self, now: u64) {
        while self.batches.front().is_some_and(|batch| batch.at <= now) {
            let Some(batch) = self.batches.pop_front() else { return };
            self.write(batch.notes);
        }
    }

    fn write(&mut self, notes: Vec<Note>) {
        for (key, value) in notes {
            match value {
                Some(value) => self.written.insert(key, value),
                None => self.written.remove(&key),
            };
        }
    }

    /// A page dies: of its batches only the first `kept` still get to the database.
    pub(crate) fn lose_page(&mut self, page: PageId, kept: usize) {
        self.notes.remove(&page);
        let mut left = kept;
        self.batches.retain(|batch| {
            batch.page != page || {
                let stays = left > 0;
                left = left.saturating_sub(1);
                stays
            }
        });
    }

    /// The browser dies: the first `kept` batches were written just in time.
    pub(crate) fn revert(&mut self, kept: usize) {
        for _ in 0..kept {
            if let Some(batch) = self.batches.pop_front() {
                self.write(batch.notes);
            }
        }
        self.batches.clear();
        self.notes.clear();
    }

    /// Somebody damages what is written under `key`.
    pub(crate) fn damage(&mut self, key: &str, torn: &str) {
        if let Some(value) = self.written.get_mut(key) {
            *value = torn.to_owned();
        }
    }

    /// The tracker of a page has it remove the records of a project.
    pub(crate) fn erase(&mut self, page: PageId, project: &str) {
        let noted = self.batches.iter().flat_map(|batch| &batch.notes).map(|(key, _)| key);
        let keys: Vec<String> = self.written.keys().chain(noted).cloned().collect();
        for key in keys.into_iter().filter(|key| key.split(':').nth(2) == Some(project)) {
            self.note(page, &key, None);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.written.clear();
        self.batches.clear();
    }

    /// What the mirror will hold under `key` once everything noted is written.
    pub(crate) fn value(&self, key: &str) -> Option<&String> {
        let noted = self.batches.iter().flat_map(|batch| &batch.notes).chain(self.notes.values().flatten());
        let last = noted.rev().find(|(noted, _)| noted == key);
        last.map_or_else(|| self.written.get(key), |(_, value)| value.as_ref())
    }

    pub(crate) fn will_hold(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    pub(crate) fn pending(&self) -> usize {
        self.batches.len()
    }

    /// What the tracker of a page that reads the mirror is told.
    pub(crate) fn records(&self) -> Vec<(String, String)> {
        self.written.clone().into_iter().collect()
    }
}
