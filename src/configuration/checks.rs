//! What each option takes, and what is made of it.

use super::finding::{Finding, FindingCode, FindingLevel};
use super::given::{Given, GivenOptions};
use super::names::level_of;
use crate::event::is_legal_distinct_id;
use crate::event::json::{Object, push_integer};
use crate::flags::Ungated;
use crate::tracker::{IdentitySource, IgnoredBots, PersonProfiles};

/// Where PostHog takes events for projects in its US region.
pub const DEFAULT_HOST: &str = "https://us.i.posthog.com";

/// Where PostHog's application is, and where it takes the events of the same region: a request for the first is answered by a web page.
const APPLICATION_HOSTS: [(&str, &str); 5] = [
    ("https://app.posthog.com", "https://us.i.posthog.com"),
    ("https://us.posthog.com", "https://us.i.posthog.com"),
    ("https://eu.posthog.com", "https://eu.i.posthog.com"),
    ("https://posthog.com", "https://us.i.posthog.com"),
    ("https://www.posthog.com", "https://us.i.posthog.com"),
];

/// The longest project key that PostHog takes.
const API_KEY_LENGTH_MAX: usize = 64;

/// An option that is a whole number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NumberOption {
    name: &'static str,
    default: u32,
    min: u32,
    max: u32,
}

// `docs/options.md` is held against these, and against the words below.
pub(super) const FLUSH_AT: NumberOption = NumberOption { name: "flushAt", default: 20, min: 1, max: 500 };
pub(super) const FLUSH_INTERVAL: NumberOption =
    NumberOption { name: "flushInterval", default: 10_000, min: 100, max: 3_600_000 };
pub(super) const MAX_RETRIES: NumberOption = NumberOption { name: "maxRetries", default: 10, min: 0, max: 100 };
pub(super) const REQUEST_TIMEOUT: NumberOption =
    NumberOption { name: "requestTimeout", default: 10_000, min: 1_000, max: 60_000 };
pub(super) const GATE_TTL: NumberOption =
    NumberOption { name: "gateTtl", default: 300_000, min: 1_000, max: 86_400_000 };
pub(super) const FLAG_RETRIES: NumberOption = NumberOption { name: "flagRetries", default: 1, min: 0, max: 10 };

/// An option that is one of a few words, each with what it means; the first is the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WordOption<Meaning: 'static> {
    name: &'static str,
    words: &'static [(&'static str, Meaning)],
}

/// Whether events are held in memory only.
pub(super) const HOLD_UNKNOWN: WordOption<bool> =
    WordOption { name: "holdUnknown", words: &[("durable", false), ("memory", true)] };
pub(super) const UNGATED: WordOption<Ungated> =
    WordOption { name: "ungated", words: &[("ignore", Ungated::Ignore), ("track", Ungated::Track)] };
/// Whether the visitor has to agree first.
pub(super) const CONSENT: WordOption<bool> =
    WordOption { name: "consent", words: &[("granted", false), ("required", true)] };
pub(super) const PERSON_PROFILES: WordOption<PersonProfiles> = WordOption {
    name: "personProfiles",
    words: &[
        ("identifiedOnly", PersonProfiles::IdentifiedOnly),
        ("always", PersonProfiles::Always),
        ("never", PersonProfiles::Never),
    ],
};
pub(super) const IGNORE_BOTS: WordOption<IgnoredBots> = WordOption {
    name: "ignoreBots",
    words: &[("crawlers", IgnoredBots::Crawlers), ("automated", IgnoredBots::Automated), ("none", IgnoredBots::None)],
};
pub(super) const IDENTITY: WordOption<IdentitySource> = WordOption {
    name: "identity",
    words: &[("own", IdentitySource::Own), ("posthog-js", IdentitySource::PostHogJs), ("auto", IdentitySource::Auto)],
};

/// Why a value is not taken.
#[derive(Debug)]
struct Refusal {
    code: FindingCode,
    message: String,
}

