//! How events come in: handed over by the keel, captured from then on; sealed, stored, and put into the outbox.

use super::super::Wall;
use super::super::config::{EVENT_BYTES_MAX, RECORD_AGE_MAX_MS, RECORDS_MAX};
use super::super::gate::{GateState, TeamId};
use super::super::input::{Handover, NewEvent};
use super::super::ledger::DropReason;
use super::super::outbox::Record;
use super::super::reach::{Reach, UNREACHED_RECORDS_MAX};
use super::super::record::{Event, FoundKey, RecordKey, stored_bytes};
use super::super::store::Store;
use super::super::text::{base36, cut, next_line, push_base36};
use super::{Presence, Tracker};

impl<S: Store> Tracker<S> {
    pub(super) fn start(&mut self, handover: Handover) {
        self.quarantined = handover.quarantined;
        self.reach = Reach::load(&self.store, &self.keys.reach);
        let mut rest = handover.records.as_str();
        while let Some(line) = next_line(&mut rest) {
            let (key, text) = cut(line, b' ');
            if let FoundKey::Own(found) = FoundKey::parse(key, &self.config.project) {
                let stored = text.is_empty();
                let value = if stored { self.store.get_record(key).ok().flatten() } else { Some(text.to_owned()) };
                if let (Some(value), false) = (value, self.is_quarantined(&found)) {
                    self.adopt(found, &value, true, stored);
                }
            }
        }
        if !self.outbox.records.is_empty() {
            self.mark_storage();
        }
        self.scan_at = Some(self.now);
    }

    /// Leaves a sign in storage that records have been there, by which a cleared storage is told from a settled record.
    /// The sign is the time: each clearing is followed by another one, so that a page sees it whoever leaves it first.
    pub(super) fn mark_storage(&mut self) {
        let found = self.found_sentinel();
        if found.is_none() || found != self.sentinel {
            self.settle_vanished();
            self.leave_sentinel();
        }
    }

    /// Takes note of the sign in storage, and leaves one where there is none.
    pub(super) fn leave_sentinel(&mut self) {
        self.sentinel = self.found_sentinel();
        if self.sentinel.is_none() {
            let mut sign = String::new();
            push_base36(&mut sign, self.wall.0);
            let _ = self.store.put(&self.keys.sentinel, &sign);
            self.sentinel = Some(self.wall);
        }
    }

    /// The sign that lies in storage; none, where storage cannot be read.
    pub(super) fn found_sentinel(&self) -> Option<Wall> {
        self.store.get(&self.keys.sentinel).ok().flatten().and_then(|sign| base36(&sign)).map(Wall)
    }

    pub(super) fn capture(&mut self, new: NewEvent) {
        self.stats.captured += 1;
        let team = self.gate.id(new.team.as_deref().unwrap_or_default());
        self.learn_gate(team, new.open);
        match self.accept(&new, team) {
            Ok(key) => self.keep(key, team, &new),
            Err(reason) => self.drop_event(reason, &new.name),
        }
    }

    /// Reads the key of what the page has captured; otherwise says why that is dropped.
    fn accept(&self, new: &NewEvent, team: TeamId) -> Result<RecordKey, DropReason> {
        let FoundKey::Own(key) = FoundKey::parse(&new.key, &self.config.project) else {
            return Err(DropReason::Invalid);
        };
        if self.shut_down {
            Err(DropReason::ShutDown)
        } else if new.body.len() > EVENT_BYTES_MAX {
            Err(DropReason::TooLarge)
        } else if self.gate.state(team) == GateState::Shut {
            Err(DropReason::GateShut)
        } else {
            Ok(key)
        }
    }

    /// Stores a new record before anything else happens to it.
    fn keep(&mut self, key: RecordKey, team: TeamId, new: &NewEvent) {
        let held = new.team.is_some() && new.open.is_none();
        let event = Event::new(new.team.as_deref().unwrap_or_default(), held, new.must_send, &new.body);
        let stored = self.store.put(&key.text, &event.value.text).is_ok();
        if stored {
            self.mark_storage();
        }
        let stored = if stored { stored_bytes(&key.text, &event.value.text) } else { 0 };
        self.delivery.probe(self.now);
        self.admit(key, event, team, &new.name, stored, false);
        if self.presence == Presence::Leaving {
            // Another listener of `pagehide` captured after ours had run.
            self.exit();
        }
    }

    /// Puts a record into the outbox and keeps the outbox within its bounds.
    pub(super) fn admit(
        &mut self,
        key: RecordKey,
        event: Event,
        team: TeamId,
        name: &str,
        stored_bytes: usize,
        late: bool,
    ) {
        let Event { held, must_send, value, .. } = event;
        let due =
            if must_send || late || stored_bytes == 0 { self.now } else { self.now + self.config.flush_interval_ms };
        let record = Record {
            key,
            team,
            held,
            value,
            must_send,
            chosen: false,
            own: !late,
            urgent: !late && (must_send || stored_bytes == 0),
            refused: 0,
            refusals: 0,
            stored_bytes,
            due,
            request: 0,
            earlier_request: 0,
        };
        if let Some(repeated) = self.outbox.insert(record) {
            if !self.outbox.has(&repeated.key) {
                self.forget(&repeated);
            }
            return self.drop_event(DropReason::Duplicate, name);
        }
        let records_max = if self.reach.is_doubtful() { UNREACHED_RECORDS_MAX } else { RECORDS_MAX };
        if !self.looked && self.outbox.is_over(records_max) {
            // Other pages may have settled what this one still counts.
            self.settle_vanished();
        }
        while let Some(excess) = self.outbox.take_excess(records_max) {
            self.forget(&excess);
            self.drop_event(DropReason::Evicted, "");
        }
    }

    pub(super) fn is_expired(&self, captured: Wall) -> bool {
        self.wall.0.saturating_sub(captured.0) > RECORD_AGE_MAX_MS
    }
}
