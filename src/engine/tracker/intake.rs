//! How events come in: handed over by the keel, captured from then on; sealed, stored, and put into the outbox.

use super::super::config::{RECORD_AGE_MAX_MS, RECORDS_MAX};
use super::super::identity::Identity;
use super::super::input::{Handover, NewEvent};
use super::super::json::{ObjectWriter, push_base36};
use super::super::ledger::DropReason;
use super::super::outbox::Record;
use super::super::reach::{Reach, UNREACHED_RECORDS_MAX};
use super::super::record::{Event, FoundKey, RecordKey, base36, is_must_send, sealed_value, stored_bytes};
use super::super::seal::Seal;
use super::super::session::Session;
use super::super::store::Store;
use super::super::text::{cut, next_line};
use super::super::time::push_iso_timestamp;
use super::super::{Uuid, Wall};
use super::{Presence, Tracker};

impl<S: Store> Tracker<S> {
    pub(super) fn start(&mut self, handover: Handover) {
        self.minted = handover.minted;
        self.quarantined = handover.quarantined;
        self.reach = Reach::load(&self.store, &self.keys.reach);
        let mut rest = handover.records.as_str();
        while let Some(line) = next_line(&mut rest) {
            let (key, text) = cut(line, b' ');
            if let FoundKey::Own(found) = FoundKey::parse(key, self.project) {
                let stored = text.is_empty();
                let value = if stored { self.store.get(key).ok().flatten() } else { Some(text.to_owned()) };
                if let (Some(value), false) = (value, self.is_quarantined(&found)) {
                    self.adopt(found, &value, true, stored);
                }
            }
        }
        if !self.outbox.records.is_empty() {
            self.mark_storage();
        }
        self.drop_shut_teams();
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
        let mut event = Event { name: new.name, team: new.team, object: new.properties, ..Event::default() };
        match self.prepare(&mut event) {
            Ok(key) => self.keep(key, event),
            Err(reason) => self.drop_event(reason, &event.name),
        }
    }

    /// Makes a sealed event of what the page has said.
    fn prepare(&mut self, event: &mut Event) -> Result<RecordKey, DropReason> {
        if self.shut_down {
            return Err(DropReason::ShutDown);
        }
        if event.name.trim_ascii().is_empty() {
            return Err(DropReason::Invalid);
        }
        event.team = self.gate.admit(event.team.as_deref())?;
        let wall = self.timestamp();
        push_iso_timestamp(&mut event.timestamp, wall);
        event.uuid = Uuid::v7(wall, &mut self.entropy).text();
        event.url.clone_from(&self.page.url);
        event.referrer.clone_from(&self.page.referrer);
        event.object = self.seal(event)?;
        self.sequence += 1;
        Ok(RecordKey::new(self.project, wall, self.sequence - 1, &event.uuid))
    }

    /// Stores a new record before anything else happens to it.
    fn keep(&mut self, key: RecordKey, event: Event) {
        let value = sealed_value(event.team.as_deref(), &event.object);
        let stored = self.store.put(&key.text, &value).is_ok();
        if stored {
            self.mark_storage();
        }
        let stored = if stored { stored_bytes(&key.text, &value) } else { 0 };
        self.delivery.probe(self.now);
        self.admit(key, event, stored, false);
        if self.presence == Presence::Leaving {
            // Another listener of `pagehide` captured after ours had run.
            self.exit();
        }
    }

    /// Puts a record into the outbox and keeps the outbox within its bounds.
    pub(super) fn admit(&mut self, key: RecordKey, event: Event, stored_bytes: usize, late: bool) {
        let Event { name, team, object: body, .. } = event;
        self.gate.expect(team.as_deref(), self.now);
        let must_send = is_must_send(&name);
        let at_once = must_send || late || stored_bytes == 0;
        let due = if at_once { self.now } else { self.now + self.config.flush_interval_ms };
        let record = Record {
            key,
            team,
            body,
            must_send,
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
            return self.drop_event(DropReason::Duplicate, &name);
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

    /// The timestamp of an event that is captured now, unique on this page: PostHog keys rows by it, and two events of a
    /// millisecond keep their order by it. A tie or a step back under a second becomes the next millisecond; a larger
    /// step back is a clock that was set, and is taken as it is.
    fn timestamp(&mut self) -> Wall {
        let was_set_back = self.wall.0 + 1_000 <= self.last_wall.0;
        let Wall(last) = core::mem::replace(&mut self.last_timestamp, self.wall);
        self.last_wall = self.wall;
        if !was_set_back && last >= self.wall.0 {
            self.last_timestamp = Wall(last + 1);
        }
        self.last_timestamp
    }

    pub(super) fn seal(&mut self, event: &Event) -> Result<String, DropReason> {
        self.know_identity();
        let mut session = String::new();
        // Only a raw event of the keel knows its own.
        if event.session_id.is_empty() {
            let own = Session::at(self.wall, self.session, &mut self.store, &self.keys.session, &mut self.entropy);
            self.session = Some(own);
            session = own.id.text();
        }
        Seal { api_key: &self.config.api_key, identity: &self.identity, session_id: &session }.apply(event)
    }

    /// Reads the identity of this browser, or makes one, the first time that it is needed.
    fn know_identity(&mut self) {
        if self.identity.distinct_id.is_empty() {
            self.identity = match Identity::load(&self.store, &self.keys.identity) {
                Some(identity) => identity,
                None => {
                    self.minted = true;
                    let identity = Identity::anonymous(self.wall, &mut self.entropy);
                    identity.save(&mut self.store, &self.keys.identity);
                    identity
                }
            };
        }
    }

    pub(super) fn identify(&mut self, distinct_id: String, team: Option<String>) {
        if self.shut_down || self.gate.admit(team.as_deref()).is_err() {
            return;
        }
        self.know_identity();
        let anonymous = !core::mem::replace(&mut self.identity.identified, true);
        let earlier = core::mem::replace(&mut self.identity.distinct_id, distinct_id);
        self.identity.save(&mut self.store, &self.keys.identity);
        // Two known people are never merged, and a person who is known already needs no event.
        if anonymous && earlier != self.identity.distinct_id {
            let mut properties = String::new();
            let mut object = ObjectWriter::begin(&mut properties);
            object.string("$anon_distinct_id", &earlier);
            object.end();
            self.capture(NewEvent { name: "$identify".to_owned(), properties, team });
        }
    }

    pub(super) fn is_expired(&self, captured: Wall) -> bool {
        self.wall.0.saturating_sub(captured.0) > RECORD_AGE_MAX_MS
    }
}
