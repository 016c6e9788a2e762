//! The team gate as the outbox sees it from outside (`src/flags/gate.rs`): where answers come from, how long they hold, when it asks again,
//! and what it tells the engine. It belongs to the page, so it outlives an engine that traps.

use std::collections::BTreeMap;

use posthog_booking_tracker::outbox::{BACKOFF_FIRST_MS, BACKOFF_MAX_MS, Input, PROBE_INTERVAL_MS};

use crate::faults::Fault;
use crate::page::{Job, OWN_TEAM};
use crate::storage::PageId;
use crate::world::{Happening, Verdict, World};

/// An answer that could not be asked for again is used for this long, by the wall clock, which pages share.
const STALE_MAX_MS: u64 = 24 * 3_600_000;
/// A source that has not answered by now counts as one that has no answer; what it says later counts as well.
const PATIENCE_MS: u64 = 10_000;
/// So many times in a row nobody can say, and then it is asked for once in five minutes only.
const RETRIES_MAX: u32 = 10;
/// How long an answer holds until it is asked for again; a run draws one of these, and a world that has healed takes the
/// last, so that asking does not use up the steps that healing may take.
const TIMES_TO_LIVE_MS: [u64; 3] = [5_000, 30_000, 300_000];

/// Where the answers of a page come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PageGate {
    /// From a source that can be asked about every team. Events that name none are tracked.
    Asks,
    /// From its configuration, which speaks for its own team. All its events are of that one.
    OwnTeam(bool),
    /// From nowhere: its events are of no team, and are tracked.
    Absent,
}

#[derive(Debug, Clone, Copy)]
struct Answer {
    open: bool,
    /// When it was asked for, by the wall clock.
    asked_at: u64,
}

/// A team that is kept up to date.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    /// When it is asked for again, by the page's monotonic clock.
    due: u64,
    failures: u32,
}

/// What the page's side of one page knows.
#[derive(Debug, Default)]
pub(crate) struct TeamGate {
    answers: BTreeMap<String, Answer>,
    wanted: BTreeMap<String, Wanted>,
    /// The teams that are being asked for, each with the number of its question.
    asked: BTreeMap<String, u64>,
    questions: u64,
    alarm: u64,
}

/// One question to a source.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    team: String,
    number: u64,
    /// By the wall clock.
    asked_at: u64,
}

/// What a page hears of a gate in a task of its own.
#[derive(Debug, Clone)]
pub(crate) enum GateNews {
    /// The source has answered, or has said what is no answer.
    Answered(Question, Option<bool>),
    /// The source has not answered in time.
    TooLate(Question),
    /// Another tab has learned something.
    Heard,
    /// The alarm of this number goes off.
    Alarm(u64),
}

/// The sources of the origin: the truth about each team, and how they fare.
#[derive(Debug)]
pub(crate) struct Sources {
    pub(crate) time_to_live_ms: u64,
    /// So many of the next answers are none.
    errors_left: u32,
    /// What pages have stored for each other: the teams that are tracked, each with the time at which that was asked.
    remembered: BTreeMap<String, u64>,
    /// How often an answer was told that contradicts the last one that this engine was told, by what came instead.
    pub(crate) turned: usize,
    pub(crate) forgotten: usize,
}

impl Sources {
    pub(crate) fn of(chance: &mut crate::chance::Chance) -> Self {
        let time_to_live_ms = *chance.pick(&TIMES_TO_LIVE_MS);
        Self { time_to_live_ms, errors_left: 0, remembered: BTreeMap::new(), turned: 0, forgotten: 0 }
    }

    /// Somebody has cleared localStorage.
    pub(crate) fn clear(&mut self) {
        self.remembered.clear();
    }
}

impl World {
    /// A new page takes over what earlier pages have learned.
    pub(crate) fn load_gate(&mut self, page: PageId) {
        if self.pages[page].gate == PageGate::Asks {
            let remembered = self.sources.remembered.iter();
            self.pages[page].team_gate.answers =
                remembered.map(|(team, asked_at)| (team.clone(), Answer { open: true, asked_at: *asked_at })).collect();
        }
    }

    /// What a page knows of a team.
    pub(crate) fn knows(&self, page: PageId, team: &str) -> Option<bool> {
        match self.pages[page].gate {
            PageGate::Asks => {
                let answer = self.pages[page].team_gate.answers.get(team)?;
                (self.wall().abs_diff(answer.asked_at) <= STALE_MAX_MS).then_some(answer.open)
            }
            PageGate::OwnTeam(open) => (team == OWN_TEAM).then_some(open),
            PageGate::Absent => None,
        }
    }

