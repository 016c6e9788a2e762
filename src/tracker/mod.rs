//! The tracker of one page: the one place where its parts meet, none of which knows of another: who events are about
//! ([`person`](crate::person)), which teams and flags ([`flags`](crate::flags)), what an event says ([`event`](crate::event)), and
//! what becomes of its record ([`outbox`](crate::outbox)).
//!
//! Like them it decides and does nothing. What happens comes in as an [`Input`] or a [`Call`], together with what the edge has read
//! just before ([`Facts`]); what has to be done comes out as [`Output`]s.
//!
//! Here stand what it holds and what follows from every input; `visit` is when a call is done, `people` who an event is about,
//! `recorder` how an event becomes a record, `sending` what the outbox wants, `asking` flags and gate, `sharing` a
//! posthog-js on the same page, `replay` what other pages have left in the journal.

#![forbid(unsafe_code)]

mod asking;
mod call;
mod clock;
mod held;
mod input;
mod invariants;
mod notices;
mod options;
mod output;
mod page_store;
mod people;
mod person_of;
mod quarantine;
mod reading;
mod recorder;
mod replay;
mod sending;
mod sharing;
mod timezone;
mod visit;

pub use call::{Call, Capture, GroupKey, Original, Step};
pub use held::HELD_MAX;
pub use input::{Facts, HookAnswer, Input, Moment, PostHog, PostHogVisitor};
pub use notices::Warning;
pub use options::{IdentitySource, IgnoredBots, Options, PersonProfiles};
pub use output::{Level, Output, PostHogCall};
pub use person_of::Person;
pub use quarantine::QUARANTINE_MAX;
pub use reading::FlagReading;
pub use recorder::{GATE_HELD_MAX, TEAMLESS_MAX};
pub use sharing::{SHARE_POLL_MS, SHARE_TIMEOUT_MS};
pub use timezone::TIMEZONE_AGE_MAX_MS;

use crate::event::Attempts;
use crate::flags::{FeatureFlags, FlagsProject, GateNow, TeamGate};
use crate::outbox::{DropReason, Entropy, Monotonic, Outbox, Stats, Store, TabStore, Wall, is_broken};
use crate::person::{Consent, ConsentState, IdentityKeeper, Session, SuperProperties};
use clock::Clock;
use held::HeldCalls;
use notices::Notices;
use page_store::PageStore;
use recorder::Recorder;
use replay::Replay;
use sending::{Flush, Wishes};
use sharing::Sharing;
use timezone::Timezone;

/// The tracker of one page.
///
/// **Every [`handle`](Self::handle), [`call`](Self::call) and reading must be followed by [`take_outputs`](Self::take_outputs).**
/// Events are stored when a call returns; everything else that has to happen is an output.
#[derive(Debug)]
pub struct Tracker<S> {
    options: Options,
    /// What was read before the present input.
    facts: Facts,
    /// What the present input may draw on.
    entropy: Entropy,
    outbox: Outbox<PageStore<S>>,
    consent: Consent,
    /// The state of consent in the present input: within one, nothing that another page says can come in.
    state: ConsentState,
    gate: TeamGate,
    flags: FeatureFlags,
    identity: IdentityKeeper,
    registered: SuperProperties,
    session: Session,
    sharing: Sharing,
    timezone: Timezone,
    attempts: Attempts,
    clock: Clock,
    notices: Notices,
    held: HeldCalls,
    recorder: Recorder,
    replay: Replay,
    /// The person properties that were told last, so that saying them again costs nothing.
    told: String,
    has_told_initial: bool,
    has_arrived: bool,
    /// The last team that an event has named.
    last_team: String,
    /// The flags that the visitor meets in the present task of the page, each with the moment.
    meetings: Vec<(String, Moment)>,
    /// What became of events before the outbox had them.
    counts: Stats,
    /// What was called while nobody sees the page; `None`, once somebody does.
    prerendered: Option<Vec<(Call, Option<Moment>)>>,
    is_open: bool,
    /// Whether the page was left and is not back.
    is_left: bool,
    is_shut_down: bool,
    flush: Option<Flush>,
    /// When the call was made that is being done, where that was earlier.
    moment: Option<Moment>,
    wishes: Wishes,
    /// How often something was noted in the memory of the page, as this tracker knows.
    notes_seen: u32,
    /// The name of the last question of the flags.
    last_question: u32,
    outbox_wake: Option<Monotonic>,
    wake: Option<Monotonic>,
    outputs: Vec<Output>,
    #[cfg(feature = "broken-trackers")]
    sabotage: Option<crate::outbox::Sabotage>,
}

impl<S: Store + TabStore> Tracker<S> {
    /// Makes the tracker over a store. It does nothing until [`Input::Started`].
    #[must_use]
    pub fn new(options: Options, store: S, wall: Wall) -> Self {
        let project = options.project();
        let flags_project = FlagsProject {
            host: options.host.clone(),
            api_key: options.api_key.clone(),
            retries: options.flag_retries,
        };
        Self {
            facts: Facts::default(),
            entropy: Entropy::new(0),
            outbox: Outbox::new(options.outbox.clone(), PageStore::new(store)),
            consent: Consent::new(project, options.requires_consent, &options.said),
            state: ConsentState::Pending,
            gate: TeamGate::new(options.gate.clone(), wall),
            flags: FeatureFlags::new(project, flags_project, options.flags.clone()),
            identity: IdentityKeeper::new(project, options.bootstrap.clone()),
            registered: SuperProperties::new(project),
            session: Session::new(project, options.bootstrap.session_id.as_deref(), wall),
            sharing: Sharing::new(options.identity),
            timezone: Timezone::default(),
            attempts: Attempts::new(project),
            clock: Clock::default(),
            notices: Notices::new(options.is_verbose),
            held: HeldCalls::default(),
            recorder: Recorder::default(),
            replay: Replay::default(),
            told: String::new(),
            has_told_initial: false,
            has_arrived: false,
            last_team: String::new(),
            meetings: Vec::new(),
            counts: Stats::default(),
            prerendered: Some(Vec::new()),
            is_open: false,
            is_left: false,
            is_shut_down: false,
            flush: None,
            moment: None,
            wishes: Wishes::default(),
            notes_seen: 0,
            last_question: 0,
            outbox_wake: None,
            wake: None,
            outputs: Vec::new(),
            #[cfg(feature = "broken-trackers")]
            sabotage: None,
            options,
        }
    }

