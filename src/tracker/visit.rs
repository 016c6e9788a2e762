//! The visit: when a call is done: at once, when the page is seen, when the visitor has agreed, or not at all.

use super::call::{Call, Capture, Step};
use super::held::HeldCall;
use super::input::{Facts, Input, Moment};
use super::notices::outcome_text;
use super::output::Output;
use super::recorder::Origin;
use super::{Person, Tracker, quarantine};
use crate::event::json::{Object, Value};
use crate::event::{AttemptNow, CaptureOptions, Draft, PageAddress, is_must_send, uuid_v7};
use crate::outbox::{DropReason, Input as OutboxInput, Store, TabStore, Wall, is_broken, noun_key};
use crate::person::ConsentState;

impl<S: Store + TabStore> Tracker<S> {
    pub(super) fn note(&mut self, input: Input) {
        match input {
            Input::Started { is_prerendering: false } | Input::Activated => self.activate(),
            Input::Started { is_prerendering: true } => {}
            Input::Hidden | Input::Leaving => {
                self.settle_sharing();
                let is_leaving = matches!(input, Input::Leaving);
                self.is_left |= is_leaving;
                // Chromium hides a page after it has left it.
                if self.is_open && is_leaving {
                    self.session.mark(self.outbox.store_mut(), false);
                }
                self.tell_outbox(if is_leaving { OutboxInput::Leaving } else { OutboxInput::Hidden });
            }
            Input::Returned | Input::Online => {
                self.is_left &= matches!(input, Input::Online);
                if self.is_open {
                    self.session.mark(self.outbox.store_mut(), true);
                    self.tell_outbox(if matches!(input, Input::Online) {
                        OutboxInput::Online
                    } else {
                        OutboxInput::Returned
                    });
                    let now = self.gate_now();
                    self.gate.refresh(now);
                    self.flags.refresh(self.facts.monotonic, self.facts.is_seen);
                }
            }
            Input::Woke => {
                self.wake = None;
                if self.outbox_wake.is_some_and(|at| at <= self.facts.monotonic) {
                    self.outbox_wake = None;
                    self.tell_outbox(OutboxInput::Woke);
                }
            }
            Input::Stored { key } => self.stored(key.as_deref()),
            Input::Hooked { id, answer } => self.hooked(id, answer),
            Input::CallbackAnswered { id, is_open } => {
                let now = self.gate_now();
                self.gate.answered(self.outbox.store_mut(), id, is_open, now, &mut self.entropy);
            }
            Input::JsonAnswered { id, answer } => self.json_answered(id, &answer),
            Input::SendFinished { request, outcome } => {
                self.notices.request(request, &[&outcome_text(outcome)]);
                self.tell_outbox(OutboxInput::SendFinished { request, outcome });
            }
            Input::LockAnswered(answer) => self.tell_outbox(OutboxInput::LockAnswered(answer)),
            Input::LockLost => self.tell_outbox(OutboxInput::LockLost),
            // What has waited for it is done with every input.
            Input::EnvironmentRead | Input::TaskEnded => {}
            Input::Mirrored(records) => self.mirrored(records),
            Input::RetryQuarantined(uuid) => self.retry_quarantined(uuid),
            Input::FlushRequested => self.request_flush(false),
            Input::ShutDown => self.shut_down(),
        }
    }

    /// Does what the page calls, or keeps it until it may be done.
    pub(super) fn make(&mut self, call: Call, given: Option<Moment>) {
        if let Some(calls) = &mut self.prerendered {
            return calls.push((call, given));
        }
        if let Some(Moment { captured, sequence, .. }) = &given {
            self.clock.note(*captured, *sequence);
        }
        match call {
            Call::Capture(capture) => self.during(given, |tracker| tracker.capture(*capture)),
            Call::Answer { is_granted } => self.answer(is_granted),
            Call::Debug(is_on) => self.notices.is_verbose = is_on,
            Call::SetTeam(None) => self.notices.warn("setTeam: pass the id of the team, or null"),
            _ => {
                match &call {
                    // Whatever the visitor says, the page is about this team.
                    Call::SetTeam(Some(team)) if !is_broken!(self, KeepTeamOfStart) => self.gate.team.clone_from(team),
                    Call::Reset { .. } => self.attempts.end(self.outbox.store_mut()),
                    _ => {}
                }
                self.change_when_allowed(call, given);
            }
        }
    }

    /// Does something as what happened then.
    pub(super) fn during(&mut self, moment: Option<Moment>, run: impl FnOnce(&mut Self)) {
        self.moment = moment;
        run(self);
        self.moment = None;
    }

