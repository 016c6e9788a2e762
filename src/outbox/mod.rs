//! The outbox: what becomes of a record, which is an event that is stored: sent, confirmed, once.
//!
//! This module has no clock, no randomness, no IO and no JavaScript value. An event is a text that it keeps and passes on, and
//! that it looks into only where somebody else may have damaged it ([`event`](crate::event)). What happens comes in as an
//! [`Input`] together with the time and fresh entropy ([`Now`]); what has to be done comes out as [`Output`]s. Storage is the
//! one exception: its answer changes the next line, so it is a synchronous port, [`Store`].
//!
//! **Every mutation is followed by a complete drain:** call [`Outbox::handle`] once, then
//! [`Outbox::take_outputs`].
//!
//! Here stand what the outbox holds and what follows from every input; `intake` is how events come in, `sealing` how they get
//! their final text, `adoption` what other pages left, `dispatch` how they go out.

#![forbid(unsafe_code)]

mod adoption;
mod answer;
mod backoff;
mod body;
mod config;
mod delivery;
mod dispatch;
mod drain;
mod entropy;
mod gate;
mod input;
mod intake;
mod invariants;
mod ledger;
mod output;
mod reach;
mod record;
#[cfg(feature = "broken-trackers")]
mod sabotage;
mod sealing;
#[cfg(feature = "broken-trackers")]
mod spoiled;
mod store;
mod time;
mod waiting;

pub use answer::Outcome;
pub use backoff::{BACKOFF_FIRST_MS, BACKOFF_MAX_MS, PROBE_INTERVAL_MS, RETRY_AFTER_MAX_MS, backoff_ms};
pub use body::request_body;
pub use config::{
    BATCH_BYTES_MAX, BATCH_EVENTS_MAX, Config, EVENT_BYTES_MAX, EXIT_BYTES_MAX, RECORD_AGE_MAX_MS, RECORDS_MAX,
    STORED_BYTES_MAX,
};
pub use drain::{
    ADOPTION_AGE_BESIDE_MS, ADOPTION_AGE_MIN_MS, ALONE_MARGIN_MS, FRESH_AGE_MAX_MS, LOCK_PATIENCE_MS, LOCK_RETRY_MS,
    LOCK_SETTLE_MS, LockAnswer, SEAL_AGE_MAX_MS,
};
pub use entropy::Entropy;
pub use gate::HOLD_MAX_MS;
pub use input::{Input, NewEvent};
pub use ledger::{DropReason, Stats};
pub use output::{Notice, Output};
pub use reach::{UNREACHED_PAGES_MAX, UNREACHED_RECORDS_MAX};
pub use record::{KEY_PREFIX, RECORD_FORMAT, noun_key, project_hash, record_key};
#[cfg(feature = "broken-trackers")]
pub use sabotage::Sabotage;
pub use store::{MemoryStore, Store, StoreError, TabStore};
pub use time::{Monotonic, Now, Wall};

use adoption::Mirror;
use delivery::Delivery;
use drain::Drain;
use gate::{Gate, GateState, TeamId};
use reach::Reach;
use waiting::{Record, Waiting};

