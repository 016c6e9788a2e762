//! The `/flags` endpoint: flags set over the control port, answered in the v2 shape.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::moment::Moment;
use crate::refusal::Refusal;
use crate::token;

/// The body of `POST /flags` on the control port: everything that `/flags` answers with from now on.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct FlagBoard {
    flags: BTreeMap<String, FlagSetting>,
    errors_while_computing_flags: bool,
    quota_limited: Vec<String>,
}

/// A flag, short as its value (`true`, `"variant"`) or long as a rule.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum FlagSetting {
    Enabled(bool),
    Variant(String),
    Rule(Box<FlagRule>),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FlagRule {
    /// Accepted because the v2 shape carries it. The key of the map is what counts.
    #[serde(default, rename = "key")]
    _key: Option<String>,
    #[serde(default = "enabled")]
    enabled: bool,
    #[serde(default)]
    variant: Option<String>,
    #[serde(default)]
    payload: Option<Value>,
    /// For each group type the group keys that have the flag.
    #[serde(default)]
    groups: Option<BTreeMap<String, Vec<Value>>>,
    #[serde(default)]
    failed: bool,
    #[serde(default)]
    reason: Option<Value>,
    #[serde(default)]
    metadata: Option<Value>,
}

const fn enabled() -> bool {
    true
}

#[derive(Debug, Deserialize)]
struct FlagRequest {
    #[serde(default, alias = "$token", alias = "api_key")]
    token: Option<String>,
    #[serde(default, alias = "$distinct_id")]
    distinct_id: Value,
    #[serde(default, alias = "$groups")]
    groups: Option<Map<String, Value>>,
    #[serde(default, alias = "flag_keys_to_evaluate")]
    flag_keys: Option<Vec<String>>,
}

impl FlagBoard {
    /// Answers the text of a request body.
    pub(crate) fn answer(&self, text: &str) -> Result<Value, Refusal> {
        let request: FlagRequest =
            serde_json::from_str(text).map_err(|error| Refusal::Unparsable(error.to_string()))?;
        token::accept(request.token.as_deref().ok_or(Refusal::NoToken)?)?;
        if request.distinct_id.is_null() || request.distinct_id == "" {
            return Err(Refusal::MissingDistinctId);
        }
        let limited = self.quota_limited.iter().any(|resource| resource == "feature_flags");
        let asked_for = |key: &String| request.flag_keys.as_ref().is_none_or(|keys| keys.contains(key));
        let flags: Map<String, Value> = self
            .flags
            .iter()
            .filter(|(key, _)| !limited && asked_for(key))
            .map(|(key, setting)| (key.clone(), setting.evaluate(key, request.groups.as_ref())))
            .collect();
        let mut answer = json!({
            "errorsWhileComputingFlags": self.errors_while_computing_flags,
            "flags": flags,
            "requestId": Uuid::now_v7().to_string(),
            "evaluatedAt": Moment::now().millis(),
        });
        if !self.quota_limited.is_empty() {
            answer["quotaLimited"] = json!(self.quota_limited);
        }
        Ok(answer)
    }
}

impl FlagSetting {
    fn evaluate(&self, key: &str, groups: Option<&Map<String, Value>>) -> Value {
        let (enabled, variant) = match self {
            Self::Enabled(enabled) => (*enabled, None),
            Self::Variant(variant) => (true, Some(variant.as_str())),
            Self::Rule(rule) => return rule.evaluate(key, groups),
        };
        detail(key, enabled, variant, reason(enabled))
    }
}

impl FlagRule {
    fn evaluate(&self, key: &str, groups: Option<&Map<String, Value>>) -> Value {
        let code = match self.group_obstacle(groups) {
            Some(obstacle) => obstacle,
            None => reason(self.enabled),
        };
        let enabled = code == "condition_match";
        let variant = self.variant.as_deref().filter(|_| enabled);
        let mut flag = detail(key, enabled, variant, code);
        if enabled {
            flag["metadata"]["payload"] = match &self.payload {
                // The v2 shape carries the JSON of a payload as a string.
                Some(Value::String(text)) => json!(text),
                Some(payload) => json!(payload.to_string()),
                None => Value::Null,
            };
        }
        if self.failed {
            flag["failed"] = json!(true);
        }
        if let Some(reason) = &self.reason {
            flag["reason"] = reason.clone();
        }
        if let Some(metadata) = &self.metadata {
            flag["metadata"] = metadata.clone();
        }
        flag
    }

