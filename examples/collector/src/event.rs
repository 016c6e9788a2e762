//! Events that PostHog would accept: the validation of one body, which passes or fails as a whole.

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::refusal::Refusal;
use crate::shape::{RawEvent, Shape};
use crate::token;

const LONGEST_DISTINCT_ID: usize = 200;

/// The events of one accepted body.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) token: String,
    pub(crate) events: Vec<Event>,
}

#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) uuid: Uuid,
    pub(crate) distinct_id: String,
    pub(crate) timestamp: Option<String>,
    pub(crate) offset: Option<i64>,
    pub(crate) properties: Map<String, Value>,
    pub(crate) set: Option<Map<String, Value>>,
    pub(crate) set_once: Option<Map<String, Value>>,
}

impl Batch {
    pub(crate) fn validate(shape: Shape) -> Result<Self, Refusal> {
        if shape.events.is_empty() {
            return Err(Refusal::EmptyBatch);
        }
        let token = match shape.token {
            Some(token) => token,
            None => shared_token(&shape.events)?,
        };
        let token = token::accept(&token)?;
        let events = shape.events.into_iter().map(Event::validate).collect::<Result<_, _>>()?;
        Ok(Self { token, events })
    }
}

/// The one token of events that came without an envelope's. Events that carry none follow the others.
fn shared_token(events: &[RawEvent]) -> Result<String, Refusal> {
    let mut tokens = events.iter().filter_map(own_token);
    let first = tokens.next().ok_or(Refusal::NoToken)?;
    if tokens.all(|token| token == first) { Ok(first.to_owned()) } else { Err(Refusal::MultipleTokens) }
}

fn own_token(event: &RawEvent) -> Option<&str> {
    let in_properties = || event.properties.get("token").and_then(Value::as_str);
    event.token.as_deref().or_else(in_properties)
}

impl Event {
    fn validate(raw: RawEvent) -> Result<Self, Refusal> {
        if raw.event.is_empty() {
            return Err(Refusal::MissingEventName);
        }
        let distinct_id = distinct_id(&raw).ok_or(Refusal::MissingDistinctId)?;
        if raw.properties.get("$cookieless_mode").is_some_and(|mode| !mode.is_boolean()) {
            return Err(Refusal::InvalidCookielessMode);
        }
        let uuid = match raw.uuid {
            Some(text) if !text.is_empty() => Uuid::parse_str(&text).map_err(|_| Refusal::InvalidUuid(text))?,
            _ => Uuid::now_v7(),
        };
        Ok(Self {
            name: raw.event,
            uuid,
            distinct_id,
            timestamp: raw.timestamp,
            offset: raw.offset,
            properties: raw.properties,
            set: raw.set,
            set_once: raw.set_once,
        })
    }

    pub(crate) fn ignores_sent_at(&self) -> bool {
        self.properties.get("$ignore_sent_at") == Some(&Value::Bool(true))
    }
}

fn distinct_id(raw: &RawEvent) -> Option<String> {
    let given = |value: &&Value| !value.is_null();
    let value = raw.distinct_id.as_ref().filter(given).or_else(|| raw.properties.get("distinct_id").filter(given))?;
    let text = match value {
        Value::String(text) => text.replace('\0', "\u{FFFD}"),
        other => other.to_string(),
    };
    (!text.is_empty()).then(|| text.chars().take(LONGEST_DISTINCT_ID).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]

    use serde_json::json;

    use super::*;

    fn validate(body: &Value) -> Result<Batch, Refusal> {
        Batch::validate(Shape::read(&body.to_string())?)
    }

    fn envelope(event: &Value) -> Value {
        json!({"token": "phc_k", "batch": [event]})
    }

    fn refusal(body: &Value) -> Refusal {
        validate(body).unwrap_err()
    }

    #[test]
    fn takes_a_distinct_id_from_either_place_and_of_any_type() {
        let id = |event: Value| validate(&envelope(&event)).unwrap().events[0].distinct_id.clone();
        assert_eq!(id(json!({"event": "a", "distinct_id": "root", "properties": {"distinct_id": "p"}})), "root");
        assert_eq!(id(json!({"event": "a", "distinct_id": null, "properties": {"distinct_id": "p"}})), "p");
        assert_eq!(id(json!({"event": "a", "$distinct_id": 42})), "42");
        assert_eq!(id(json!({"event": "a", "distinct_id": "ü".repeat(300)})), "ü".repeat(200));
    }

    #[test]
    fn refuses_a_missing_name_or_distinct_id() {
        assert_eq!(refusal(&envelope(&json!({"distinct_id": "d"}))), Refusal::MissingEventName);
        assert_eq!(refusal(&envelope(&json!({"event": "", "distinct_id": "d"}))), Refusal::MissingEventName);
        for event in [
            json!({"event": "a"}),
            json!({"event": "a", "distinct_id": null}),
            json!({"event": "a", "distinct_id": "", "properties": {"distinct_id": "p"}}),
            json!({"event": "a", "properties": {"distinct_id": ""}}),
        ] {
            assert_eq!(refusal(&envelope(&event)), Refusal::MissingDistinctId, "{event}");
        }
    }

    #[test]
    fn one_bad_event_refuses_the_body() {
        let body = json!({"token": "phc_k", "batch": [{"event": "a", "distinct_id": "d"}, {"event": "b"}]});
        assert_eq!(refusal(&body), Refusal::MissingDistinctId);
        assert_eq!(refusal(&json!({"token": "phc_k", "batch": []})), Refusal::EmptyBatch);
        assert_eq!(refusal(&json!([])), Refusal::EmptyBatch);
    }

    #[test]
    fn makes_a_uuid_v7_for_none_and_refuses_what_is_no_uuid() {
        for uuid in [Value::Null, json!("")] {
            let batch = validate(&envelope(&json!({"event": "a", "distinct_id": "d", "uuid": uuid}))).unwrap();
            assert_eq!(batch.events[0].uuid.get_version_num(), 7);
        }
        let bad = envelope(&json!({"event": "a", "distinct_id": "d", "uuid": "abc"}));
        assert_eq!(refusal(&bad), Refusal::InvalidUuid("abc".to_owned()));
    }

    #[test]
    fn refuses_a_cookieless_mode_that_is_no_boolean() {
        let event = json!({"event": "a", "distinct_id": "d", "properties": {"$cookieless_mode": "yes"}});
        assert_eq!(refusal(&envelope(&event)), Refusal::InvalidCookielessMode);
    }

    #[test]
    fn finds_the_one_token() {
        let event = |token: &str| json!({"event": "a", "distinct_id": "d", "properties": {"token": token}});
        assert_eq!(validate(&json!([event("t"), event("t")])).unwrap().token, "t");
        assert_eq!(validate(&json!({"token": "e", "batch": [event("t"), event("u")]})).unwrap().token, "e");
        assert_eq!(refusal(&json!([event("t"), event("u")])), Refusal::MultipleTokens);
        assert_eq!(refusal(&json!([{"event": "a", "distinct_id": "d"}])), Refusal::NoToken);
        assert_eq!(refusal(&event("phx_k")), Refusal::InvalidToken("a personal API key"));
        assert_eq!(refusal(&json!({"token": "", "batch": [event("t")]})), Refusal::InvalidToken("empty"));
    }
}
