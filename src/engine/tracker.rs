//! The tracker: the one place where an input meets all the parts. Its leaves know nothing of each other.

use super::config::{BATCH_BYTES_MAX, Config, RECORD_AGE_MAX_MS};
use super::delivery::{Delivery, Settlement, body};
use super::gate::{Gate, GateState};
use super::identity::Identity;
use super::input::{Handover, Input, NewEvent, Page};
use super::json::ObjectWriter;
use super::ledger::{DropReason, Stats};
use super::outbox::{Carrier, Outbox, Record};
use super::output::{Notice, Output};
use super::record::{
    Event, FoundKey, KEY_PREFIX, RecordKey, is_must_send, noun_key, project_hash, sealed_value, stored_bytes,
};
use super::seal::Seal;
use super::session::Session;
use super::store::Store;
use super::text::lines;
use super::time::push_iso_timestamp;
use super::{Entropy, Monotonic, Now, Outcome, Uuid, Wall};

/// The engine of one page.
///
/// **Every [`handle`](Self::handle) must be followed by [`take_outputs`](Self::take_outputs).** Events are stored when
/// `handle` returns; everything else that has to happen is an output.
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
/// tracker.handle(now, Input::Captured(NewEvent {
///     name: "booking_completed".to_owned(),
///     properties: "{}".to_owned(),
///     team: None,
/// }));
/// let outputs = tracker.take_outputs();
/// assert!(outputs.iter().any(|output| matches!(output, Output::Send { keepalive: true, .. })));
/// ```
#[derive(Debug)]
pub struct Tracker<S> {
    config: Config,
    project: u32,
    keys: NounKeys,
    /// The time of the present input.
    wall: Wall,
    /// The time of the present input.
    now: Monotonic,
    /// What the present input may draw on.
    entropy: Entropy,
    page: Page,
    store: S,
    /// Empty until it is needed first.
    identity: Identity,
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
    outputs: Vec<Output>,
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
            wall: Wall(0),
            now: Monotonic(0),
            entropy: Entropy::new(0),
            page: Page::default(),
            store,
            identity: Identity::default(),
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
            outputs: Vec::new(),
            wake: None,
            config,
        }
    }

    /// Takes note of an input. [`take_outputs`](Self::take_outputs) comes next.
    pub fn handle(&mut self, now: Now, input: Input) {
        self.wall = now.wall;
        self.now = now.monotonic;
        self.entropy = Entropy::new(now.entropy);
        match input {
            Input::Started(handover) => self.start(&handover),
            Input::Captured(event) => self.capture(event),
            Input::Identified { distinct_id, team } => self.identify(distinct_id, team),
            Input::Moved(page) => self.page = page,
            Input::GateAnswered { team, open } => {
                let jitter = self.entropy.next_u64();
                self.gate.answer(&team, open, self.now, jitter);
                self.drop_shut_teams();
            }
            Input::SendFinished { request, outcome } => self.finish(request, &outcome),
            Input::Hidden => self.hide(),
            Input::Leaving => self.leave(),
            Input::Returned => self.come_back(),
            Input::Online => self.delivery.retry_now(self.now),
            Input::Woke => self.wake = None,
            Input::FlushRequested => self.flush(),
            Input::ShutDown => {
                self.shut_down = true;
                self.flush();
            }
        }
        self.advance();
    }

    /// Everything that has to be done now, in order. Must be called after every [`handle`](Self::handle).
    pub fn take_outputs(&mut self) -> Vec<Output> {
        core::mem::take(&mut self.outputs)
    }

    /// What became of this page's events so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats { waiting: self.outbox.records.len() as u32, ..self.stats }
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

    fn start(&mut self, handover: &Handover) {
        self.minted = handover.minted;
        for key in self.store.keys(KEY_PREFIX).unwrap_or_default() {
            match FoundKey::parse(&key, self.project) {
                FoundKey::Own(found) if !lines(&handover.quarantined).any(|uuid| uuid == found.uuid()) => {
                    let own = handover.records().any(|(handed, _)| handed == key);
                    if let Ok(Some(text)) = self.store.get(&key) {
                        self.adopt(found, &text, own, true);
                    }
                }
                // Left alone until it has expired, but it counts towards the bound.
                FoundKey::Foreign(captured) => {
                    if is_expired(captured, self.wall) {
                        let _ = self.store.remove(&key);
                    } else if let Ok(Some(value)) = self.store.get(&key) {
                        self.outbox.add_foreign_bytes(stored_bytes(&key, &value));
                    }
                }
                FoundKey::Own(_) | FoundKey::Other => {}
            }
        }
        for (key, text) in handover.records().filter(|(_, text)| !text.is_empty()) {
            if let FoundKey::Own(key) = FoundKey::parse(key, self.project) {
                self.adopt(key, text, true, false);
            }
        }
        self.drop_shut_teams();
    }

    /// Takes over a record that the keel of this page (`own`) or an earlier page left, sealing it where that is still
    /// to be done.
    fn adopt(&mut self, key: RecordKey, text: &str, own: bool, stored: bool) {
        if own {
            self.stats.captured += 1;
            self.last_timestamp = self.last_timestamp.max(key.captured);
            self.sequence = self.sequence.max(key.sequence + 1);
        } else {
            self.stats.adopted += 1;
        }
        match self.open(&key, text) {
            Ok((event, body)) => {
                let value = sealed_value(event.team.as_deref(), &body);
                if stored && !event.sealed {
                    // The seal goes into storage before the first send, so that whoever sends it later sends the same.
                    let _ = self.store.put(&key.text, &value);
                }
                let stored = if stored { stored_bytes(&key.text, &value) } else { 0 };
                self.admit(key, &event, body, stored, !own);
            }
            Err(reason) => {
                let _ = self.store.remove(&key.text);
                self.drop_event(reason, "");
            }
        }
    }

    /// Reads a stored record and gives its event with the body that is sent.
    fn open(&mut self, key: &RecordKey, text: &str) -> Result<(Event, String), DropReason> {
        if is_expired(key.captured, self.wall) {
            return Err(DropReason::Expired);
        }
        let mut event = Event::parse(text).ok_or(DropReason::Torn)?;
        let body = if event.sealed { core::mem::take(&mut event.object) } else { self.seal(&event)? };
        Ok((event, body))
    }

    // Capture -------------------------------------------------------------------------------------------------------

    fn capture(&mut self, event: NewEvent) {
        self.stats.captured += 1;
        if let Err((reason, name)) = self.try_capture(event) {
            self.drop_event(reason, &name);
        }
    }

    fn try_capture(&mut self, event: NewEvent) -> Result<(), (DropReason, String)> {
        let NewEvent { name, properties, team } = event;
        if self.shut_down {
            return Err((DropReason::ShutDown, name));
        }
        if name.trim_ascii().is_empty() {
            return Err((DropReason::Invalid, name));
        }
        let team = match self.gate.admit(team.as_deref()) {
            Ok(team) => team,
            Err(reason) => {
                if reason == DropReason::Ungated && !core::mem::replace(&mut self.said.ungated, true) {
                    self.notice(Notice::NothingOpensTheGate, "");
                }
                return Err((reason, name));
            }
        };
        let wall = self.timestamp(self.wall);
        let mut timestamp = String::with_capacity(24);
        push_iso_timestamp(&mut timestamp, wall);
        let raw = Event {
            uuid: Uuid::v7(wall, &mut self.entropy).text(),
            timestamp,
            name,
            team,
            url: self.page.url.clone(),
            referrer: self.page.referrer.clone(),
            object: properties,
            ..Event::default()
        };
        let body = match self.seal(&raw) {
            Ok(body) => body,
            Err(reason) => return Err((reason, raw.name)),
        };
        let key = RecordKey::new(self.project, wall, self.sequence, &raw.uuid);
        self.sequence += 1;
        self.keep(key, &raw, body);
        Ok(())
    }

    /// Stores a new record before anything else happens to it.
    fn keep(&mut self, key: RecordKey, event: &Event, body: String) {
        let value = sealed_value(event.team.as_deref(), &body);
        let stored = self.store.put(&key.text, &value).is_ok();
        if stored && !matches!(self.store.get(&self.keys.sentinel), Ok(Some(_))) {
            let _ = self.store.put(&self.keys.sentinel, "1");
        }
        let stored = if stored { stored_bytes(&key.text, &value) } else { 0 };
        self.delivery.probe(self.now);
        self.admit(key, event, body, stored, false);
        if self.presence == Presence::Leaving {
            // Another listener of `pagehide` captured after ours had run.
            self.exit();
        }
    }

    /// Puts a record into the outbox and keeps the outbox within its bounds.
    fn admit(&mut self, key: RecordKey, event: &Event, body: String, stored_bytes: usize, late: bool) {
        self.gate.expect(event.team.as_deref(), self.now);
        let must_send = is_must_send(&event.name);
        let at_once = must_send || late || stored_bytes == 0;
        let due = if at_once { self.now } else { self.now + self.config.flush_interval_ms };
        let team = event.team.clone();
        let record = Record { key, team, body, must_send, stored_bytes, due, carrier: Carrier::None };
        if !self.outbox.insert(record) {
            return self.drop_event(DropReason::Duplicate, &event.name);
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

    fn seal(&mut self, raw: &Event) -> Result<String, DropReason> {
        self.know_identity();
        let session = match self.session {
            // Only a raw event of the keel knows its own.
            _ if !raw.session_id.is_empty() => String::new(),
            own => {
                let session = Session::at(self.wall, own, &mut self.store, &self.keys.session, &mut self.entropy);
                self.session = Some(session);
                session.id.text()
            }
        };
        Seal { api_key: &self.config.api_key, identity: &self.identity, session_id: &session }.apply(raw)
    }

    /// Reads the identity of this browser, or makes one, the first time that it is needed.
    fn know_identity(&mut self) {
        if self.identity.distinct_id.is_empty() {
            self.identity = Identity::load(&self.store, &self.keys.identity).unwrap_or_else(|| {
                self.minted = true;
                let identity = Identity::anonymous(self.wall, &mut self.entropy);
                identity.save(&mut self.store, &self.keys.identity);
                identity
            });
        }
    }

    fn identify(&mut self, distinct_id: String, team: Option<String>) {
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

    // The gate ------------------------------------------------------------------------------------------------------

    /// A definite "no" drops what its team has waiting, and with the last record every trace of this page.
    fn drop_shut_teams(&mut self) {
        let mut dropped = false;
        let gate = &self.gate;
        while let Some(record) = self.outbox.take(&|record| gate.state(record) == GateState::Shut) {
            let _ = self.store.remove(&record.key.text);
            self.stats.drop_one(DropReason::GateShut);
            dropped = true;
        }
        if dropped && self.outbox.records.is_empty() && self.stats.confirmed == 0 && self.minted {
            for key in [&self.keys.identity, &self.keys.session, &self.keys.sentinel] {
                let _ = self.store.remove(key);
            }
            self.identity = Identity::default();
            self.session = None;
        }
    }

    // Sending -------------------------------------------------------------------------------------------------------

    /// What follows from every input: questions to ask, requests to give up, deliveries to start, the next wake.
    fn advance(&mut self) {
        while let Some(team) = self.gate.next_question(self.now) {
            self.outputs.push(Output::AskGate { team });
        }
        while let Some(request) = self.delivery.overdue(self.now) {
            self.outputs.push(Output::Abort { request });
            self.finish(request, &Outcome::Failed);
        }
        if self.presence != Presence::Leaving && self.delivery.may_start(self.now) && self.is_due() {
            self.deliver();
        }
        if self.flushing && self.delivery.is_idle() {
            self.flushing = false;
            self.outputs.push(Output::Settled);
        }
        let wake = self.next_wake();
        if wake != self.wake {
            self.wake = wake;
            self.outputs.push(Output::WakeAt(wake));
        }
    }

    fn is_due(&self) -> bool {
        let mut waiting = 0;
        self.outbox.records.iter().any(|record| {
            let open = self.gate.state(record) == GateState::Open;
            waiting += usize::from(open);
            open && (record.due <= self.now || waiting >= self.config.flush_at)
        })
    }

    /// Starts an ordinary delivery. It takes everything along that may leave; what does not fit is due at once. With a
    /// must-send event in it, it stays small enough for a keepalive request, because the page may be left in this very
    /// tick.
    fn deliver(&mut self) {
        self.settle_vanished();
        let mut must_send = false;
        for record in &mut self.outbox.records {
            record.due = record.due.min(self.now);
            must_send |= record.must_send && self.gate.state(record) == GateState::Open;
        }
        let bytes = if must_send { self.delivery.exit_bytes() } else { BATCH_BYTES_MAX };
        self.send(self.delivery.batch_events(), bytes);
    }

    /// Sends what may leave and is not under way, as far as it fits.
    fn send(&mut self, events_max: usize, bytes_max: usize) {
        let request = self.delivery.next_id();
        let carrier = Carrier::Request(request);
        let gate = &self.gate;
        let may_leave = |record: &Record| record.carrier == Carrier::None && gate.state(record) == GateState::Open;
        if self.outbox.load(carrier, events_max, bytes_max, &may_leave) > 0 {
            let body = self.body_of(carrier);
            let keepalive = self.delivery.start(self.now, body.len());
            self.outputs.push(Output::Send { request, body, keepalive });
        }
    }

    fn body_of(&self, carrier: Carrier) -> String {
        body(&self.config.api_key, self.wall, &self.outbox.records, &|record| record.carrier == carrier)
    }

    fn finish(&mut self, request: u32, outcome: &Outcome) {
        if !self.delivery.end(request) {
            return;
        }
        let carried = Carrier::Request(request);
        let events = self.outbox.records.iter().filter(|record| record.carrier == carried).count();
        let jitter = self.entropy.next_u64();
        let refusal = match self.delivery.settle(outcome, events, self.now, jitter) {
            Settlement::Confirmed => None,
            Settlement::Halved(refusal) if events == 1 => Some(refusal),
            Settlement::Halved(_) | Settlement::Kept => {
                // A keepalive request that rejects while its page is torn down was delivered all the same (measured),
                // so it counts as gone out with this leave.
                let torn_down = self.presence == Presence::Leaving && *outcome == Outcome::Failed;
                let carrier = if torn_down { Carrier::Exit } else { Carrier::None };
                for record in &mut self.outbox.records {
                    if record.carrier == carried {
                        record.carrier = carrier;
                    }
                }
                return self.say(outcome);
            }
        };
        while let Some(record) = self.outbox.take(&|record| record.carrier == carried) {
            self.forget(&record);
            match refusal {
                None => self.stats.confirmed += 1,
                Some(reason) => self.drop_event(reason, ""),
            }
        }
    }

    fn say(&mut self, outcome: &Outcome) {
        if outcome.is_web_page() && !core::mem::replace(&mut self.said.web_page, true) {
            self.notice(Notice::WebPage, "");
        }
        if self.delivery.is_stopped() && !core::mem::replace(&mut self.said.unauthorised, true) {
            self.notice(Notice::Unauthorised, "");
        }
    }

    /// Looks whether stored records are still there. Where one is gone, another page has settled it; where the
    /// sentinel is gone as well, somebody cleared the storage, and what this page still knows is written again.
    fn settle_vanished(&mut self) {
        let cleared = self.store.get(&self.keys.sentinel) == Ok(None);
        let store = &self.store;
        let vanished = |record: &Record| {
            record.stored_bytes > 0 && record.carrier == Carrier::None && store.get(&record.key.text) == Ok(None)
        };
        if !cleared {
            while self.outbox.take(&vanished).is_some() {
                self.stats.settled_elsewhere += 1;
            }
        } else if self.outbox.records.iter().any(vanished) {
            let _ = self.store.put(&self.keys.sentinel, "1");
            self.identity.save(&mut self.store, &self.keys.identity);
            for record in self.outbox.records.iter().filter(|record| record.stored_bytes > 0) {
                let _ = self.store.put(&record.key.text, &sealed_value(record.team.as_deref(), &record.body));
            }
        }
    }

    fn flush(&mut self) {
        self.flushing = true;
        self.delivery.retry_now(self.now);
        for record in &mut self.outbox.records {
            record.due = self.now;
        }
    }

    // Leaving and coming back -----------------------------------------------------------------------------------------

    /// The page may never be seen again, but it can still hear answers: everything goes now by keepalive requests,
    /// which are confirmed if it lives. A beacon never is, and would cost a second copy each time a tab is switched.
    fn hide(&mut self) {
        if self.presence == Presence::Visible {
            self.presence = Presence::Hidden;
            self.settle_vanished();
            if !self.delivery.is_stopped() {
                self.send(usize::MAX, self.delivery.exit_bytes());
            }
        }
    }

    fn leave(&mut self) {
        if self.presence != Presence::Leaving {
            self.presence = Presence::Leaving;
            self.settle_vanished();
            self.exit();
        }
    }

    /// Hands over to the browser what no unanswered keepalive request carries, must-send first, within what may leave.
    fn exit(&mut self) {
        let mut gone = 0;
        for record in &self.outbox.records {
            if record.carrier == Carrier::Exit {
                gone += record.body.len() + 1;
            }
        }
        let bytes = self.delivery.exit_bytes().saturating_sub(gone);
        let (gate, delivery) = (&self.gate, &self.delivery);
        let stays = |record: &Record| match record.carrier {
            Carrier::None => false,
            Carrier::Request(request) => delivery.is_keepalive(request),
            Carrier::Exit => true,
        };
        let chosen = Carrier::Request(0);
        let may_leave = |record: &Record| !stays(record) && gate.state(record) == GateState::Open;
        if self.delivery.is_stopped() || self.outbox.load(chosen, usize::MAX, bytes, &may_leave) == 0 {
            return;
        }
        let body = self.body_of(chosen);
        for record in &mut self.outbox.records {
            if record.carrier == chosen {
                record.carrier = Carrier::Exit;
            }
        }
        self.outputs.push(Output::Exit { body });
    }

    fn come_back(&mut self) {
        if self.presence == Presence::Leaving {
            self.delivery.extend_deadlines(self.now);
            for record in &mut self.outbox.records {
                if record.carrier == Carrier::Exit {
                    // It went out, but nobody has confirmed it: it goes again, and PostHog counts it once.
                    record.carrier = Carrier::None;
                    record.due = self.now;
                }
            }
        }
        self.presence = Presence::Visible;
        self.delivery.probe(self.now);
    }

    // Book-keeping ----------------------------------------------------------------------------------------------------

    fn forget(&mut self, record: &Record) {
        if record.stored_bytes > 0 {
            let _ = self.store.remove(&record.key.text);
        }
    }

    fn drop_event(&mut self, reason: DropReason, event: &str) {
        self.stats.drop_one(reason);
        self.notice(Notice::Dropped(reason), event);
    }

    fn notice(&mut self, notice: Notice, event: &str) {
        self.outputs.push(Output::Notice { notice, event: event.to_owned() });
    }

    fn next_wake(&self) -> Option<Monotonic> {
        if self.shut_down && self.delivery.is_idle() {
            return None;
        }
        let mut wake = self.delivery.next_deadline();
        if self.delivery.is_idle() && !self.delivery.is_stopped() && self.presence != Presence::Leaving {
            for record in &self.outbox.records {
                if self.gate.state(record) == GateState::Open {
                    let due = record.due.max(self.delivery.not_before()).max(self.now);
                    wake = Some(wake.map_or(due, |wake| wake.min(due)));
                }
            }
        }
        let question = self.gate.next_question_at();
        wake.into_iter().chain(question).min()
    }
}

fn is_expired(captured: Wall, now: Wall) -> bool {
    now.0.saturating_sub(captured.0) > RECORD_AGE_MAX_MS
}