    /// Why the request's groups do not have this flag, if they do not.
    fn group_obstacle(&self, groups: Option<&Map<String, Value>>) -> Option<&'static str> {
        let wanted = self.groups.as_ref()?;
        for (group_type, keys) in wanted {
            let Some(group) = groups.and_then(|groups| groups.get(group_type)) else {
                return Some("no_group_type");
            };
            if !keys.iter().any(|key| group_key(key) == group_key(group)) {
                return Some("no_condition_match");
            }
        }
        None
    }
}

/// Numbers and texts name the same group.
fn group_key(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

const fn reason(enabled: bool) -> &'static str {
    if enabled { "condition_match" } else { "no_condition_match" }
}

fn detail(key: &str, enabled: bool, variant: Option<&str>, code: &str) -> Value {
    let condition_index = enabled.then_some(0);
    json!({
        "key": key,
        "enabled": enabled,
        "variant": variant,
        "reason": {"code": code, "condition_index": condition_index},
        "metadata": {"id": 1, "version": 1, "description": null, "payload": null, "has_experiment": false},
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]

    use super::*;

    fn board(settings: Value) -> FlagBoard {
        serde_json::from_value(settings).unwrap()
    }

    fn ask(board: &FlagBoard, request: &Value) -> Value {
        board.answer(&request.to_string()).unwrap()
    }

    #[test]
    fn the_default_answer_has_no_flags() {
        let answer = ask(&FlagBoard::default(), &json!({"token": "t", "distinct_id": "d"}));
        assert_eq!(answer["flags"], json!({}));
        assert_eq!(answer["errorsWhileComputingFlags"], false);
        assert!(answer["evaluatedAt"].is_i64());
        assert!(answer.get("quotaLimited").is_none());
    }

    #[test]
    fn a_group_rule_looks_at_the_groups_of_the_request() {
        let board = board(json!({"flags": {"f": {"groups": {"team": ["42"]}, "payload": {"a": 1}}}}));
        let flag = |groups: Value| {
            ask(&board, &json!({"token": "t", "distinct_id": "d", "groups": groups}))["flags"]["f"].clone()
        };
        let on = flag(json!({"team": 42}));
        assert_eq!(on["enabled"], true);
        assert_eq!(on["metadata"]["payload"], r#"{"a":1}"#);
        let other_team = flag(json!({"team": "7"}));
        assert_eq!(
            (&other_team["enabled"], &other_team["reason"]["code"]),
            (&json!(false), &json!("no_condition_match"))
        );
        for groups in [Value::Null, json!({}), json!({"company": "42"})] {
            let without = flag(groups);
            assert_eq!((&without["enabled"], &without["reason"]["code"]), (&json!(false), &json!("no_group_type")));
        }
    }

    #[test]
    fn short_settings_and_the_key_filter() {
        let board = board(json!({"flags": {"a": true, "b": "blue", "c": false, "d": {"failed": true}}}));
        let request = json!({"api_key": "t", "distinct_id": 1, "flag_keys": ["a", "b", "d", "unknown"]});
        let flags = ask(&board, &request)["flags"].clone();
        assert_eq!(flags.as_object().unwrap().keys().collect::<Vec<_>>(), ["a", "b", "d"]);
        assert_eq!(flags["b"]["variant"], "blue");
        assert_eq!(flags["d"]["failed"], true);
    }

    #[test]
    fn a_quota_mark_comes_without_flags() {
        let board = board(json!({"flags": {"a": true}, "quotaLimited": ["feature_flags"]}));
        let answer = ask(&board, &json!({"token": "t", "distinct_id": "d"}));
        assert_eq!((&answer["flags"], &answer["quotaLimited"]), (&json!({}), &json!(["feature_flags"])));
    }

    #[test]
    fn refuses_as_posthog_does() {
        let refusal = |text: &str| FlagBoard::default().answer(text).unwrap_err();
        assert!(matches!(refusal("no json"), Refusal::Unparsable(_)));
        assert_eq!(refusal(r#"{"distinct_id":"d"}"#), Refusal::NoToken);
        assert!(matches!(refusal(r#"{"token":"phx_1","distinct_id":"d"}"#), Refusal::InvalidToken(_)));
        assert_eq!(refusal(r#"{"token":"t"}"#), Refusal::MissingDistinctId);
    }
}
