//! Sealing: a raw record of this page gets the text with which it is sent, for ever.

use super::Wall;
use super::config::EVENT_BYTES_MAX;
use super::drain::{FRESH_AGE_MAX_MS, SEAL_AGE_MAX_MS};
use super::ledger::DropReason;
use super::record::{Event, stored_bytes};
use super::store::Store;
use super::waiting::Record;
use super::{Outbox, Presence, is_gone};

impl<S: Store> Outbox<S> {
    /// Gives a raw record its final text, in storage before it goes anywhere. Where another page has sealed it meanwhile,
    /// what that page has stored is the event; where one may be about to, it is sealed as it is.
    pub(super) fn seal(&mut self, key: &str, body: &str) {
        if self.waiting.raw(key).is_some_and(|record| record.stored_bytes > 0) && is_gone(&self.store, key) {
            self.settle_vanished();
        }
        let wall = self.wall;
        let Some(record) = self.waiting.raw(key) else { return };
        let found = self.store.get(key).ok().flatten().and_then(|text| Event::parse(&text));
        if let Some(found) = found.filter(|found| found.sealed) {
            record.stored_bytes = stored_bytes(key, &found.value.text);
            record.value = found.value;
            record.raw = false;
            // Who has sealed it has adopted it, and sends it under the drain lock.
            record.urgent = false;
        } else if is_late(record, wall) {
            record.seal_as_it_is();
            if self.store.put(key, &record.value.text).is_ok() {
                record.stored_bytes = stored_bytes(key, &record.value.text);
            }
        } else if body.len() > EVENT_BYTES_MAX {
            if let Some(record) = self.waiting.take(&|record| record.key.text == key) {
                self.forget(&record);
                self.drop_event(DropReason::TooLarge, &record.name);
            }
        } else {
            write_seal(&mut self.store, record, body);
            if record.stored_bytes == 0 {
                (record.urgent, record.due) = (true, self.now);
            } else {
                // What is not fresh any more another page may have adopted.
                record.urgent &= age_ms(record, wall) < FRESH_AGE_MAX_MS;
            }
        }
        if self.presence == Presence::Leaving {
            self.exit();
        }
    }
}

fn age_ms(record: &Record, wall: Wall) -> u64 {
    wall.0.abs_diff(record.key.captured.0)
}

/// Whether another page may be about to seal a raw record.
pub(super) fn is_late(record: &Record, wall: Wall) -> bool {
    age_ms(record, wall) >= SEAL_AGE_MAX_MS
}

/// Stores a record with this event, sealed. What stayed raw in storage would be sealed as it is by whoever finds it, so it goes
/// where there is no room for the seal; where it cannot go, this page seals it as it is, too.
fn write_seal(store: &mut impl Store, record: &mut Record, body: &str) {
    let key = &record.key.text;
    let sealed = record.value.sealed_with(body);
    let mut stored = store.put(key, &sealed.text).is_ok();
    if !stored {
        if store.remove(key).is_err() && record.stored_bytes > 0 {
            return record.seal_as_it_is();
        }
        stored = store.put(key, &sealed.text).is_ok();
    }
    record.stored_bytes = if stored { stored_bytes(key, &sealed.text) } else { 0 };
    record.value = sealed;
    record.raw = false;
}
