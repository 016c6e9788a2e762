//! What pages ask, what they are answered, and what a page can know of a team by that: the truth is the world's, the gate is the
//! tracker's own.

use posthog_booking_tracker::flags::{GateSource, JsonAnswer, Question};
use posthog_booking_tracker::tracker::Input;
use serde_json::{Value, json};

use crate::faults::Fault;
use crate::page::{Job, PROJECT, PageGate};
use crate::scene::{GATE_URL, PATIENCE_MS};
use crate::storage::{Op, PageId};
use crate::world::{Happening, World};

/// Where a first source has failed, the next answers for the time at which that one was asked: three times as long as any may take.
const EARLIER_MS: u64 = 3 * PATIENCE_MS;

/// The flags that pages look at.
pub(crate) const FLAGS: [&str; 2] = ["colour", "speed"];

/// A question that a page has asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// The team that it is about; none, where it is about the visitor's flags.
    team: Option<String>,
    /// From when to when it may have been asked for, by the wall clock.
    asked: (u64, u64),
    /// What the answer says of the team, once there is one.
    answer: Option<bool>,
}

/// What a page was answered about a team.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    team: String,
    pub(crate) open: bool,
    asked: (u64, u64),
}

/// A question on its way, and whom it is about.
#[derive(Debug, Clone)]
pub(crate) enum Asking {
    Callback(String),
    Url(String),
    Flag(String),
    Flags { distinct_id: String },
}

/// The sources of the origin, and how they fare.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    /// So many of the next answers are none.
    errors_left: u32,
    /// The teams of which pages have stored that they are tracked, each with the time at which that was asked.
    stored: Vec<(String, u64)>,
    /// How often a tracker said the opposite of what it had said of a team before, or that nobody knows any more.
    pub(crate) turned: usize,
    pub(crate) forgotten: usize,
    /// What flags say changes with this.
    pub(crate) season: u64,
}

impl Asking {
    fn of(question: &Question) -> Self {
        match question {
            Question::Callback { team, .. } => Self::Callback(team.clone()),
            Question::Json { url, .. } if url.starts_with(GATE_URL) => {
                Self::Url(url.split_once("teamId=").map_or("", |(_, team)| team).to_owned())
            }
            Question::Json { body, .. } => {
                let body: Value = serde_json::from_str(body.as_deref().unwrap_or_default()).unwrap_or_default();
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                if body["flag_keys"].is_array() {
                    Self::Flag(text(&body["groups"]["team"]))
                } else {
                    Self::Flags { distinct_id: text(&body["distinct_id"]) }
                }
            }
        }
    }

    fn team(&self) -> Option<&str> {
        match self {
            Self::Callback(team) | Self::Url(team) | Self::Flag(team) => Some(team),
            Self::Flags { .. } => None,
        }
    }
}

/// Whom a question is about that is about the visitor.
pub(crate) fn visitor_of(question: &Question) -> Option<String> {
    match Asking::of(question) {
        Asking::Flags { distinct_id } => Some(distinct_id),
        _ => None,
    }
}

impl World {
    /// A page asks somebody.
    pub(crate) fn ask(&mut self, page: PageId, question: &Question) {
        let (Question::Callback { id, .. } | Question::Json { id, .. }) = question;
        let (id, asking) = (*id, Asking::of(question));
        let wall = self.wall();
        // By one source that is asked once, it is known exactly.
        let is_exact = matches!(self.scene.sources[..], [GateSource::Callback | GateSource::Url(_)]);
        let earliest = if is_exact { wall } else { wall.saturating_sub(EARLIER_MS) };
        let asked = Asked { team: asking.team().map(str::to_owned), asked: (earliest, wall), answer: None };
        self.pages[page].asked.insert(id, asked);
        let slow = self.faults.has(Fault::GateSilence) && !self.is_healed;
        let delay = match self.chance.below(4) {
            0 if slow => None,
            1 if slow => Some(self.chance.between(8_000, 25_000)),
            _ => Some(self.chance.between(1, if slow { 8_000 } else { 60 })),
        };
        let instance = self.pages[page].instance;
        let is_json = !matches!(asking, Asking::Callback(_));
        match delay.filter(|delay| !is_json || *delay < PATIENCE_MS) {
            Some(delay) => self.schedule(delay, Happening::Asked { page, instance, id, asking }),
            // The page gives up a request; who asks a callback waits for nobody.
            None if is_json => {
                let answer = JsonAnswer { is_late: true, ..JsonAnswer::default() };
                self.schedule_job(PATIENCE_MS, page, Job::Say(Input::JsonAnswered { id, answer }));
            }
            None => {}
        }
    }

