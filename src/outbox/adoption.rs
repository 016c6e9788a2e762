//! What other pages left: found in storage, in its mirror where the browser was killed before storage was written, or noted
//! in their journals.

use super::config::EVENT_BYTES_MAX;
use super::drain::ADOPTION_AGE_BESIDE_MS;
use super::gate::{GateState, TeamId};
use super::input::NewEvent;
use super::intake::{is_held, new_record};
use super::ledger::DropReason;
use super::output::Output;
use super::record::{Event, FoundKey, KEY_PREFIX, RecordKey, is_raw, stored_bytes};
use super::store::Store;
use super::{Outbox, is_broken};

/// What the mirror held when it was read, as long as something of it is to be looked at.
#[derive(Debug, Default)]
pub(super) struct Mirror {
    records: Vec<Mirrored>,
    is_read: bool,
    /// The keys that this page has removed since it started: the mirror may have been read before.
    removed: Vec<String>,
    /// Whether everything was given up since the start; what was read before is none of this page's business.
    is_purged: bool,
}

/// A record that the mirror held.
#[derive(Debug)]
struct Mirrored {
    key: RecordKey,
    text: String,
    /// Whether storage held it raw, and the mirror sealed: a browser that was killed has forgotten the seal.
    over_raw: bool,
}

impl Mirror {
    /// Whether the mirror held the seal of what storage held raw.
    fn knows_seal(&self, key: &RecordKey) -> bool {
        self.records.iter().any(|record| record.over_raw && record.key == *key)
    }

    /// Forgets what is still to be looked at.
    pub(super) fn purge(&mut self) {
        self.records.clear();
        // A read that is still going on may bring what has just been given up.
        self.is_purged = true;
    }

    pub(super) fn note_removal(&mut self, key: &str) {
        if self.is_read && self.records.is_empty() {
            self.removed = Vec::new();
        } else {
            self.removed.push(key.to_owned());
        }
    }
}

impl<S: Store> Outbox<S> {
    /// Adopts what storage holds of other pages and is at least this old, has the edge look into their journals, and counts
    /// what other projects and versions take up.
    pub(super) fn adopt_others(&mut self, age_min_ms: u64) {
        self.scan_at = None;
        if is_broken!(self, ForgetAdoption) {
            return;
        }
        let mut foreign_bytes = 0;
        for key in self.store.keys(KEY_PREFIX).unwrap_or_default() {
            let found = FoundKey::parse(&key, &self.config.project);
            match found {
                FoundKey::Own(found) if self.is_news(&found) => {
                    if self.is_ripe(&found, age_min_ms)
                        && let Ok(Some(text)) = self.store.get(&key)
                        && !(is_raw(&text) && self.mirror.knows_seal(&found))
                    {
                        self.adopt(found, &text, true);
                    }
                }
                FoundKey::Foreign(captured) if self.is_expired(captured) => {
                    let _ = self.store.remove(&key);
                }
                // Left alone, but it counts towards the bound.
                FoundKey::Foreign(_) | FoundKey::Journal => {
                    if let Ok(Some(value)) = self.store.get(&key) {
                        foreign_bytes += stored_bytes(&key, &value);
                    }
                }
                FoundKey::Own(_) | FoundKey::Other => {}
            }
        }
        self.waiting.set_foreign_bytes(foreign_bytes);
        self.adopt_mirrored(age_min_ms);
        if !self.waiting.records.is_empty() {
            self.mark_storage();
        }
        if !self.shut_down {
            // A page without a tracker shows nobody that it lives, and does better with its own entries than others can.
            let age_min_ms = age_min_ms.max(ADOPTION_AGE_BESIDE_MS);
            self.outputs.push(Output::ReplayJournal { age_min_ms });
        }
    }

    /// The mirror has been read. What it holds and storage does not is adopted like what storage holds: the browser was
    /// killed before it had written storage to disk, or storage did not take the record. So is what storage holds raw and the
    /// mirror sealed. What else storage holds now is its own affair; when it is gone later, somebody will have settled it.
    pub(super) fn mirror_read(&mut self, records: Vec<(String, String)>) {
        self.mirror.is_read = true;
        let records = if self.mirror.is_purged { Vec::new() } else { records };
        for (key, text) in records {
            match FoundKey::parse(&key, &self.config.project) {
                // Storage's is left alone, and nothing of it read: it has killed a tracker.
                FoundKey::Own(key) if self.is_quarantined(&key) => {
                    let is_stored = self.store.keys(&key.text).map_or(true, |keys| !keys.is_empty());
                    if !is_stored {
                        self.mirror.records.push(Mirrored { key, text, over_raw: false });
                    }
                }
                FoundKey::Own(key) if !self.waiting.has(&key) => {
                    let stored = self.store.get(&key.text).ok().flatten();
                    let over_raw =
                        stored.as_deref().is_some_and(is_raw) && Event::parse(&text).is_some_and(|event| event.sealed);
                    if stored.is_none() || over_raw {
                        self.mirror.records.push(Mirrored { key, text, over_raw });
                    }
                }
                FoundKey::Foreign(captured) if self.is_expired(captured) => {
                    let _ = self.store.remove(&key);
                }
                _ => {}
            }
        }
        self.look_by(self.now);
    }

