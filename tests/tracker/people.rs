//! Who events are about.

use posthog_booking_tracker::outbox::{MemoryStore, Wall};
use posthog_booking_tracker::person::IdentityBootstrap;
use posthog_booking_tracker::tracker::{Call, Input, Moment, Person};

use super::page::{Page, START};

fn identify(id: &str) -> Call {
    Call::Identify { distinct_id: Some(id.into()), set: None, set_once: None }
}

fn reset() -> Call {
    Call::Reset { is_purge: false, is_new_device: false, bootstrap: IdentityBootstrap::default(), is_illegal: false }
}

#[test]
fn naming_the_visitor_tells_posthog_who_it_was_before() {
    let mut page = Page::open(MemoryStore::default(), |_| {});
    page.capture("payment_before");
    page.call(identify("ada"));
    page.capture("payment_after");
    assert_eq!(page.names(), ["payment_before", "$identify", "payment_after"]);
    let anonymous = page.sent[0]["distinct_id"].clone();
    assert_eq!(page.sent[1]["properties"]["$anon_distinct_id"], anonymous);
    assert_eq!((&page.sent[1]["distinct_id"], &page.sent[2]["distinct_id"]), (&"ada".into(), &"ada".into()));
}

#[test]
fn the_next_visitor_is_nobody_that_the_page_knows_and_has_no_profile() {
    let mut page = Page::open(MemoryStore::default(), |_| {});
    page.call(identify("ada"));
    page.call(reset());
    page.capture("payment_next");
    let next = page.sent.last().unwrap();
    assert_ne!(next["distinct_id"], "ada");
    assert_eq!(next["properties"]["$process_person_profile"], false);
}

#[test]
fn nothing_happens_while_nobody_sees_the_page() {
    let mut page = Page::unstarted(|_| {});
    page.tell(Input::Started { is_prerendering: true });
    page.call(identify("ada"));
    page.capture("payment_seen");
    assert!(page.sent.is_empty() && page.tracker.store().entries.is_empty());
    page.tell(Input::Activated);
    assert_eq!(page.names(), ["$identify", "payment_seen"]);
}

#[test]
fn what_the_visitor_has_not_agreed_to_yet_is_done_when_it_does_as_what_happened_then() {
    let mut page = Page::open(MemoryStore::default(), |options| options.requires_consent = true);
    page.call(identify("ada"));
    page.capture("payment_held");
    let held_at = page.now_ms;
    page.pass(60_000);
    assert!(page.sent.is_empty() && page.tracker.store().entries.is_empty());
    page.call(Call::Answer { is_granted: true });
    assert_eq!(page.names(), ["$identify", "payment_held"]);
    assert_eq!(held_at, 0);
    assert!(page.sent[1]["timestamp"].as_str().unwrap().starts_with("2026-01-02T03:04:05"));
}

#[test]
fn a_call_that_was_made_before_there_was_a_tracker_names_the_visitor_of_then() {
    let stored = r#"{"distinct_id":"eve","device_id":"d","identified":true}"#;
    let entries = [("phbt:identity:1plaeh8".to_owned(), stored.to_owned())].into();
    let mut page = Page::open(MemoryStore { entries, ..MemoryStore::default() }, |_| {});
    let then = Moment {
        captured: Wall(START - 1_000),
        uuid: Some("019b7c8b-1e2e-7a3b-9f00-0123456789ab".into()),
        person: Some(Person { distinct_id: "d".into(), device_id: "d".into(), is_identified: false }),
        ..Moment::default()
    };
    page.call_then(identify("ada"), then);
    assert_eq!(page.names(), ["$identify"]);
    assert_eq!(
        (&page.sent[0]["distinct_id"], &page.sent[0]["uuid"]),
        (&"ada".into(), &"019b7c8b-1e2e-7a3b-9f00-0123456789ab".into())
    );
    assert_eq!(page.sent[0]["properties"]["$anon_distinct_id"], "d");
    page.capture("payment_after");
    assert_eq!(page.sent[1]["distinct_id"], "ada");
}
