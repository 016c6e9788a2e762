//! Events as PostHog takes them: what the page says of one, and who it is about. PostHog's capture server reads name, uuid,
//! distinct id, timestamp, `$set` and `$set_once` at the root, everything else among the properties.

use super::address::{PageAddress, QUERY_KEYS};
use super::iso_time::iso_time;
use super::json::{Object, Value, layered, object};
use crate::outbox::Wall;

/// How an event differs from others, as its caller says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaptureOptions {
    /// When it happened, ISO 8601 in UTC with a year of four digits; `None` for when it is captured.
    pub timestamp: Option<String>,
    /// Who it is about, if not the visitor.
    pub distinct_id: Option<String>,
    /// Properties of the person that are set.
    pub set: Option<Object>,
    /// Properties of the person that are set where they have no value.
    pub set_once: Option<Object>,
    /// Groups that it belongs to beside the visitor's, key by type.
    pub groups: Object,
    /// Whether PostHog should not look up where it comes from.
    pub disable_geoip: bool,
    /// Whether it goes at once, as a completed booking does.
    pub send_instantly: bool,
}

/// An event that has happened, before it is known who it is about.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Draft {
    /// What it is called.
    pub name: String,
    /// What its caller says of it, cleaned.
    pub properties: Object,
    /// How it differs from others.
    pub options: CaptureOptions,
    /// What identifies it.
    pub uuid: String,
    /// When it was captured.
    pub captured: Wall,
    /// As which of its page.
    pub sequence: u64,
    /// The team that it names, or its page; empty, where there is none.
    pub team: String,
    /// Where the page was.
    pub address: PageAddress,
    /// Whether PostHog wants as few properties of it as possible.
    pub is_minimal: bool,
}

/// Who an event is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Who {
    /// The id of the person.
    pub distinct_id: String,
    /// What stands for the browser, whoever uses it.
    pub device_id: String,
    /// Whether the person is known.
    pub is_identified: bool,
    /// Whether PostHog keeps a profile of the person.
    pub has_profile: bool,
    /// The groups that the person belongs to, key by type.
    pub groups: Object,
    /// The session in which it happened.
    pub session_id: String,
    /// The window in which it happened.
    pub window_id: String,
}

/// An event with everything that is sent of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    /// What it is called.
    pub name: String,
    /// What identifies it.
    pub uuid: String,
    /// Who it is about.
    pub distinct_id: String,
    /// ISO 8601 in UTC.
    pub timestamp: String,
    /// What is said of it.
    pub properties: Object,
    /// Properties of the person that are set.
    pub set: Option<Object>,
    /// Properties of the person that are set where they have no value.
    pub set_once: Option<Object>,
}

/// What sends the events, by PostHog's names.
#[must_use]
pub fn library() -> Object {
    let mut library = Object::default();
    library.set_text("$lib", "posthog-booking-tracker");
    library.set_text("$lib_version", env!("CARGO_PKG_VERSION"));
    library
}

/// What is said of the visitor wherever one of its events has happened: environment, super properties, flags.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// What the browser says of itself.
    pub environment: &'a Object,
    /// What lies under the properties of the event, each over those before.
    pub registered: &'a [&'a Object],
    /// The project's key.
    pub api_key: &'a str,
}

impl Event {
    /// Makes the event of a draft: what is registered lies under what its caller says, and who it is about over it.
    #[must_use]
    pub fn compose(draft: &Draft, who: &Who, surroundings: Surroundings<'_>) -> Self {
        let address = draft.address.properties();
        let groups = groups_of(draft, who);
        let mut layers = vec![surroundings.environment, &address];
        layers.extend(surroundings.registered);
        layers.push(&draft.properties);
        let mut properties = layered(&layers, &|name| !draft.is_minimal || is_in_minimal(name));
        if groups.is_empty() {
            properties.remove("$groups");
        } else {
            properties.set_object("$groups", &groups);
        }
        if draft.options.disable_geoip {
            properties.set_boolean("$geoip_disable", true);
        }
        own(&mut properties, who, surroundings.api_key, draft.is_minimal);
        Self {
            name: draft.name.clone(),
            uuid: draft.uuid.clone(),
            distinct_id: who.distinct_id.clone(),
            timestamp: draft.options.timestamp.clone().unwrap_or_else(|| iso_time(draft.captured)),
            properties,
            set: draft.options.set.clone(),
            set_once: draft.options.set_once.clone(),
        }
    }

    /// The event without what it says of the feature flags that the visitor has.
    #[must_use]
    pub fn without_flags(&self) -> Self {
        let properties = layered(&[&self.properties], &|name| !is_of_flag(name));
        Self { properties, ..self.clone() }
    }

    /// The text of the event, as it is sent.
    #[must_use]
    pub fn text(&self) -> String {
        object(&mut |event| {
            event.text("event", &self.name);
            event.text("uuid", &self.uuid);
            event.text("distinct_id", &self.distinct_id);
            event.text("timestamp", &self.timestamp);
            event.kept("properties", &self.properties);
            for (name, object) in [("$set", &self.set), ("$set_once", &self.set_once)] {
                if let Some(object) = object {
                    event.kept(name, object);
                }
            }
        })
    }
}

/// Whether a property says what a feature flag is.
fn is_of_flag(name: Value<'_>) -> bool {
    name.text().is_some_and(|name| name.starts_with("$feature/") || name == "$active_feature_flags")
}

