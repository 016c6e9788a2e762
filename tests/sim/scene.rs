//! The scene: what differs from run to run although nothing fails, and how pages are configured in it.

use posthog_booking_tracker::flags::{FlagsProject, GateSource, TeamGateOptions, Ungated};
use posthog_booking_tracker::outbox::Config;
use posthog_booking_tracker::tracker::{IdentitySource, Options};

use crate::chance::Chance;
use crate::page::{PROJECT, Page, PageGate};

/// The key of the project of all these pages.
pub(crate) const API_KEY: &str = "phc_sim";
/// Where PostHog is asked.
pub(crate) const HOST: &str = "https://posthog.test";
/// Where the host application is asked about teams.
pub(crate) const GATE_URL: &str = "https://book.test/tracked";
/// Nobody waits longer for an answer.
pub(crate) const PATIENCE_MS: u64 = 10_000;
/// How long an answer holds until it is asked for again; a run draws one of these, and pages of a world that has healed take the
/// last, so that asking does not use up the steps that healing may take.
const TIMES_TO_LIVE_MS: [u64; 3] = [5_000, 30_000, 300_000];
/// So many times in a row nobody can say, or a request fails, and then it is tried once in five minutes only.
const RETRIES_MAX: u32 = 10;

#[derive(Debug, Clone)]
pub(crate) struct Scene {
    /// Whether visitors are asked whether they agree, and answer.
    pub(crate) asks_consent: bool,
    /// Whether they have to agree first.
    pub(crate) requires_consent: bool,
    /// How many hooks pages have, where they have some.
    pub(crate) hooks: u32,
    /// Whether some pages have a posthog-js, or wait for one.
    pub(crate) shares: bool,
    /// Whether pages look at flags.
    pub(crate) has_flags: bool,
    /// Whether some pages have no tracker for a while, or never.
    pub(crate) has_journals: bool,
    /// Who is asked about teams.
    pub(crate) sources: Vec<GateSource>,
    pub(crate) time_to_live_ms: u64,
    /// Whether visitors pause for so long that a session may be over.
    pub(crate) pauses: bool,
}

impl Scene {
    /// One in which nothing happens but bookings.
    pub(crate) fn plain() -> Self {
        Self {
            asks_consent: false,
            requires_consent: false,
            hooks: 0,
            shares: false,
            has_flags: false,
            has_journals: false,
            sources: vec![GateSource::Callback],
            time_to_live_ms: TIMES_TO_LIVE_MS[0],
            pauses: false,
        }
    }

    pub(crate) fn of(chance: &mut Chance) -> Self {
        let url = GateSource::Url(GATE_URL.to_owned());
        let sources = match chance.below(6) {
            0 | 1 => vec![GateSource::Callback],
            2 => vec![url],
            3 => vec![GateSource::Flag],
            4 => vec![GateSource::Callback, GateSource::Flag],
            _ => vec![url, GateSource::Callback],
        };
        let asks_consent = chance.percent(25);
        let time_to_live_ms = *chance.pick(&TIMES_TO_LIVE_MS);
        Self {
            asks_consent,
            requires_consent: asks_consent && chance.percent(60),
            hooks: if chance.percent(15) { chance.between(1, 2) as u32 } else { 0 },
            shares: chance.percent(25),
            has_flags: chance.percent(35),
            has_journals: chance.percent(60),
            sources,
            time_to_live_ms,
            pauses: time_to_live_ms > TIMES_TO_LIVE_MS[0] && chance.percent(40),
        }
    }

    /// How a page is configured.
    pub(crate) fn options(&self, page: &Page, is_healed: bool) -> Options {
        let time_to_live_ms = if is_healed { TIMES_TO_LIVE_MS[2] } else { self.time_to_live_ms };
        let flags = FlagsProject { host: HOST.into(), api_key: API_KEY.into(), retries: 1 };
        let (constant, sources) = match page.gate {
            PageGate::Asks => (None, self.sources.clone()),
            PageGate::OwnTeam(open) => (Some(open), Vec::new()),
            PageGate::Absent => (None, Vec::new()),
        };
        Options {
            api_key: API_KEY.into(),
            host: HOST.into(),
            outbox: config(),
            gate: TeamGateOptions {
                project: PROJECT.into(),
                team: if constant.is_some() { crate::page::OWN_TEAM.into() } else { String::new() },
                constant,
                sources,
                ttl_ms: time_to_live_ms,
                timeout_ms: PATIENCE_MS,
                max_retries: RETRIES_MAX,
                ungated: Ungated::Track,
                flags,
                ..TeamGateOptions::default()
            },
            requires_consent: self.requires_consent,
            identity: if page.beneath.is_shared { IdentitySource::Auto } else { IdentitySource::Own },
            loads_flags: false,
            flag_retries: 1,
            hooks: page.hooks,
            page: page.name(),
            said: page.word.text().to_owned(),
            version: "sim".into(),
            ..Options::default()
        }
    }
}

/// The defaults of the wrapper.
fn config() -> Config {
    Config {
        project: PROJECT.to_owned(),
        flush_at: 20,
        flush_interval_ms: 10_000,
        max_retries: RETRIES_MAX,
        request_timeout_ms: PATIENCE_MS,
    }
}
