//! The keys under which records and entries of journals are stored, and the uuids in them (`js/src/storage-keys.ts`).

use crate::base36::base36;
use crate::page::PROJECT;
use crate::world::World;

/// The key of a record.
pub(crate) fn record_key(format: u64, project: &str, captured: u64, sequence: u64, uuid: &str) -> String {
    let [format, captured, sequence] = [format, captured, sequence].map(base36);
    format!("phbt:{format}:{project}:{captured}:{sequence}:{uuid}")
}

/// How the keys of entries of journals of this project begin.
pub(crate) fn journal_prefix() -> String {
    format!("phbt:journal:{PROJECT}:")
}

/// The key of an entry of a journal.
pub(crate) fn journal_key(captured: u64, sequence: u64, uuid: &str) -> String {
    let [captured, sequence] = [captured, sequence].map(base36);
    format!("{}{captured}:{sequence}:{uuid}", journal_prefix())
}

/// The key of the record that is made of an entry of a journal.
pub(crate) fn replayed_key(journal_key: &str) -> String {
    journal_key.replace(&journal_prefix(), &format!("phbt:1:{PROJECT}:"))
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
}
