//! How a tracker is set up: what the page has configured, checked and complete.

use crate::event::VisitorKind;
use crate::event::json::{Object, Value};
use crate::flags::{FlagsBootstrap, TeamGateOptions, known_teams};
use crate::outbox::Config;
use crate::person::IdentityBootstrap;

/// Which visitors PostHog keeps a profile of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PersonProfiles {
    /// Those who are known, or belong to a group.
    #[default]
    IdentifiedOnly,
    /// Everybody.
    Always,
    /// Nobody.
    Never,
}

/// Who says who the events are about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum IdentitySource {
    /// This tracker.
    #[default]
    Own,
    /// posthog-js.
    PostHogJs,
    /// posthog-js, where it is on the page.
    Auto,
}

/// Which visitors are ignored because they are programs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum IgnoredBots {
    /// Crawlers.
    #[default]
    Crawlers,
    /// Crawlers, and browsers that a program drives.
    Automated,
    /// None.
    None,
}

impl IgnoredBots {
    /// Whether a visitor is ignored.
    #[must_use]
    pub fn has(self, visitor: VisitorKind) -> bool {
        match visitor {
            VisitorKind::Person => false,
            VisitorKind::Crawler => self != Self::None,
            VisitorKind::Automated => self == Self::Automated,
        }
    }
}

/// The options of one tracker.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// The project's key.
    pub api_key: String,
    /// Where events are sent, without a slash at the end.
    pub host: String,
    /// What the outbox is set up with.
    pub outbox: Config,
    /// What the team gate is set up with.
    pub gate: TeamGateOptions,
    /// Whether events are held in memory only while nobody knows their team.
    pub holds_in_memory: bool,
    /// Whether the visitor has to agree first.
    pub requires_consent: bool,
    /// Whether Do Not Track is a denial.
    pub respects_dnt: bool,
    /// Whether Global Privacy Control is a denial.
    pub respects_gpc: bool,
    /// Which visitors PostHog keeps a profile of.
    pub person_profiles: PersonProfiles,
    /// Which visitors are ignored because they are programs.
    pub ignored_bots: IgnoredBots,
    /// Who says who the events are about.
    pub identity: IdentitySource,
    /// Whether visitor and session are those of every subdomain.
    pub is_cross_subdomain: bool,
    /// Whether the server that renders the page has said anything.
    pub has_bootstrap: bool,
    /// Who the visitor is, as the server knows it.
    pub bootstrap: IdentityBootstrap,
    /// What the server knows of flags.
    pub flags: FlagsBootstrap,
    /// Whether flags are loaded when the page starts.
    pub loads_flags: bool,
    /// How often a request for flags that fails on the way is repeated.
    pub flag_retries: u32,
    /// How many hooks of the page see every event before it is stored.
    pub hooks: u32,
    /// Whether those who develop the page want to hear everything.
    pub is_verbose: bool,
    /// Whether facades of later pages want to know which teams are not tracked.
    pub is_lazy: bool,
    /// Names this page in the entries of the journal.
    pub page: String,
    /// What the visitor has said of its consent on this page before there was a tracker, as it is stored.
    pub said: String,
    /// The version of the tracker.
    pub version: String,
}

impl Options {
    /// Adds what the facade has heard before there was a tracker (`js/src/tracker.ts`): its members `page`, `said`, `version`,
    /// `isLazy`, and `teams`, by which the page's callback has answered. If the bootstrap
    /// answers for a team too, the bootstrap counts.
    ///
    /// # Example
    /// ```
    /// use posthog_booking_tracker::{event::json::Object, tracker::Options};
    /// let given = Object::read(r#"{"version":"0.1.0","teams":{"42":true}}"#).unwrap_or_default();
    /// let options = Options::default().with_handed_over(&given);
    /// assert_eq!(options.version, "0.1.0");
    /// assert_eq!(options.gate.known, [("42".to_owned(), true)]);
    /// ```
    #[must_use]
    pub fn with_handed_over(mut self, given: &Object) -> Self {
        let text = |name| given.get(name).and_then(Value::text).unwrap_or_default().into_owned();
        self.page = text("page");
        self.said = text("said");
        self.version = text("version");
        self.is_lazy = given.get("isLazy").and_then(Value::boolean) == Some(true);
        let mut heard = given.get("teams").and_then(Object::of).as_ref().map(known_teams).unwrap_or_default();
        let known = &mut self.gate.known;
        heard.retain(|(team, _)| known.iter().all(|(other, _)| other != team));
        known.append(&mut heard);
        self
    }

    /// The hash of the project's key, by which storage keeps projects apart.
    #[must_use]
    pub fn project(&self) -> &str {
        &self.outbox.project
    }
}
