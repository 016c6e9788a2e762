//! What a page reads, as JavaScript sees it.

use serde::{Serialize, Serializer};
use wasm_bindgen::prelude::*;

use super::Engine;
use crate::browser::value::{any_text, id_of, member, parsed, plain_text};
use crate::browser::{Captured, gate_word};
use crate::event::json::{Object, Value};
use crate::flags::{Flag, FlagValue};
use crate::outbox::DropReason;
use crate::person::ConsentState;
use crate::tracker::{Call, Tracker};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("read_out.d.ts");

/// What an event was stored as.
#[derive(Debug)]
pub(super) struct CapturedEvent(Captured);

impl CapturedEvent {
    pub(super) fn out(captured: Captured) -> JsValue {
        out(&Self(captured))
    }
}

// As maps: structs bring a table of their names along, which is 2 KB.
impl Serialize for CapturedEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([("uuid", &self.0.uuid), ("event", &self.0.name)])
    }
}

/// The counters of one page.
#[derive(Debug)]
struct Counts([(&'static str, u32); 6]);

impl Serialize for Counts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0)
    }
}

/// Each reason by its code, with how many were given up for it.
#[derive(Debug)]
struct ByReason([u32; DropReason::ALL.len()]);

impl Serialize for ByReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(DropReason::ALL.into_iter().map(DropReason::code).zip(self.0))
    }
}

fn out(value: &impl Serialize) -> JsValue {
    // Counts, names and texts make an object in any case.
    value.serialize(&serde_wasm_bindgen::Serializer::new().serialize_maps_as_objects(true)).unwrap_or_default()
}

#[wasm_bindgen]
impl Engine {
    /// Who events are about.
    #[wasm_bindgen(js_name = getDistinctId)]
    pub fn get_distinct_id(&self) -> Option<String> {
        self.driver.with(Tracker::visitor).flatten().map(|(id, ..)| id)
    }

    /// What stands for this browser, whoever uses it.
    #[wasm_bindgen(js_name = getAnonymousId)]
    pub fn get_anonymous_id(&self) -> Option<String> {
        self.driver.with(Tracker::visitor).flatten().map(|(_, id, _)| id)
    }

    /// The session of an event that would be captured now.
    #[wasm_bindgen(js_name = getSessionId)]
    pub fn get_session_id(&self) -> Option<String> {
        self.driver.with(Tracker::visitor).flatten().map(|(.., id)| id)
    }

    /// The groups that the visitor belongs to, key by type.
    #[wasm_bindgen(js_name = getGroups, unchecked_return_type = "Record<string, string> | undefined")]
    pub fn get_groups(&self) -> JsValue {
        let groups = self.driver.with(Tracker::groups).flatten();
        groups.map(|groups| parsed(groups.text())).unwrap_or_default()
    }

    /// Whether a team is tracked; nothing, while nobody knows.
    #[wasm_bindgen(js_name = isTeamTracked)]
    pub fn is_team_tracked(&self, team: &JsValue) -> Option<bool> {
        let team = id_of(team)?;
        self.driver.with(|tracker, facts| tracker.is_team_tracked(facts, &team)).flatten()
    }

    /// What is known of the teams of this page, before they may be known nothing.
    #[wasm_bindgen(js_name = teamStates, unchecked_return_type = "Record<string, TeamGateState> | undefined")]
    pub fn team_states(&self) -> JsValue {
        let teams = self.driver.with(Tracker::teams).flatten();
        teams.map(|teams| teams_out(&teams)).unwrap_or_default()
    }

    /// The value of a feature flag; nothing, while it is not known.
    #[wasm_bindgen(js_name = getFeatureFlag, unchecked_return_type = "boolean | string | undefined")]
    pub fn get_feature_flag(&self, key: &JsValue, options: &JsValue) -> JsValue {
        self.flag(key, options).map(|flag| value_out(&flag.value)).unwrap_or_default()
    }

    /// Whether a feature flag is on; `fallback`, where that is not known.
    #[wasm_bindgen(js_name = isFeatureEnabled, unchecked_return_type = "boolean | undefined")]
    pub fn is_feature_enabled(&self, key: &JsValue, options: &JsValue) -> JsValue {
        match self.flag(key, options) {
            Some(flag) => JsValue::from_bool(flag.value.is_on()),
            None => member(options, "fallback"),
        }
    }

    /// The JSON value that comes with a flag.
    #[wasm_bindgen(js_name = getFeatureFlagPayload, unchecked_return_type = "unknown")]
    pub fn get_feature_flag_payload(&self, key: &JsValue) -> JsValue {
        let key = plain_text(key);
        let reading = self.driver.with(|tracker, facts| tracker.flag(facts, &key)).flatten();
        reading.and_then(|reading| reading.flag).and_then(|flag| payload_out(&flag)).unwrap_or_default()
    }