    fn change_when_allowed(&mut self, call: Call, given: Option<Moment>) {
        match self.state {
            _ if self.is_shut_down => self.notices.debug("a call is ignored: shut_down"),
            ConsentState::Denied => self.notices.debug("a call is ignored: no_consent"),
            ConsentState::Granted => self.during(given, |tracker| tracker.change_now(call)),
            ConsentState::Pending => {
                let moment = given.unwrap_or_else(|| Moment { uuid: None, ..self.moment_now() });
                self.held.hold(HeldCall::Change(call, Box::new(moment)));
            }
        }
    }

    fn change_now(&mut self, call: Call) {
        self.follow();
        let team = self.team();
        if self.may_keep(&team) {
            self.keep(true);
        }
        self.change(call);
    }

    pub(super) fn moment_now(&mut self) -> Moment {
        let (captured, sequence) = self.clock.tick(self.facts.wall);
        Moment {
            captured,
            sequence,
            monotonic: self.facts.monotonic,
            address: self.address(),
            uuid: Some(uuid_v7(captured.0, &mut self.entropy)),
            person: None,
        }
    }

    /// Where the page is now, reduced.
    pub(super) fn address(&self) -> PageAddress {
        PageAddress::reduce(&self.facts.href, &self.facts.referrer)
    }

    /// The team of the page, or the last that was named.
    pub(super) fn team(&self) -> String {
        if self.gate.team.is_empty() { self.last_team.clone() } else { self.gate.team.clone() }
    }

    fn capture(&mut self, capture: Capture) {
        let Capture { name, mut properties, options, uuid, step, is_about_nobody } = capture;
        let monotonic = self.moment.as_ref().map_or(self.facts.monotonic, |moment| moment.monotonic);
        if self.is_shut_down {
            return self.refuse(DropReason::ShutDown, &name.unwrap_or_default());
        }
        // What is called while the visitor denies belongs to no attempt.
        let step = if self.state == ConsentState::Denied { Step::None } else { step };
        let wall = self.moment.as_ref().map_or(self.facts.wall, |moment| moment.captured);
        let now = AttemptNow { wall, monotonic, may_read: self.is_granted() };
        let attempt = uuid_v7(self.facts.wall.0, &mut self.entropy);
        match step {
            Step::None => {}
            Step::Begins => self.attempts.begin(self.outbox.store_mut(), &mut properties, &attempt, now),
            Step::Joins => self.attempts.join(self.outbox.store_mut(), &mut properties, &attempt, now),
        }
        let Some(name) = name.filter(|name| !name.trim().is_empty()) else {
            self.notices.warn("capture: an event needs a name, as a text; it is dropped");
            return self.refuse(DropReason::Invalid, "");
        };
        if self.state == ConsentState::Denied {
            return self.refuse(DropReason::NoConsent, &name);
        }
        if is_about_nobody {
            self.notices.warn("capture: distinctId is no id; the visitor's own is sent");
        }
        let (draft, person) = self.draft(&name, properties, options, uuid, false);
        if !draft.team.is_empty() && draft.team != self.last_team {
            self.last_team.clone_from(&draft.team);
            self.flags.refresh(self.facts.monotonic, self.facts.is_seen);
        }
        if self.state == ConsentState::Granted || is_broken!(self, StoreWhilePending) {
            self.record(draft, person, Origin::Call, None);
            return;
        }
        self.outputs.push(Output::Captured { uuid: draft.uuid.clone(), name });
        let is_urgent = is_must_send(&draft.name) || draft.options.send_instantly;
        self.notices.debug(&["held until the visitor has agreed: ", &draft.name].concat());
        if let Some(evicted) = self.held.hold(HeldCall::Event { draft: Box::new(draft), person, is_urgent }) {
            self.refuse(DropReason::Evicted, &evicted);
        }
    }

    /// An event that has happened now, or when the call was made that is being done. One `of_ours` goes through the gate of the
    /// page's team, or the last that was named.
    pub(super) fn draft(
        &mut self,
        name: &str,
        properties: Object,
        options: CaptureOptions,
        uuid: Option<String>,
        of_ours: bool,
    ) -> (Draft, Option<Person>) {
        let named = properties.get("teamId").filter(|team| team.raw() != "null").map(team_of).unwrap_or_default();
        let fallback = if of_ours { self.team() } else { self.gate.team.clone() };
        let moment = match &mut self.moment {
            Some(moment) => {
                let given = moment.clone();
                moment.uuid = None;
                given
            }
            None => self.moment_now(),
        };
        let made = moment.uuid.unwrap_or_else(|| uuid_v7(moment.captured.0, &mut self.entropy));
        let draft = Draft {
            name: name.to_owned(),
            properties,
            options,
            uuid: uuid.unwrap_or(made),
            captured: moment.captured,
            sequence: moment.sequence,
            team: if named.is_empty() { fallback } else { named },
            address: moment.address,
            is_minimal: false,
        };
        (draft, moment.person)
    }

