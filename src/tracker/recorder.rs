//! The recorder: makes a record of what a page captures, as soon as it may: with consent, through the gate, past the hooks.

use super::input::HookAnswer;
use super::output::Output;
use super::{Person, Tracker};
use crate::event::json::Object;
use crate::event::{Draft, Event, Surroundings, Who, is_must_send, own};
use crate::flags::{Admission, MetFlag};
use crate::outbox::{
    DropReason, EVENT_BYTES_MAX, HOLD_MAX_MS, Input as OutboxInput, NewEvent, Store, TabStore, is_broken, record_key,
};

/// How many events are held in memory at most while nobody knows their team, where the page wants none of them stored.
pub const GATE_HELD_MAX: usize = 200;

/// How many events of ours wait for the first one that names a team.
pub const TEAMLESS_MAX: usize = 20;

/// Where an event comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// A call of the page, which hears what its event is called and identified by.
    Call,
    /// A call that was held for consent; the page has heard of it then.
    Held,
    /// The tracker itself: it waits for the first event that names a team, where the page has named none yet.
    Ours,
    /// The entry of another page's journal under this key.
    Journal(String),
}

/// An event that is made, and what it was made of.
#[derive(Debug, Clone)]
struct Composed {
    draft: Draft,
    person: Option<Person>,
    origin: Origin,
    event: Event,
    who: Who,
    /// The flag that the visitor has met by it.
    met: Option<MetFlag>,
}

/// What waits on this page before it is a record.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    /// Events about the visitor that no team was named for yet.
    teamless: Vec<Composed>,
    /// Events of which nobody knows whether their team is tracked, where the page stores none of these.
    held: Vec<(Composed, Option<String>)>,
    /// Stored events of which it is still open who they are about.
    raw: Vec<(Composed, String)>,
    /// Events that a hook of the page is looking at.
    hooked: Vec<Hooked>,
    /// What the visitor has met by events of the present input.
    met: Vec<MetFlag>,
    /// The next name of such an event.
    next_hook: u32,
}

/// An event that a hook of the page is looking at.
#[derive(Debug)]
struct Hooked {
    id: u32,
    /// The hook, by its place.
    place: u32,
    composed: Composed,
}

impl Recorder {
    /// How many events are held here.
    pub(super) fn waiting(&self) -> u32 {
        (self.teamless.len() + self.held.len()) as u32
    }
}

impl<S: Store + TabStore> Tracker<S> {
    /// Records an event. An entry of a journal whose team this page cannot ask about is left to another page.
    pub(super) fn record(&mut self, draft: Draft, person: Option<Person>, origin: Origin, met: Option<MetFlag>) {
        if self.is_bot() {
            return self.give_up_event(DropReason::Bot, &origin, &draft.name);
        }
        let now = self.gate_now();
        match self.gate.admit(self.outbox.store_mut(), &draft.team, now) {
            Admission::Refused(DropReason::Ungated) if self.may_wait_for_team(&origin) => {}
            Admission::Refused(DropReason::Ungated)
                if matches!(origin, Origin::Journal(_)) && !draft.team.is_empty() =>
            {
                return;
            }
            Admission::Refused(reason) => return self.give_up_event(reason, &origin, &draft.name),
            // A page that gates nothing says nothing of the team that the entry waits for.
            Admission::Team(None) if matches!(origin, Origin::Journal(_)) && !draft.team.is_empty() => return,
            Admission::Team(_) if matches!(origin, Origin::Journal(_)) => {}
            Admission::Team(team) => {
                let is_open = self.gate.state(self.outbox.store(), team.as_deref(), now);
                if !self.is_held_in_memory(is_open) {
                    self.keep(is_open == Some(true));
                }
            }
        }
        let composed = self.compose(draft, person, origin, met);
        self.show(0, composed);
    }

    /// Whether the visitor is a program that the page ignores.
    pub(super) fn is_bot(&self) -> bool {
        self.options.ignored_bots.has(self.facts.visitor_kind)
    }