    /// Everything that a flag says.
    #[wasm_bindgen(js_name = getFeatureFlagResult, unchecked_return_type = "object | undefined")]
    pub fn get_feature_flag_result(&self, key: &JsValue, options: &JsValue) -> JsValue {
        self.flag(key, options).map(|flag| parsed(result_of(&plain_text(key), &flag).text())).unwrap_or_default()
    }

    /// The values of all flags, and the JSON values that come with them.
    #[wasm_bindgen(js_name = getFeatureFlagsAndPayloads, unchecked_return_type = "{ flags: object; payloads: object }")]
    pub fn get_feature_flags_and_payloads(&self) -> JsValue {
        let (flags, payloads) = self.driver.with(Tracker::all_flags).flatten().unwrap_or_default();
        let mut all = Object::default();
        all.set_object("flags", &flags);
        all.set_object("payloads", &payloads);
        parsed(all.text())
    }

    /// The values of all flags.
    #[wasm_bindgen(js_name = getFeatureFlags, unchecked_return_type = "Record<string, boolean | string>")]
    pub fn get_feature_flags(&self) -> JsValue {
        member(&self.get_feature_flags_and_payloads(), "flags")
    }

    /// What listeners are told of the flags, as an array; nothing, before it is known.
    #[wasm_bindgen(js_name = flagsTold, unchecked_return_type = "[string[], Record<string, boolean | string>, { errorsLoading: boolean }] | undefined")]
    pub fn flags_told(&self) -> JsValue {
        let told = self.driver.with(Tracker::flags_told).flatten();
        let Some((active, values, has_failed)) = told else { return JsValue::UNDEFINED };
        let mut context = Object::default();
        context.set_boolean("errorsLoading", has_failed);
        let mut keys = Object::default();
        keys.set_texts("active", &active);
        let keys = keys.get("active").map(Value::raw).unwrap_or("[]");
        parsed(&["[", keys, ",", values.text(), ",", context.text(), "]"].concat())
    }

    /// Loads the flags anew; gives the ticket that `flagsSettled` names, or nothing, where that may not be done.
    #[wasm_bindgen(js_name = reloadFeatureFlags)]
    pub fn reload_feature_flags(&self) -> Option<u32> {
        self.driver.with(Tracker::reload_flags).flatten()
    }

    /// What is known of the visitor's consent.
    #[wasm_bindgen(unchecked_return_type = "ConsentState")]
    pub fn consent(&self) -> String {
        let state = self.driver.with(Tracker::consent);
        state.unwrap_or(ConsentState::Pending).word().to_owned()
    }

    /// Whether the visitor does not want to be tracked.
    #[wasm_bindgen(js_name = hasOptedOut)]
    pub fn has_opted_out(&self) -> bool {
        self.driver.with(Tracker::consent) == Some(ConsentState::Denied)
    }

    /// What became of this page's events; from inside a storage call, as it was before that call.
    #[wasm_bindgen(unchecked_return_type = "Omit<Stats, 'engine'>")]
    pub fn stats(&self) -> JsValue {
        let stats = self.driver.stats();
        let counts = out(&Counts([
            ("captured", stats.captured),
            ("adopted", stats.adopted),
            ("confirmed", stats.confirmed),
            ("waiting", stats.waiting),
            ("held", stats.held),
            ("settledElsewhere", stats.settled_elsewhere),
        ]));
        let teams = teams_out(&self.driver.known_teams());
        for (name, value) in [("dropped", out(&ByReason(stats.dropped))), ("teams", teams)] {
            let _ = js_sys::Reflect::set(&counts, &name.into(), &value);
        }
        counts
    }

    /// Reads a flag, and has PostHog told that the visitor has met it, unless the page does not want that.
    fn flag(&self, key: &JsValue, options: &JsValue) -> Option<Flag> {
        let key = any_text(key)?;
        let reading = self.driver.with(|tracker, facts| tracker.flag(facts, &key)).flatten()?;
        if reading.is_met && member(options, "sendEvent").as_bool() != Some(false) {
            self.make(Call::MeetFlag(key));
        }
        reading.flag
    }
}

fn teams_out(teams: &[(String, Option<bool>)]) -> JsValue {
    let mut words = Object::default();
    for (team, is_open) in teams {
        words.set_text(team, gate_word(*is_open));
    }
    parsed(words.text())
}

fn value_out(value: &FlagValue) -> JsValue {
    match value {
        FlagValue::Switch(is_on) => JsValue::from_bool(*is_on),
        FlagValue::Variant(variant) => JsValue::from_str(variant),
    }
}

fn payload_out(flag: &Flag) -> Option<JsValue> {
    flag.payload().map(|payload| parsed(payload.raw()))
}

fn result_of(key: &str, flag: &Flag) -> Object {
    let mut result = Object::default();
    result.set_text("key", key);
    result.set_boolean("enabled", flag.value.is_on());
    if let FlagValue::Variant(variant) = &flag.value {
        result.set_text("variant", variant);
    }
    if let Some(payload) = flag.payload() {
        result.set("payload", payload);
    }
    result
}