/// A value that must be something else.
fn invalid<Value>(name: &str, allowed: &str) -> Result<Value, Refusal> {
    let message = [name, " must be ", allowed, ", or left out."].concat();
    Err(Refusal { code: FindingCode::OptionInvalid, message })
}

/// Reads options one by one, and keeps what is wrong with them.
pub(super) struct Checks<'a> {
    pub(super) page: &'a mut dyn GivenOptions,
    pub(super) findings: Vec<Finding>,
    /// Whether the page's options can be asked for.
    pub(super) has_options: bool,
}

impl Checks<'_> {
    /// The project key; empty, where there is none that can be used.
    pub(super) fn api_key(&mut self) -> String {
        let given = self.page.api_key();
        let key = match &given {
            Given::Text(text) => trim(text),
            _ => "",
        };
        if key.is_empty() && matches!(given, Given::Absent | Given::Null | Given::Text(_)) {
            let message =
                "The tracker is off, because the project API key is missing. Pass the key that starts with phc_.";
            return self.refuse_key(FindingCode::ApiKeyMissing, FindingLevel::Info, message);
        }
        if key.starts_with("phx_") {
            let message =
                "A personal API key (phx_) must never be in a page. Revoke it and pass the project API key (phc_).";
            return self.refuse_key(FindingCode::ApiKeyPersonal, FindingLevel::Error, message);
        }
        if key.is_empty() || key.len() > API_KEY_LENGTH_MAX || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            let message = "The project API key must be a text of at most 64 ASCII characters without spaces. Copy it from the settings of your PostHog project.";
            return self.refuse_key(FindingCode::ApiKeyInvalid, FindingLevel::Error, message);
        }
        key.to_owned()
    }

    fn refuse_key(&mut self, code: FindingCode, level: FindingLevel, message: &str) -> String {
        self.findings.push(Finding { code, option: "apiKey".to_owned(), level, message: message.to_owned() });
        String::new()
    }

    /// Where events are sent, without a slash at the end.
    pub(super) fn host(&mut self) -> String {
        let given = self.given("host");
        let text = match self.address("host", &given) {
            Given::Absent | Given::Null if given != Given::Object => DEFAULT_HOST.to_owned(),
            Given::Text(text) if trim(&text).is_empty() => DEFAULT_HOST.to_owned(),
            Given::Text(text) => text,
            _ => String::new(),
        };
        let url = self.page.url(&text, false).filter(|url| is_web(&url.protocol));
        let host = url.map(|url| [url.origin.as_str(), url.pathname.trim_end_matches('/')].concat());
        let message =
            "host must be https://us.i.posthog.com, https://eu.i.posthog.com or the full http(s) URL of your proxy.";
        let refusal = Refusal { code: FindingCode::HostInvalid, message: message.to_owned() };
        let host = self.taken("host", &given, host.ok_or(refusal)).unwrap_or_default();
        let is_of = |application: &str| {
            host.strip_prefix(application).is_some_and(|path| path.is_empty() || path.starts_with('/'))
        };
        let Some((_, ingestion)) = APPLICATION_HOSTS.iter().find(|(application, _)| is_of(application)) else {
            return host;
        };
        let message =
            [&host, " is the address of PostHog's application. Events are sent to ", ingestion, "; write that."];
        let (option, level) = ("host".to_owned(), FindingLevel::Warning);
        self.findings.push(Finding { code: FindingCode::HostCorrected, option, level, message: message.concat() });
        (*ingestion).to_owned()
    }

    /// The address that an option gives: its text, or the `href` of an object such as a `URL`.
    fn address(&self, name: &'static str, given: &Given) -> Given {
        if *given == Given::Object { self.page.member(name, "href") } else { given.clone() }
    }

    /// The team of the page; empty, where it has none.
    pub(super) fn team(&mut self) -> String {
        let given = self.given("teamId");
        let is_number = !matches!(given, Given::Number(number) if number.is_nan());
        let team = self.page.text_of_id("teamId").filter(|_| is_number);
        let team = team.map_or_else(|| invalid("teamId", "a number or a text"), Ok);
        self.taken("teamId", &given, team).unwrap_or_default()
    }

    /// The page's own answer for its team, and whether the page has a callback that can be asked.
    pub(super) fn is_team_enabled(&mut self) -> (Option<bool>, bool) {
        const NAME: &str = "isTeamEnabled";
        let given = self.given(NAME);
        let answer = match given {
            Given::Absent => Ok((None, false)),
            Given::Boolean(is_enabled) => Ok((Some(is_enabled), false)),
            Given::Function => Ok((None, true)),
            _ => invalid(NAME, "true, false or a function that is given a team id"),
        };
        self.taken(NAME, &given, answer).unwrap_or_default()
    }

    /// Where the host application is asked about teams; empty, where it is not.
    pub(super) fn team_gate_url(&mut self) -> String {
        const NAME: &str = "teamGateUrl";
        let given = self.given(NAME);
        let url = match self.address(NAME, &given) {
            Given::Absent | Given::Null if given != Given::Object => Ok(String::new()),
            Given::Text(text) if !trim(&text).is_empty() => {
                let url = self.page.url(&text, true).filter(|url| is_web(&url.protocol));
                url.map_or_else(|| invalid(NAME, "an http(s) URL of your application"), |url| Ok(url.href))
            }
            _ => invalid(NAME, "an http(s) URL of your application"),
        };
        self.taken(NAME, &given, url).unwrap_or_default()
    }

    /// Checks the posthog-js instance that the page names. The instance itself stays at the edge.
    pub(super) fn posthog(&mut self) {
        let given = self.given("posthog");
        let instance = match given {
            Given::Absent | Given::Null | Given::Object | Given::Function => Ok(()),
            // Until posthog-js has loaded, its snippet leaves an array with methods in its place.
            Given::Functions(_) | Given::Array => Ok(()),
            _ => invalid("posthog", "an instance of posthog-js"),
        };
        let _: Option<()> = self.taken("posthog", &given, instance);
    }

    /// Counts the hooks of the page. The functions themselves stay at the edge.
    pub(super) fn hooks(&mut self) -> u32 {
        let given = self.given("beforeSend");
        let hooks = match given {
            Given::Absent | Given::Null => Ok(0),
            Given::Function => Ok(1),
            Given::Functions(count) => Ok(count),
            _ => invalid("beforeSend", "a function or several in an array"),
        };
        self.taken("beforeSend", &given, hooks).unwrap_or_default()
    }

    /// What the server that renders the page knows. A member that is `null` is left out.
    pub(super) fn bootstrap(&mut self) -> Option<Object> {
        let given = self.given("bootstrap");
        let bootstrap = match given {
            Given::Absent | Given::Null => Ok(None),
            // PHP writes an empty object as an empty array.
            Given::Functions(0) => Ok(Some(Object::default())),
            Given::Object => self.check_bootstrap().map(|()| {
                let mut bootstrap = self.page.object("bootstrap");
                bootstrap.retain(&mut |_, value| !matches!(value.raw(), "null" | "[]"));
                Some(bootstrap)
            }),
            _ => invalid("bootstrap", "an object"),
        };
        self.taken("bootstrap", &given, bootstrap).flatten()
    }

    /// Whether an option is on; off, where the page says nothing.
    pub(super) fn switch(&mut self, name: &'static str) -> bool {
        let given = self.given(name);
        let is_on = match given {
            Given::Absent | Given::Null => Ok(false),
            Given::Boolean(is_on) => Ok(is_on),
            _ => invalid(name, "true or false"),
        };
        self.taken(name, &given, is_on).unwrap_or_default()
    }

    /// What the chosen word means.
    pub(super) fn word<Meaning: Copy + Default>(&mut self, option: &WordOption<Meaning>) -> Meaning {
        let WordOption { name, words } = *option;
        let given = self.given(name);
        let chosen = match &given {
            Given::Absent => words.first(),
            Given::Text(text) => words.iter().find(|(word, _)| word == text),
            _ => None,
        };
        let names = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>();
        let allowed = || ["\"", &names().join("\" or \""), "\""].concat();
        let meaning = chosen.map_or_else(|| invalid(name, &allowed()), |(_, meaning)| Ok(*meaning));
        self.taken(name, &given, meaning).unwrap_or_default()
    }

    /// A whole number within its bounds.
    pub(super) fn number(&mut self, option: &NumberOption) -> u32 {
        let NumberOption { name, default, min, max } = *option;
        let given = self.given(name);
        let number = match given {
            Given::Absent => Ok(default),
            Given::Number(number)
                if number >= f64::from(min) && number <= f64::from(max) && f64::from(number as u32) == number =>
            {
                Ok(number as u32)
            }
            _ => {
                let mut message = name.to_owned();
                for (part, number) in
                    [(" must be a whole number from ", min), (" to ", max), ("; leave it out for ", default)]
                {
                    message.push_str(part);
                    push_integer(&mut message, number.into());
                }
                message.push_str(".");
                Err(Refusal { code: FindingCode::OptionOutOfRange, message })
            }
        };
        self.taken(name, &given, number).unwrap_or(default)
    }

    fn check_bootstrap(&self) -> Result<(), Refusal> {
        const NAME: &str = "bootstrap";
        match self.page.member(NAME, "distinctId") {
            Given::Absent | Given::Null => {}
            Given::Text(id) if is_legal_distinct_id(&id) => {}
            // Applications keep ids as numbers; nobody is 0.
            Given::Number(id) if id.is_finite() && id != 0.0 => {}
            _ => return invalid("bootstrap.distinctId", "your own id, of at most 200 characters"),
        }
        for (member, name) in [
            ("featureFlags", "bootstrap.featureFlags"),
            ("featureFlagPayloads", "bootstrap.featureFlagPayloads"),
            ("teams", "bootstrap.teams"),
        ] {
            match self.page.member(NAME, member) {
                Given::Absent | Given::Null | Given::Object | Given::Functions(0) => {}
                _ => return invalid(name, "an object"),
            }
        }
        let teams = self.page.object(NAME).get("teams").and_then(Object::of).unwrap_or_default();
        if teams.members().any(|(_, is_open)| is_open.boolean().is_none()) {
            return invalid("bootstrap.teams", "an object of true or false by team id");
        }
        Ok(())
    }

    fn given(&mut self, name: &'static str) -> Given {
        if self.has_options { self.page.option(name) } else { Given::Absent }
    }

    /// The value that a check has taken. If it has refused the option, this gives nothing and notes a finding.
    fn taken<Taken>(&mut self, name: &'static str, given: &Given, taken: Result<Taken, Refusal>) -> Option<Taken> {
        let refusal = match taken {
            _ if *given == Given::Unreadable => {
                let message = [name, " cannot be read, because reading it throws. Pass a plain value."].concat();
                Refusal { code: FindingCode::OptionUnreadable, message }
            }
            Ok(taken) => return Some(taken),
            Err(refusal) => refusal,
        };
        self.refused(name, refusal);
        None
    }

    fn refused(&mut self, name: &'static str, Refusal { code, mut message }: Refusal) {
        let level = level_of(name);
        if level != FindingLevel::Error {
            message.push_str(" The default is used.");
        }
        self.findings.push(Finding { code, option: name.to_owned(), level, message });
    }
}

fn is_web(protocol: &str) -> bool {
    matches!(protocol, "http:" | "https:")
}

/// A text without the white space around it, by JavaScript's rules.
fn trim(text: &str) -> &str {
    text.trim_matches(|letter: char| letter == '\u{feff}' || letter.is_whitespace() && letter != '\u{85}')
}
