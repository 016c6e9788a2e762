//! What a body is made of, and how large it may be.

use posthog_booking_tracker::outbox::{BATCH_EVENTS_MAX, EXIT_BYTES_MAX, Input, MemoryStore, Outcome, StoreError};

use crate::page::{Page, START, open_gate, padding};

#[test]
fn a_body_with_a_must_send_event_stays_small_enough_to_outlive_the_page() {
    let mut page = Page::fresh();
    for _ in 0..6 {
        page.capture_with("form_changed", &padding(20_000));
    }
    page.capture("booking_completed");
    let first = page.sent();
    assert!(first.keepalive && first.body.text.len() <= EXIT_BYTES_MAX);
    assert_eq!(first.body.names(), ["form_changed", "form_changed", "booking_completed"]);
    page.confirm(&first);
    let second = page.sent();
    assert_eq!(second.body.names(), ["form_changed"; 4], "the rest follows at once, without a must-send event in one");
    assert!(!second.keepalive);
    page.confirm(&second);
    assert_eq!(page.stats().confirmed, 7);
    page.ends();
}

#[test]
fn a_body_without_one_takes_more_and_does_not_outlive_the_page() {
    let mut page = Page::fresh();
    for _ in 0..6 {
        page.capture_with("form_changed", &padding(20_000));
    }
    let send = page.sent_after(10_000..=10_000);
    assert_eq!(send.body.events().len(), 6);
    assert!(!send.keepalive && send.body.text.len() > EXIT_BYTES_MAX);
    page.ends();
}

#[test]
fn a_body_that_has_to_outlive_the_page_has_room_for_what_the_edge_puts_around_its_events() {
    for spare in 0..=256 {
        let mut page = Page::fresh();
        let first = page.event("form_changed", &padding(29_000), None);
        let bare = page.event("booking_completed", &padding(0), None).body.len();
        let left = EXIT_BYTES_MAX - spare - first.body.len() - ",".len();
        let second = page.event("booking_completed", &padding(left - bare), None);
        page.input(Input::Captured(first));
        page.input(Input::Captured(second));
        let send = page.sent();
        assert!(send.keepalive, "and the harness measures the body");
        assert!(send.body.events().len() == 2 || spare <= 192, "{spare} bytes are enough");
        page.ends();
    }
}

#[test]
fn a_body_takes_500_events_and_500_kilobytes_at_most() {
    // In memory, where the bound on stored bytes (some 420 small events) is none.
    let in_memory = MemoryStore { write_error: Some(StoreError::Full), ..MemoryStore::default() };
    let mut page = Page::open(open_gate(), in_memory.clone(), START);
    page.capture("date_changed");
    let first = page.sent();
    for _ in 0..600 {
        page.freeze(1);
        page.capture("date_changed");
    }
    page.confirm(&first);
    assert_eq!(page.sent().body.events().len(), BATCH_EVENTS_MAX);
    page.ends();

    let mut page = Page::open(open_gate(), in_memory, START);
    page.capture("date_changed");
    let first = page.sent();
    for _ in 0..30 {
        page.freeze(1);
        page.capture_with("form_changed", &padding(30_000));
    }
    page.confirm(&first);
    let second = page.sent();
    assert_eq!(second.body.events().len(), 16, "16 of 30 kilobytes, and the harness measures the body");
    page.confirm(&second);
    assert_eq!(page.sent().body.events().len(), 14);
    page.ends();
}

#[test]
fn events_are_the_same_to_the_byte_on_each_attempt() {
    let mut page = Page::fresh();
    let properties = r#"{ "slot" : "09:30", "größe": 1.0e2, "deep": {"a":[1, 2]} }"#;
    page.capture_with("slot_selected", properties);
    page.freeze(3_000);
    page.capture("booking_failed");
    let first = page.sent();
    assert!(first.body.batch_text().contains(properties), "as the page has written them");
    page.freeze(500);
    page.finish(&first, Outcome::Failed);
    page.identify("ada");
    page.freeze(1_500);
    page.wake();
    let second = page.sent();
    assert_eq!(second.body.names(), ["slot_selected", "booking_failed", "$identify"]);
    let before = first.body.batch_text().trim_end_matches("]}");
    assert!(second.body.batch_text().starts_with(before), "not even the person who is known by now changes them");

    // The page that finds them tomorrow sends the same again.
    let mut later = page.later(open_gate());
    assert!(later.sent().body.batch_text().starts_with(before));
    page.ends();
    later.ends();
}
