//! Sealing: from what a page knew to the event exactly as it is sent, once and for ever (DESIGN §3).

use super::config::EVENT_BYTES_MAX;
use super::identity::Identity;
use super::json::{self, JsonError, ObjectWriter};
use super::ledger::DropReason;
use super::record::Event;
use super::text::cut;

/// The value of `$lib` on every event.
pub const LIB: &str = "posthog-booking-tracker";

/// The value of `$lib_version` on every event.
pub const LIB_VERSION: &str = env!("CARGO_PKG_VERSION");

/// What PostHog writes where a visit has no referrer.
const DIRECT: &str = "$direct";

/// Properties that only the tracker sets; a caller's are left out, or one event could claim another identity.
const OWNED: [&str; 8] = [
    "token",
    "distinct_id",
    "$lib",
    "$lib_version",
    "$session_id",
    "$device_id",
    "$is_identified",
    "$process_person_profile",
];

/// Properties of the page, which a caller may override.
const PAGE: [&str; 5] = ["$current_url", "$host", "$pathname", "$referrer", "$referring_domain"];

/// What sealing adds to an event.
pub(super) struct Seal<'a> {
    pub(super) api_key: &'a str,
    pub(super) identity: &'a Identity,
    /// The session of the event, where the raw event does not name its own.
    pub(super) session_id: &'a str,
}

impl Seal<'_> {
    /// Writes the event as PostHog takes it (reference/wire.md §1.2, §4).
    ///
    /// # Errors
    /// The reason to drop it for: its properties are no JSON object, or it is over [`EVENT_BYTES_MAX`].
    pub(super) fn apply(&self, raw: &Event) -> Result<String, DropReason> {
        let distinct_id = if raw.distinct_id.is_empty() { &self.identity.distinct_id } else { &raw.distinct_id };
        let mut body = String::with_capacity(raw.object.len() + 768);
        let mut event = ObjectWriter::begin(&mut body);
        event.string("event", &raw.name);
        event.string("uuid", &raw.uuid);
        event.string("distinct_id", distinct_id);
        event.string("timestamp", &raw.timestamp);
        self.properties(event.value("properties"), raw, distinct_id).map_err(|_| DropReason::Invalid)?;
        event.end();
        if body.len() > EVENT_BYTES_MAX { Err(DropReason::TooLarge) } else { Ok(body) }
    }

    fn properties(&self, out: &mut String, raw: &Event, distinct_id: &str) -> Result<(), JsonError> {
        let mut properties = ObjectWriter::begin(out);
        let mut overridden = 0_u32;
        let mut valid = Ok(());
        json::members(&raw.object, &mut |name, value| {
            if OWNED.contains(&name) {
                return;
            }
            if let Some(place) = PAGE.iter().position(|own| *own == name) {
                overridden |= 1 << place;
            }
            valid = valid.and(json::copy(value, properties.value(name)));
        })?;
        let (device_id, identified) = if raw.device_id.is_empty() {
            (&self.identity.device_id, self.identity.identified && distinct_id == self.identity.distinct_id)
        } else {
            (&raw.device_id, raw.identified)
        };
        let session_id = if raw.session_id.is_empty() { self.session_id } else { &raw.session_id };
        properties.string("token", self.api_key);
        properties.string("distinct_id", distinct_id);
        properties.string("$lib", LIB);
        properties.string("$lib_version", LIB_VERSION);
        properties.string("$session_id", session_id);
        properties.string("$device_id", device_id);
        properties.boolean("$is_identified", identified);
        properties.boolean("$process_person_profile", identified || raw.name == "$identify");
        let (host, path) = host_and_path(&raw.url);
        let (mut referrer, mut referring_domain) = (DIRECT, DIRECT);
        if !raw.referrer.is_empty() {
            referrer = &raw.referrer;
            referring_domain = host_and_path(referrer).0;
        }
        for (place, value) in [&raw.url, host, path, referrer, referring_domain].into_iter().enumerate() {
            // Where the caller has named one, the caller knows better.
            if overridden & (1 << place) == 0 && !value.is_empty() {
                properties.string(PAGE[place], value);
            }
        }
        properties.end();
        valid
    }
}

