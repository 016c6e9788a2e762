//! What a page configures: reads the options, fills in the defaults, and says what is wrong with them.
//!
//! A value that an option does not take turns the tracker off, or is replaced by the default; the table in `names.rs` says which.

mod checks;
mod finding;
mod given;
mod names;

pub use checks::DEFAULT_HOST;
pub use finding::{Finding, FindingCode, FindingLevel, spoken};
pub use given::{Given, GivenOptions, Url};

use checks::{
    CONSENT, Checks, FLAG_RETRIES, FLUSH_AT, FLUSH_INTERVAL, GATE_TTL, HOLD_UNKNOWN, IDENTITY, IGNORE_BOTS,
    MAX_RETRIES, PERSON_PROFILES, REQUEST_TIMEOUT, UNGATED,
};
use names::{MeantOption, is_option, meant_option};

use crate::event::json::Object;
use crate::flags::{FlagsBootstrap, FlagsProject, GateSource, TeamGateOptions, known_teams};
use crate::outbox::{Config, project_hash};
use crate::person::IdentityBootstrap;
use crate::tracker::Options;

/// The longest name of an option that is repeated on the console, in characters.
const SAID_LENGTH_MAX: usize = 60;

/// What was made of a configuration.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Nothing, where the tracker is off.
    pub options: Option<Options>,
    /// What is wrong, in the order of the options.
    pub findings: Vec<Finding>,
    /// Whether the page wants to hear everything, on or off.
    pub is_verbose: bool,
}

/// Reads everything at once.
///
/// # Example
/// ```
/// # use posthog_booking_tracker::event::json::Object;
/// use posthog_booking_tracker::configuration::{FindingCode, Given, GivenOptions, Url, read};
/// struct Nothing;
/// impl GivenOptions for Nothing {
///     fn api_key(&self) -> Given { Given::Absent }
///     fn names(&self) -> Option<Vec<String>> { Some(Vec::new()) }
///     fn option(&mut self, _: &'static str) -> Given { Given::Absent }
///     fn text_of_id(&self, _: &'static str) -> Option<String> { Some(String::new()) }
///     fn member(&self, _: &'static str, _: &str) -> Given { Given::Absent }
///     fn object(&self, _: &'static str) -> Object { Object::default() }
///     fn url(&self, text: &str, _: bool) -> Option<Url> {
///         Some(Url { protocol: "https:".to_owned(), origin: text.to_owned(), ..Url::default() })
///     }
/// }
/// let reading = read(&mut Nothing);
/// assert_eq!(reading.options, None);
/// assert_eq!(reading.findings[0].code, FindingCode::ApiKeyMissing);
/// ```
pub fn read(page: &mut dyn GivenOptions) -> Reading {
    let names = page.names();
    let mut checks = Checks { page, findings: Vec::new(), has_options: names.is_some() };
    if names.is_none() {
        checks.findings.push(Finding {
            code: FindingCode::OptionsInvalid,
            option: "options".to_owned(),
            level: FindingLevel::Error,
            message: "The second argument must be an object of options, for example { host }, or left out.".to_owned(),
        });
    }
    let options = read_options(&mut checks);
    let mut findings = checks.findings;
    findings.extend(names.unwrap_or_default().into_iter().filter(|name| !is_option(name)).map(unknown_option));
    let is_off = findings.iter().any(|finding| finding.level != FindingLevel::Warning);
    Reading { is_verbose: options.is_verbose, options: (!is_off).then_some(options), findings }
}