/// Says in the properties what only the tracker may say, or one event could claim to be somebody else's.
pub fn own(properties: &mut Object, who: &Who, api_key: &str, is_minimal: bool) {
    let mut owned = Object::default();
    owned.set_text("token", api_key);
    owned.set_text("distinct_id", &who.distinct_id);
    owned.merge(&library());
    owned.set_text("$session_id", &who.session_id);
    owned.set_text("$window_id", &who.window_id);
    owned.set_boolean("$process_person_profile", who.has_profile);
    properties.remove("$user_id");
    if !is_minimal {
        owned.set_text("$device_id", &who.device_id);
        owned.set_boolean("$is_identified", who.is_identified);
        if who.is_identified {
            owned.set_text("$user_id", &who.distinct_id);
        }
    }
    properties.merge(&owned);
}

/// The groups of the visitor, of the caller's properties and of its options, in this order.
fn groups_of(draft: &Draft, who: &Who) -> Object {
    let mut groups = who.groups.clone();
    // The visitor belongs to the team of the page; the event may be about another one.
    if !draft.team.is_empty() && groups.get("team").is_some() {
        groups.set_text("team", &draft.team);
    }
    if let Some(given) = draft.properties.get("$groups").and_then(Object::of) {
        groups.merge(&given);
    }
    groups.merge(&draft.options.groups);
    groups
}

/// Whether PostHog wants a property of a minimal event: the list of its SDK specification, feature-flag-called-tracker, and the
/// campaign.
fn is_in_minimal(name: Value<'_>) -> bool {
    let Some(name) = name.text() else { return false };
    let Some(own) = name.strip_prefix('$') else { return QUERY_KEYS.contains(&&*name) };
    let names = ["used_bootstrap_value", "groups", "geoip_disable", "current_url", "pathname", "referring_domain"];
    names.contains(&own) || own.starts_with("feature_flag") || own.starts_with("lib")
}

/// Whether an event goes at once: a page is usually left right after it, or money depends on it.
///
/// # Example
/// ```
/// use posthog_booking_tracker::event::is_must_send;
/// assert!(is_must_send("booking_completed") && is_must_send("payment_succeeded"));
/// assert!(!is_must_send("booking_started"));
/// ```
#[must_use]
pub fn is_must_send(event: &str) -> bool {
    matches!(event, "booking_completed" | "booking_failed" | "$identify") || event.starts_with("payment_")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test states its expectations by failing")]

    use super::*;

    fn read(text: &str) -> Object {
        Object::read(text).unwrap()
    }

    fn who() -> Who {
        Who {
            distinct_id: "ada".into(),
            device_id: "d".into(),
            session_id: "s".into(),
            window_id: "w".into(),
            ..Who::default()
        }
    }

    fn composed(draft: &Draft, who: &Who) -> serde_json::Value {
        let registered = read(r#"{"plan":"free","a":"registered"}"#);
        let environment = read(r#"{"$os":"Linux","a":"environment"}"#);
        let surroundings = Surroundings { environment: &environment, registered: &[&registered], api_key: "phc_x" };
        serde_json::from_str(&Event::compose(draft, who, surroundings).text()).unwrap()
    }

    #[test]
    fn what_the_caller_says_lies_over_what_is_registered_and_under_what_the_tracker_owns() {
        let properties = read(r#"{"a":"caller","token":"x","$user_id":"x","$session_id":"x","$lib":"x"}"#);
        let draft = Draft { name: "e".into(), properties, ..Draft::default() };
        let event = composed(&draft, &who());
        let said = &event["properties"];
        assert_eq!((&said["a"], &said["plan"], &said["$os"]), (&"caller".into(), &"free".into(), &"Linux".into()));
        assert_eq!((&said["token"], &said["$session_id"]), (&"phc_x".into(), &"s".into()));
        assert_eq!(said.get("$user_id"), None);
        assert_eq!(said["$lib"], "posthog-booking-tracker");
        assert_eq!(event["timestamp"], "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn groups_come_from_visitor_team_properties_and_options() {
        let options = CaptureOptions { groups: read(r#"{"c":"3"}"#), ..CaptureOptions::default() };
        let properties = read(r#"{"$groups":{"b":"2","c":"2"}}"#);
        let draft = Draft { team: "42".into(), properties, options, ..Draft::default() };
        let who = Who { groups: read(r#"{"team":"7","a":"1"}"#), ..who() };
        let groups = &composed(&draft, &who)["properties"]["$groups"];
        assert_eq!(groups, &serde_json::json!({"team": "42", "a": "1", "b": "2", "c": "3"}));
        let none = composed(&Draft { properties: read(r#"{"$groups":{}}"#), ..Draft::default() }, &self::who());
        assert_eq!(none["properties"].get("$groups"), None);
    }

    #[test]
    fn a_minimal_event_says_what_the_specification_lists() {
        let properties = read(r#"{"$feature_flag":"f","utm_source":"s","other":1}"#);
        let draft = Draft { properties, is_minimal: true, ..Draft::default() };
        let event = composed(&draft, &who());
        let mut names: Vec<_> = event["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        let expected = [
            "$feature_flag",
            "$lib",
            "$lib_version",
            "$process_person_profile",
            "$referring_domain",
            "$session_id",
            "$window_id",
            "distinct_id",
            "token",
            "utm_source",
        ];
        assert_eq!(names, expected);
    }
}