    /// The team whose gate an event waits for and what is known of it, or nothing, where the page refuses the event.
    pub(crate) fn admit(&mut self, page: PageId, named: Option<&str>) -> Option<(Option<String>, Option<bool>)> {
        let team = match self.pages[page].gate {
            PageGate::Asks => named,
            PageGate::OwnTeam(_) => Some(OWN_TEAM),
            PageGate::Absent => None,
        };
        let open = team.and_then(|team| self.knows(page, team));
        if open == Some(false) {
            self.note(|_| format!("page {page} refuses an event of shut team {team:?}"));
            return None;
        }
        if let Some(team) = team {
            self.want(page, team);
        }
        Some((team.map(str::to_owned), open))
    }

    /// Something waits for a team: its answer is kept up to date from now on.
    fn want(&mut self, page: PageId, team: &str) {
        let gate = &self.pages[page].team_gate;
        if gate.wanted.contains_key(team) {
            return;
        }
        let known = gate.answers.get(team).filter(|_| self.knows(page, team).is_some());
        let age = known.map_or(u64::MAX, |answer| self.wall().saturating_sub(answer.asked_at));
        let due = self.monotonic(page) + self.time_to_live_ms().saturating_sub(age);
        self.pages[page].team_gate.wanted.insert(team.to_owned(), Wanted { due, failures: 0 });
        self.proceed(page);
    }

    /// The engine has a record of a team that it was told nothing of. It hears in the same breath what is known.
    pub(crate) fn answer_engine(&mut self, page: PageId, team: &str) -> Verdict {
        self.want(page, team);
        self.tell(page, team)
    }

    /// The page is seen or connected again: what nobody could say is asked now.
    pub(crate) fn refresh_gate(&mut self, page: PageId) {
        for wanted in self.pages[page].team_gate.wanted.values_mut().filter(|wanted| wanted.failures > 0) {
            wanted.due = 0;
        }
        self.proceed(page);
    }

    /// All that the page knows has lived long enough.
    pub(crate) fn ask_again(&mut self, page: PageId) {
        self.pages[page].team_gate.wanted.values_mut().for_each(|wanted| wanted.due = 0);
        if self.pages[page].is_running() {
            self.proceed(page);
        }
    }

    fn time_to_live_ms(&self) -> u64 {
        if self.is_healed { TIMES_TO_LIVE_MS[2] } else { self.sources.time_to_live_ms }
    }

    /// Asks for what is due, and sees to it that the rest is asked for in time.
    fn proceed(&mut self, page: PageId) {
        if self.pages[page].gate != PageGate::Asks || !self.pages[page].is_alive() {
            return;
        }
        let clock = self.monotonic(page);
        let mut next: Option<u64> = None;
        let wanted: Vec<(String, u64)> =
            self.pages[page].team_gate.wanted.iter().map(|(team, wanted)| (team.clone(), wanted.due)).collect();
        for (team, due) in wanted {
            // While nobody sees the page, only what something may wait for is asked for.
            let idle = self.pages[page].hidden && self.knows(page, &team).is_some();
            if idle || self.pages[page].team_gate.asked.contains_key(&team) {
                continue;
            }
            if due <= clock {
                self.ask_source(page, &team);
            } else {
                next = Some(next.map_or(due, |next| next.min(due)));
            }
        }
        let gate = &mut self.pages[page].team_gate;
        gate.alarm += 1;
        let alarm = gate.alarm;
        if let Some(next) = next {
            let delay = next - clock + self.lateness(page);
            self.schedule(delay, Happening::Gate { page, news: GateNews::Alarm(alarm) });
        }
    }

    fn ask_source(&mut self, page: PageId, team: &str) {
        let asked_at = self.wall();
        let gate = &mut self.pages[page].team_gate;
        gate.questions += 1;
        let question = Question { team: team.to_owned(), number: gate.questions, asked_at };
        gate.asked.insert(team.to_owned(), question.number);
        let slow = self.faults.has(Fault::GateSilence) && !self.is_healed;
        let delay = match self.chance.below(4) {
            0 if slow => None,
            1 if slow => Some(self.chance.between(8_000, 25_000)),
            _ => Some(self.chance.between(1, if slow { 8_000 } else { 60 })),
        };
        if delay.is_none_or(|delay| delay >= PATIENCE_MS) {
            let news = GateNews::TooLate(question.clone());
            self.schedule(PATIENCE_MS, Happening::Gate { page, news });
        }
        if let Some(delay) = delay {
            self.schedule(delay, Happening::GateAsked { page, question });
        }
    }

    /// The source answers: the truth of this moment, unless it has failed, is out of quota or knows no such group.
    pub(crate) fn answer_question(&mut self, page: PageId, question: Question) -> Verdict {
        let truth = self.gates.get(&question.team).copied();
        let open = if self.source_errs() { None } else { truth };
        self.note(|_| format!("page {page} is answered about {question:?}: {open:?}"));
        self.run(page, Job::Gate(GateNews::Answered(question, open)))
    }

