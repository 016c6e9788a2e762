//! The harness: a page with its outbox, two clocks, a store, and everything that the outbox wanted done so far.

use std::collections::{BTreeMap, VecDeque};
use std::ops::RangeInclusive;

use posthog_booking_tracker::event::{is_must_send, iso_time};
use posthog_booking_tracker::outbox::{
    BATCH_BYTES_MAX, Config, EXIT_BYTES_MAX, Input, KEY_PREFIX, LockAnswer, MemoryStore, Monotonic, NewEvent, Notice,
    Now, Outbox, Outcome, Output, Stats, Wall, request_body,
};
use serde_json::Value;

use crate::base36::base36;

/// How the project is called in storage keys.
pub(crate) const PROJECT: &str = "1story";
pub(crate) const TEAM: &str = "42";
/// 2026-01-02T03:04:05.678Z.
pub(crate) const START: u64 = 1_767_323_045_678;
pub(crate) const DAY: u64 = 24 * 3_600_000;
pub(crate) const OK: &str = r#"{"status":"Ok"}"#;

/// The start of an outbox that nothing has killed before.
pub(crate) fn started() -> Input {
    Input::Started { quarantined: Vec::new() }
}

/// What a page is made of: its options, and what its page side knows of teams (`src/flags/gate.rs`).
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    config: Config,
    /// The team of events that name none; without one, no gate holds them.
    own_team: Option<&'static str>,
    known: BTreeMap<String, bool>,
}

impl From<Config> for Setup {
    /// A page that is tracked for its own team.
    fn from(config: Config) -> Self {
        Self { config, own_team: Some(TEAM), known: BTreeMap::from([(TEAM.to_owned(), true)]) }
    }
}

/// A page that is tracked for its own team, with the defaults of the wrapper.
pub(crate) fn open_gate() -> Config {
    Config {
        project: PROJECT.to_owned(),
        flush_at: 20,
        flush_interval_ms: 10_000,
        max_retries: 10,
        request_timeout_ms: 10_000,
    }
}

/// A page whose own team is definitely not tracked.
pub(crate) fn shut() -> Setup {
    Setup { known: BTreeMap::from([(TEAM.to_owned(), false)]), ..open_gate().into() }
}

/// A page without a team of its own that knows of none yet.
pub(crate) fn asking() -> Setup {
    Setup { own_team: None, known: BTreeMap::new(), ..open_gate().into() }
}

