//! What is made of the options of a page. What is wrong with them, and how it is said, stands in `js/test/options.test.ts`, where a
//! real page's values are read; how a host is used, in `tests/contracts/options.test.mjs`, where the browser's `URL` reads it.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test states its expectations by failing")]

use posthog_booking_tracker::configuration::{DEFAULT_HOST, Given, GivenOptions, Reading, Url, read};
use posthog_booking_tracker::event::json::Object;
use posthog_booking_tracker::flags::{FlagsBootstrap, FlagsProject, GateSource, TeamGateOptions, Ungated};
use posthog_booking_tracker::outbox::{Config, project_hash};
use posthog_booking_tracker::person::IdentityBootstrap;
use posthog_booking_tracker::tracker::{IdentitySource, Options, PersonProfiles};

const KEY: &str = "phc_demo";

/// A page that passes a key and some options.
struct Page {
    api_key: Given,
    options: Vec<(&'static str, Given)>,
    bootstrap: Object,
}

impl Page {
    fn with(options: &[(&'static str, Given)]) -> Self {
        Self { api_key: text(KEY), options: options.to_vec(), bootstrap: Object::default() }
    }
}

impl GivenOptions for Page {
    fn api_key(&self) -> Given {
        self.api_key.clone()
    }

    fn names(&self) -> Option<Vec<String>> {
        Some(self.options.iter().map(|(name, _)| (*name).to_owned()).collect())
    }

    fn option(&mut self, name: &'static str) -> Given {
        self.options.iter().find(|(other, _)| *other == name).map_or(Given::Absent, |(_, given)| given.clone())
    }

    fn text_of_id(&self, name: &'static str) -> Option<String> {
        match self.options.iter().find(|(other, _)| *other == name).map(|(_, given)| given) {
            Some(Given::Text(text)) => Some(text.clone()),
            Some(Given::Number(number)) => Some(number.to_string()),
            None | Some(Given::Absent | Given::Null) => Some(String::new()),
            Some(_) => None,
        }
    }

    fn member(&self, _: &'static str, member: &str) -> Given {
        match self.bootstrap.get(member).map(|value| (value.text(), value.members().is_some())) {
            Some((Some(text), _)) => Given::Text(text.into_owned()),
            Some((None, true)) => Given::Object,
            Some((None, false)) => Given::Null,
            None => Given::Absent,
        }
    }

    fn object(&self, _: &'static str) -> Object {
        self.bootstrap.clone()
    }

    // Takes a plain URL apart; all the others are the business of the browser.
    fn url(&self, text: &str, is_relative: bool) -> Option<Url> {
        let href =
            if is_relative && text.starts_with('/') { format!("https://book.example{text}") } else { text.into() };
        let (protocol, rest) = href.split_once("//")?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        Some(Url {
            protocol: protocol.to_owned(),
            origin: format!("{protocol}//{host}"),
            pathname: format!("/{path}"),
            href: href.clone(),
        })
    }
}

fn text(text: &str) -> Given {
    Given::Text(text.to_owned())
}

/// What is made of options in which nothing is wrong.
fn options(mut page: Page) -> Options {
    let Reading { options, findings, .. } = read(&mut page);
    assert_eq!(findings, []);
    options.unwrap()
}

fn with(given: &[(&'static str, Given)]) -> Options {
    options(Page::with(given))
}

#[test]
fn everything_but_the_key_has_a_default() {
    let outbox = Config {
        project: project_hash(KEY),
        flush_at: 20,
        flush_interval_ms: 10_000,
        max_retries: 10,
        request_timeout_ms: 10_000,
    };
    let host = DEFAULT_HOST.to_owned();
    let api_key = KEY.to_owned();
    let gate = TeamGateOptions {
        project: project_hash(KEY),
        ttl_ms: 300_000,
        timeout_ms: 10_000,
        max_retries: 10,
        flags: FlagsProject { host: host.clone(), api_key: api_key.clone(), retries: 1 },
        ..TeamGateOptions::default()
    };
    let expected = Options { api_key, host, outbox, gate, flag_retries: 1, ..Options::default() };
    assert_eq!(with(&[]), expected);
    let defaults = expected;
    assert_eq!((defaults.person_profiles, defaults.identity), (PersonProfiles::IdentifiedOnly, IdentitySource::Own));
    assert_eq!(defaults.gate.ungated, Ungated::Ignore);
}

#[test]
fn what_is_passed_is_taken() {
    let number = |number: u32| Given::Number(number.into());
    let all = with(&[
        ("host", text("https://eu.i.posthog.com/")),
        ("consent", text("required")),
        ("respectDnt", Given::Boolean(true)),
        ("respectGpc", Given::Boolean(true)),
        ("teamId", number(42)),
        ("isTeamEnabled", Given::Function),
        ("teamGateUrl", text("/gate")),
        ("teamFlag", Given::Boolean(true)),
        ("holdUnknown", text("memory")),
        ("ungated", text("track")),
        ("personProfiles", text("never")),
        ("identity", text("auto")),
        ("beforeSend", Given::Functions(2)),
        ("posthog", Given::Object),
        ("debug", Given::Boolean(true)),
        ("featureFlags", Given::Boolean(true)),
        ("flushAt", number(7)),
        ("flushInterval", number(200)),
        ("maxRetries", number(0)),
        ("requestTimeout", number(2_000)),
        ("gateTtl", number(3_000)),
        ("flagRetries", number(4)),
    ]);
    assert_eq!(all.host, "https://eu.i.posthog.com");
    assert!(all.requires_consent && all.respects_dnt && all.respects_gpc && all.holds_in_memory);
    assert!(all.is_verbose && all.loads_flags);
    assert_eq!((all.person_profiles, all.identity), (PersonProfiles::Never, IdentitySource::Auto));
    assert_eq!((all.hooks, all.flag_retries, all.gate.flags.retries), (2, 4, 4));
    let Config { flush_at, flush_interval_ms, max_retries, request_timeout_ms, .. } = all.outbox;
    assert_eq!((flush_at, flush_interval_ms, max_retries, request_timeout_ms), (7, 200, 0, 2_000));
    let TeamGateOptions { team, constant, sources, ungated, ttl_ms, timeout_ms, max_retries, flags, .. } = all.gate;
    assert_eq!((team.as_str(), constant, ungated), ("42", None, Ungated::Track));
    let url = GateSource::Url("https://book.example/gate".to_owned());
    assert_eq!(sources, [GateSource::Callback, url, GateSource::Flag]);
    assert_eq!((ttl_ms, timeout_ms, max_retries), (3_000, 2_000, 0));
    assert_eq!(flags.host, all.host);
}

#[test]
fn every_word_is_its_own_choice() {
    let of = |name, word| with(&[(name, text(word))]);
    assert!(!of("holdUnknown", "durable").holds_in_memory);
    assert!(!of("consent", "granted").requires_consent);
    assert_eq!(of("ungated", "ignore").gate.ungated, Ungated::Ignore);
    assert_eq!(of("personProfiles", "always").person_profiles, PersonProfiles::Always);
    assert_eq!(of("personProfiles", "identifiedOnly").person_profiles, PersonProfiles::IdentifiedOnly);
    assert_eq!(of("identity", "posthog-js").identity, IdentitySource::PostHogJs);
    assert_eq!(of("identity", "own").identity, IdentitySource::Own);
}

#[test]
fn a_team_is_text_and_null_is_none() {
    for (given, team) in [(Given::Number(0.0), "0"), (text("a"), "a"), (text(""), ""), (Given::Null, "")] {
        assert_eq!(with(&[("teamId", given)]).gate.team, team);
    }
}

#[test]
fn a_constant_answer_is_no_source() {
    for is_enabled in [true, false] {
        let gate = with(&[("isTeamEnabled", Given::Boolean(is_enabled))]).gate;
        assert_eq!((gate.constant, gate.sources), (Some(is_enabled), Vec::new()));
    }
}

#[test]
fn a_bootstrap_is_what_the_server_knows() {
    let json = r#"{"distinctId":"ada","isIdentified":true,"sessionId":null,"teams":{"42":true,"43":false},
        "featureFlags":{"a":true},"featureFlagPayloads":{"a":1}}"#;
    let page = Page { bootstrap: Object::read(json).unwrap(), ..Page::with(&[("bootstrap", Given::Object)]) };
    let options = options(page);
    assert!(options.has_bootstrap && options.gate.is_bootstrapped);
    let distinct_id = Some("ada".to_owned());
    assert_eq!(options.bootstrap, IdentityBootstrap { distinct_id, is_identified: true, session_id: None });
    assert_eq!(options.gate.known, [("42".to_owned(), true), ("43".to_owned(), false)]);
    let FlagsBootstrap { values, payloads } = options.flags;
    assert_eq!((values.unwrap().text(), payloads.text()), (r#"{"a":true}"#, r#"{"a":1}"#));
    assert!(!with(&[("bootstrap", Given::Null)]).has_bootstrap);
}

#[test]
fn what_the_page_was_told_before_gives_way_to_the_server() {
    let json = r#"{"teams":{"42":true}}"#;
    let page = Page { bootstrap: Object::read(json).unwrap(), ..Page::with(&[("bootstrap", Given::Object)]) };
    let heard = r#"{"version":"1.2.3","page":"p","said":"granted","isLazy":true,"teams":{"42":false,"7":false}}"#;
    let options = options(page).with_handed_over(&Object::read(heard).unwrap());
    assert_eq!(options.gate.known, [("42".to_owned(), true), ("7".to_owned(), false)]);
    assert_eq!((options.version.as_str(), options.page.as_str(), options.said.as_str()), ("1.2.3", "p", "granted"));
    assert!(options.is_lazy);
}

#[test]
fn a_warning_leaves_the_tracker_on_with_the_default_and_an_error_turns_it_off() {
    for (name, given) in [("flushAt", Given::Number(0.0)), ("debug", text("yes")), ("posthog", Given::Unreadable)] {
        let reading = read(&mut Page::with(&[(name, given)]));
        assert_eq!(reading.findings.len(), 1, "{name}");
        assert_eq!(reading.options, Some(with(&[])), "{name}");
    }
    for given in [Given::Other, Given::Unreadable, Given::Number(1.0), text("yes")] {
        let reading = read(&mut Page::with(&[("respectDnt", given)]));
        assert_eq!((reading.findings.len(), reading.options), (1, None));
    }
}

#[test]
fn a_page_that_wants_to_hear_everything_does_so_without_a_key_too() {
    let page = Page::with(&[("debug", Given::Boolean(true))]);
    let reading = read(&mut Page { api_key: Given::Absent, ..page });
    assert!(reading.is_verbose && reading.options.is_none());
}
