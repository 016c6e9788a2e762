//! Flags and gate: what they want asked, and who has to hear of their answers.

use super::input::Facts;
use super::notices::decimal;
use super::output::Output;
use super::recorder::Origin;
use super::{Tracker, Warning};
use crate::event::json::{Object, Value};
use crate::event::{CaptureOptions, Draft};
use crate::flags::{Admission, FlagsNews, FlagsVisitor, GateNews, GateSource, JsonAnswer, Question};
use crate::outbox::{Input as OutboxInput, Store, TabStore, is_broken, noun_key};
use crate::text::{cut, find};

/// What was heard longer ago than any `gateTtl` is forgotten by facades: a day.
const SHUT_AGE_MAX_MS: u64 = 86_400_000;

/// Facades are told of so many teams, the newest.
const SHUT_TEAMS_MAX: usize = 50;

/// Whether somebody develops the page: it comes from their own machine.
fn is_development(href: &str) -> bool {
    let host = cut(find(href, "//").map_or("", |at| &href[at + 2..]), b'/').0;
    let name = cut(host, b':').0;
    let is_loopback = name.starts_with("127.") || host.starts_with("[::1]");
    is_loopback || ["localhost", ".localhost", ".local", ".test"].iter().any(|end| name.ends_with(end))
}

impl<S: Store + TabStore> Tracker<S> {
    /// Whether somebody develops the page, or wants to hear everything.
    pub fn is_watched(&self, facts: &Facts) -> bool {
        self.notices.is_verbose || is_development(&facts.href)
    }

    /// A server has answered a question of one of the two.
    pub(super) fn json_answered(&mut self, id: u32, answer: &JsonAnswer) {
        let status = decimal(answer.status.into());
        let (what, status) = if answer.status == 0 { ("no answer", "") } else { ("answered ", status.as_str()) };
        self.notices.question(id, &[what, status]);
        if self.flags.has_asked(id) {
            let visitor = self.may_send_of_visitor().then(|| self.present_id());
            let (wall, now) = (self.facts.wall, self.facts.monotonic);
            let news = self.flags.answered(self.outbox.store_mut(), answer, visitor.as_deref(), wall, now);
            news.into_iter().for_each(|news| self.tell_flags_news(news));
        } else {
            let now = self.gate_now();
            self.gate.json_answered(self.outbox.store_mut(), id, answer, now, &mut self.entropy);
        }
    }

    pub(super) fn advance_gate(&mut self) {
        let now = self.gate_now();
        self.gate.advance(self.outbox.store_mut(), now, &mut self.entropy);
        self.deliver_gate_news();
    }

    /// Has everybody hear what is new of teams, and asks what is to be asked.
    pub(super) fn deliver_gate_news(&mut self) {
        loop {
            let news = self.gate.take_news();
            for question in self.gate.take_questions() {
                self.ask(question);
            }
            if news.is_empty() {
                return;
            }
            for news in news {
                self.deliver(news);
            }
        }
    }

    fn ask(&mut self, question: Question) {
        if let Question::Json { id, url, .. } = &question {
            self.notices.question(*id, &["asks ", url]);
        }
        self.outputs.push(Output::Ask(question));
    }

    fn deliver(&mut self, news: GateNews) {
        let now = self.gate_now();
        let (team, is_answer) = match news {
            GateNews::Answered(team) => (team, true),
            GateNews::Known(team) => {
                let is_open = self.gate.state(self.outbox.store(), Some(&team), now);
                let is = if is_open == Some(true) { " is tracked" } else { " is not tracked" };
                self.notices.debug(&["team ", &team, is].concat());
                (team, false)
            }
            GateNews::Unanswered => return self.notices.warn_once(Warning::GateUnanswered),
            GateNews::Debug(text) => return self.notices.debug(&text),
        };
        let is_open = self.gate.state(self.outbox.store(), Some(&team), now);
        if is_open == Some(false) && team == self.gate.team && is_development(&self.facts.href) {
            self.notices.warn_once(Warning::ShutInDevelopment);
        }
        if is_open == Some(false) && is_broken!(self, MissShutGate) {
            return;
        }
        if is_answer {
            self.release_held(&team, is_open);
            self.tell_outbox(OutboxInput::GateAnswered { team: team.clone(), open: is_open });
            if is_open == Some(true) {
                self.flags.refresh(self.facts.monotonic, self.facts.is_seen);
            }
            if is_open == Some(false) && self.remove_traces() {
                self.withdraw();
            }
            self.outputs.push(Output::TellNear(noun_key("gate", self.options.project())));
        }
        if self.options.is_lazy {
            self.note_shut(&team, is_open);
        }
        self.outputs.push(Output::TellTeam { team, is_open });
    }

