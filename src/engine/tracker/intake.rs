//! How events come in: adopted at the start, captured from then on; sealed, stored, and put into the outbox.

use super::super::config::{EVENT_BYTES_MAX, RECORD_AGE_MAX_MS};
use super::super::identity::Identity;
use super::super::input::{Handover, NewEvent};
use super::super::json::ObjectWriter;
use super::super::ledger::DropReason;
use super::super::outbox::Record;
use super::super::record::{Event, FoundKey, KEY_PREFIX, RecordKey, is_must_send, sealed_value, stored_bytes};
use super::super::seal::Seal;
use super::super::session::Session;
use super::super::store::Store;
use super::super::text::{cut, has_line};
use super::super::time::push_iso_timestamp;
use super::super::{Uuid, Wall};
use super::{Presence, Tracker, is_gone};

impl<S: Store> Tracker<S> {
    pub(super) fn start(&mut self, handover: &Handover) {
        self.minted = handover.minted;
        for key in self.store.keys(KEY_PREFIX).unwrap_or_default() {
            match FoundKey::parse(&key, self.project) {
                FoundKey::Own(found)
                    if !has_line(&handover.quarantined, found.uuid()) || self.is_expired(found.captured) =>
                {
                    let own = has_line(&handover.records, &key);
                    if let Ok(Some(text)) = self.store.get(&key) {
                        self.adopt(found, &text, own, true);
                    }
                }
                // Left alone until it has expired, but it counts towards the bound.
                FoundKey::Foreign(captured) => {
                    if self.is_expired(captured) {
                        let _ = self.store.remove(&key);
                    } else if let Ok(Some(value)) = self.store.get(&key) {
                        self.outbox.add_foreign_bytes(stored_bytes(&key, &value));
                    }
                }
                FoundKey::Own(_) | FoundKey::Other => {}
            }
        }
        let mut rest = handover.records.as_str();
        while !rest.is_empty() {
            let (line, after) = cut(rest, b'\n');
            let (key, text) = cut(line, b' ');
            rest = after;
            if let (FoundKey::Own(key), false) = (FoundKey::parse(key, self.project), text.is_empty()) {
                self.adopt(key, text, true, false);
            }
        }
        if !self.outbox.records.is_empty() {
            self.mark_storage();
        }
        self.drop_shut_teams();
    }

    /// Leaves a sign in storage that records have been there, by which a cleared storage is told from a settled record.
    fn mark_storage(&mut self) {
        if is_gone(&self.store, &self.keys.sentinel) {
            let _ = self.store.put(&self.keys.sentinel, "1");
        }
    }

    /// Takes over a record that the keel of this page (`own`) or an earlier page left, sealing it where that is still
    /// to be done.
    fn adopt(&mut self, key: RecordKey, text: &str, own: bool, stored: bool) {
        if own {
            self.stats.captured += 1;
            self.last_timestamp = self.last_timestamp.max(key.captured);
            self.last_wall = self.last_timestamp;
            self.sequence = self.sequence.max(key.sequence + 1);
        } else {
            self.stats.adopted += 1;
        }
        let event = if self.is_expired(key.captured) {
            Err(DropReason::Expired)
        } else {
            Event::parse(text).ok_or(DropReason::Torn).and_then(|mut event| {
                if !event.sealed {
                    event.object = self.seal(&event)?;
                }
                if event.object.len() > EVENT_BYTES_MAX { Err(DropReason::TooLarge) } else { Ok(event) }
            })
        };
        match event {
            Ok(event) => {
                let value = sealed_value(event.team.as_deref(), &event.object);
                if stored && !event.sealed {
                    // The seal goes into storage before the first send, so that whoever sends it later sends the same.
                    let _ = self.store.put(&key.text, &value);
                }
                let stored = if stored { stored_bytes(&key.text, &value) } else { 0 };
                self.admit(key, event, stored, !own);
            }
            Err(reason) => {
                let _ = self.store.remove(&key.text);
                self.drop_event(reason, "");
            }
        }
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
        if stored && is_gone(&self.store, &self.keys.sentinel) {
            // Either nothing was stored yet, or somebody has cleared the storage since.
            self.settle_vanished();
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
    fn admit(&mut self, key: RecordKey, event: Event, stored_bytes: usize, late: bool) {
        let Event { name, team, object: body, .. } = event;
        self.gate.expect(team.as_deref(), self.now);
        let must_send = is_must_send(&name);
        let at_once = must_send || late || stored_bytes == 0;
        let due = if at_once { self.now } else { self.now + self.config.flush_interval_ms };
        let record = Record { key, team, body, must_send, stored_bytes, due, request: 0, earlier_request: 0 };
        if let Some(repeated) = self.outbox.insert(record) {
            self.forget(&repeated);
            return self.drop_event(DropReason::Duplicate, &name);
        }
        while let Some(excess) = self.outbox.take_excess() {
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

    fn seal(&mut self, event: &Event) -> Result<String, DropReason> {
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

    fn is_expired(&self, captured: Wall) -> bool {
        self.wall.0.saturating_sub(captured.0) > RECORD_AGE_MAX_MS
    }
}