/// Properties that make an event of `bytes` and a little more.
pub(crate) fn padding(bytes: usize) -> String {
    format!(r#"{{"padding":"{}"}}"#, "x".repeat(bytes))
}

/// A body that left the page.
#[derive(Debug, Clone)]
pub(crate) struct Body {
    pub(crate) text: String,
    pub(crate) json: Value,
}

impl Body {
    fn new(events: &str, wall: u64) -> Self {
        assert!(!events.is_empty(), "a body without events");
        // The project key is the one that takes the most room: what holds for the size of this body holds for every project's.
        let text = request_body(&"\"".repeat(64), Wall(wall), events);
        let json = serde_json::from_str(&text).expect("a body is JSON");
        Self { text, json }
    }

    pub(crate) fn events(&self) -> &[Value] {
        self.json["batch"].as_array().expect("a body has a batch")
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        self.texts("event")
    }

    pub(crate) fn uuids(&self) -> Vec<&str> {
        self.texts("uuid")
    }

    pub(crate) fn texts(&self, member: &str) -> Vec<&str> {
        self.events().iter().map(|event| event[member].as_str().expect(member)).collect()
    }

    /// The events as they lie in the body, to the byte.
    pub(crate) fn batch_text(&self) -> &str {
        self.text.split_once("\"batch\":").unwrap().1
    }

    pub(crate) fn has_must_send(&self) -> bool {
        self.names().into_iter().any(is_must_send)
    }
}

/// A request that the page makes.
#[derive(Debug, Clone)]
pub(crate) struct Send {
    pub(crate) request: u32,
    pub(crate) keepalive: bool,
    pub(crate) body: Body,
}

pub(crate) struct Page {
    pub(crate) outbox: Outbox<MemoryStore>,
    pub(crate) wall: u64,
    pub(crate) clock: u64,
    inputs: u128,
    own_team: Option<&'static str>,
    /// What its page side knows of teams.
    pub(crate) known: BTreeMap<String, bool>,
    /// Who the visitor is.
    person: String,
    sequence: u64,
    last_timestamp: u64,
    /// When the outbox wants to be woken.
    pub(crate) wake: Option<u64>,
    /// How often a time to wake was named.
    pub(crate) alarms: usize,
    /// What came out and no test has looked at yet.
    pub(crate) sends: VecDeque<Send>,
    pub(crate) exits: VecDeque<Body>,
    pub(crate) aborted: Vec<u32>,
    pub(crate) questions: VecDeque<String>,
    /// What the browser answers when the outbox asks for the drain lock; nothing yet, where the test answers itself.
    pub(crate) lock: Option<LockAnswer>,
    /// How often the lock was asked for and let go.
    pub(crate) lock_asked: u32,
    pub(crate) lock_released: u32,
    pub(crate) settled: u32,
    /// How old the entries of journals must be that the outbox wants replayed, once for each time that it wants it.
    pub(crate) replays: Vec<u64>,
    pub(crate) notices: Vec<(Notice, String)>,
}

impl Page {
    /// A page whose outbox has not started.
    pub(crate) fn made(setup: impl Into<Setup>, store: MemoryStore, wall: u64) -> Self {
        let Setup { config, own_team, known } = setup.into();
        Self {
            outbox: Outbox::new(config, store),
            wall,
            clock: 0,
            inputs: u128::from(wall),
            own_team,
            known,
            person: "visitor".to_owned(),
            sequence: 0,
            last_timestamp: 0,
            wake: None,
            alarms: 0,
            sends: VecDeque::new(),
            exits: VecDeque::new(),
            aborted: Vec::new(),
            questions: VecDeque::new(),
            lock: Some(LockAnswer::Missing),
            lock_asked: 0,
            lock_released: 0,
            settled: 0,
            replays: Vec::new(),
            notices: Vec::new(),
        }
    }

    pub(crate) fn open(setup: impl Into<Setup>, store: MemoryStore, wall: u64) -> Self {
        let mut page = Self::made(setup, store, wall);
        page.input(started());
        page
    }

    /// A first visit of a tracked team.
    pub(crate) fn fresh() -> Self {
        Self::open(open_gate(), MemoryStore::default(), START)
    }

    /// What an hour later finds where this page died.
    pub(crate) fn later(&self, setup: impl Into<Setup>) -> Self {
        Self::open(setup, self.outbox.store().clone(), self.wall + 3_600_000)
    }

    /// An event as the page makes it, for its own team where no other is named: each a millisecond after the last one at
    /// least, unless the clock was set back.
    pub(crate) fn event(&mut self, name: &str, properties: &str, team: Option<&str>) -> NewEvent {
        let tie = self.wall <= self.last_timestamp && self.wall + 1_000 > self.last_timestamp;
        let captured = if tie { self.last_timestamp + 1 } else { self.wall };
        self.last_timestamp = captured;
        let random = self.now().entropy;
        let (high, low) = (captured >> 16, captured & 0xffff);
        let uuid = format!(
            "{high:08x}-{low:04x}-7{:03x}-8{:03x}-{:012x}",
            random >> 116,
            random >> 104 & 0xfff,
            random & 0xffff_ffff_ffff
        );
        let timestamp = iso_time(Wall(captured));
        let body = format!(
            r#"{{"event":"{name}","uuid":"{uuid}","distinct_id":"{}","timestamp":"{timestamp}","properties":{properties}}}"#,
            self.person
        );
        self.sequence += 1;
        let key = own_key(captured, self.sequence - 1, &uuid);
        let team = team.or(self.own_team).map(str::to_owned);
        let open = team.as_ref().and_then(|team| self.known.get(team).copied());
        NewEvent {
            key,
            name: name.to_owned(),
            body,
            team,
            open,
            must_send: is_must_send(name),
            mirror_only: false,
            sealed: true,
        }
    }

    // Inputs ----------------------------------------------------------------------------------------------------

    pub(crate) fn now(&mut self) -> Now {
        self.inputs += 1;
        let entropy = self.inputs.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        Now { wall: Wall(self.wall), monotonic: Monotonic(self.clock), entropy }
    }

    /// Tells the outbox something without draining it.
    pub(crate) fn handle(&mut self, input: Input) {
        let now = self.now();
        self.outbox.handle(now, input);
    }

    pub(crate) fn input(&mut self, input: Input) {
        self.handle(input);
        self.drain();
    }

    pub(crate) fn drain(&mut self) {
        let mut asked = false;
        let mut known = Vec::new();
        for output in self.outbox.take_outputs() {
            match output {
                Output::Send { request, events, keepalive } => {
                    let body = Body::new(&events, self.wall);
                    let allowed = if keepalive { EXIT_BYTES_MAX } else { BATCH_BYTES_MAX + 192 };
                    assert!(body.text.len() <= allowed, "a body of {} bytes", body.text.len());
                    assert!(keepalive || !body.has_must_send(), "a must-send event that dies with its page");
                    self.sends.push_back(Send { request, keepalive, body });
                }
                Output::Exit { events } => {
                    let body = Body::new(&events, self.wall);
                    assert!(body.text.len() <= EXIT_BYTES_MAX, "a body of {} bytes", body.text.len());
                    self.exits.push_back(body);
                }
                Output::Abort { request } => self.aborted.push(request),
                Output::WakeAt(at) => {
                    assert!(at.is_none_or(|at| at.0 >= self.clock), "{at:?} is in the past of {}", self.clock);
                    self.wake = at.map(|at| at.0);
                    self.alarms += 1;
                }
                Output::AskGate { team } => {
                    known.extend(self.known.get(&team).map(|open| (team.clone(), *open)));
                    self.questions.push_back(team);
                }
                Output::AskLock => {
                    self.lock_asked += 1;
                    asked = true;
                }
                Output::ReleaseLock => self.lock_released += 1,
                Output::StorageCleared => {}
                Output::ReplayJournal { age_min_ms } => self.replays.push(age_min_ms),
                Output::Settled => self.settled += 1,
                Output::Notice { notice, event } => self.notices.push((notice, event)),
                other => panic!("nobody expects {other:?}"),
            }
        }
        // As in a browser, the answers come when the call that asked is over.
        for (team, open) in known {
            self.input(Input::GateAnswered { team, open: Some(open) });
        }
        if let (true, Some(answer)) = (asked, self.lock) {
            self.input(Input::LockAnswered(answer));
        }
        assert!(self.stats().balances(), "{:?}", self.stats());
    }

    pub(crate) fn capture(&mut self, name: &str) {
        self.capture_with(name, "{}");
    }

    pub(crate) fn capture_with(&mut self, name: &str, properties: &str) {
        let event = self.event(name, properties, None);
        self.input(Input::Captured(event));
    }

    /// Captures an event of which the page may still change who it is about, and gives its key.
    pub(crate) fn capture_raw(&mut self, name: &str) -> String {
        let event = self.event(name, "{}", None);
        let key = event.key.clone();
        self.input(Input::Captured(NewEvent { sealed: false, ..event }));
        key
    }

    pub(crate) fn capture_for(&mut self, team: &str, name: &str) {
        let event = self.event(name, "{}", Some(team));
        self.input(Input::Captured(event));
    }

    /// The visitor becomes known, or known by another name.
    pub(crate) fn identify(&mut self, distinct_id: &str) {
        self.person = distinct_id.to_owned();
        self.capture("$identify");
    }

    pub(crate) fn finish(&mut self, send: &Send, outcome: Outcome) {
        self.input(Input::SendFinished { request: send.request, outcome });
    }

    pub(crate) fn confirm(&mut self, send: &Send) {
        self.finish(send, Outcome::of(200, "", OK));
    }

    /// The page side knows of a team from now on, or does not know any more.
    pub(crate) fn gate_says(&mut self, team: &str, open: Option<bool>) {
        match open {
            Some(open) => self.known.insert(team.to_owned(), open),
            None => self.known.remove(team),
        };
        self.input(Input::GateAnswered { team: team.to_owned(), open });
    }

    /// Lets time pass while nothing happens: the page is frozen, or its timers are late.
    pub(crate) fn freeze(&mut self, ms: u64) {
        self.clock += ms;
        self.wall += ms;
    }

    /// Lets time pass and wakes the outbox whenever it wants to be woken.
    pub(crate) fn sleep(&mut self, ms: u64) {
        let until = self.clock + ms;
        for _ in 0..1_000 {
            let Some(wake) = self.wake.filter(|wake| *wake <= until) else {
                self.freeze(until - self.clock);
                return;
            };
            self.freeze(wake.saturating_sub(self.clock));
            self.wake();
        }
        panic!("the outbox wants to be woken again and again at {}", self.clock);
    }

    /// The alarm that the outbox has set goes off.
    pub(crate) fn wake(&mut self) {
        self.wake = None;
        self.input(Input::Woke);
    }

    // What came of it -------------------------------------------------------------------------------------------

    /// The request that the page makes now, the only one.
    pub(crate) fn sent(&mut self) -> Send {
        let send = self.sends.pop_front().expect("the page sends something");
        self.sends_nothing();
        send
    }

    pub(crate) fn sends_nothing(&self) {
        assert!(self.sends.is_empty(), "{:?}", self.sends);
    }

    /// The body that the page hands over on leaving, the only one.
    pub(crate) fn exited(&mut self) -> Body {
        let exit = self.exits.pop_front().expect("the page hands something over");
        self.hands_nothing_over();
        exit
    }

    pub(crate) fn hands_nothing_over(&self) {
        assert!(self.exits.is_empty(), "{:?}", self.exits);
    }

    /// Follows the one alarm, which must go off after a time in this range, and gives the request that it makes.
    pub(crate) fn sent_after(&mut self, wait: RangeInclusive<u64>) -> Send {
        self.sends_nothing();
        let wake = self.wake.expect("the page wants to be woken");
        assert!(wait.contains(&(wake - self.clock)), "{} is not in {wait:?}", wake - self.clock);
        self.freeze(wake - self.clock - 1);
        self.input(Input::LockLost);
        self.sends_nothing();
        self.freeze(1);
        self.wake();
        self.sent()
    }

    pub(crate) fn stats(&self) -> Stats {
        self.outbox.stats()
    }

    pub(crate) fn store(&mut self) -> &mut MemoryStore {
        self.outbox.store_mut()
    }

    /// Keys and values of the stored records of this project, in the order of their keys.
    pub(crate) fn records(&self) -> Vec<(String, String)> {
        let own = format!("{KEY_PREFIX}1:{PROJECT}:");
        let entries = &self.outbox.store().entries;
        entries
            .iter()
            .filter(|(key, _)| key.starts_with(&own))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    /// The names of the events of the stored, sealed records.
    pub(crate) fn stored(&self) -> Vec<String> {
        let mut names: Vec<(u64, String)> = Vec::new();
        for (key, value) in self.records() {
            let [marks, _, event] = parts(&value);
            assert!(marks.contains('s'), "no sealed record: {value}");
            let event: Value = serde_json::from_str(event).expect("a record holds an event");
            let captured = u64::from_str_radix(key.split(':').nth(3).unwrap(), 36).unwrap();
            names.push((captured, event["event"].as_str().expect("an event has a name").to_owned()));
        }
        names.sort();
        names.into_iter().map(|(_, name)| name).collect()
    }

    /// What the store holds besides records of this project.
    pub(crate) fn noun(&self, noun: &str) -> Option<String> {
        let key = format!("{KEY_PREFIX}{noun}:{PROJECT}");
        self.outbox.store().entries.get(&key).cloned()
    }

    pub(crate) fn notice_count(&self, notice: Notice) -> usize {
        self.notices.iter().filter(|(said, _)| *said == notice).count()
    }

    /// How every story ends: with every event accounted for exactly once.
    pub(crate) fn ends(&self) {
        assert!(self.stats().balances(), "{:?}", self.stats());
    }
}

/// The key of a record that somebody else wrote.
pub(crate) fn record_key(format: &str, project: &str, captured: u64, sequence: u64, uuid: &str) -> String {
    format!("phbt:{format}:{project}:{}:{}:{uuid}", base36(captured), base36(sequence))
}

pub(crate) fn own_key(captured: u64, sequence: u64, uuid: &str) -> String {
    record_key("1", PROJECT, captured, sequence, uuid)
}

/// The value of a record that somebody else wrote.
pub(crate) fn record_value(marks: &str, team: &str, event: &str) -> String {
    format!("{marks}\t{team}\t{event}")
}

/// What a record's value is made of: its marks, its team and its event.
pub(crate) fn parts(value: &str) -> [&str; 3] {
    let parts: Vec<&str> = value.split('\t').collect();
    parts.try_into().unwrap_or_else(|_| panic!("a record has three parts: {value}"))
}

/// A uuid that tells records apart.
pub(crate) fn uuid(number: u32) -> String {
    format!("0190b3a2-7c1e-7a3b-9f00-{number:012x}")
}

/// A store that holds these entries.
pub(crate) fn store_with(entries: &[(String, String)]) -> MemoryStore {
    MemoryStore { entries: entries.iter().cloned().collect(), ..MemoryStore::default() }
}
