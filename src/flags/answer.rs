//! What PostHog's `/flags` endpoint answers (version 2), and what is kept of a flag.

use std::borrow::Cow;

use crate::event::json::{Object, Value};

/// The value of a flag: on or off, or the name of a variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlagValue {
    /// On or off.
    Switch(bool),
    /// A variant.
    Variant(String),
}

impl FlagValue {
    /// Reads a value; `None`, where it is neither a boolean nor a text.
    #[must_use]
    pub fn of(value: Value<'_>) -> Option<Self> {
        let variant = || value.text().map(|text| Self::Variant(text.into_owned()));
        value.boolean().map(Self::Switch).or_else(variant)
    }

    /// Whether the flag is on.
    #[must_use]
    pub fn is_on(&self) -> bool {
        *self != Self::Switch(false)
    }

    /// Gives a member of an object this value.
    pub fn set(&self, object: &mut Object, name: &str) {
        match self {
            Self::Switch(is_on) => object.set_boolean(name, *is_on),
            Self::Variant(variant) => object.set_text(name, variant),
        }
    }

    /// The value as a text that tells it apart from others of its flag.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Switch(true) => "true",
            Self::Switch(false) => "false",
            Self::Variant(variant) => variant,
        }
    }
}

/// A flag, and what PostHog wants to hear of it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// Its value.
    pub value: FlagValue,
    /// JSON text; it may be damaged, where somebody has entered it by hand.
    pub payload: Option<String>,
    /// `id`, `version`, `reason` and `hasExperiment`, as far as PostHog has said them.
    pub about: Object,
}

/// The members of [`Flag::about`].
const ABOUT: [&str; 4] = ["id", "version", "reason", "hasExperiment"];

impl Flag {
    /// Reads a stored flag; `None`, where it is none.
    #[must_use]
    pub fn read(stored: Value<'_>) -> Option<Self> {
        let stored = Object::of(stored)?;
        let mut about = stored.clone();
        about.retain(&mut |name, _| name.text().is_some_and(|name| ABOUT.contains(&&*name)));
        Some(Self { value: FlagValue::of(stored.get("value")?)?, payload: text_of(&stored, "payload"), about })
    }

    /// What is stored of it.
    #[must_use]
    pub fn stored(&self) -> Object {
        let mut stored = Object::default();
        self.value.set(&mut stored, "value");
        if let Some(payload) = &self.payload {
            stored.set_text("payload", payload);
        }
        stored.merge(&self.about);
        stored
    }

    /// The JSON value that comes with it; `None`, where it has none or it is damaged.
    #[must_use]
    pub fn payload(&self) -> Option<Value<'_>> {
        Value::read(self.payload.as_deref()?).ok()
    }

    /// Whether it belongs to an experiment; `None`, where PostHog does not say.
    #[must_use]
    pub fn has_experiment(&self) -> Option<bool> {
        self.about.get("hasExperiment").and_then(Value::boolean)
    }

    /// Makes a flag of a detail of the answer; `None`, where PostHog has failed to evaluate it.
    fn of_detail(detail: &Object) -> Option<Self> {
        let is = |name| detail.get(name).and_then(Value::boolean) == Some(true);
        if is("failed") {
            return None;
        }
        let is_enabled = is("enabled");
        let metadata = detail.get("metadata").and_then(Object::of).unwrap_or_default();
        let mut about = Object::default();
        for (name, theirs) in [("id", "id"), ("version", "version"), ("hasExperiment", "has_experiment")] {
            if let Some(value) = metadata.get(theirs) {
                about.set(name, value);
            }
        }
        if let Some(reason) = reason_of(detail, "description").or_else(|| reason_of(detail, "code")) {
            about.set_text("reason", &reason);
        }
        Some(Self {
            value: text_of(detail, "variant").map_or(FlagValue::Switch(is_enabled), FlagValue::Variant),
            payload: text_of(&metadata, "payload").filter(|payload| is_enabled && !payload.is_empty()),
            about,
        })
    }
}

/// What the endpoint answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FlagsAnswer {
    /// The details of each flag, by its key.
    details: Object,
    /// Whether PostHog could not evaluate all of them.
    pub has_errors: bool,
    /// Whether the project has used up its flag requests, so that the answer says nothing.
    pub is_quota_limited: bool,
    /// `requestId`, `evaluatedAt` and `minimalFlagCalledEvents`, as far as PostHog has said them.
    pub about: Object,
}

impl FlagsAnswer {
    /// Reads a body; `None`, where it is no answer of the endpoint.
    ///
    /// # Example
    /// ```
    /// use posthog_booking_tracker::flags::FlagsAnswer;
    /// let body = r#"{"flags":{"f":{"enabled":true,"variant":"a","metadata":{"payload":"[1]"}}}}"#;
    /// let answer = FlagsAnswer::read(body).unwrap_or_default();
    /// let (key, flag) = &answer.flags()[0];
    /// assert_eq!((key.as_str(), flag.value.word(), flag.payload.as_deref()), ("f", "a", Some("[1]")));
    /// assert_eq!(FlagsAnswer::read("{}"), None);
    /// ```
    #[must_use]
    pub fn read(body: &str) -> Option<Self> {
        let answer = Object::read(body)?;
        let limited = answer.get("quotaLimited").map(Value::raw).unwrap_or_default();
        let mut about = answer.clone();
        about.retain(&mut |name, _| {
            name.text().is_some_and(|name| matches!(&*name, "requestId" | "evaluatedAt" | "minimalFlagCalledEvents"))
        });
        Some(Self {
            details: answer.get("flags").and_then(Object::of)?,
            has_errors: answer.get("errorsWhileComputingFlags").and_then(Value::boolean) == Some(true),
            is_quota_limited: crate::text::find(limited, "\"feature_flags\"").is_some(),
            about,
        })
    }

