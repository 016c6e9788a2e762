//! The tracker: the one place where an input meets all the parts. Its leaves know nothing of each other.

use std::collections::VecDeque;

use super::answer::Refusal;
use super::config::{Config, RECORD_AGE_MAX_MS};
use super::delivery::{Delivery, Settlement, body, envelope_bytes};
use super::gate::{Admission, Gate, GateState};
use super::identity::{Identity, is_legal_distinct_id};
use super::input::{HandedRecord, Handover, Input};
use super::json::ObjectWriter;
use super::ledger::{DropReason, Stats};
use super::outbox::{Outbox, Record};
use super::output::{Notice, Output};
use super::page_url::{Page, reduce_url};
use super::record::{
    FoundKey, KEY_PREFIX, RawEvent, RecordKey, Value, is_must_send, noun_key, project_hash, sealed_value, stored_bytes,
};
use super::seal::Seal;
use super::session::Session;
use super::store::Store;
use super::time::push_iso_timestamp;
use super::{Entropy, Monotonic, Now, Outcome, Uuid, Wall};

/// The engine of one page.
///
/// **Every [`handle`](Self::handle) must be followed by [`poll`](Self::poll) until it gives `None`.** Events are stored
/// when `handle` returns; everything else that has to happen is an output.
///
/// # Example
/// ```
/// use posthog_booking_tracker::engine::*;
/// let config = Config {
///     api_key: "phc_demo".to_owned(),
///     flush_at: 20,
///     flush_interval_ms: 10_000,
///     max_retries: 10,
///     request_timeout_ms: 10_000,
///     gate: GateSource::Constant { team: "42".to_owned(), open: true },
///     ungated: Ungated::Ignore,
/// };
/// let mut tracker = Tracker::new(config, MemoryStore::default());
/// let now = Now { wall: Wall(1_767_323_045_678), monotonic: Monotonic(0), entropy: 1 };
/// tracker.handle(now, Input::Started(Handover::default()));
/// tracker.handle(now, Input::Captured {
///     event: "booking_completed".to_owned(),
///     properties: "{}".to_owned(),
///     team: None,
///     page: Page::default(),
/// });
/// let mut outputs = std::iter::from_fn(|| tracker.poll());
/// assert!(outputs.any(|output| matches!(output, Output::Send { keepalive: true, .. })));
/// ```
#[derive(Debug)]
pub struct Tracker<S> {
    config: Config,
    project: u32,
    keys: NounKeys,
    store: S,
    identity: Option<Identity>,
    session: Option<Session>,
    gate: Gate,
    outbox: Outbox,
    delivery: Delivery,
    stats: Stats,
    presence: Presence,
    last_timestamp: Wall,
    sequence: u64,
    flushing: bool,
    shut_down: bool,
    /// Whether this page has made the identity, so that it may go with the last trace.
    minted: bool,
    said: Said,
    outputs: VecDeque<Output>,
    wake: Option<Monotonic>,
}

/// The keys of what is stored once for each project.
#[derive(Debug)]
struct NounKeys {
    identity: String,
    session: String,
    /// Tells "another page settled it" from "somebody cleared the storage", where a record is gone.
    sentinel: String,
}

/// Whether the page is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Visible,
    Hidden,
    Leaving,
}

/// What has been said once already.
#[derive(Debug, Default)]
struct Said {
    ungated: bool,
    unauthorised: bool,
    web_page: bool,
}

impl<S: Store> Tracker<S> {
    /// Makes the engine over a store. It does nothing until [`Input::Started`].
    pub fn new(config: Config, store: S) -> Self {
        let project = project_hash(&config.api_key);
        Self {
            project,
            keys: NounKeys {
                identity: noun_key("identity", project),
                session: noun_key("session", project),
                sentinel: noun_key("sentinel", project),
            },
            store,
            identity: None,
            session: None,
            gate: Gate::new(config.gate.clone(), config.ungated),
            outbox: Outbox::default(),
            delivery: Delivery::new(config.max_retries, config.request_timeout_ms),
            stats: Stats::default(),
            presence: Presence::Visible,
            last_timestamp: Wall(0),
            sequence: 0,
            flushing: false,
            shut_down: false,
            minted: false,
            said: Said::default(),
            outputs: VecDeque::new(),
            wake: None,
            config,
        }
    }