    /// Captures an event of ours.
    pub(super) fn emit(&mut self, name: &str, properties: Object, options: CaptureOptions) {
        let (draft, person) = self.draft(name, properties, options, None, true);
        self.record(draft, person, Origin::Ours, None);
    }

    /// The page is seen, or will be without any further sign: a page that is only prerendered leaves no trace.
    fn activate(&mut self) {
        let Some(calls) = self.prerendered.take() else { return };
        self.sharing.present = self.facts.posthog.take();
        self.refresh_consent();
        self.look_at_posthog();
        self.decided(self.state);
        for (call, given) in calls {
            self.make(call, given);
        }
    }

    /// Whether the browser, or posthog-js on the page, denies consent for the visitor.
    pub(super) fn is_denied_elsewhere(&self, facts: &Facts, has_told_posthog: bool) -> bool {
        self.options.respects_dnt && facts.asks_dnt || self.options.respects_gpc && facts.asks_gpc || has_told_posthog
    }

    /// Whether the page may know who its visitor is: posthog-js is asked for that only then.
    pub fn may_know_visitor(&mut self, facts: &Facts) -> bool {
        let has_told_posthog = facts.posthog.as_ref().is_some_and(|posthog| posthog.is_opted_out);
        let is_denied = self.is_denied_elsewhere(facts, has_told_posthog);
        self.prerendered.is_none() && self.consent.state(self.outbox.store(), is_denied) == ConsentState::Granted
    }

    /// Looks whether the visitor has said something since, in this tab or in another one.
    pub(super) fn refresh_consent(&mut self) {
        let is_denied = self.is_denied_elsewhere(&self.facts, self.sharing.is_opted_out());
        let (state, change) = self.consent.refresh(self.outbox.store(), is_denied);
        self.state = state;
        let is_silent = !self.is_granted() && !is_broken!(self, StoreWhilePending);
        self.outbox.store_mut().is_silent = is_silent;
        if change.has_missed_denial {
            // What this page knows was denied; what other tabs have stored since was not.
            self.purge_held();
            let denied_at = self.consent.denied_at(self.outbox.store());
            self.refuse_held_before(denied_at);
            self.give_up();
            self.forget(false);
        }
        if let Some(state) = change.state {
            self.tell_outbox(OutboxInput::ConsentChanged { is_granted: state == ConsentState::Granted });
            self.decided(state);
            self.outputs.push(Output::TellConsent(state));
        }
    }

    fn answer(&mut self, is_granted: bool) {
        self.consent.say(self.outbox.store_mut(), is_granted, self.facts.wall);
        self.outputs.push(Output::TellNear(noun_key("consent", self.options.project())));
        self.refresh_consent();
        // A full storage may have room, now that everything else of ours is removed.
        if !is_granted {
            self.consent.save(self.outbox.store_mut());
        }
    }

    /// The visitor has said something, or has said it before.
    fn decided(&mut self, state: ConsentState) {
        self.notices.debug(&["consent: ", state.word()].concat());
        match state {
            ConsentState::Granted => self.open(),
            ConsentState::Pending => {}
            ConsentState::Denied => {
                self.refuse_held(DropReason::NoConsent);
                self.refuse_hooked(DropReason::NoConsent);
                self.purge_held();
                self.forget(true);
                self.give_up();
                self.erase(true);
            }
        }
    }

    fn refuse_held(&mut self, reason: DropReason) {
        for call in self.held.release() {
            if let HeldCall::Event { draft, .. } = call {
                self.refuse(reason, &draft.name);
            }
        }
    }

    /// Gives up the calls that were made before the visitor has denied.
    fn refuse_held_before(&mut self, denied_at: Option<Wall>) {
        for call in self.held.release() {
            let is_later = Some(call.captured()) > denied_at;
            match call {
                call if is_later => drop(self.held.hold(call)),
                HeldCall::Event { draft, .. } => self.refuse(DropReason::NoConsent, &draft.name),
                HeldCall::Change(..) => {}
            }
        }
    }