    /// Somebody answers: with the truth of this moment, unless he fails, is out of quota or knows no such group.
    pub(crate) fn answer(&mut self, page: PageId, id: u32, asking: &Asking) -> Input {
        let errs = self.source_errs();
        let truth = asking.team().and_then(|team| self.gates.get(team).copied()).filter(|_| !errs);
        if let Some(asked) = self.pages[page].asked.get_mut(&id) {
            asked.answer = truth;
        }
        self.note(|_| format!("page {page} is answered {id} about {asking:?}: {truth:?}"));
        let answer = |status: u16, body: Value| JsonAnswer { status, text: body.to_string(), is_late: false };
        let failure = *self.chance.pick(&[0, 500, 502, 504]);
        let answer = match asking {
            Asking::Callback(_) => return Input::CallbackAnswered { id, is_open: truth },
            Asking::Url(_) => match truth {
                Some(open) if self.chance.percent(50) => answer(200, json!(open)),
                Some(open) => answer(200, json!({ "enabled": open })),
                None => answer(if failure == 0 { 200 } else { failure }, json!({ "enabled": "yes" })),
            },
            Asking::Flag(_) => match truth {
                Some(open) => answer(200, team_flag(json!({ "enabled": open, "reason": { "code": "x" } }))),
                None if failure != 0 => answer(failure, json!("")),
                None => {
                    let none = [
                        team_flag(json!({ "enabled": false, "reason": { "code": "no_group_type" } })),
                        team_flag(json!({ "enabled": false, "failed": true })),
                        json!({ "flags": {}, "quotaLimited": ["feature_flags"] }),
                    ];
                    answer(200, self.chance.pick(&none).clone())
                }
            },
            Asking::Flags { .. } if errs => answer(failure, json!("")),
            Asking::Flags { distinct_id } => answer(200, self.flags_of(distinct_id)),
        };
        Input::JsonAnswered { id, answer }
    }

    /// What PostHog says of a person's flags.
    fn flags_of(&self, distinct_id: &str) -> Value {
        let colour = ["red", "green", "blue"][((self.sources.season + distinct_id.len() as u64) % 3) as usize];
        json!({ "requestId": "r", "flags": {
            "colour": { "enabled": true, "variant": colour, "metadata": { "id": 1, "version": self.sources.season } },
            "speed": { "enabled": self.sources.season.is_multiple_of(2), "reason": { "code": "x" } },
        } })
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

    /// A page gets the answer to a question.
    pub(crate) fn hear(&mut self, page: PageId, id: u32) {
        if let Some(Asked { team: Some(team), asked, answer: Some(open) }) = self.pages[page].asked.remove(&id) {
            self.pages[page].heard.push(Heard { team, open, asked });
        }
    }

    /// A page has stored something of what it has heard.
    pub(crate) fn note_stored_gate(&mut self, ops: &[Op]) {
        for op in ops {
            if let Op::Put { key, value, taken: true } = op
                && *key == format!("phbt:gate:{PROJECT}")
                && let Ok(Value::Object(teams)) = serde_json::from_str(value)
            {
                for (team, asked) in teams {
                    let stored = (team, asked.as_u64().unwrap_or_default());
                    if !self.sources.stored.contains(&stored) {
                        self.sources.stored.push(stored);
                    }
                }
            }
        }
    }

    /// Whether somebody has told this page that a team is tracked, and nobody has told it later that it is not.
    pub(crate) fn may_be_open(&self, page: PageId, team: &str) -> bool {
        let here = &self.pages[page];
        if let PageGate::OwnTeam(open) = here.gate
            && team == crate::page::OWN_TEAM
        {
            return open;
        }
        if here.gate != PageGate::Asks {
            return false;
        }
        // Whose clock was set cannot tell what is the later one.
        let is_ordered = !self.faults.has(Fault::ClockJump);
        let heard = || here.heard.iter().filter(|heard| heard.team == team);
        let denies = |behind: usize, asked: u64| {
            let no = heard().enumerate().filter(|(_, heard)| !heard.open);
            is_ordered && no.clone().any(|(place, no)| no.asked.0 > asked || place > behind && no.asked.0 >= asked)
        };
        let by_itself = heard().enumerate().any(|(place, heard)| heard.open && !denies(place, heard.asked.1));
        let by_others =
            || self.sources.stored.iter().any(|(other, asked)| other == team && !denies(usize::MAX, *asked));
        by_itself || by_others()
    }

    /// Whether somebody has told this page that a team is not tracked.
    pub(crate) fn may_be_shut(&self, page: PageId, team: &str) -> bool {
        let here = &self.pages[page];
        let is_own = team == crate::page::OWN_TEAM;
        is_own && here.gate == PageGate::OwnTeam(false)
            || here.heard.iter().any(|heard| heard.team == team && !heard.open)
    }
}

fn team_flag(detail: Value) -> Value {
    json!({ "flags": { "posthog-booking-tracking": detail } })
}