    /// Takes note of an input. Drain [`poll`](Self::poll) afterwards.
    pub fn handle(&mut self, now: Now, input: Input) {
        let mut entropy = Entropy::new(now.entropy);
        match input {
            Input::Started(handover) => self.start(now, &mut entropy, handover),
            Input::Captured { event, properties, team, page } => {
                self.capture(now, &mut entropy, event, properties, team, &page);
            }
            Input::Identified { distinct_id, team, page } => {
                self.identify(now, &mut entropy, &distinct_id, team, &page)
            }
            Input::GateAnswered { team, open } => {
                self.gate.answer(&team, open, now.monotonic, entropy.next_u64());
                self.drop_shut_teams();
            }
            Input::SendFinished { request, outcome } => self.finish(now, entropy.next_u64(), request, &outcome),
            Input::Hidden => self.hide(now),
            Input::Leaving => self.leave(now),
            Input::Returned => self.come_back(now),
            Input::Online => self.delivery.retry_now(now.monotonic),
            Input::Woke => self.wake = None,
            Input::FlushRequested => self.flush(now),
            Input::ShutDown => {
                self.shut_down = true;
                self.flush(now);
            }
        }
        self.advance(now, &mut entropy);
    }

    /// The next thing to do, `None` once all is said.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// What became of this page's events so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats { waiting: self.outbox.len() as u32, ..self.stats }
    }

    /// The store, as it is now.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// The store, to change it from outside as other pages do; for tests and simulators.
    pub fn store_mut(&mut self) -> &mut S {
        &mut self.store
    }

    // Start-up ------------------------------------------------------------------------------------------------------

    fn start(&mut self, now: Now, entropy: &mut Entropy, handover: Handover) {
        self.minted = handover.minted;
        for key in self.store.keys(KEY_PREFIX).unwrap_or_default() {
            match FoundKey::parse(&key) {
                Some(FoundKey::Record(found)) if found.project == self.project => {
                    if !handover.quarantined.contains(&found.uuid) {
                        let own = handover.records.iter().any(|handed| handed.key == key);
                        self.adopt(now, entropy, found, &key, own, None);
                    }
                }
                Some(FoundKey::Record(RecordKey { captured, .. }) | FoundKey::Foreign { captured }) => {
                    self.meet_foreign(now, &key, captured);
                }
                None => {}
            }
        }
        for HandedRecord { key, value } in handover.records {
            if let (Some(value), Some(FoundKey::Record(found))) = (value, FoundKey::parse(&key)) {
                self.adopt(now, entropy, found, &key, true, Some(value));
            }
        }
        self.drop_shut_teams();
    }

    /// A record of another project or format: left alone until it has expired, but it counts towards the bound.
    fn meet_foreign(&mut self, now: Now, key: &str, captured: Wall) {
        if is_expired(captured, now.wall) {
            let _ = self.store.remove(key);
        } else if let Ok(Some(value)) = self.store.get(key) {
            self.outbox.add_foreign_bytes(stored_bytes(key, &value));
        }
    }

    /// Takes over a record that the keel of this page (`own`) or an earlier page left, sealing it where that is still
    /// to be done. `memory` is its value where storage does not hold it.
    fn adopt(
        &mut self,
        now: Now,
        entropy: &mut Entropy,
        found: RecordKey,
        key: &str,
        own: bool,
        memory: Option<String>,
    ) {
        let stored = memory.is_none();
        let Some(text) = memory.or_else(|| self.store.get(key).ok().flatten()) else {
            return;
        };
        *(if own { &mut self.stats.captured } else { &mut self.stats.adopted }) += 1;
        if own {
            self.last_timestamp = self.last_timestamp.max(found.captured);
            self.sequence = self.sequence.max(found.sequence + 1);
        }
        if is_expired(found.captured, now.wall) {
            let _ = self.store.remove(key);
            return self.drop_event(DropReason::Expired, "");
        }
        let (name, team, sealed) = match Value::parse(&text) {
            Some(Value::Raw(raw)) if raw.uuid == found.uuid => {
                let sealed = self.seal(&raw, now, entropy);
                (raw.name, raw.team, sealed.map(|body| (body, true)))
            }
            Some(Value::Sealed { name, team, body }) => (name, team, Ok((body, false))),
            _ => (String::new(), None, Err(DropReason::Torn)),
        };
        let (body, fresh) = match sealed {
            Ok(sealed) => sealed,
            Err(reason) => {
                let _ = self.store.remove(key);
                return self.drop_event(reason, &name);
            }
        };
        let must_send = is_must_send(&name);
        let stored_bytes = if !stored {
            0
        } else if fresh {
            // The seal goes into storage before the first send, so that whoever sends it later sends the same.
            let value = sealed_value(team.as_deref(), &body);
            let _ = self.store.put(key, &value);
            stored_bytes(key, &value)
        } else {
            stored_bytes(key, &text)
        };
        let due =
            if own && !must_send && stored { now.monotonic + self.config.flush_interval_ms } else { now.monotonic };
        self.admit_record(
            now.monotonic,
            &name,
            Record { key: found, team, body, must_send, stored_bytes, due, request: None, left: false },
        );
    }

    // Capture -------------------------------------------------------------------------------------------------------

    fn capture(
        &mut self,
        now: Now,
        entropy: &mut Entropy,
        name: String,
        properties: String,
        team: Option<String>,
        page: &Page,
    ) {
        self.stats.captured += 1;
        if self.shut_down {
            return self.drop_event(DropReason::ShutDown, &name);
        }
        if name.trim_ascii().is_empty() {
            return self.drop_event(DropReason::Invalid, &name);
        }
        let team = match self.gate.admit(team.as_deref()) {
            Admission::Admit(team) => team,
            Admission::Refuse(reason) => return self.refuse(reason, &name),
        };
        let wall = self.timestamp(now.wall);
        let mut timestamp = String::with_capacity(24);
        push_iso_timestamp(&mut timestamp, wall);
        let uuid = Uuid::v7(wall, entropy);
        let raw = RawEvent {
            uuid,
            timestamp,
            name,
            team,
            url: reduce_url(&page.url),
            referrer: reduce_url(&page.referrer),
            distinct_id: None,
            session_id: None,
            properties,
        };
        let body = match self.seal(&raw, now, entropy) {
            Ok(body) => body,
            Err(reason) => return self.drop_event(reason, &raw.name),
        };
        let key = RecordKey { project: self.project, captured: wall, sequence: self.sequence, uuid };
        self.sequence += 1;
        self.keep(now, &raw.name, key, raw.team, body);
    }

    /// Stores a new record before anything else happens to it.
    fn keep(&mut self, now: Now, name: &str, key: RecordKey, team: Option<String>, body: String) {
        let must_send = is_must_send(name);
        let text = key.text();
        let value = sealed_value(team.as_deref(), &body);
        let stored = self.store.put(&text, &value).is_ok();
        if stored && !matches!(self.store.get(&self.keys.sentinel), Ok(Some(_))) {
            let _ = self.store.put(&self.keys.sentinel, "1");
        }
        let due = if must_send || !stored { now.monotonic } else { now.monotonic + self.config.flush_interval_ms };
        let stored_bytes = if stored { stored_bytes(&text, &value) } else { 0 };
        self.delivery.probe(now.monotonic);
        self.admit_record(
            now.monotonic,
            name,
            Record { key, team, body, must_send, stored_bytes, due, request: None, left: false },
        );
        if self.presence == Presence::Leaving {
            // Another listener of `pagehide` captured after ours had run.
            self.exit(now);
        }
    }

    /// Puts a record into the outbox and keeps the outbox within its bounds.
    fn admit_record(&mut self, now: Monotonic, name: &str, record: Record) {
        self.gate.expect(record.team.as_deref(), now);
        if !self.outbox.insert(record) {
            return self.drop_event(DropReason::Duplicate, name);
        }
        while let Some(excess) = self.outbox.take_excess() {
            self.forget(&excess);
            self.drop_event(DropReason::Evicted, "");
        }
    }

    /// The timestamp of an event that is captured at `wall`, unique on this page: PostHog keys rows by it, and two
    /// events of a millisecond keep their order by it. A tie or a step back under a second becomes the next
    /// millisecond; a larger step back is a clock that was set, and is taken as it is.
    fn timestamp(&mut self, wall: Wall) -> Wall {
        let back = self.last_timestamp.0.checked_sub(wall.0);
        let unique = if back.is_some_and(|back| back < 1_000) { Wall(self.last_timestamp.0 + 1) } else { wall };
        self.last_timestamp = unique;
        unique
    }

    fn seal(&mut self, raw: &RawEvent, now: Now, entropy: &mut Entropy) -> Result<String, DropReason> {
        if self.identity.is_none() {
            let identity = Identity::load(&self.store, &self.keys.identity).unwrap_or_else(|| {
                let identity = Identity::anonymous(now.wall, entropy);
                identity.save(&mut self.store, &self.keys.identity);
                self.minted = true;
                identity
            });
            self.identity = Some(identity);
        }
        let session = match &raw.session_id {
            Some(session) => session.clone(),
            None => {
                let session = Session::at(now.wall, self.session, &mut self.store, &self.keys.session, entropy);
                self.session = Some(session);
                session.id.text()
            }
        };
        let Some(identity) = &self.identity else {
            return Err(DropReason::Invalid);
        };
        Seal { api_key: &self.config.api_key, identity, session_id: &session }.apply(raw)
    }

    fn identify(&mut self, now: Now, entropy: &mut Entropy, distinct_id: &str, team: Option<String>, page: &Page) {
        if !is_legal_distinct_id(distinct_id) {
            return self.outputs.push_back(Output::Notice(Notice::IllegalDistinctId));
        }
        if self.shut_down || matches!(self.gate.admit(team.as_deref()), Admission::Refuse(_)) {
            return;
        }
        let current = self.identity.take().or_else(|| Identity::load(&self.store, &self.keys.identity));
        let current = current.unwrap_or_else(|| Identity::anonymous(now.wall, entropy));
        let identity =
            Identity { distinct_id: distinct_id.to_owned(), device_id: current.device_id.clone(), identified: true };
        identity.save(&mut self.store, &self.keys.identity);
        self.identity = Some(identity);
        // Two known people are never merged, and a person who is known already needs no event.
        if !current.identified && current.distinct_id != distinct_id {
            let mut properties = String::new();
            let mut object = ObjectWriter::begin(&mut properties);
            object.string("$anon_distinct_id", &current.distinct_id);
            object.end();
            self.capture(now, entropy, "$identify".to_owned(), properties, team, page);
        }
    }

    // The gate ------------------------------------------------------------------------------------------------------

    fn refuse(&mut self, reason: DropReason, name: &str) {
        if reason == DropReason::Ungated && !self.said.ungated {
            self.said.ungated = true;
            self.outputs.push_back(Output::Notice(Notice::Ungated));
        }
        self.drop_event(reason, name);
    }

    /// A definite "no" drops what its team has waiting, and with the last record every trace of this page.
    fn drop_shut_teams(&mut self) {
        let gate = &self.gate;
        let is_shut = |record: &Record| gate.state(record.team.as_deref()) == GateState::Shut;
        let mut dropped = Vec::new();
        while let Some(record) = self.outbox.take(is_shut) {
            dropped.push(record);
        }
        for record in &dropped {
            self.forget(record);
            self.drop_event(DropReason::GateShut, "");
        }
        if !dropped.is_empty() && self.outbox.len() == 0 && self.stats.confirmed == 0 && self.minted {
            for key in [&self.keys.identity, &self.keys.session, &self.keys.sentinel] {
                let _ = self.store.remove(key);
            }
            self.identity = None;
            self.session = None;
        }
    }

    // Sending -------------------------------------------------------------------------------------------------------

    /// What follows from every input: questions to ask, requests to give up, deliveries to start, the next wake.
    fn advance(&mut self, now: Now, entropy: &mut Entropy) {
        while let Some(team) = self.gate.next_question(now.monotonic) {
            self.outputs.push_back(Output::AskGate { team });
        }
        while let Some(request) = self.delivery.overdue(now.monotonic) {
            self.outputs.push_back(Output::Abort { request });
            self.finish(now, entropy.next_u64(), request, &Outcome::Failed);
        }
        if self.presence != Presence::Leaving {
            self.deliver(now);
        }
        if self.flushing && self.delivery.is_idle() {
            self.flushing = false;
            self.outputs.push_back(Output::Settled);
        }
        let wake = self.next_wake(now.monotonic);
        if wake != self.wake {
            self.wake = wake;
            self.outputs.push_back(Output::WakeAt(wake));
        }
    }

    /// Starts an ordinary delivery if something is due; it takes everything along that may leave.
    fn deliver(&mut self, now: Now) {
        if !self.delivery.may_start(now.monotonic) || !self.is_due(now.monotonic) {
            return;
        }
        self.settle_vanished();
        if !self.is_due(now.monotonic) {
            return;
        }
        let gate = &self.gate;
        let may_leave = |record: &Record| gate.state(record.team.as_deref()) == GateState::Open;
        let must_send = self.outbox.iter().any(|record| record.must_send && may_leave(record));
        let (events, bytes) = self.delivery.budget(must_send);
        let bytes = bytes.saturating_sub(envelope_bytes(&self.config.api_key));
        let chosen = self.outbox.choose(events, bytes, may_leave);
        for record in self.outbox.iter_mut() {
            record.due = record.due.min(now.monotonic);
        }
        self.send(now, &chosen);
    }

    fn is_due(&self, now: Monotonic) -> bool {
        let mut waiting = 0;
        for record in self.outbox.iter() {
            if self.gate.state(record.team.as_deref()) == GateState::Open {
                waiting += 1;
                if record.due <= now || waiting >= self.config.flush_at {
                    return true;
                }
            }
        }
        false
    }

    fn send(&mut self, now: Now, chosen: &[Uuid]) {
        if chosen.is_empty() {
            return;
        }
        let body = self.body_of(now.wall, chosen);
        let (request, keepalive) = self.delivery.start(now.monotonic, body.len());
        for record in self.outbox.iter_mut().filter(|record| chosen.contains(&record.key.uuid)) {
            record.request = Some(request);
        }
        self.outputs.push_back(Output::Send { request, body, keepalive });
    }

    fn body_of(&self, sent_at: Wall, chosen: &[Uuid]) -> String {
        let events = self.outbox.iter().filter(|record| chosen.contains(&record.key.uuid));
        body(&self.config.api_key, sent_at, events.map(|record| record.body.as_str()))
    }

    fn finish(&mut self, now: Now, jitter: u64, request: u32, outcome: &Outcome) {
        if self.delivery.take(request).is_none() {
            return;
        }
        let mut events = 0;
        for record in self.outbox.iter_mut().filter(|record| record.request == Some(request)) {
            events += 1;
            if !(*outcome == Outcome::Failed && self.presence == Presence::Leaving) {
                continue;
            }
            // A keepalive request that rejects while its page is torn down was delivered all the same (measured), so
            // it counts as gone out with this leave.
            record.left = true;
        }
        let settlement = self.delivery.settle(outcome, events, now.monotonic, jitter);
        match settlement {
            Settlement::Confirmed => self.confirm(request),
            Settlement::Halved(refusal) if events == 1 => {
                let reason = match refusal {
                    Refusal::Malformed => DropReason::Rejected,
                    Refusal::TooLarge => DropReason::TooLarge,
                };
                if let Some(record) = self.outbox.take(|record| record.request == Some(request)) {
                    self.forget(&record);
                    self.drop_event(reason, "");
                }
            }
            Settlement::Halved(_) | Settlement::Kept => {
                for record in self.outbox.iter_mut().filter(|record| record.request == Some(request)) {
                    record.request = None;
                }
            }
        }
        self.say(outcome);
    }

    fn confirm(&mut self, request: u32) {
        while let Some(record) = self.outbox.take(|record| record.request == Some(request)) {
            self.forget(&record);
            self.stats.confirmed += 1;
        }
    }

    fn say(&mut self, outcome: &Outcome) {
        if outcome.is_web_page() && !self.said.web_page {
            self.said.web_page = true;
            self.outputs.push_back(Output::Notice(Notice::WebPage));
        }
        if self.delivery.is_stopped() && !self.said.unauthorised {
            self.said.unauthorised = true;
            self.outputs.push_back(Output::Notice(Notice::Unauthorised));
        }
    }

    /// Looks whether stored records are still there. Where one is gone, another page has settled it; where the
    /// sentinel is gone as well, somebody cleared the storage, and what this page still knows is written again.
    fn settle_vanished(&mut self) {
        let mut vanished = Vec::new();
        for record in self.outbox.iter().filter(|record| record.stored_bytes > 0 && record.request.is_none()) {
            if self.store.get(&record.key.text()) == Ok(None) {
                vanished.push(record.key.uuid);
            }
        }
        if vanished.is_empty() {
            return;
        }
        if self.store.get(&self.keys.sentinel) == Ok(None) {
            return self.restore();
        }
        for uuid in vanished {
            self.outbox.take(|record| record.key.uuid == uuid);
            self.stats.settled_elsewhere += 1;
        }
    }

    /// Writes everything again that this page knows, after somebody cleared the storage.
    fn restore(&mut self) {
        let _ = self.store.put(&self.keys.sentinel, "1");
        if let Some(identity) = &self.identity {
            identity.save(&mut self.store, &self.keys.identity);
        }
        for record in self.outbox.iter().filter(|record| record.stored_bytes > 0) {
            let _ = self.store.put(&record.key.text(), &sealed_value(record.team.as_deref(), &record.body));
        }
    }

    fn flush(&mut self, now: Now) {
        self.flushing = true;
        self.delivery.retry_now(now.monotonic);
        for record in self.outbox.iter_mut() {
            record.due = now.monotonic;
        }
    }

    // Leaving and coming back -----------------------------------------------------------------------------------------

    /// The page may never be seen again, but it can still hear answers: everything goes now by keepalive requests,
    /// which are confirmed if it lives. A beacon never is, and would cost a second copy each time a tab is switched.
    fn hide(&mut self, now: Now) {
        if self.presence != Presence::Visible {
            return;
        }
        self.presence = Presence::Hidden;
        if self.delivery.is_stopped() {
            return;
        }
        self.settle_vanished();
        let bytes = self.delivery.exit_bytes().saturating_sub(envelope_bytes(&self.config.api_key));
        let gate = &self.gate;
        let chosen = self.outbox.choose(usize::MAX, bytes, |record| {
            record.request.is_none() && gate.state(record.team.as_deref()) == GateState::Open
        });
        self.send(now, &chosen);
    }

    fn leave(&mut self, now: Now) {
        if self.presence == Presence::Leaving {
            return;
        }
        self.presence = Presence::Leaving;
        self.settle_vanished();
        self.exit(now);
    }

    /// Hands over to the browser what no unanswered keepalive request carries, must-send first, within what may leave.
    fn exit(&mut self, now: Now) {
        if self.delivery.is_stopped() {
            return;
        }
        let gone: usize = self.outbox.iter().filter(|record| record.left).map(|record| record.body.len() + 1).sum();
        let overhead = gone + envelope_bytes(&self.config.api_key);
        let bytes = self.delivery.exit_bytes().saturating_sub(overhead);
        let (gate, delivery) = (&self.gate, &self.delivery);
        let chosen = self.outbox.choose(usize::MAX, bytes, |record| {
            !record.left
                && !record.request.is_some_and(|request| delivery.is_keepalive(request))
                && gate.state(record.team.as_deref()) == GateState::Open
        });
        if chosen.is_empty() {
            return;
        }
        let body = self.body_of(now.wall, &chosen);
        for record in self.outbox.iter_mut().filter(|record| chosen.contains(&record.key.uuid)) {
            record.left = true;
        }
        self.outputs.push_back(Output::Exit { body });
    }

    fn come_back(&mut self, now: Now) {
        if self.presence == Presence::Leaving {
            self.delivery.extend_deadlines(now.monotonic);
            for record in self.outbox.iter_mut().filter(|record| record.left) {
                // It went out, but nobody has confirmed it: it goes again, and PostHog counts it once.
                record.left = false;
                record.due = now.monotonic;
            }
        }
        self.presence = Presence::Visible;
        self.delivery.probe(now.monotonic);
    }

    // Book-keeping ----------------------------------------------------------------------------------------------------

    fn forget(&mut self, record: &Record) {
        if record.stored_bytes > 0 {
            let _ = self.store.remove(&record.key.text());
        }
    }

    fn drop_event(&mut self, reason: DropReason, event: &str) {
        self.stats.drop_one(reason);
        self.outputs.push_back(Output::Notice(Notice::Dropped { reason, event: event.to_owned() }));
    }

    fn next_wake(&self, now: Monotonic) -> Option<Monotonic> {
        if self.shut_down && self.delivery.is_idle() {
            return None;
        }
        let due = if self.delivery.is_idle() && !self.delivery.is_stopped() {
            let open = |record: &&Record| self.gate.state(record.team.as_deref()) == GateState::Open;
            let due = self.outbox.iter().filter(open).map(|record| record.due).min();
            due.map(|due| due.max(self.delivery.not_before()).max(now))
        } else {
            None
        };
        [due, self.delivery.next_deadline(), self.gate.next_question_at()].into_iter().flatten().min()
    }
}

fn is_expired(captured: Wall, now: Wall) -> bool {
    now.0.saturating_sub(captured.0) > RECORD_AGE_MAX_MS
}