    /// Whether an event may wait for the first one that names a team.
    fn may_wait_for_team(&self, origin: &Origin) -> bool {
        *origin == Origin::Ours && self.gate.asks_for_teams() && self.recorder.teamless.len() < TEAMLESS_MAX
    }

    fn is_held_in_memory(&self, is_open: Option<bool>) -> bool {
        self.options.holds_in_memory && is_open.is_none()
    }

    /// Notes which flags the visitor has met, by one write for all.
    pub(super) fn note_met(&mut self) {
        let met = core::mem::take(&mut self.recorder.met);
        if !met.is_empty() {
            self.flags.cache.meet(self.outbox.store_mut(), met);
        }
    }

    /// Shows an event to the hook of the page at this place, which answers before anything else happens; behind the last one, it goes on.
    fn show(&mut self, place: u32, composed: Composed) {
        if place >= self.options.hooks {
            return self.admit(composed);
        }
        let id = self.recorder.next_hook;
        self.recorder.next_hook = id.wrapping_add(1);
        self.outputs.push(Output::Hook { id, place, event: composed.event.text() });
        self.recorder.hooked.push(Hooked { id, place, composed });
    }

    /// A hook of the page has seen an event. Where something goes wrong in it, or it does not want the event, that is not sent.
    pub(super) fn hooked(&mut self, id: u32, answer: HookAnswer) {
        let Some(at) = self.recorder.hooked.iter().position(|hooked| hooked.id == id) else { return };
        let Hooked { place, mut composed, .. } = self.recorder.hooked.remove(at);
        let given = composed.event.name.clone();
        // Another tab may have heard of a denial while the hook was running.
        if !self.is_granted() {
            return self.give_up_event(DropReason::NoConsent, &composed.origin, &given);
        }
        match answer {
            HookAnswer::Kept { name, properties, set, set_once } => {
                let event = &mut composed.event;
                (event.name, event.properties, event.set, event.set_once) = (name, properties, set, set_once);
                // What identifies the event is not the hooks' to change.
                own(&mut event.properties, &composed.who, &self.options.api_key, false);
                self.show(place + 1, composed);
            }
            HookAnswer::Dropped if is_broken!(self, IgnoreHookDrop) => self.show(place + 1, composed),
            HookAnswer::Dropped => self.give_up_event(DropReason::BeforeSend, &composed.origin, &given),
            HookAnswer::Failed(why) => {
                self.notices.warn(&["beforeSend: ", &why, "; the event ", &given, " is dropped"].concat());
                self.give_up_event(DropReason::BeforeSend, &composed.origin, &given);
            }
        }
    }

    /// Counts an event that is given up; with one of another page's journal goes its entry.
    fn give_up_event(&mut self, reason: DropReason, origin: &Origin, event: &str) {
        match origin {
            Origin::Journal(key) => {
                self.give_up_replayed(reason, event);
                let _ = self.outbox.store_mut().remove(key);
            }
            _ => self.refuse(reason, event),
        }
    }

    /// Makes a record of an event that the hooks have seen, or holds it: what is known of its team now counts.
    fn admit(&mut self, composed: Composed) {
        let now = self.gate_now();
        let admission = self.gate.admit(self.outbox.store_mut(), &composed.draft.team, now);
        let may_wait = self.may_wait_for_team(&composed.origin);
        let is_met = (may_wait || matches!(admission, Admission::Team(_))) && !is_broken!(self, ForgetMetFlags);
        if let Some(met) = composed.met.clone().filter(|_| is_met) {
            self.recorder.met.push(met);
        }
        if composed.origin == Origin::Call {
            let Event { uuid, name, .. } = &composed.event;
            self.outputs.push(Output::Captured { uuid: uuid.clone(), name: name.clone() });
        }
        match (admission, &composed.origin) {
            (Admission::Refused(DropReason::Ungated), _) if may_wait => {
                self.recorder.teamless.push(composed);
            }
            (Admission::Refused(reason), origin) => self.give_up_event(reason, origin, &composed.event.name),
            (Admission::Team(team), Origin::Journal(key)) => {
                let new = self.new_event(&composed, team, true);
                let (key, record) = (key.clone(), new.key.clone());
                self.tell_outbox(OutboxInput::Replayed(new));
                self.replayed(&key, &record, &composed.event.uuid);
            }
            (Admission::Team(team), _) => {
                for waiting in core::mem::take(&mut self.recorder.teamless) {
                    self.take(waiting, team.clone());
                }
                self.take(composed, team);
            }
        }
    }

