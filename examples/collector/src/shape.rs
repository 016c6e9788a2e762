//! The three JSON shapes of a capture body, read as PostHog reads them and not validated yet.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::moment::Moment;
use crate::refusal::Refusal;

/// What every shape comes down to.
#[derive(Debug)]
pub(crate) struct Shape {
    /// The envelope's token. It wins over those of the events.
    pub(crate) token: Option<String>,
    pub(crate) sent_at: Option<Moment>,
    pub(crate) events: Vec<RawEvent>,
}

/// An event as sent: types are checked, presence and content are not.
#[derive(Debug, Deserialize)]
pub(crate) struct RawEvent {
    #[serde(default)]
    pub(crate) event: String,
    #[serde(default)]
    pub(crate) uuid: Option<String>,
    #[serde(default, alias = "$distinct_id")]
    pub(crate) distinct_id: Option<Value>,
    #[serde(default, alias = "$token", alias = "api_key")]
    pub(crate) token: Option<String>,
    #[serde(default)]
    pub(crate) properties: Map<String, Value>,
    #[serde(default)]
    pub(crate) timestamp: Option<String>,
    #[serde(default)]
    pub(crate) offset: Option<i64>,
    #[serde(default, rename = "$set")]
    pub(crate) set: Option<Map<String, Value>>,
    #[serde(default, rename = "$set_once")]
    pub(crate) set_once: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(default, alias = "api_key")]
    token: Option<String>,
    batch: Vec<RawEvent>,
    #[serde(default, deserialize_with = "lenient_moment")]
    sent_at: Option<Moment>,
}

impl Shape {
    pub(crate) fn read(text: &str) -> Result<Self, Refusal> {
        let unparsable = |error: serde_json::Error| Refusal::Unparsable(error.to_string());
        let value: Value = serde_json::from_str(text).map_err(unparsable)?;
        if value.is_array() {
            return Ok(Self::bare(serde_json::from_value(value).map_err(unparsable)?));
        }
        if value.get("batch").is_some() {
            let envelope: Envelope = serde_json::from_value(value).map_err(unparsable)?;
            return Ok(Self { token: envelope.token, sent_at: envelope.sent_at, events: envelope.batch });
        }
        Ok(Self::bare(vec![serde_json::from_value(value).map_err(unparsable)?]))
    }

    /// Only an envelope carries a token and a time of its own.
    const fn bare(events: Vec<RawEvent>) -> Self {
        Self { token: None, sent_at: None, events }
    }
}

/// A `sent_at` that cannot be read is ignored, it does not refuse the body.
fn lenient_moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Moment>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value.as_str().and_then(Moment::parse))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]

    use super::*;

    #[test]
    fn array_envelope_and_single_event() {
        let array = Shape::read(r#"[{"event":"a"},{"event":"b"}]"#).unwrap();
        assert_eq!(array.events.len(), 2);
        assert_eq!(array.token, None);

        let envelope =
            Shape::read(r#"{"api_key":"phc_k","sent_at":"2026-01-01T00:00:00Z","batch":[{"event":"a"}]}"#).unwrap();
        assert_eq!(envelope.events.len(), 1);
        assert_eq!(envelope.token.as_deref(), Some("phc_k"));
        assert_eq!(envelope.sent_at, Moment::parse("2026-01-01T00:00:00Z"));

        let single = Shape::read(r#"{"event":"a","$distinct_id":7,"api_key":"phc_k"}"#).unwrap();
        assert_eq!(single.events[0].event, "a");
        assert_eq!(single.events[0].distinct_id, Some(Value::from(7)));
        assert_eq!(single.events[0].token.as_deref(), Some("phc_k"));
    }

    #[test]
    fn sent_at_that_is_no_date_is_ignored() {
        for sent_at in ["5", "null", "\"soon\""] {
            let shape = Shape::read(&format!(r#"{{"token":"t","sent_at":{sent_at},"batch":[]}}"#)).unwrap();
            assert_eq!(shape.sent_at, None);
        }
    }

    #[test]
    fn refuses_wrong_types_and_other_shapes() {
        for text in [
            "",
            "7",
            "\"text\"",
            "{",
            r#"{"batch":{}}"#,
            r#"[7]"#,
            r#"{"event":1}"#,
            r#"{"event":"a","properties":[]}"#,
            r#"{"event":"a","offset":"1"}"#,
        ] {
            assert!(matches!(Shape::read(text), Err(Refusal::Unparsable(_))), "{text}");
        }
    }
}