    /// Adopts what only the mirror holds and is at least this old; what is younger, or has killed a tracker, is looked at
    /// again.
    fn adopt_mirrored(&mut self, age_min_ms: u64) {
        for record in core::mem::take(&mut self.mirror.records) {
            let Mirrored { key, text, over_raw } = &record;
            let is_settled = || *over_raw && !self.store.get(&key.text).ok().flatten().as_deref().is_some_and(is_raw);
            if self.waiting.has(key) || self.mirror.removed.contains(&key.text) || is_settled() {
                continue;
            }
            if !self.is_quarantined(key) && self.is_ripe(key, age_min_ms) {
                self.adopt(key.clone(), text, false);
            } else {
                self.mirror.records.push(record);
            }
        }
    }

    /// An event of another page that the edge has composed from that page's journal. Where its record is there already,
    /// another page has replayed it before.
    pub(super) fn replay(&mut self, new: &NewEvent) {
        let team = self.gate.id(new.team.as_deref().unwrap_or_default());
        // Where nobody has said anything yet, it is asked first: the entry may be old enough to be given up for nobody's knowing.
        if new.open.is_some() || self.gate.state(team) != GateState::Untold {
            self.learn_gate(team, new.open);
        }
        let key = match self.accept(new, team) {
            Ok(key) if self.waiting.has_event(&key) => Err(DropReason::Duplicate),
            Ok(key) if self.is_quarantined(&key) => return self.leave_alone(&key, new),
            other => other,
        };
        let found = key.as_ref().ok().and_then(|key| self.store.get(&key.text).ok().flatten());
        if let (Ok(key), Some(text)) = (&key, found) {
            return self.adopt(key.clone(), &text, true);
        }
        self.stats.adopted += 1;
        match key.and_then(|key| self.still_wanted(key, team, new)) {
            Ok(key) => {
                let event = new_record(new, true);
                let stored = self.write(&key, &event);
                self.admit(key, event, team, &new.name, stored, (true, true));
            }
            Err(reason) => self.drop_event(reason, &new.name),
        }
    }

    /// Stores a record that has killed a tracker where it is not yet, for another version of this tracker.
    fn leave_alone(&mut self, key: &RecordKey, new: &NewEvent) {
        if let Ok(None) = self.store.get(&key.text) {
            self.write(key, &new_record(new, true));
        }
    }

    /// Whether an event of another page is young enough to be sent.
    fn still_wanted(&self, key: RecordKey, team: TeamId, new: &NewEvent) -> Result<RecordKey, DropReason> {
        if self.is_expired(key.captured) {
            return Err(self.expiry(&key));
        }
        self.gate_verdict(team, is_held(new), key.captured).map_or(Ok(key), Err)
    }

    /// Whether another page's record is old enough to be adopted; sets the time to look again where it is not.
    fn is_ripe(&mut self, key: &RecordKey, age_min_ms: u64) -> bool {
        let age_ms = self.wall.0.abs_diff(key.captured.0);
        let ripe = age_ms >= age_min_ms;
        if !ripe {
            self.look_by(self.now + (age_min_ms - age_ms));
        }
        ripe
    }

    /// Whether a record is neither here already nor known to kill trackers.
    fn is_news(&self, key: &RecordKey) -> bool {
        !self.waiting.has(key) && !self.is_quarantined(key)
    }

    /// Whether a record has killed a tracker; one that has expired is harmless, because nobody reads it any more.
    fn is_quarantined(&self, key: &RecordKey) -> bool {
        self.has_killed(key) && !self.is_expired(key.captured)
    }

    fn has_killed(&self, key: &RecordKey) -> bool {
        self.quarantined.iter().any(|uuid| uuid == key.uuid())
    }

    /// Why a record that has expired is given up.
    fn expiry(&self, key: &RecordKey) -> DropReason {
        if self.has_killed(key) { DropReason::Quarantined } else { DropReason::Expired }
    }

    /// Takes over a record that another page left, sealing it where that is still to be done. `stored` says whether storage
    /// holds it.
    fn adopt(&mut self, key: RecordKey, text: &str, stored: bool) {
        self.stats.adopted += 1;
        let event = if self.is_expired(key.captured) {
            Err(self.expiry(&key))
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
            Ok((mut event, team)) => {
                // The seal goes into storage before the first send, so that whoever sends it later sends the same. What
                // storage has lost, or did not take before, it may take now.
                let mut kept = stored;
                if !stored || !event.sealed {
                    kept |= self.store.put(&key.text, &event.value.text).is_ok();
                }
                event.sealed = true;
                let stored = if kept { stored_bytes(&key.text, &event.value.text) } else { 0 };
                self.admit(key, event, team, "", stored, (true, true));
            }
            Err(reason) => {
                self.remove(&key.text);
                self.drop_event(reason, "");
            }
        }
    }
}
