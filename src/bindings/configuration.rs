//! What a tracker is configured with, as JavaScript has checked it.

use js_sys::{Array, Function};
use wasm_bindgen::prelude::*;

use crate::browser::value::{is_given, member, object_of};
use crate::event::json::{Object, Value};
use crate::flags::{FlagsBootstrap, FlagsProject, GateSource, TeamGateOptions, Ungated};
use crate::outbox::Config;
use crate::person::IdentityBootstrap;
use crate::tracker::{IdentitySource, Options, PersonProfiles};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** What is known of the visitor's consent. */
export type ConsentWord = "granted" | "denied" | "pending";
"#;

#[wasm_bindgen]
extern "C" {
    /// The checked options (`js/src/options.ts`), and what facade and tracker know of each other.
    #[wasm_bindgen(typescript_type = "import('../src/instance.js').Configuration")]
    #[derive(Debug, Clone)]
    pub type Configuration;

    #[wasm_bindgen(method, getter)]
    pub(super) fn identity(this: &Configuration) -> String;

    #[wasm_bindgen(method, getter)]
    pub(super) fn posthog(this: &Configuration) -> JsValue;

    #[wasm_bindgen(method, getter, js_name = isTeamEnabled)]
    pub(super) fn is_team_enabled(this: &Configuration) -> JsValue;
}

impl Configuration {
    /// The hooks of the page.
    pub(super) fn hooks(&self) -> Vec<Function> {
        Array::from(&member(self, "beforeSend")).iter().filter_map(|hook| hook.dyn_into().ok()).collect()
    }

    fn text(&self, name: &str) -> String {
        member(self, name).as_string().unwrap_or_default()
    }

    fn number(&self, name: &str) -> u32 {
        member(self, name).as_f64().unwrap_or_default() as u32
    }

    fn is(&self, name: &str) -> bool {
        member(self, name).as_bool() == Some(true)
    }

    /// Everything else.
    pub(super) fn read(&self) -> Options {
        let text = |name: &str| self.text(name);
        let number = |name: &str| self.number(name);
        let is = |name: &str| self.is(name);
        let bootstrap = object_of(&member(self, "bootstrap"));
        let of_bootstrap = |name: &str| bootstrap.get(name).and_then(Object::of);
        let flags_project =
            FlagsProject { host: text("host"), api_key: text("apiKey"), retries: number("flagRetries") };
        Options {
            api_key: text("apiKey"),
            host: text("host"),
            outbox: Config {
                project: text("project"),
                flush_at: number("flushAt") as usize,
                flush_interval_ms: number("flushInterval").into(),
                max_retries: number("maxRetries"),
                request_timeout_ms: number("requestTimeout").into(),
            },
            gate: self.gate(flags_project, of_bootstrap("teams")),
            holds_in_memory: text("holdUnknown") == "memory",
            requires_consent: text("consent") == "required",
            respects_dnt: is("respectDnt"),
            respects_gpc: is("respectGpc"),
            person_profiles: match text("personProfiles").as_str() {
                "always" => PersonProfiles::Always,
                "never" => PersonProfiles::Never,
                _ => PersonProfiles::IdentifiedOnly,
            },
            identity: match text("identity").as_str() {
                "posthog-js" => IdentitySource::PostHogJs,
                "auto" => IdentitySource::Auto,
                _ => IdentitySource::Own,
            },
            has_bootstrap: is_given(&member(self, "bootstrap")),
            bootstrap: identity_of(&bootstrap),
            flags: FlagsBootstrap {
                values: of_bootstrap("featureFlags"),
                payloads: of_bootstrap("featureFlagPayloads").unwrap_or_default(),
            },
            loads_flags: is("featureFlags"),
            flag_retries: number("flagRetries"),
            hooks: self.hooks().len() as u32,
            is_verbose: is("debug"),
            is_lazy: is("isLazy"),
            page: text("page"),
            said: text("said"),
            version: text("version"),
        }
    }

    fn gate(&self, flags: FlagsProject, teams: Option<Object>) -> TeamGateOptions {
        let text = |name: &str| self.text(name);
        let number = |name: &str| self.number(name);
        let is_enabled = member(self, "isTeamEnabled");
        let mut sources = Vec::new();
        if is_enabled.is_function() {
            sources.push(GateSource::Callback);
        }
        if !text("teamGateUrl").is_empty() {
            sources.push(GateSource::Url(text("teamGateUrl")));
        }
        if member(self, "teamFlag").as_bool() == Some(true) {
            sources.push(GateSource::Flag);
        }
        let answers = object_of(&member(self, "teamAnswers"));
        let bootstrapped = teams.unwrap_or_default();
        let of_object = |teams: &Object| -> Vec<(String, bool)> {
            let known =
                teams.members().filter_map(|(team, is_open)| Some((team.text()?.into_owned(), is_open.boolean()?)));
            known.collect()
        };
        let mut known = of_object(&answers);
        for (team, is_open) in of_object(&bootstrapped) {
            known.retain(|(other, _)| *other != team);
            known.push((team, is_open));
        }
        TeamGateOptions {
            project: text("project"),
            team: text("team"),
            constant: is_enabled.as_bool(),
            sources,
            known,
            is_bootstrapped: !bootstrapped.is_empty(),
            ttl_ms: number("gateTtl").into(),
            timeout_ms: number("requestTimeout").into(),
            max_retries: number("maxRetries"),
            ungated: if text("ungated") == "track" { Ungated::Track } else { Ungated::Ignore },
            flags,
        }
    }
}

/// Who the visitor is, as a bootstrap says.
pub(super) fn identity_of(bootstrap: &Object) -> IdentityBootstrap {
    let text = |name| bootstrap.get(name).and_then(Value::text).map(std::borrow::Cow::into_owned);
    IdentityBootstrap {
        distinct_id: text("distinctId").filter(|id| !id.is_empty()),
        is_identified: bootstrap.get("isIdentified").and_then(Value::boolean) == Some(true),
        session_id: text("sessionId"),
    }
}
