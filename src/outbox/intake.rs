//! How events come in: captured, stored, and put into the outbox.

use super::Wall;
use super::config::{EVENT_BYTES_MAX, RECORD_AGE_MAX_MS, RECORDS_MAX};
use super::gate::{GateState, TeamId};
use super::input::NewEvent;
use super::ledger::DropReason;
use super::reach::{Reach, UNREACHED_RECORDS_MAX};
use super::record::{Event, FoundKey, RecordKey, stored_bytes};
use super::store::Store;
use super::waiting::Record;
use super::{Outbox, Output, Presence};
use crate::text::{base36, push_base36};

impl<S: Store> Outbox<S> {
    pub(super) fn start(&mut self, quarantined: Vec<String>) {
        self.quarantined = quarantined;
        self.reach = Reach::load(&self.store, &self.keys.reach);
        self.scan_at = Some(self.now);
    }

    /// Leaves a sign in storage that records have been there, by which a cleared storage is told from a settled record.
    /// The sign is the time: each clearing is followed by another one, so that a page sees it whoever leaves it first.
    pub(super) fn mark_storage(&mut self) {
        let found = self.found_sentinel();
        if found.is_none() || found != self.sentinel {
            self.settle_vanished();
            self.leave_sentinel();
            self.outputs.push(Output::StorageCleared);
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

    pub(super) fn capture(&mut self, new: &NewEvent) {
        self.stats.captured += 1;
        let team = self.meet_team(new);
        match self.accept(new, team) {
            Ok(key) => self.keep(key, team, new),
            Err(reason) => self.drop_event(reason, &new.name),
        }
    }

    /// The team of an event, of which its page has told what it knows.
    pub(super) fn meet_team(&mut self, new: &NewEvent) -> TeamId {
        let team = self.gate.id(new.team.as_deref().unwrap_or_default());
        self.learn_gate(team, new.open);
        team
    }

    /// Reads the key of what the page has captured; otherwise says why that is dropped.
    pub(super) fn accept(&self, new: &NewEvent, team: TeamId) -> Result<RecordKey, DropReason> {
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
        let event = new_record(new, new.sealed);
        let stored = if new.mirror_only {
            self.store.put_mirrored(&key.text, &event.value.text);
            0
        } else {
            self.write(&key, &event)
        };
        self.delivery.probe(self.now);
        let is_due = new.must_send || stored == 0 && !new.mirror_only;
        self.admit(key, event, team, &new.name, stored, (false, is_due));
        if self.presence == Presence::Leaving {
            // Another listener of `pagehide` captured after ours had run.
            self.exit();
        }
    }

    /// Writes the record of an event that comes from a page and not from storage; how many bytes it takes there, 0 where
    /// storage does not take it.
    pub(super) fn write(&mut self, key: &RecordKey, event: &Event) -> usize {
        if self.store.put(&key.text, &event.value.text).is_err() {
            return 0;
        }
        self.mark_storage();
        stored_bytes(&key.text, &event.value.text)
    }

    /// Puts a record into the outbox and keeps the outbox within its bounds.
    pub(super) fn admit(
        &mut self,
        key: RecordKey,
        event: Event,
        team: TeamId,
        name: &str,
        stored_bytes: usize,
        (late, is_due): (bool, bool),
    ) {
        let Event { sealed, held, must_send, refusals, value, .. } = event;
        let due = if is_due { self.now } else { self.now + self.config.flush_interval_ms };
        let record = Record {
            key,
            name: name.to_owned(),
            team,
            held,
            value,
            must_send,
            raw: !sealed,
            chosen: false,
            own: !late,
            urgent: !late && (must_send || stored_bytes == 0),
            is_refused: false,
            is_counted: false,
            refusals,
            stored_bytes,
            due,
            request: 0,
            earlier_request: 0,
        };
        if let Some(repeated) = self.waiting.insert(record) {
            if !self.waiting.has(&repeated.key) {
                self.forget(&repeated);
            }
            return self.drop_event(DropReason::Duplicate, &repeated.name);
        }
        let records_max = if self.reach.is_doubtful() { UNREACHED_RECORDS_MAX } else { RECORDS_MAX };
        if !self.looked && self.waiting.is_over(records_max) {
            // Other pages may have settled what this one still counts.
            self.settle_vanished();
        }
        while let Some(excess) = self.waiting.take_excess(records_max) {
            self.forget(&excess);
            self.drop_event(DropReason::Evicted, &excess.name);
        }
    }

    pub(super) fn is_expired(&self, captured: Wall) -> bool {
        self.wall.0.saturating_sub(captured.0) > RECORD_AGE_MAX_MS
    }
}

/// What is stored of an event that a page has captured.
pub(super) fn new_record(new: &NewEvent, sealed: bool) -> Event {
    Event::new(new.team.as_deref().unwrap_or_default(), sealed, is_held(new), new.must_send, &new.body)
}

/// Whether nobody knew of the team of an event when it was captured.
pub(super) fn is_held(new: &NewEvent) -> bool {
    new.team.is_some() && new.open.is_none()
}