/// Host (with a port that is not the default) and path of a reduced address.
fn host_and_path(url: &str) -> (&str, &str) {
    let address = cut(url, b'?').0;
    let Some(start) = address.bytes().position(|byte| byte == b'/').map(|slash| slash + 2) else {
        return ("", "");
    };
    let address = address.get(start..).unwrap_or_default();
    let host = cut(address, b'/').0;
    (host, &address[host.len()..])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test states its expectations by failing")]

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn raw(properties: &str) -> Event {
        Event {
            sealed: false,
            uuid: "0190b3a2-7c1e-7a3b-9f00-0123456789ab".to_owned(),
            timestamp: "2026-01-02T03:04:05.678Z".to_owned(),
            name: "booking_failed".to_owned(),
            team: Some("42".to_owned()),
            url: "https://book.example/ada?utm_source=mail".to_owned(),
            referrer: String::new(),
            distinct_id: String::new(),
            session_id: String::new(),
            device_id: String::new(),
            identified: false,
            object: properties.to_owned(),
        }
    }

    fn seal(raw: &Event, identified: bool) -> Result<Value, DropReason> {
        let identity = Identity { distinct_id: "person".to_owned(), device_id: "device".to_owned(), identified };
        let seal = Seal { api_key: "phc_demo", identity: &identity, session_id: "session" };
        seal.apply(raw).map(|body| serde_json::from_str(&body).unwrap())
    }

    #[test]
    fn an_event_carries_what_posthog_needs() {
        let sealed = seal(&raw(r#"{"eventTypeId":7,"error":"no host is free"}"#), false).unwrap();
        assert_eq!(
            sealed,
            json!({
                "event": "booking_failed",
                "uuid": "0190b3a2-7c1e-7a3b-9f00-0123456789ab",
                "distinct_id": "person",
                "timestamp": "2026-01-02T03:04:05.678Z",
                "properties": {
                    "eventTypeId": 7,
                    "error": "no host is free",
                    "token": "phc_demo",
                    "distinct_id": "person",
                    "$lib": "posthog-booking-tracker",
                    "$lib_version": LIB_VERSION,
                    "$session_id": "session",
                    "$device_id": "device",
                    "$is_identified": false,
                    "$process_person_profile": false,
                    "$current_url": "https://book.example/ada?utm_source=mail",
                    "$host": "book.example",
                    "$pathname": "/ada",
                    "$referrer": "$direct",
                    "$referring_domain": "$direct",
                },
            })
        );
    }

    #[test]
    fn a_caller_overrides_the_page_but_not_the_identity() {
        let properties = r#"{"distinct_id":"x","token":"y","$process_person_profile":true,"$lib":1,
            "$current_url":"https://a.example/b","$pathname":"/own","$set":{"plan":"pro"}}"#;
        let sealed = seal(&raw(properties), false).unwrap();
        let properties = &sealed["properties"];
        assert_eq!(properties["distinct_id"], "person");
        assert_eq!(properties["token"], "phc_demo");
        assert_eq!(properties["$process_person_profile"], false);
        assert_eq!(properties["$lib"], LIB);
        assert_eq!(properties["$current_url"], "https://a.example/b");
        assert_eq!(properties["$pathname"], "/own");
        assert_eq!(properties["$host"], "book.example");
        assert_eq!(properties["$set"], json!({"plan": "pro"}));
    }

    #[test]
    fn the_ids_of_a_raw_event_win_over_the_page_that_adopts_it() {
        let own = Event { distinct_id: "earlier".to_owned(), session_id: "visit".to_owned(), ..raw("{}") };
        let sealed = seal(&own, true).unwrap();
        assert_eq!(sealed["distinct_id"], "earlier");
        assert_eq!(sealed["properties"]["distinct_id"], "earlier");
        assert_eq!(sealed["properties"]["$session_id"], "visit");
        assert_eq!(sealed["properties"]["$process_person_profile"], false);
        assert_eq!(seal(&raw("{}"), true).unwrap()["properties"]["$process_person_profile"], true);
    }

    #[test]
    fn a_raw_event_that_names_its_device_is_sealed_alike_by_everybody() {
        let ids = Event { distinct_id: "earlier".to_owned(), device_id: "phone".to_owned(), ..raw("{}") };
        for identified in [true, false] {
            let own = Event { identified, ..ids.clone() };
            let sealed = seal(&own, !identified).unwrap();
            assert_eq!(sealed["properties"]["$device_id"], "phone");
            assert_eq!(sealed["properties"]["$is_identified"], identified);
            assert_eq!(sealed["properties"]["$process_person_profile"], identified);
        }
    }

    #[test]
    fn a_referrer_names_its_domain() {
        let referred = Event { referrer: "https://search.example/".to_owned(), ..raw("{}") };
        let sealed = seal(&referred, false).unwrap();
        assert_eq!(sealed["properties"]["$referrer"], "https://search.example/");
        assert_eq!(sealed["properties"]["$referring_domain"], "search.example");
    }

    #[test]
    fn addresses_are_split_into_host_and_path() {
        for (url, host, path) in [
            ("https://book.example:8443/ada/intro?utm_source=x", "book.example:8443", "/ada/intro"),
            ("http://localhost/", "localhost", "/"),
            ("https://[::1]:8080/x", "[::1]:8080", "/x"),
            ("", "", ""),
            ("x", "", ""),
            ("/", "", ""),
        ] {
            assert_eq!(host_and_path(url), (host, path), "{url}");
        }
    }

    #[test]
    fn what_cannot_be_sent_says_why() {
        for properties in ["", "[]", "null", "{\"a\":", "{} x"] {
            assert_eq!(seal(&raw(properties), false), Err(DropReason::Invalid), "{properties}");
        }
        let large = format!("{{\"a\":\"{}\"}}", "x".repeat(EVENT_BYTES_MAX));
        assert_eq!(seal(&raw(&large), false), Err(DropReason::TooLarge));
    }

    proptest! {
        #[test]
        fn prop_callers_properties_arrive_unchanged(map in prop::collection::btree_map("[a-zé$\"]{1,6}", ".{0,12}", 0..6)) {
            prop_assume!(!map.contains_key("token"));
            let sealed = seal(&raw(&serde_json::to_string(&map).unwrap()), false).unwrap();
            for (name, value) in map {
                prop_assert_eq!(sealed["properties"][&name].as_str(), Some(value.as_str()));
            }
        }
    }
}