    /// Leaves a note for the facades of later pages, where a request was needed to hear of a team: the teams of which a URL or a
    /// flag has said that they are not tracked, each with the time at which that was heard. Nothing about a visitor.
    fn note_shut(&mut self, team: &str, is_open: Option<bool>) {
        let needs_request = self.options.gate.sources.iter().any(|source| *source != GateSource::Callback);
        let Some(is_open) = is_open.filter(|_| needs_request && self.is_granted()) else { return };
        let key = noun_key("shut", self.options.project());
        let wall = self.facts.wall.0;
        let store = self.outbox.store_mut();
        let text = store.get(&key).ok().flatten().unwrap_or_default();
        let mut teams = Object::read(&text).unwrap_or_default();
        let is_known = teams.get(team).is_some();
        teams.remove(team);
        let heard = |value: Value<'_>| value.integer().map_or(0, |ms| ms.max(0) as u64);
        teams.retain(&mut |_, at| wall.abs_diff(heard(at)) < SHUT_AGE_MAX_MS);
        let too_many = (teams.members().count() + 1).saturating_sub(SHUT_TEAMS_MAX);
        let mut place = 0;
        teams.retain(&mut |_, _| {
            place += 1;
            place > too_many
        });
        if !is_open {
            teams.set_integer(team, wall as i64);
        }
        if !teams.is_empty() {
            let _ = store.put(&key, teams.text());
        } else if is_known {
            let _ = store.remove(&key);
        }
    }

    pub(super) fn advance_flags(&mut self) {
        let (wall, now) = (self.facts.wall, self.facts.monotonic);
        if self.flags.is_retry_due(now) {
            let is_allowed = self.may_send_of_visitor();
            let id = self.next_question();
            let (question, news) = self.flags.retry(self.outbox.store_mut(), is_allowed, wall, now, id);
            question.into_iter().for_each(|question| self.ask(question));
            news.into_iter().for_each(|news| self.tell_flags_news(news));
        }
        // Flags are evaluated by the time zone too.
        let waits = self.is_open && self.flags.is_due(now) && !self.knows_environment();
        if waits || !self.flags.is_load_due(now, self.facts.is_seen) {
            return;
        }
        let visitor = self.may_send_of_visitor().then(|| self.flags_visitor());
        let id = self.next_question();
        match self.flags.start(self.outbox.store(), visitor, wall, now, id) {
            Ok(question) => self.ask(question),
            Err(news) => self.tell_flags_news(news),
        }
    }

    pub(super) fn tell_flags_news(&mut self, news: FlagsNews) {
        self.outputs.push(match news {
            FlagsNews::Loaded => Output::TellFlags,
            FlagsNews::Settled(ticket) => Output::FlagsSettled(ticket),
        });
    }

    /// The visitor meets a flag: PostHog is told when the task is over in which the page reads it, because a page may read many.
    pub(super) fn meet_flag(&mut self, key: String) {
        if self.meetings.iter().any(|(other, _)| *other == key) {
            return;
        }
        let moment = self.moment.take().unwrap_or_else(|| self.moment_now());
        self.meetings.push((key, moment));
        if self.meetings.len() == 1 {
            self.outputs.push(Output::AwaitTaskEnd);
        }
    }

    /// Tells PostHog of the flags that the visitor has met in the task that is over.
    pub(super) fn tell_meetings(&mut self) {
        for (key, moment) in core::mem::take(&mut self.meetings) {
            self.during(Some(moment), |tracker| tracker.tell_meeting(&key));
        }
    }

    /// Tells PostHog that the visitor has met a flag, once for each value.
    fn tell_meeting(&mut self, key: &str) {
        let now = self.gate_now();
        let team = self.team();
        let is_shut = self.gate.state(self.outbox.store(), Some(&team), now) == Some(false);
        if self.is_shut_down || is_shut || !self.flags.is_ready(self.outbox.store_mut(), self.facts.wall) {
            return;
        }
        let Some((properties, is_minimal, met)) = self.flags.meeting(self.outbox.store_mut(), key, self.facts.wall)
        else {
            return;
        };
        let (draft, person) = self.draft("$feature_flag_called", properties, CaptureOptions::default(), None, true);
        self.record(Draft { is_minimal, ..draft }, person, Origin::Ours, Some(met));
    }

    /// Whether something may be sent of the visitor that is no event: its team is known to be tracked.
    fn may_send_of_visitor(&mut self) -> bool {
        if !self.is_open || self.is_shut_down || !self.is_granted() || self.sharing.is_waiting {
            return false;
        }
        let team = self.team();
        let now = self.gate_now();
        let admission = self.gate.admit(self.outbox.store_mut(), &team, now);
        if !self.gate.asks_for_teams() && admission == Admission::Refused(crate::outbox::DropReason::Ungated) {
            self.notices.warn_once(Warning::NothingOpensTheGate);
        }
        self.may_keep(&team)
    }

    fn flags_visitor(&mut self) -> FlagsVisitor {
        let who = self.present(self.facts.wall, false).who;
        let address = self.address();
        let timezone = self.facts.environment.get("$timezone").and_then(Value::text).map(std::borrow::Cow::into_owned);
        FlagsVisitor {
            distinct_id: who.distinct_id,
            device_id: who.device_id,
            groups: who.groups,
            initial: self.initial_of(&address),
            timezone,
        }
    }

    /// A name for a question of the flags.
    fn next_question(&mut self) -> u32 {
        self.last_question = self.last_question.wrapping_add(1) & (u32::MAX >> 1);
        self.last_question
    }
}