    fn take(&mut self, composed: Composed, team: Option<String>) {
        let now = self.gate_now();
        let is_open = self.gate.state(self.outbox.store(), team.as_deref(), now);
        let of = team.as_deref().map_or(String::new(), |team| [" of team ", team].concat());
        let what = if is_open.is_none() { "held until its team is known: " } else { "captured " };
        self.notices.debug(&[what, &composed.event.name, &of].concat());
        if self.is_held_in_memory(is_open) {
            self.hold(composed, team);
        } else {
            self.store_event(composed, team);
        }
    }

    fn hold(&mut self, composed: Composed, team: Option<String>) {
        self.recorder.held.push((composed, team));
        if self.recorder.held.len() > GATE_HELD_MAX {
            let place = self.recorder.held.iter().position(|(held, _)| !is_must_send(&held.event.name));
            let (evicted, _) = self.recorder.held.remove(place.unwrap_or_default());
            self.refuse(DropReason::Evicted, &evicted.event.name);
        }
    }

    fn store_event(&mut self, composed: Composed, team: Option<String>) {
        let is_raw = self.sharing.is_waiting;
        let new = self.new_event(&composed, team, !is_raw);
        if is_raw {
            self.recorder.raw.push((composed, new.key.clone()));
        }
        self.tell_outbox(OutboxInput::Captured(new));
    }

    fn new_event(&mut self, composed: &Composed, team: Option<String>, is_sealed: bool) -> NewEvent {
        let Composed { draft, event, .. } = composed;
        let now = self.gate_now();
        let mut body = event.text();
        if body.len() > EVENT_BYTES_MAX {
            // What the tracker adds by itself never costs an event.
            body = event.without_flags().text();
            self.notices.debug(&[&event.name, " is too large to carry the values of the feature flags"].concat());
        }
        NewEvent {
            key: record_key(self.options.project(), draft.captured, draft.sequence, &event.uuid),
            name: event.name.clone(),
            body,
            open: self.gate.state(self.outbox.store(), team.as_deref(), now),
            team,
            must_send: is_must_send(&event.name) || draft.options.send_instantly,
            mirror_only: composed.met.is_some() && is_sealed,
            sealed: is_sealed,
        }
    }

    fn compose(&mut self, draft: Draft, person: Option<Person>, origin: Origin, met: Option<MetFlag>) -> Composed {
        if is_must_send(&draft.name) || draft.options.send_instantly {
            self.settle_sharing();
        }
        let person = person.filter(|_| !is_broken!(self, ComposeWithPresentPerson));
        // What is known of the visitor is nothing of somebody else's event.
        let is_present = person.is_none() || self.is_present(person.as_ref());
        // An entry of another page does not say how the visitor has come to this one.
        if is_present && !matches!(origin, Origin::Journal(_)) {
            self.arrive(&draft.address);
        }
        let who = self.who(&draft, person.as_ref());
        let mut event = self.event_of(&draft, &who, is_present);
        if is_present && who.has_profile && !draft.is_minimal {
            let mut initial = self.initial_properties(&draft.name, &draft.address);
            if !initial.is_empty() {
                initial.merge(event.set_once.as_ref().unwrap_or(&Object::default()));
                event.set_once = Some(initial);
            }
        }
        Composed { draft, person, origin, event, who, met }
    }

    fn event_of(&mut self, draft: &Draft, who: &Who, is_present: bool) -> Event {
        let none = Object::default();
        let store = self.outbox.store_mut();
        let session = self.session.properties();
        let flags = self.flags.properties(store, self.facts.wall, &self.sharing.flags());
        let registered = [flags, self.registered.properties(store), &session];
        let registered = if is_present { registered } else { [&none; 3] };
        let surroundings = Surroundings {
            environment: &self.facts.environment,
            registered: &registered,
            api_key: &self.options.api_key,
        };
        Event::compose(draft, who, surroundings)
    }

