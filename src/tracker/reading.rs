//! What a page reads: who the visitor is, what its flags say, what became of its events. Nothing, while the visitor has not agreed to
//! be known.

use super::{Facts, Tracker, Warning};
use crate::event::Who;
use crate::event::json::{Object, Value};
use crate::flags::Flag;
use crate::outbox::{DropReason, Stats, Store, TabStore};
use crate::person::ConsentState;

/// What a flag says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlagReading {
    /// The flag; `None`, where it is not known.
    pub flag: Option<Flag>,
    /// Whether it is known what the flags are, so that the visitor has met this one.
    pub is_met: bool,
}

impl<S: Store + TabStore> Tracker<S> {
    /// Whether the page may know something of the visitor now.
    fn may_ask(&mut self, facts: Facts) -> bool {
        self.begin(facts);
        self.prerendered.is_none() && self.is_granted()
    }

    /// What is known of the visitor's consent.
    pub fn consent(&mut self, facts: Facts) -> ConsentState {
        let is_prerendering = self.prerendered.is_some();
        self.begin(facts);
        if is_prerendering {
            let has_told_posthog = self.facts.posthog.as_ref().is_some_and(|posthog| posthog.is_opted_out);
            let is_denied = self.is_denied_elsewhere(&self.facts, has_told_posthog);
            return self.consent.state(self.outbox.store(), is_denied);
        }
        self.advance();
        self.state
    }

    /// Who events are about, what stands for this browser, and the session of an event that would be captured now.
    pub fn visitor(&mut self, facts: Facts) -> Option<(String, String, String)> {
        let who = self.present_now(facts)?;
        Some((who.distinct_id, who.device_id, who.session_id))
    }

    fn present_now(&mut self, facts: Facts) -> Option<Who> {
        let who = self.may_ask(facts).then(|| self.present(self.facts.wall, false).who);
        // Somebody may have agreed in another tab since, which has consequences.
        self.advance();
        who
    }

    /// The groups that the visitor belongs to, key by type.
    pub fn groups(&mut self, facts: Facts) -> Option<Object> {
        Some(self.present_now(facts)?.groups)
    }

    /// Whether a team is tracked, of the page where it is empty; asks, where nobody knows.
    pub fn is_team_tracked(&mut self, facts: Facts, team: &str) -> Option<bool> {
        if !self.may_ask(facts) {
            return None;
        }
        let team = if team.is_empty() { self.gate.team.clone() } else { team.to_owned() };
        let now = self.gate_now();
        self.gate.want(self.outbox.store_mut(), &team, now);
        let is_open = self.gate.state(self.outbox.store(), Some(&team), now);
        self.advance();
        is_open
    }

    /// What is known of the teams of this page; `None`, before it may be known.
    pub fn teams(&mut self, facts: Facts) -> Option<Vec<(String, Option<bool>)>> {
        if !self.may_ask(facts) || !self.is_open {
            return None;
        }
        let team = self.gate.team.clone();
        let now = self.gate_now();
        self.gate.want(self.outbox.store_mut(), &team, now);
        let teams = self.team_states();
        self.advance();
        Some(teams)
    }

    fn team_states(&mut self) -> Vec<(String, Option<bool>)> {
        let now = self.gate_now();
        let teams = self.gate.teams();
        teams
            .into_iter()
            .map(|team| {
                let is_open = self.gate.state(self.outbox.store(), Some(&team), now);
                (team, is_open)
            })
            .collect()
    }

    /// What a flag says. Loads the flags, where that has not been asked for yet.
    pub fn flag(&mut self, facts: Facts, key: &str) -> Option<FlagReading> {
        if !self.may_ask(facts) {
            return None;
        }
        self.flags.want(self.facts.monotonic);
        let wall = self.facts.wall;
        let flag = self.flags.flag(self.outbox.store_mut(), key, wall);
        let is_met = self.flags.is_ready(self.outbox.store_mut(), wall);
        self.advance();
        Some(FlagReading { flag, is_met })
    }

    /// The values of all flags, and the JSON values that come with them, by their keys. Loads them as well.
    pub fn all_flags(&mut self, facts: Facts) -> Option<(Object, Object)> {
        if !self.may_ask(facts) {
            return None;
        }
        self.flags.want(self.facts.monotonic);
        let (mut values, mut payloads) = (Object::default(), Object::default());
        for (key, flag) in self.flags.all(self.outbox.store_mut(), self.facts.wall) {
            flag.value.set(&mut values, &key);
            if let Some(payload) = flag.payload() {
                payloads.set(&key, payload);
            }
        }
        self.advance();
        Some((values, payloads))
    }

    /// What listeners are told of the flags: the keys of those that are on, the values of all, and whether the last load has
    /// failed; `None`, before it is known.
    pub fn flags_told(&mut self, facts: Facts) -> Option<(Vec<String>, Object, bool)> {
        if !self.may_ask(facts) || !self.is_open {
            return None;
        }
        self.flags.want(self.facts.monotonic);
        let wall = self.facts.wall;
        let is_ready = self.flags.is_ready(self.outbox.store_mut(), wall);
        let values = self.flags.values(self.outbox.store_mut(), wall);
        self.advance();
        is_ready.then(|| {
            let is_on = |value: Value<'_>| value.raw() != "false";
            let active = values.members().filter(|(_, value)| is_on(*value));
            let active = active.filter_map(|(key, _)| Some(key.text()?.into_owned())).collect();
            (active, values.clone(), self.flags.has_failed())
        })
    }

    /// Loads the flags anew; gives a ticket by which an output says when that has succeeded or failed. `None`, where nothing may be
    /// known of the visitor.
    pub fn reload_flags(&mut self, facts: Facts) -> Option<u32> {
        let ticket = self.may_ask(facts).then(|| self.flags.reload(self.facts.monotonic));
        self.advance();
        ticket
    }

    /// What became of this page's events so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let mut stats = self.outbox.stats();
        let held = self.held.events() as u32 + self.recorder.waiting();
        stats.captured += self.counts.captured + held;
        stats.adopted += self.counts.adopted;
        stats.waiting += held;
        stats.held += held;
        for (count, more) in stats.dropped.iter_mut().zip(self.counts.dropped) {
            *count += more;
        }
        stats
    }

    /// What is known of the teams that have been named on this page; nothing, where the page may know nothing of its visitor.
    pub fn known_teams(&mut self) -> Vec<(String, Option<bool>)> {
        if self.prerendered.is_none() && self.is_granted() { self.team_states() } else { Vec::new() }
    }

    /// Counts an event that is given up because too many calls have come from inside one call.
    pub fn refuse_behind(&mut self, name: &str) {
        self.notices.warn_once(Warning::TooManyCalls);
        self.refuse(DropReason::Evicted, name);
    }

    /// Counts an event that a hook of the page has captured, which is given up.
    pub fn refuse_from_hook(&mut self, name: &str) {
        self.notices.warn("capture: a beforeSend hook cannot capture; the event is dropped");
        self.refuse(DropReason::BeforeSend, name);
    }
}