/// The outbox of one page.
///
/// **Every [`handle`](Self::handle) must be followed by [`take_outputs`](Self::take_outputs).** Events are stored when
/// `handle` returns; everything else that has to happen is an output.
///
/// # Example
/// ```
/// use posthog_booking_tracker::outbox::*;
/// let config = Config {
///     project: "1plaeh8".to_owned(),
///     flush_at: 20,
///     flush_interval_ms: 10_000,
///     max_retries: 10,
///     request_timeout_ms: 10_000,
/// };
/// let mut outbox = Outbox::new(config, MemoryStore::default());
/// let now = Now { wall: Wall(1_767_323_045_678), monotonic: Monotonic(0), entropy: 1 };
/// outbox.handle(now, Input::Started { quarantined: Vec::new() });
/// let uuid = "019b7c8b-1e2e-7a3b-9f00-0123456789ab";
/// outbox.handle(now, Input::Captured(NewEvent {
///     key: record_key("1plaeh8", now.wall, 0, uuid),
///     name: "booking_completed".to_owned(),
///     body: format!(r#"{{"event":"booking_completed","uuid":"{uuid}","properties":{{}}}}"#),
///     team: Some("42".to_owned()),
///     open: Some(true),
///     must_send: true,
///     mirror_only: false,
///     sealed: true,
/// }));
/// let outputs = outbox.take_outputs();
/// assert!(outputs.iter().any(|output| matches!(output, Output::Send { keepalive: true, .. })));
/// ```
#[derive(Debug)]
pub struct Outbox<S> {
    config: Config,
    keys: NounKeys,
    /// The time of the present input.
    wall: Wall,
    /// The time of the present input.
    now: Monotonic,
    /// What the present input may draw on.
    entropy: Entropy,
    store: S,
    gate: Gate,
    waiting: Waiting,
    delivery: Delivery,
    drain: Drain,
    reach: Reach,
    /// When to look for what other pages left; not at all, where nothing says that there may be something.
    scan_at: Option<Monotonic>,
    /// Whether storage has been looked through for settled records in the present input.
    looked: bool,
    /// The uuids of records that have killed a tracker.
    quarantined: Vec<String>,
    mirror: Mirror,
    /// The sign in storage that this page knows: when it was left; none, before this page has stored or found a record.
    sentinel: Option<Wall>,
    stats: Stats,
    presence: Presence,
    /// Whether the visitor agrees that something is sent.
    is_granted: bool,
    flushing: bool,
    shut_down: bool,
    /// The notices that are said once and have been.
    said: Vec<Notice>,
    outputs: Vec<Output>,
    wake: Option<Monotonic>,
    #[cfg(feature = "broken-trackers")]
    sabotage: Option<Sabotage>,
}

/// Whether this outbox is broken on purpose in this way; a constant `false` in what ships.
macro_rules! is_broken {
    ($tracker:expr, $way:ident) => {{
        #[cfg(feature = "broken-trackers")]
        let broken = $tracker.sabotage == Some(crate::outbox::Sabotage::$way);
        #[cfg(not(feature = "broken-trackers"))]
        let broken = false;
        broken
    }};
}
pub(crate) use is_broken;

/// The keys of what is stored once for each project.
#[derive(Debug)]
struct NounKeys {
    reach: String,
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

impl<S: Store> Outbox<S> {
    /// Makes the outbox over a store. It does nothing until [`Input::Started`].
    pub fn new(config: Config, store: S) -> Self {
        Self {
            keys: NounKeys {
                reach: noun_key("reach", &config.project),
                sentinel: noun_key("sentinel", &config.project),
            },
            wall: Wall(0),
            now: Monotonic(0),
            entropy: Entropy::new(0),
            store,
            gate: Gate::default(),
            waiting: Waiting::default(),
            delivery: Delivery::new(config.max_retries, config.request_timeout_ms),
            drain: Drain::new(),
            reach: Reach::default(),
            scan_at: None,
            looked: false,
            quarantined: Vec::new(),
            mirror: Mirror::default(),
            sentinel: None,
            stats: Stats::default(),
            presence: Presence::Visible,
            is_granted: true,
            flushing: false,
            shut_down: false,
            said: Vec::new(),
            outputs: Vec::new(),
            wake: None,
            #[cfg(feature = "broken-trackers")]
            sabotage: None,
            config,
        }
    }