    /// Seals the raw records: with posthog-js's visitor if posthog-js has loaded, otherwise with the tracker's own.
    pub(super) fn seal(&mut self, has_come: bool) {
        if has_come {
            let mut teamless = core::mem::take(&mut self.recorder.teamless);
            teamless.iter_mut().for_each(|composed| self.renew(composed));
            self.recorder.teamless = teamless;
            let mut held = core::mem::take(&mut self.recorder.held);
            held.iter_mut().for_each(|(composed, _)| self.renew(composed));
            self.recorder.held = held;
        }
        for (mut composed, key) in core::mem::take(&mut self.recorder.raw) {
            if has_come {
                self.renew(&mut composed);
            }
            let body = composed.event.text();
            self.tell_outbox(OutboxInput::Sealed { key, body });
        }
    }

    /// Makes an event be about whom posthog-js says.
    fn renew(&mut self, composed: &mut Composed) {
        let who = self.who(&composed.draft, composed.person.as_ref());
        let event = &mut composed.event;
        // What a hook has taken out stays out.
        let groups = self.sharing.visitor().map(|visitor| visitor.groups.clone()).filter(|_| self.options.hooks == 0);
        let own_groups = event.properties.get("$groups").and_then(Object::of);
        match groups {
            Some(mut groups) => {
                groups.merge(&own_groups.unwrap_or_default());
                event.properties.set_object("$groups", &groups);
            }
            None if own_groups.is_none() => event.properties.remove("$groups"),
            None => {}
        }
        own(&mut event.properties, &who, &self.options.api_key, composed.draft.is_minimal);
        event.distinct_id.clone_from(&who.distinct_id);
        composed.who = who;
    }

    /// Something is known of a team, or nobody could say: what it holds here is stored, given up, or held on.
    pub(super) fn release_held(&mut self, team: &str, is_open: Option<bool>) {
        let held = core::mem::take(&mut self.recorder.held);
        let is_team = |of: &Option<String>| of.as_deref() == Some(team);
        if is_open == Some(true) && held.iter().any(|(_, of)| is_team(of)) {
            self.keep(true);
        }
        for (composed, of) in held {
            let is_late = self.facts.wall.0.saturating_sub(composed.draft.captured.0) > HOLD_MAX_MS;
            match is_open {
                _ if !is_team(&of) => self.recorder.held.push((composed, of)),
                Some(true) => self.store_event(composed, of),
                Some(false) => self.refuse(DropReason::GateShut, &composed.event.name),
                None if is_late => self.refuse(DropReason::GateUnknown, &composed.event.name),
                None => self.recorder.held.push((composed, of)),
            }
        }
    }

    /// Whether what is known of the visitor may be stored before there is an event: its team is known to be tracked.
    pub(super) fn may_keep(&mut self, team: &str) -> bool {
        if self.is_bot() {
            return false;
        }
        let now = self.gate_now();
        match self.gate.admit(self.outbox.store_mut(), team, now) {
            Admission::Team(team) => self.gate.state(self.outbox.store(), team.as_deref(), now) == Some(true),
            Admission::Refused(_) => false,
        }
    }

    /// Gives up everything that is held here, and counts each event as purged.
    pub(super) fn purge_held(&mut self) {
        let teamless = core::mem::take(&mut self.recorder.teamless);
        let held = core::mem::take(&mut self.recorder.held).into_iter().map(|(composed, _)| composed);
        for composed in teamless.into_iter().chain(held) {
            self.refuse(DropReason::Purged, &composed.event.name);
        }
        self.refuse_hooked(DropReason::Purged);
        self.recorder.raw.clear();
    }

    /// Gives up what a hook still looks at; what it makes of that counts no more.
    pub(super) fn refuse_hooked(&mut self, reason: DropReason) {
        for hooked in core::mem::take(&mut self.recorder.hooked) {
            let Composed { origin, event, .. } = hooked.composed;
            self.give_up_event(reason, &origin, &event.name);
        }
    }
}
