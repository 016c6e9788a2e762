//! What other pages left: found in storage, or in its mirror where the browser was killed before storage was written.

use super::super::config::EVENT_BYTES_MAX;
use super::super::ledger::DropReason;
use super::super::record::{Event, FoundKey, KEY_PREFIX, RecordKey, stored_bytes};
use super::super::store::Store;
use super::super::text::{cut, has_line, next_line};
use super::{Tracker, is_broken};

/// What the mirror held when it was read, as long as something of it is to be looked at.
#[derive(Debug, Default)]
pub(super) struct MirrorLines {
    /// The records, a line each.
    lines: String,
    is_read: bool,
    /// The keys that this page has removed since it started, a line each: the mirror may have been read before.
    removed: String,
    /// Whether everything was given up since the start; what was read before is none of this page's business.
    is_purged: bool,
}

impl MirrorLines {
    fn keep(&mut self, line: &str) {
        self.lines.push_str(line);
        self.lines.push_str("\n");
    }

    /// Forgets what is still to be looked at.
    pub(super) fn purge(&mut self) {
        self.lines.clear();
        // A read that is still going on may bring what has just been given up.
        self.is_purged = true;
    }

    pub(super) fn note_removal(&mut self, key: &str) {
        if self.is_read && self.lines.is_empty() {
            self.removed = String::new();
        } else {
            self.removed.push_str(key);
            self.removed.push_str("\n");
        }
    }
}

impl<S: Store> Tracker<S> {
    /// Adopts what storage holds of other pages and is at least this old, and counts what other projects and versions
    /// take up.
    pub(super) fn adopt_others(&mut self, age_min_ms: u64) {
        self.scan_at = None;
        if is_broken!(self, ForgetAdoption) {
            return;
        }
        let mut foreign_bytes = 0;
        for key in self.store.keys(KEY_PREFIX).unwrap_or_default() {
            match FoundKey::parse(&key, &self.config.project) {
                FoundKey::Own(found) if self.is_news(&found) => {
                    if self.is_ripe(&found, age_min_ms)
                        && let Ok(Some(text)) = self.store.get_record(&key)
                    {
                        self.adopt(found, &text, false, true);
                    }
                }
                // Left alone until it has expired, but it counts towards the bound.
                FoundKey::Foreign(captured) => {
                    if self.is_expired(captured) {
                        let _ = self.store.remove(&key);
                    } else if let Ok(Some(value)) = self.store.get(&key) {
                        foreign_bytes += stored_bytes(&key, &value);
                    }
                }
                FoundKey::Own(_) | FoundKey::Other => {}
            }
        }
        self.outbox.set_foreign_bytes(foreign_bytes);
        self.adopt_mirrored(age_min_ms);
        if !self.outbox.records.is_empty() {
            self.mark_storage();
        }
    }

    /// The mirror has been read. What it holds and storage does not is adopted like what storage holds: the browser was
    /// killed before it had written storage to disk, or storage did not take the record. What storage holds now is its own
    /// affair; when it is gone later, somebody will have settled it.
    pub(super) fn mirror_read(&mut self, lines: &str) {
        self.mirror.is_read = true;
        let mut rest = if self.mirror.is_purged { "" } else { lines };
        while let Some(line) = next_line(&mut rest) {
            let key = cut(line, b' ').0;
            match FoundKey::parse(key, &self.config.project) {
                FoundKey::Own(found) if self.is_news(&found) && !matches!(self.store.get(key), Ok(Some(_))) => {
                    self.mirror.keep(line);
                }
                FoundKey::Foreign(captured) if self.is_expired(captured) => {
                    let _ = self.store.remove(key);
                }
                _ => {}
            }
        }
        self.scan_at = Some(self.now);
    }

    /// Adopts what only the mirror holds and is at least this old; what is younger is looked at again.
    fn adopt_mirrored(&mut self, age_min_ms: u64) {
        let lines = core::mem::take(&mut self.mirror.lines);
        let mut rest = lines.as_str();
        while let Some(line) = next_line(&mut rest) {
            let (key, text) = cut(line, b' ');
            if let FoundKey::Own(found) = FoundKey::parse(key, &self.config.project)
                && !self.outbox.has(&found)
                && !has_line(&self.mirror.removed, key)
            {
                if self.is_ripe(&found, age_min_ms) {
                    self.adopt(found, text, false, false);
                } else {
                    self.mirror.keep(line);
                }
            }
        }
    }

    /// Whether another page's record is old enough to be adopted; sets the time to look again where it is not.
    fn is_ripe(&mut self, key: &RecordKey, age_min_ms: u64) -> bool {
        let age_ms = self.wall.0.abs_diff(key.captured.0);
        let ripe = age_ms >= age_min_ms;
        if !ripe {
            let at = self.now + (age_min_ms - age_ms);
            self.scan_at = Some(self.scan_at.map_or(at, |earlier| earlier.min(at)));
        }
        ripe
    }

    /// Whether a record is neither here already nor known to kill engines.
    fn is_news(&self, key: &RecordKey) -> bool {
        !self.outbox.has(key) && !self.is_quarantined(key)
    }

    /// Whether a record has killed an engine; one that has expired is harmless, because nobody reads it any more.
    pub(super) fn is_quarantined(&self, key: &RecordKey) -> bool {
        has_line(&self.quarantined, key.uuid()) && !self.is_expired(key.captured)
    }

    /// Takes over a record that the keel of this page (`own`) or another page left, sealing it where that is still to be
    /// done. `stored` says whether storage holds it.
    pub(super) fn adopt(&mut self, key: RecordKey, text: &str, own: bool, stored: bool) {
        if own {
            self.stats.captured += 1;
        } else {
            self.stats.adopted += 1;
        }
        let event = if self.is_expired(key.captured) {
            Err(DropReason::Expired)
        } else {
            Event::parse(text).ok_or(DropReason::Torn).and_then(|event| {
                let team = self.gate.id(&event.team);
                if let Some(reason) = self.gate_verdict(team, event.held, key.captured) {
                    return Err(reason);
                }
                if event.value.body().len() > EVENT_BYTES_MAX { Err(DropReason::TooLarge) } else { Ok((event, team)) }
            })
        };
        match event {
            Ok((event, team)) => {
                // The seal goes into storage before the first send, so that whoever sends it later sends the same. What
                // storage has lost, or did not take before, it may take now.
                let mut kept = stored;
                if !stored || !event.sealed {
                    kept |= self.store.put(&key.text, &event.value.text).is_ok();
                }
                let stored = if kept { stored_bytes(&key.text, &event.value.text) } else { 0 };
                self.admit(key, event, team, "", stored, !own);
            }
            Err(reason) => {
                self.remove(&key.text);
                self.drop_event(reason, "");
            }
        }
    }
}