    /// Takes note of an input. [`take_outputs`](Self::take_outputs) comes next.
    pub fn handle(&mut self, now: Now, input: Input) {
        self.wall = now.wall;
        self.now = now.monotonic;
        self.entropy = Entropy::new(now.entropy);
        self.looked = false;
        match input {
            Input::Started { quarantined } => self.start(quarantined),
            Input::Captured(event) => self.capture(&event),
            Input::Sealed { key, body } => self.seal(&key, &body),
            Input::Replayed(event) => self.replay(&event),
            Input::LookAgain { in_ms } => self.look_by(self.now + in_ms),
            Input::RetryQuarantined { uuid } => {
                self.quarantined.retain(|quarantined| *quarantined != uuid);
                self.look_by(self.now);
            }
            Input::GateAnswered { team, open } => {
                let team = self.gate.id(&team);
                self.learn_gate(team, open);
                self.give_up_gated();
                if open == Some(false) {
                    // Another page that does not know the team is shut may have stored events for it.
                    self.scan_at.get_or_insert(self.now);
                }
                if self.presence == Presence::Leaving {
                    self.exit();
                }
            }
            Input::SendFinished { request, outcome } => self.finish(request, outcome),
            Input::Hidden => self.hide(),
            Input::Leaving => self.leave(),
            Input::Returned => self.come_back(),
            Input::Online => {
                self.look_around();
                self.delivery.retry_now(self.now);
            }
            Input::LockAnswered(answer) => {
                let settle_ms = if is_broken!(self, TrustStaleRead) { 0 } else { LOCK_SETTLE_MS };
                let jitter = self.entropy.next_u64();
                self.drain.answer(answer, self.now, settle_ms, jitter);
            }
            Input::LockLost => self.drain.free(self.now),
            Input::Mirrored(records) => self.mirror_read(records),
            Input::Woke => self.wake = None,
            Input::ConsentChanged { is_granted } => self.is_granted = is_granted,
            Input::Purged => self.purge(),
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
        let held = self.waiting.records.iter().filter(|record| self.gate.state(record.team) != GateState::Open);
        Stats { waiting: self.waiting.records.len() as u32, held: held.count() as u32, ..self.stats }
    }

    /// How many events an unanswered request carries.
    #[must_use]
    pub fn events_of(&self, request: u32) -> usize {
        let carried = |record: &&Record| record.request == request || record.earlier_request == request;
        self.waiting.records.iter().filter(carried).count()
    }

    /// Whether the record of this key waits here.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.waiting.records.iter().any(|record| record.key.text == key)
    }

    /// The store, as it is now.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// The store, to change it from outside as other pages do; for tests and simulators.
    pub fn store_mut(&mut self) -> &mut S {
        &mut self.store
    }

    /// What follows from every input: requests to give up, deliveries to start, questions to ask, the next wake.
    fn advance(&mut self) {
        while let Some(request) = self.delivery.overdue(self.now) {
            self.outputs.push(Output::Abort { request });
            self.finish(request, Outcome::Failed);
        }
        if self.may_deliver() {
            self.work();
        }
        self.release_lock();
        while let Some(team) = self.gate.next_question() {
            self.outputs.push(Output::AskGate { team });
        }
        // A lock that was refused for a moment, perhaps by this page's own release, is no end of a flush.
        let awaits_turn = self.drain.is_refused(self.now) && self.may_deliver() && self.is_due(false);
        // Where the project key is refused, nothing goes on, whatever becomes of the lock.
        let awaits_lock = self.drain.is_pending(self.now) && !self.delivery.is_stopped();
        if self.flushing && self.delivery.is_idle() && !awaits_lock && !awaits_turn {
            self.flushing = false;
            self.outputs.push(Output::Settled);
        }
        let wake = self.next_wake();
        if wake != self.wake {
            self.wake = wake;
            self.outputs.push(Output::WakeAt(wake));
        }
        if cfg!(debug_assertions) {
            self.assert_invariants();
        }
    }

    fn may_deliver(&self) -> bool {
        let is_there = self.presence != Presence::Leaving && (self.flushing || !self.shut_down);
        is_there && self.is_granted && self.delivery.may_start(self.now)
    }

    fn next_wake(&self) -> Option<Monotonic> {
        if self.shut_down && !self.flushing && self.delivery.is_idle() {
            return None;
        }
        let mut wake = self.delivery.next_deadline();
        if self.is_granted
            && self.delivery.is_idle()
            && !self.delivery.is_stopped()
            && self.presence != Presence::Leaving
        {
            let not_before = self.delivery.not_before().max(self.now);
            let turn = self.drain.next_turn(self.now);
            let mut wake_at = |due: Monotonic, turn: Option<Monotonic>| {
                if let Some(turn) = turn {
                    let due = due.max(not_before).max(turn);
                    wake = Some(wake.map_or(due, |wake| wake.min(due)));
                }
            };
            for record in &self.waiting.records {
                if self.may_leave(record) {
                    wake_at(record.due, if record.urgent { Some(self.now) } else { turn });
                }
            }
            if let Some(scan_at) = self.scan_at {
                wake_at(scan_at, turn);
            }
        }
        wake
    }

    /// Takes note of what the page knows of a team. What was held for it and is not fresh any more goes in its order, under
    /// the drain lock: another page may have adopted it.
    fn learn_gate(&mut self, team: TeamId, open: Option<bool>) {
        if open == Some(true) && self.gate.state(team) != GateState::Open {
            for record in &mut self.waiting.records {
                let fresh = self.wall.0.abs_diff(record.key.captured.0) < FRESH_AGE_MAX_MS;
                if record.held && record.stored_bytes > 0 && record.team == team {
                    record.urgent &= fresh;
                }
            }
        }
        self.gate.answer(team, open);
    }

