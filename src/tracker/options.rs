//! How a tracker is set up: what the page has configured, checked and complete.

use crate::flags::{FlagsBootstrap, TeamGateOptions};
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
    /// Who says who the events are about.
    pub identity: IdentitySource,
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
    /// The hash of the project's key, by which storage keeps projects apart.
    #[must_use]
    pub fn project(&self) -> &str {
        &self.outbox.project
    }
}
