//! Capturing: stored before anything else, sent by one of two lanes.

use posthog_booking_tracker::outbox::{DropReason, Input, NewEvent, Notice};
use serde_json::Value;

use crate::base36::base36;
use crate::page::{PROJECT, Page, START, open_gate, own_key, parts, record_key, uuid};

#[test]
fn a_captured_event_is_stored_before_anything_is_drained() {
    let mut page = Page::fresh();
    let event = page.event("booking_completed", r#"{"uid":"b1"}"#, None);
    page.handle(Input::Captured(event));
    let records = page.records();
    assert_eq!(records.len(), 1, "stored when handle returns");
    let (key, value) = &records[0];

    let key_parts: Vec<&str> = key.split(':').collect();
    assert_eq!(key_parts[..5], ["phbt", "1", PROJECT, &base36(START), "0"]);
    assert_eq!(key, &own_key(START, 0, key_parts[5]));
    let [marks, team, event] = parts(value);
    assert_eq!((marks, team), ("sm", "42"));
    let event: Value = serde_json::from_str(event).unwrap();
    assert_eq!(event["uuid"], key_parts[5]);
    assert_eq!(event["timestamp"], "2026-01-02T03:04:05.678Z");
    assert_eq!(event["properties"]["uid"], "b1");

    page.drain();
    let (_, stored) = page.records().remove(0);
    let body = page.sent().body;
    assert_eq!(body.batch_text(), format!("[{}]}}", parts(&stored)[2]), "sent as it is stored");
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
fn an_event_whose_key_is_no_record_s_of_this_project_is_dropped_and_said() {
    let keys = [
        "phbt:1:x".to_owned(),
        own_key(START, 0, "a-damaged-uuid"),
        record_key("1", "another", START, 0, &uuid(1)),
        record_key("2", PROJECT, START, 0, &uuid(1)),
    ];
    for key in keys {
        let mut page = Page::fresh();
        let event = page.event("booking_completed", "{}", None);
        page.input(Input::Captured(NewEvent { key: key.clone(), ..event }));
        assert_eq!(page.stats().dropped(DropReason::Invalid), 1, "{key}");
        assert_eq!(page.notices, [(Notice::Dropped(DropReason::Invalid), "booking_completed".to_owned())]);
        assert!(page.outbox.store().entries.is_empty(), "{key}");
        page.sends_nothing();
        page.ends();
    }
}