fn read_options(checks: &mut Checks<'_>) -> Options {
    let api_key = checks.api_key();
    let project = project_hash(&api_key);
    let host = checks.host();
    let mut gate = TeamGateOptions {
        project: project.clone(),
        flags: FlagsProject { host: host.clone(), api_key: api_key.clone(), retries: 0 },
        ..gate_of(checks)
    };
    checks.posthog();
    let bootstrap = checks.bootstrap();
    let has_bootstrap = bootstrap.is_some();
    let bootstrap = bootstrap.unwrap_or_default();
    let of_bootstrap = |name: &str| bootstrap.get(name).and_then(Object::of);
    gate.known = of_bootstrap("teams").as_ref().map(known_teams).unwrap_or_default();
    gate.is_bootstrapped = !gate.known.is_empty();
    let hooks = checks.hooks();
    let outbox = outbox_of(checks, project);
    gate.max_retries = outbox.max_retries;
    gate.timeout_ms = outbox.request_timeout_ms;
    gate.ttl_ms = checks.number(&GATE_TTL).into();
    gate.flags.retries = checks.number(&FLAG_RETRIES);
    let is_verbose = checks.switch("debug");
    if checks.switch("teamFlag") {
        gate.sources.push(GateSource::Flag);
    }
    let respects_dnt = checks.switch("respectDnt");
    let respects_gpc = checks.switch("respectGpc");
    let loads_flags = checks.switch("featureFlags");
    let holds_in_memory = checks.word(&HOLD_UNKNOWN);
    gate.ungated = checks.word(&UNGATED);
    let requires_consent = checks.word(&CONSENT);
    let person_profiles = checks.word(&PERSON_PROFILES);
    let is_cross_subdomain = checks.switch("crossSubdomain");
    let ignored_bots = checks.word(&IGNORE_BOTS);
    let identity = checks.word(&IDENTITY);
    Options {
        api_key,
        host,
        outbox,
        flag_retries: gate.flags.retries,
        gate,
        holds_in_memory,
        requires_consent,
        respects_dnt,
        respects_gpc,
        person_profiles,
        ignored_bots,
        is_cross_subdomain,
        identity,
        has_bootstrap,
        bootstrap: IdentityBootstrap::read(&bootstrap),
        flags: FlagsBootstrap {
            values: of_bootstrap("featureFlags"),
            payloads: of_bootstrap("featureFlagPayloads").unwrap_or_default(),
        },
        loads_flags,
        hooks,
        is_verbose,
        ..Options::default()
    }
}

fn outbox_of(checks: &mut Checks<'_>, project: String) -> Config {
    Config {
        project,
        flush_at: checks.number(&FLUSH_AT) as usize,
        flush_interval_ms: checks.number(&FLUSH_INTERVAL).into(),
        max_retries: checks.number(&MAX_RETRIES),
        request_timeout_ms: checks.number(&REQUEST_TIMEOUT).into(),
    }
}

/// Who says whether a team is tracked, but for PostHog's flag.
fn gate_of(checks: &mut Checks<'_>) -> TeamGateOptions {
    let team = checks.team();
    let (constant, has_callback) = checks.is_team_enabled();
    let url = checks.team_gate_url();
    let sources = [has_callback.then_some(GateSource::Callback), (!url.is_empty()).then_some(GateSource::Url(url))];
    TeamGateOptions { team, constant, sources: sources.into_iter().flatten().collect(), ..TeamGateOptions::default() }
}

fn unknown_option(option: String) -> Finding {
    let end = option.char_indices().nth(SAID_LENGTH_MAX).map_or(option.len(), |(end, _)| end);
    let name = &option[..end];
    let Some(MeantOption { name: meant, is_posthog_js, is_strict }) = meant_option(&option) else {
        let message =
            [name, " is no option, and is ignored. Leave it out, or take one from the table in docs/options.md."];
        let message = message.concat();
        return Finding { code: FindingCode::OptionUnknown, option, level: FindingLevel::Warning, message };
    };
    let what = if is_posthog_js { " is an option of posthog-js" } else { " is no option" };
    let ignored = if is_strict { "" } else { ", and is ignored" };
    let message = [name, what, ignored, ". Use ", meant, " instead; docs/options.md says what it takes."].concat();
    let level = if is_strict { FindingLevel::Error } else { FindingLevel::Warning };
    Finding { code: FindingCode::OptionMisspelt, option, level, message }
}