    /// Gives up what waits for teams that are definitely not tracked, and what has waited for too long for anybody to say.
    fn give_up_gated(&mut self) {
        while let Some((place, reason)) = self.next_given_up() {
            let record = self.waiting.records.remove(place);
            if !is_broken!(self, ForgetMirrorOnPurge) || record.stored_bytes > 0 {
                self.forget(&record);
            }
            self.drop_event(reason, &record.name);
        }
    }

    fn next_given_up(&self) -> Option<(usize, DropReason)> {
        self.waiting.records.iter().enumerate().find_map(|(place, record)| {
            let reason = self.gate_verdict(record.team, record.held, record.key.captured)?;
            Some((place, reason))
        })
    }

    /// Why the gate of its team has an event given up, if it has.
    fn gate_verdict(&self, team: TeamId, held: bool, captured: Wall) -> Option<DropReason> {
        let is_late = self.wall.0.saturating_sub(captured.0) > HOLD_MAX_MS || is_broken!(self, GiveUpOnUnknownGate);
        match self.gate.state(team) {
            GateState::Shut => Some(DropReason::GateShut),
            GateState::Unknown if held && is_late => Some(DropReason::GateUnknown),
            _ => None,
        }
    }

    /// Gives up everything that waits here, what is under way included. The sign in storage stays, or other pages would
    /// take the storage for cleared and write their records again.
    fn purge(&mut self) {
        while let Some(request) = self.delivery.next_request() {
            self.delivery.end(request);
            self.outputs.push(Output::Abort { request });
        }
        while let Some(record) = self.waiting.take(&|_| true) {
            if !is_broken!(self, KeepStoredOnPurge) {
                self.forget(&record);
            }
            self.drop_event(DropReason::Purged, &record.name);
        }
        self.mirror.purge();
        self.scan_at = None;
    }

    /// Lets the lock go when there is nothing to do under it, and always when the page is left: a page in the
    /// back/forward cache would keep it.
    fn release_lock(&mut self) {
        let leaving = self.presence == Presence::Leaving && !is_broken!(self, HoldLockOverPagehide);
        let idle = self.delivery.is_idle() && !self.drain.is_pending(self.now);
        let held = self.drain.is_held();
        if leaving || held && idle && self.presence != Presence::Leaving {
            self.drain.free(self.now);
            if held {
                self.outputs.push(Output::ReleaseLock);
            }
        }
    }

    /// Whether this page may send a record, as far as its seal, its team and what refuses it are concerned.
    fn may_leave(&self, record: &Record) -> bool {
        if record.is_refused || record.raw && !is_broken!(self, SendRaw) {
            return false;
        }
        match self.gate.state(record.team) {
            GateState::Open => true,
            GateState::Untold | GateState::Unknown => is_broken!(self, SendThroughUnknownGate),
            GateState::Shut => false,
        }
    }

    /// Removes a record from storage; one that storage did not take may lie in the mirror, which hangs on the same port.
    fn forget(&mut self, record: &Record) {
        self.remove(&record.key.text);
    }

    fn remove(&mut self, key: &str) {
        let _ = self.store.remove(key);
        self.mirror.note_removal(key);
    }

    fn drop_event(&mut self, reason: DropReason, event: &str) {
        self.stats.drop_one(reason);
        self.notice(Notice::Dropped(reason), event);
    }

    fn say_once(&mut self, notice: Notice) {
        if !self.said.contains(&notice) {
            self.said.push(notice);
            self.notice(notice, "");
        }
    }

    /// Looks for what other pages left at this time at the latest.
    fn look_by(&mut self, at: Monotonic) {
        self.scan_at = Some(self.scan_at.map_or(at, |earlier| earlier.min(at)));
    }

    fn notice(&mut self, notice: Notice, event: &str) {
        self.outputs.push(Output::Notice { notice, event: event.to_owned() });
    }
}

/// Whether storage can be read and has no such key.
fn is_gone(store: &impl Store, key: &str) -> bool {
    matches!(store.get(key), Ok(None))
}
