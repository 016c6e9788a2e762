//! Who events are about.

use posthog_booking_tracker::outbox::MemoryStore;
use posthog_booking_tracker::person::IdentityBootstrap;
use posthog_booking_tracker::tracker::{Call, Input};

use super::page::Page;

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