    /// Takes note of an input. [`take_outputs`](Self::take_outputs) comes next.
    pub fn handle(&mut self, facts: Facts, input: Input) {
        self.begin(facts);
        self.tell_meetings();
        self.note(input);
        self.advance();
    }

    /// Does what the page calls, as what happens now, or, where it is `given`, as what happened then. [`take_outputs`](Self::take_outputs)
    /// comes next.
    pub fn call(&mut self, facts: Facts, call: Call, given: Option<Moment>) {
        self.begin(facts);
        if !matches!(call, Call::MeetFlag(_)) {
            self.tell_meetings();
        }
        self.make(call, given);
        self.advance();
    }

    /// Everything that has to be done now, in order.
    pub fn take_outputs(&mut self) -> Vec<Output> {
        let said = self.notices.take();
        let mut outputs = core::mem::take(&mut self.outputs);
        outputs.extend(said);
        // What this tracker has noted itself is no news to it.
        self.notes_seen = self.outbox.store().notes();
        outputs
    }

    /// When [`Input::Woke`] is due; what an [`Output::WakeAt`] has named last.
    #[must_use]
    pub fn wake_at(&self) -> Option<Monotonic> {
        self.wake
    }

    /// Breaks this tracker.
    #[cfg(feature = "broken-trackers")]
    pub fn sabotage(&mut self, way: crate::outbox::Sabotage) {
        self.sabotage = Some(way);
        self.outbox.sabotage(way);
    }

    /// The store, as it is now.
    pub fn store(&self) -> &S {
        self.outbox.store().inner()
    }

    /// The store, to change it from outside as other pages do; for tests and simulators.
    pub fn store_mut(&mut self) -> &mut S {
        self.outbox.store_mut().inner_mut()
    }

    /// Says a warning, unless it was said before.
    pub fn warn_once(&mut self, warning: Warning) {
        self.notices.warn_once(warning);
    }

    /// Tells those who want to hear everything of an error of the page's own, which is kept from it.
    pub fn keep_error(&mut self, error: &str) {
        self.notices.debug(&["an error was kept from the page: ", error].concat());
    }

    /// Takes over what the edge has read, and looks whether the visitor, or posthog-js, has said something since.
    fn begin(&mut self, facts: Facts) {
        debug_assert!(self.outputs.is_empty(), "what came of the last input, call or reading is not done");
        self.entropy = Entropy::new(facts.entropy);
        self.facts = facts;
        if self.prerendered.is_none() {
            self.look_at_memory();
            self.sharing.present = self.facts.posthog.take();
            if !(self.is_open && is_broken!(self, MissDenialElsewhere)) {
                self.refresh_consent();
            }
            self.look_at_posthog();
        }
    }

    /// Looks whether another tracker of this page has noted something.
    fn look_at_memory(&mut self) {
        let notes = self.outbox.store().notes();
        if notes != self.notes_seen {
            self.identity.reread();
            self.session.reread();
            self.registered.reread();
            self.flags.cache.reread();
            self.notes_seen = notes;
        }
    }

    /// What follows from every input: what is due, and when to wake.
    fn advance(&mut self) {
        self.note_met();
        if self.prerendered.is_some() {
            self.advance_flush();
        } else {
            self.advance_all();
        }
        if cfg!(debug_assertions) {
            self.assert_invariants();
        }
    }

    fn advance_all(&mut self) {
        self.advance_sharing();
        self.advance_gate();
        self.advance_flags();
        self.advance_outbox();
        self.advance_flush();
        self.deliver_gate_news();
        self.advance_outbox();
        let wake = self.next_wake();
        if wake != self.wake {
            self.wake = wake;
            self.outputs.push(Output::WakeAt(wake));
        }
    }

    fn next_wake(&mut self) -> Option<Monotonic> {
        let now = self.gate_now();
        [self.outbox_wake, self.gate.wake_at(now), self.flags.wake_at(), self.sharing.wake_at()]
            .into_iter()
            .flatten()
            .min()
    }

    fn gate_now(&self) -> GateNow {
        GateNow { wall: self.facts.wall, monotonic: self.facts.monotonic, is_granted: self.is_granted() }
    }

    /// Whether it is known what the browser says of itself; has it asked, where it is not.
    fn knows_environment(&mut self) -> bool {
        let is_known = !self.facts.environment.is_empty();
        if !is_known && !self.outputs.iter().any(|output| matches!(output, Output::ReadEnvironment)) {
            self.outputs.push(Output::ReadEnvironment);
        }
        is_known
    }

    /// Whether something may be stored and sent.
    fn is_granted(&self) -> bool {
        self.state == ConsentState::Granted
    }

    /// Counts an event that is captured and given up at once.
    fn refuse(&mut self, reason: DropReason, event: &str) {
        self.counts.captured += 1;
        self.drop_event(reason, event);
    }

    fn drop_event(&mut self, reason: DropReason, event: &str) {
        self.counts.drop_one(reason);
        if reason == DropReason::Ungated {
            self.notices.warn_once(Warning::NothingOpensTheGate);
        }
        self.notices.dropped(reason, event);
    }
}
