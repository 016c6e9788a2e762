//! Capturing: stored before anything else, sent by one of two lanes.

use posthog_booking_tracker::engine::{DropReason, Input, NewEvent, project_hash};
use serde_json::Value;

use crate::page::{API_KEY, Page, START, base36, open_gate, own_key};

#[test]
fn a_captured_event_is_stored_before_anything_is_drained() {
    let mut page = Page::fresh();
    let event = page.event("booking_completed", r#"{"uid":"b1"}"#, None);
    page.handle(Input::Captured(event));
    let records = page.records();
    assert_eq!(records.len(), 1, "stored when handle returns");
    let (key, value) = &records[0];

    let parts: Vec<&str> = key.split(':').collect();
    let hash = base36(project_hash(API_KEY).into());
    assert_eq!(parts[..5], ["phbt", "1", &hash, &base36(START), "0"]);
    let value: Value = serde_json::from_str(value).unwrap();
    assert_eq!(value["stage"], "sealed");
    assert_eq!(value["team"], "42");
    assert_eq!(value["body"]["uuid"], parts[5]);
    assert_eq!(value["body"]["timestamp"], "2026-01-02T03:04:05.678Z");
    assert_eq!(value["body"]["properties"]["uid"], "b1");
    assert_eq!(key, &own_key(START, 0, parts[5]));

    page.drain();
    let stored = page.records().remove(0).1;
    let body = page.sent().body;
    assert!(stored.contains(body.batch_text().trim_start_matches('[').trim_end_matches("]}")), "sent as it is stored");
    page.ends();
}

#[test]
fn must_send_events_go_in_the_same_tick_and_take_everything_along_in_order() {
    for name in ["booking_completed", "booking_failed", "payment_processed", "payment_failed", "payment_"] {
        let mut page = Page::fresh();
        page.capture("booking_page_viewed");
        page.freeze(700);
        page.capture("slot_selected");
        page.sends_nothing();
        page.freeze(700);
        page.capture(name);
        let send = page.sent();
        assert_eq!(send.body.names(), ["booking_page_viewed", "slot_selected", name]);
        assert!(send.keepalive);
        page.ends();
    }
}

#[test]
fn identifying_goes_in_the_same_tick_too() {
    let mut page = Page::fresh();
    page.capture("slot_selected");
    page.identify("ada");
    let send = page.sent();
    assert_eq!(send.body.names(), ["slot_selected", "$identify"]);
    assert!(send.keepalive);
    page.ends();
}

#[test]
fn other_events_wait_for_the_flush_interval() {
    let mut page = Page::fresh();
    page.capture("booking_page_viewed");
    page.freeze(4_000);
    page.capture("booking_completed_later");
    let send = page.sent_after(6_000..=6_000);
    assert_eq!(send.body.names(), ["booking_page_viewed", "booking_completed_later"]);
    page.confirm(&send);
    assert_eq!(page.wake, None, "nothing waits, so nobody is woken");
    page.ends();
}

#[test]
fn the_twentieth_event_does_not_wait() {
    let mut page = Page::fresh();
    for _ in 1..open_gate().flush_at {
        page.capture("date_changed");
        page.freeze(10);
    }
    page.sends_nothing();
    page.capture("date_changed");
    assert_eq!(page.sent().body.events().len(), 20);
    page.ends();
}

#[test]
fn one_request_at_a_time_and_the_next_takes_what_came_meanwhile() {
    let mut page = Page::fresh();
    page.capture("booking_completed");
    let first = page.sent();
    page.capture("payment_processed");
    page.capture("confirmation_viewed");
    page.sends_nothing();
    page.freeze(300);
    page.confirm(&first);
    let second = page.sent();
    assert_eq!(second.body.names(), ["payment_processed", "confirmation_viewed"]);
    assert!(second.request > first.request);
    page.confirm(&second);
    assert_eq!(page.stats().confirmed, 3);
    page.ends();
}

#[test]
fn a_request_that_is_answered_takes_along_no_later_event_before_its_time() {
    let mut page = Page::fresh();
    page.capture("booking_completed");
    let first = page.sent();
    page.capture("confirmation_viewed");
    page.freeze(300);
    page.confirm(&first);
    assert_eq!(page.sent_after(9_700..=9_700).body.names(), ["confirmation_viewed"]);
    page.ends();
}

#[test]
fn an_event_without_a_name_or_with_broken_properties_is_dropped_and_said() {
    let mut page = Page::fresh();
    page.capture("  ");
    page.capture_with("slot_selected", r#"{"a":1"#);
    let event = page.event("slot_selected", "{}", None);
    page.input(Input::Captured(NewEvent { key: "phbt:1:x".to_owned(), ..event }));
    assert_eq!(page.stats().dropped(DropReason::Invalid), 3);
    assert!(page.records().is_empty());
    page.ends();
}