    fn source_errs(&mut self) -> bool {
        if self.is_healed || !self.faults.has(Fault::GateErrs) {
            return false;
        }
        if self.sources.errors_left == 0 && self.chance.percent(25) {
            // More than one in a row, and at times until the world heals.
            self.sources.errors_left = *self.chance.pick(&[1, 4, 20, u32::MAX]);
        }
        let errs = self.sources.errors_left > 0;
        if self.sources.errors_left != u32::MAX {
            self.sources.errors_left = self.sources.errors_left.saturating_sub(1);
        }
        errs
    }

    pub(crate) fn hear_of_gate(&mut self, page: PageId, news: GateNews) -> Verdict {
        match news {
            GateNews::Answered(question, open) => {
                let present = self.end_question(page, &question);
                match open {
                    Some(open) => self.learn_of(page, &question.team, Answer { open, asked_at: question.asked_at })?,
                    None if present => self.miss(page, &question.team)?,
                    None => {}
                }
            }
            GateNews::TooLate(question) => {
                if self.end_question(page, &question) {
                    self.miss(page, &question.team)?;
                }
            }
            GateNews::Heard => self.hear_other_tab(page)?,
            GateNews::Alarm(alarm) if self.pages[page].team_gate.alarm == alarm => {}
            GateNews::Alarm(_) => return Ok(()),
        }
        self.proceed(page);
        Ok(())
    }

    /// Whether this was the question that is waited for.
    fn end_question(&mut self, page: PageId, question: &Question) -> bool {
        let asked = &mut self.pages[page].team_gate.asked;
        let present = asked.get(&question.team) == Some(&question.number);
        if present {
            asked.remove(&question.team);
        }
        present
    }

    fn learn_of(&mut self, page: PageId, team: &str, answer: Answer) -> Verdict {
        let due = self.monotonic(page) + self.time_to_live_ms();
        let wall = self.wall();
        let gate = &mut self.pages[page].team_gate;
        // It was overtaken by an answer that was asked for later. One that comes from the future does not count, or a clock
        // that is set back would have this page ask again and again, and believe nothing, until it is as late as that.
        if gate.answers.get(team).is_some_and(|known| (answer.asked_at + 1..=wall).contains(&known.asked_at)) {
            return Ok(());
        }
        gate.answers.insert(team.to_owned(), answer);
        gate.wanted.insert(team.to_owned(), Wanted { due, failures: 0 });
        self.remember(page, team, answer);
        self.tell(page, team)
    }

    fn miss(&mut self, page: PageId, team: &str) -> Verdict {
        let failures = self.pages[page].team_gate.wanted.get(team).map_or(0, |wanted| wanted.failures) + 1;
        let wait = if failures > RETRIES_MAX {
            PROBE_INTERVAL_MS
        } else {
            (BACKOFF_FIRST_MS << (failures - 1)).min(BACKOFF_MAX_MS) * self.chance.between(80, 120) / 100
        };
        let due = self.monotonic(page) + wait;
        self.pages[page].team_gate.wanted.insert(team.to_owned(), Wanted { due, failures });
        self.tell(page, team)
    }

    /// Stores for other pages that a team is tracked, or that it is not any more; some of them hear of it.
    fn remember(&mut self, page: PageId, team: &str, answer: Answer) {
        let wall = self.wall();
        let remembered = &mut self.sources.remembered;
        let stored = remembered.get(team).copied().unwrap_or(0);
        let overtaken = (answer.asked_at + 1..=wall).contains(&stored);
        // A team that is not tracked leaves no trace.
        if overtaken || !answer.open && stored == 0 || answer.open && answer.asked_at == stored {
            return;
        }
        if answer.open {
            remembered.insert(team.to_owned(), answer.asked_at);
        } else {
            remembered.remove(team);
        }
        for other in 0..self.pages.len() {
            let asks = self.pages[other].is_alive() && self.pages[other].gate == PageGate::Asks;
            if other != page && asks && self.chance.percent(70) {
                let delay = self.chance.between(1, 90);
                self.schedule(delay, Happening::Gate { page: other, news: GateNews::Heard });
            }
        }
    }

    /// Where another tab has forgotten a team that is tracked, that one may not be tracked any more.
    fn hear_other_tab(&mut self, page: PageId) -> Verdict {
        let teams: Vec<String> = self.pages[page].team_gate.wanted.keys().cloned().collect();
        for team in teams {
            let gate = &mut self.pages[page].team_gate;
            let known = gate.answers.get(&team).copied();
            match (self.sources.remembered.get(&team).copied(), known) {
                (Some(heard), known) if known.is_none_or(|known| heard > known.asked_at) => {
                    self.learn_of(page, &team, Answer { open: true, asked_at: heard })?;
                }
                (None, Some(Answer { open: true, .. })) => {
                    gate.wanted.entry(team).and_modify(|wanted| wanted.due = 0);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn tell(&mut self, page: PageId, team: &str) -> Verdict {
        if !self.pages[page].is_alive() {
            return Ok(());
        }
        let open = self.knows(page, team);
        self.input(page, Input::GateAnswered { team: team.to_owned(), open })
    }
}
