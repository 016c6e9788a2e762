//! What the tracker says on the console, and when: warnings once and always, drops only to those who want to hear everything.

use super::output::{Level, Output};
use crate::event::is_must_send;
use crate::event::json::push_integer;
use crate::flags::FIRST_ID;
use crate::outbox::{DropReason, Outcome};

/// A warning that is said once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warning {
    /// Nothing that the page configures says that a team is tracked.
    NothingOpensTheGate,
    /// Nobody can say whether a team is tracked.
    GateUnanswered,
    /// The server refuses the project key.
    Unauthorised,
    /// The host answers with a web page.
    WebPage,
    /// The host redirects.
    Redirected,
    /// A team is not tracked, on a page that somebody develops.
    ShutInDevelopment,
    /// The page's callback says yes for the number of a team and no for its text.
    TeamAsNumber,
    /// Too many calls have come from inside one call.
    TooManyCalls,
    /// The page passes a number where the id of a person belongs.
    NumberAsId,
}

impl Warning {
    /// What is said.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::NothingOpensTheGate => {
                "events are ignored: nothing says that their team is tracked. Pass isTeamEnabled, teamGateUrl, teamFlag or bootstrap.teams, and a teamId for each event or for the page; or ungated: \"track\"."
            }
            Self::GateUnanswered => {
                "nobody can say whether a team is tracked. Its events are held for 24 hours at most. Check what isTeamEnabled, teamGateUrl or the flag posthog-booking-tracking answers."
            }
            Self::Unauthorised => {
                "the host refuses what this page sends. Events are kept. Check the project API key, the region of the host and what stands in front of it."
            }
            Self::WebPage => {
                "the host answers with a web page. Events are kept. Check that your proxy passes /i/v0/e/ on to PostHog."
            }
            Self::ShutInDevelopment => {
                "the team of this page is not tracked, so its events are dropped. Have isTeamEnabled, teamGateUrl or bootstrap.teams say true for it, or switch the flag posthog-booking-tracking on for its group. This is said only on development hosts."
            }
            Self::TeamAsNumber => {
                "isTeamEnabled is given ids as texts, and says yes for the number of this team only, so its events are dropped. Compare with String(id)."
            }
            Self::TooManyCalls => {
                "more than 5,000 calls have come from inside one call, so their events are dropped. Check whether a listener or hook calls the tracker endlessly."
            }
            Self::NumberAsId => {
                "a number was passed as the id of a person, and is taken as its text. Pass the id as a text, so that every part of your application names the same person."
            }
            Self::Redirected => {
                "the host answers with a redirect, which is never followed. Events are kept. Have your proxy pass /i/v0/e/ on to PostHog as it is, with the slash at its end (Next.js: skipTrailingSlashRedirect: true)."
            }
        }
    }
}

/// Whether the page, its visitor or those who run it want an event dropped that is dropped for this reason.
fn is_wanted(reason: DropReason) -> bool {
    matches!(
        reason,
        DropReason::GateShut
            | DropReason::Ungated
            | DropReason::NoConsent
            | DropReason::Purged
            | DropReason::BeforeSend
            | DropReason::Bot
            | DropReason::ShutDown
            | DropReason::Duplicate
    )
}

/// A number as people write it.
pub(super) fn decimal(number: u64) -> String {
    let mut text = String::new();
    push_integer(&mut text, number as i64);
    text
}

/// What came of a request, in words.
pub(super) fn outcome_text(outcome: Outcome) -> String {
    match outcome {
        Outcome::Answered { status, .. } => ["answered ", &decimal(status.into())].concat(),
        Outcome::QuotaLimited => "answered that the project is over its limit".to_owned(),
        Outcome::WebPage => "answered with a web page".to_owned(),
        Outcome::Redirected => "answered with a redirect".to_owned(),
        Outcome::Failed => "no answer: the host cannot be reached, or the browser has blocked the request".to_owned(),
    }
}

/// Says things on the console.
#[derive(Debug, Default)]
pub(super) struct Notices {
    /// Whether those who develop the page want to hear everything.
    pub(super) is_verbose: bool,
    said: Vec<Warning>,
    outputs: Vec<Output>,
}

impl Notices {
    pub(super) fn new(is_verbose: bool) -> Self {
        Self { is_verbose, ..Self::default() }
    }

    /// Says a warning, unless it was said before.
    pub(super) fn warn_once(&mut self, warning: Warning) {
        if !self.said.contains(&warning) {
            self.said.push(warning);
            self.warn(warning.text());
        }
    }

    /// Says that an event was dropped: aloud, where a must-send event is lost that nobody has wanted to be dropped.
    pub(super) fn dropped(&mut self, reason: DropReason, event: &str) {
        let is_loss = is_must_send(event) && !is_wanted(reason);
        let event = if event.is_empty() { "an event" } else { event };
        let text = ["dropped ", event, ": ", reason.code()].concat();
        if is_loss {
            self.warn(&text);
        } else {
            self.debug(&text);
        }
    }

    /// Says what is done with a request, or what came of it, to those who asked for it.
    pub(super) fn request(&mut self, request: u32, what: &[&str]) {
        self.numbered("request ", request, what);
    }

    /// The same of a question about flags or teams, which count from 1 each.
    pub(super) fn question(&mut self, id: u32, what: &[&str]) {
        let whose = if id < FIRST_ID { "question about flags " } else { "question about teams " };
        self.numbered(whose, id % FIRST_ID, what);
    }

    fn numbered(&mut self, before: &str, number: u32, what: &[&str]) {
        if self.is_verbose {
            self.debug(&[before, &decimal(number.into()), ": ", &what.concat()].concat());
        }
    }

    /// Says something to those who asked for it.
    pub(super) fn debug(&mut self, text: &str) {
        if self.is_verbose {
            self.say(Level::Debug, text);
        }
    }

    /// Says what a call did wrong.
    pub(super) fn warn(&mut self, text: &str) {
        self.say(Level::Warn, text);
    }

    fn say(&mut self, level: Level, text: &str) {
        self.outputs.push(Output::Say { level, text: text.to_owned() });
    }

    /// What is to be said.
    pub(super) fn take(&mut self) -> Vec<Output> {
        core::mem::take(&mut self.outputs)
    }
}
