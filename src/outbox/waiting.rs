//! The records that wait on this page, in the order in which they were captured.

use super::Monotonic;
use super::config::STORED_BYTES_MAX;
use super::gate::TeamId;
use super::record::{RecordKey, RecordValue};

/// How the events begin that the tracker adds by itself and that a page may make many of.
const ADDED_EVENT: &str = r#"{"event":"$feature_flag_called","#;

/// One waiting event.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) key: RecordKey,
    /// The name of its event, for messages; empty, where another page has captured it.
    pub(super) name: String,
    /// The team whose gate must be open.
    pub(super) team: TeamId,
    /// Whether nobody knew about that team when the event was captured.
    pub(super) held: bool,
    /// What is stored of it, whether storage has taken it or not.
    pub(super) value: RecordValue,
    pub(super) must_send: bool,
    /// Whether this page may still change who it is about; it does not leave before it is sealed.
    pub(super) raw: bool,
    /// Whether it is among those that the next request is to carry.
    pub(super) chosen: bool,
    /// Whether this page has captured it; otherwise it was adopted, and is sent under the drain lock only.
    pub(super) own: bool,
    /// Whether it goes without waiting for the drain lock: it is must-send, or nowhere else; no other page adopts it yet.
    pub(super) urgent: bool,
    /// Whether it was refused alone (403) on this page, which does not send it again.
    pub(super) is_refused: bool,
    /// Whether this page is counted among those on which it was refused alone and another event passed.
    pub(super) is_counted: bool,
    /// How many these pages are.
    pub(super) refusals: usize,
    /// What it takes in storage; 0 where storage did not take it and this page's memory is all there is.
    pub(super) stored_bytes: usize,
    /// From when on it should be on its way.
    pub(super) due: Monotonic,
    /// The number of the request or exit that carries it and that nobody has answered yet; 0, where it waits.
    pub(super) request: u32,
    /// The request that carried it when the page was left, where it went out once more with the leave; else 0.
    pub(super) earlier_request: u32,
}

impl Record {
    /// Seals a raw record with the text that it has, as everybody else does who finds it.
    pub(super) fn seal_as_it_is(&mut self) {
        self.value = self.value.sealed_with(self.value.body());
        self.raw = false;
        // Another page may have adopted it, unless it is nowhere else.
        self.urgent &= self.stored_bytes == 0;
    }
}

#[derive(Debug, Default)]
pub(super) struct Waiting {
    pub(super) records: Vec<Record>,
    /// What is stored of other projects and versions.
    foreign_bytes: usize,
}

impl Waiting {
    /// Counts storage that another project or version uses towards the bound.
    pub(super) fn set_foreign_bytes(&mut self, bytes: usize) {
        self.foreign_bytes = bytes;
    }

    /// Whether this very record is there.
    pub(super) fn has(&self, key: &RecordKey) -> bool {
        self.records.iter().any(|record| record.key == *key)
    }

    /// Whether the event of a record is there, under whatever key.
    pub(super) fn has_event(&self, key: &RecordKey) -> bool {
        self.records.iter().any(|record| record.key.uuid() == key.uuid())
    }

    /// The raw record of this key.
    pub(super) fn raw(&mut self, key: &str) -> Option<&mut Record> {
        self.records.iter_mut().find(|record| record.raw && record.key.text == key)
    }

    /// Adds a record at its place; gives it back where its event is there already.
    pub(super) fn insert(&mut self, record: Record) -> Option<Record> {
        let mut place = self.records.len();
        for (index, present) in self.records.iter().enumerate() {
            if present.key.uuid() == record.key.uuid() {
                return Some(record);
            }
            if record.key.is_before(&present.key) {
                place = place.min(index);
            }
        }
        self.records.insert(place, record);
        None
    }

    /// Takes out the first record that `choose` wants.
    pub(super) fn take(&mut self, choose: &dyn Fn(&Record) -> bool) -> Option<Record> {
        let place = self.records.iter().position(choose)?;
        Some(self.records.remove(place))
    }

    /// Whether a bound is exceeded.
    pub(super) fn is_over(&self, records_max: usize) -> bool {
        // Whatever others store, a project keeps a quarter of the room, or it could never store anything again.
        let bytes_max = STORED_BYTES_MAX.saturating_sub(self.foreign_bytes).max(STORED_BYTES_MAX / 4);
        let bytes: usize = self.records.iter().map(|record| record.stored_bytes).sum();
        self.records.len() > records_max || bytes > bytes_max
    }

    /// Takes out the record that has to go while a bound is exceeded: the oldest that the tracker has added by itself, else the oldest that
    /// is not must-send, else the oldest. One that a request carries stays, because it is about to be settled.
    pub(super) fn take_excess(&mut self, records_max: usize) -> Option<Record> {
        if !self.is_over(records_max) {
            return None;
        }
        let idle = |record: &Record| record.request == 0;
        let is_added = |record: &Record| record.value.body().starts_with(ADDED_EVENT);
        let added = self.take(&|record| idle(record) && is_added(record));
        added.or_else(|| self.take(&|record| idle(record) && !record.must_send)).or_else(|| self.take(&idle))
    }

    /// Frees what a request has carried. It has been on its way, so it is due, unless an earlier request still carries
    /// it.
    pub(super) fn unload(&mut self, request: u32) {
        for record in &mut self.records {
            if record.earlier_request == request {
                record.earlier_request = 0;
            }
            if record.request == request {
                record.request = core::mem::take(&mut record.earlier_request);
                record.due = Monotonic(0);
                record.urgent = false;
            }
        }
    }

    /// Gives `request` at most `events_max` events in `bytes_max` bytes of the chosen ones, must-send ones first, and says how
    /// many they are.
    pub(super) fn load(&mut self, request: u32, events_max: usize, bytes_max: usize) -> usize {
        let mut events = 0;
        let mut bytes = 0;
        for must_send in [true, false] {
            for record in &mut self.records {
                // One byte is the comma between two events.
                let size = record.value.body().len() + 1;
                let fits = events < events_max && bytes + size <= bytes_max;
                if record.must_send == must_send && fits && record.chosen {
                    record.earlier_request = core::mem::replace(&mut record.request, request);
                    events += 1;
                    bytes += size;
                }
            }
        }
        events
    }
}