    /// The flags that PostHog has evaluated, by their keys.
    #[must_use]
    pub fn flags(&self) -> Vec<(String, Flag)> {
        let details = self
            .details
            .members()
            .filter_map(|(key, detail)| Some((key.text()?.into_owned(), Flag::of_detail(&Object::of(detail)?)?)));
        details.collect()
    }

    /// Whether a flag is on for a group, where it was really computed for that. PostHog's flag server also says `enabled: false`
    /// where it did not look the group up (reason `no_group_type`, or a description that names groups). That says nothing, and
    /// nor does a flag that is absent or has failed, or an answer that was cut by the quota.
    #[must_use]
    pub fn is_on_for_group(&self, key: &str) -> Option<bool> {
        if self.has_errors || self.is_quota_limited {
            return None;
        }
        let detail = self.details.get(key).and_then(Object::of)?;
        let is = |name| detail.get(name).and_then(Value::boolean);
        if is("failed") == Some(true) {
            return None;
        }
        let is_enabled = is("enabled")?;
        let code = reason_of(&detail, "code").unwrap_or_default();
        let mut description = reason_of(&detail, "description").unwrap_or_default();
        description.make_ascii_lowercase();
        let is_looked_up = !matches!(code.as_str(), "no_group_type" | "missing_dependency")
            && crate::text::find(&description, "group").is_none();
        (is_enabled || is_looked_up).then_some(is_enabled)
    }
}

fn reason_of(detail: &Object, name: &str) -> Option<String> {
    text_of(&detail.get("reason").and_then(Object::of)?, name)
}

fn text_of(object: &Object, name: &str) -> Option<String> {
    object.get(name).and_then(Value::text).map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test states its expectations by failing")]

    use super::*;

    fn answered(detail: &str) -> FlagsAnswer {
        FlagsAnswer::read(&format!(r#"{{"flags":{{"f":{detail}}}}}"#)).unwrap()
    }

    #[test]
    fn a_group_is_tracked_only_where_its_flag_was_computed() {
        let cases = [
            (r#"{"enabled":true,"reason":{"code":"condition_match"}}"#, Some(true)),
            (r#"{"enabled":false,"reason":{"code":"no_condition_match"}}"#, Some(false)),
            (r#"{"enabled":false}"#, Some(false)),
            (r#"{"enabled":false,"reason":{"code":"no_group_type"}}"#, None),
            (r#"{"enabled":false,"reason":{"code":"x","description":"Missing Group type"}}"#, None),
            (r#"{"enabled":true,"failed":true}"#, None),
            (r#"{"enabled":"yes"}"#, None),
            ("null", None),
        ];
        for (detail, expected) in cases {
            assert_eq!(answered(detail).is_on_for_group("f"), expected, "{detail}");
        }
        assert_eq!(answered("{}").is_on_for_group("g"), None);
        for cut in [
            r#""errorsWhileComputingFlags":true"#,
            r#""quotaLimited":["feature_flags"]"#,
            r#""quotaLimited":"feature_flags""#,
        ] {
            let body = format!(r#"{{{cut},"flags":{{"f":{{"enabled":true}}}}}}"#);
            assert_eq!(FlagsAnswer::read(&body).unwrap().is_on_for_group("f"), None, "{cut}");
        }
    }

    #[test]
    fn a_flag_is_stored_and_read_again() {
        let detail = r#"{"enabled":true,"variant":null,"reason":{"code":"c","description":"d"},"metadata":{"id":7,"version":3,"payload":"{","has_experiment":false}}"#;
        let flags = answered(detail).flags();
        let flag = &flags[0].1;
        let stored = r#"{"value":true,"payload":"{","id":7,"version":3,"hasExperiment":false,"reason":"d"}"#;
        assert_eq!(flag.stored().text(), stored);
        assert_eq!(Flag::read(flag.stored().value()).as_ref(), Some(flag));
        assert_eq!((flag.payload(), flag.has_experiment()), (None, Some(false)));
    }

    #[test]
    fn a_flag_that_is_off_has_no_payload() {
        let off = answered(r#"{"enabled":false,"metadata":{"payload":"1"}}"#).flags();
        assert_eq!((&off[0].1.value, &off[0].1.payload), (&FlagValue::Switch(false), &None));
        assert!(answered(r#"{"enabled":true,"failed":true}"#).flags().is_empty());
    }

    #[test]
    fn what_is_no_answer_is_none() {
        for body in ["", "<html>", "[]", r#"{"flags":[]}"#, r#"{"flags":null}"#] {
            assert_eq!(FlagsAnswer::read(body), None, "{body}");
        }
    }
}
