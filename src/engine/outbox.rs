//! The outbox: the sealed records that wait on this page, in the order in which they were captured.

use super::config::{RECORDS_MAX, STORED_BYTES_MAX};
use super::record::RecordKey;
use super::{Monotonic, Uuid};

/// One waiting event.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) key: RecordKey,
    /// The team whose gate must be open, if any.
    pub(super) team: Option<String>,
    /// The event as it is sent.
    pub(super) body: String,
    pub(super) must_send: bool,
    /// What it takes in storage; 0 where storage did not take it and this page's memory is all there is.
    pub(super) stored_bytes: usize,
    /// From when on it should be on its way.
    pub(super) due: Monotonic,
    /// The request that carries it, while that is unanswered.
    pub(super) request: Option<u32>,
    /// Whether it went out with the page's present leave, unconfirmed.
    pub(super) left: bool,
}

#[derive(Debug, Default)]
pub(super) struct Outbox {
    records: Vec<Record>,
    /// What is stored of ours on this origin, as far as this page knows: its own records and those of other projects.
    bytes: usize,
}

impl Outbox {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Record> {
        self.records.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Record> {
        self.records.iter_mut()
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// Counts storage that another project or version uses towards the bound.
    pub(super) fn add_foreign_bytes(&mut self, bytes: usize) {
        self.bytes += bytes;
    }

    /// Adds a record at its place; `false` where its uuid is there already.
    pub(super) fn insert(&mut self, record: Record) -> bool {
        if self.records.iter().any(|present| present.key.uuid == record.key.uuid) {
            return false;
        }
        let order = record.key.order();
        let place = self.records.partition_point(|present| present.key.order() < order);
        self.bytes += record.stored_bytes;
        self.records.insert(place, record);
        true
    }

    /// Takes out the first record that `choose` wants.
    pub(super) fn take(&mut self, mut choose: impl FnMut(&Record) -> bool) -> Option<Record> {
        let place = self.records.iter().position(&mut choose)?;
        let record = self.records.remove(place);
        self.bytes = self.bytes.saturating_sub(record.stored_bytes);
        Some(record)
    }

    /// Takes out the record that has to go while a bound is exceeded: the oldest that is not must-send, else the
    /// oldest. One that a request carries stays, because it is about to be settled.
    pub(super) fn take_excess(&mut self) -> Option<Record> {
        if self.records.len() <= RECORDS_MAX && self.bytes <= STORED_BYTES_MAX {
            return None;
        }
        self.take(|record| !record.must_send && record.request.is_none())
            .or_else(|| self.take(|record| record.request.is_none()))
    }

    /// Chooses what goes into one body: at most `events_max` events in `bytes_max` bytes, of those that `eligible`
    /// names. Must-send records are chosen first; the order of capture is kept.
    pub(super) fn choose(&self, events_max: usize, bytes_max: usize, eligible: impl Fn(&Record) -> bool) -> Vec<Uuid> {
        let mut chosen = vec![false; self.records.len()];
        let mut events = 0;
        let mut bytes = 0;
        for must_send in [true, false] {
            for (record, chosen) in self.records.iter().zip(&mut chosen) {
                // One byte is the comma between two events.
                let size = record.body.len() + 1;
                let fits = events < events_max && bytes + size <= bytes_max;
                if record.must_send == must_send && fits && eligible(record) {
                    *chosen = true;
                    events += 1;
                    bytes += size;
                }
            }
        }
        self.records.iter().zip(chosen).filter(|(_, chosen)| *chosen).map(|(record, _)| record.key.uuid).collect()
    }
}