    fn open(&mut self) {
        if self.is_shut_down {
            return;
        }
        if self.is_open {
            // Who has come to listen since is told now.
            self.outputs.push(Output::Opened { opens_mirror: false });
        } else {
            self.is_open = true;
            if self.sharing.is_waiting {
                self.wait_for_posthog();
            }
            if self.options.has_bootstrap {
                self.follow();
                let team = self.team();
                if self.may_keep(&team) {
                    self.keep(true);
                }
                self.bootstrap();
            }
            self.open_stores();
        }
        // The first event of a page may be its last: by then it should be known whether its team is tracked.
        let now = self.gate_now();
        let team = self.gate.team.clone();
        self.gate.want(self.outbox.store_mut(), &team, now);
        for call in self.held.release() {
            match call {
                HeldCall::Event { draft, person, .. } => self.record(*draft, person, Origin::Held, None),
                HeldCall::Change(call, moment) => self.during(Some(*moment), |tracker| tracker.change_now(call)),
            }
        }
        self.gate.refresh(now);
        if self.options.loads_flags {
            self.flags.want(self.facts.monotonic);
        }
        self.flags.refresh(self.facts.monotonic, self.facts.is_seen);
    }

    /// From here on records come and go.
    fn open_stores(&mut self) {
        self.session.claim(self.outbox.store_mut());
        let now = self.gate_now();
        let team = self.gate.team.clone();
        let is_tracked = self.gate.state(self.outbox.store(), Some(&team), now) == Some(true);
        let opens_mirror = is_tracked || self.options.gate.ungated == crate::flags::Ungated::Track;
        self.outputs.push(Output::Opened { opens_mirror });
        let (project, version) = (self.options.project().to_owned(), self.options.version.clone());
        let quarantined = quarantine::read(self.outbox.store_mut(), &project, &version);
        for (uuid, is_untried) in &quarantined {
            if *is_untried {
                self.outputs.push(Output::TryLater(uuid.clone()));
            }
        }
        let quarantined = quarantined.into_iter().map(|(uuid, _)| uuid).collect();
        // So that it asks for no lock, which a page in the back/forward cache would keep.
        if self.is_left {
            self.tell_outbox(OutboxInput::Leaving);
        }
        self.tell_outbox(OutboxInput::Started { quarantined });
        self.outputs.push(Output::ReadMirror);
    }

    fn retry_quarantined(&mut self, uuid: String) {
        if self.is_granted() {
            let (project, version) = (self.options.project().to_owned(), self.options.version.clone());
            quarantine::add(self.outbox.store_mut(), &project, &version, &uuid);
            self.tell_outbox(OutboxInput::RetryQuarantined { uuid });
        }
    }

    /// Something is stored that this tracker did not store itself.
    fn stored(&mut self, key: Option<&str>) {
        let is = |noun: &str| key.is_none_or(|key| key.starts_with(&noun_key(noun, "")));
        if is("identity") {
            self.identity.doubt();
        }
        if is("gate") && self.is_granted() {
            let now = self.gate_now();
            self.gate.heard(self.outbox.store_mut(), now);
        }
    }

    /// Gives up what waits, on this page and in storage.
    pub(super) fn purge(&mut self, is_everything: bool) {
        self.purge_held();
        self.give_up();
        self.erase(is_everything);
    }

    /// Removes the records and journal entries of the project, what other pages left included; where it is everything, all that is
    /// ours but the consent.
    fn erase(&mut self, is_everything: bool) {
        let project = self.options.project().to_owned();
        let store = self.outbox.store_mut();
        let mut is_used = false;
        for key in store.keys(crate::outbox::KEY_PREFIX).unwrap_or_default() {
            let mut parts = key.split(':').skip(1);
            let (noun, owner) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            let is_event = noun == "journal" || noun.starts_with(|first: char| first.is_ascii_digit());
            let is_event = is_event && !is_broken!(self, KeepStoredOnPurge);
            if owner == project && (is_event || is_everything && noun != "consent") {
                is_used = true;
                let _ = store.remove(&key);
            }
        }
        self.outputs.push(Output::EraseMirror { erases_records: true, is_used });
    }

    fn shut_down(&mut self) {
        self.refuse_held(DropReason::ShutDown);
        if self.prerendered.is_none() && self.is_granted() {
            self.flags.cache.forget_met(self.outbox.store_mut());
        }
        let news = self.flags.rest();
        self.tell_flags_news(news);
        if !self.is_shut_down {
            self.is_shut_down = true;
            self.request_flush(true);
        }
    }
}

/// The id of a team, as an event names it.
fn team_of(team: Value<'_>) -> String {
    team.text().map_or_else(|| team.raw().to_owned(), std::borrow::Cow::into_owned)
}
