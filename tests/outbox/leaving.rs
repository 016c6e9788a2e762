//! Hiding, leaving and coming back.

use std::collections::HashMap;

use posthog_booking_tracker::outbox::{EXIT_BYTES_MAX, Input, Outcome};

use crate::page::{Body, Page, open_gate, padding};

#[test]
fn leaving_hands_over_what_no_keepalive_request_carries_and_keeps_it_stored() {
    let mut page = Page::fresh();
    page.capture("booking_completed");
    let send = page.sent();
    assert!(send.keepalive);
    page.capture("confirmation_viewed");
    page.capture("link_clicked");
    page.input(Input::Leaving);
    assert_eq!(page.exited().names(), ["confirmation_viewed", "link_clicked"]);
    page.sends_nothing();
    assert_eq!(page.stored(), ["booking_completed", "confirmation_viewed", "link_clicked"]);
    page.input(Input::Leaving);
    page.hands_nothing_over();
    page.ends();

    let mut next = page.later(open_gate());
    assert_eq!(next.sent().body.names(), ["booking_completed", "confirmation_viewed", "link_clicked"]);
    next.ends();
}

#[test]
fn leaving_with_nothing_to_say_says_nothing() {
    let mut page = Page::fresh();
    page.input(Input::Leaving);
    page.hands_nothing_over();
    assert_eq!(page.wake, None);
    page.ends();
}

#[test]
fn what_leaves_is_must_send_first_and_60000_bytes_at_most() {
    let mut page = Page::fresh();
    for _ in 0..3 {
        page.capture_with("form_changed", &padding(20_000));
    }
    page.capture_with("booking_completed", &padding(30_000));
    let send = page.sent();
    page.finish(&send, Outcome::Failed);
    page.input(Input::Leaving);
    let exit = page.exited();
    assert_eq!(exit.names(), ["form_changed", "booking_completed"], "chosen first, written in the order of capture");
    assert!(exit.text.len() <= EXIT_BYTES_MAX);
    assert_eq!(page.stored().len(), 4);
    page.ends();
}

#[test]
fn what_leaves_shares_its_bytes_with_unanswered_keepalive_requests() {
    let mut page = Page::fresh();
    page.capture_with("booking_completed", &padding(30_000));
    let send = page.sent();
    for _ in 0..3 {
        page.capture_with("form_changed", &padding(15_000));
    }
    page.input(Input::Leaving);
    let exit = page.exited();
    assert_eq!(exit.names(), ["form_changed"]);
    assert!(exit.text.len() + send.body.text.len() <= EXIT_BYTES_MAX);
    page.ends();
}

#[test]
fn what_a_request_carries_that_dies_with_the_page_leaves_once_more() {
    let mut page = Page::fresh();
    for _ in 0..3 {
        page.capture_with("form_changed", &padding(25_000));
    }
    let send = page.sent_after(10_000..=10_000);
    assert!(!send.keepalive);
    page.input(Input::Leaving);
    assert_eq!(page.exited().names(), ["form_changed", "form_changed"], "as far as it fits");
    assert_eq!(page.stored().len(), 3);
    page.ends();
}

#[test]
fn a_hidden_page_sends_and_leaving_it_repeats_nothing() {
    let mut page = Page::fresh();
    page.capture("slot_selected");
    page.input(Input::Hidden);
    let send = page.sent();
    assert_eq!(send.body.names(), ["slot_selected"]);
    assert!(send.keepalive);
    page.input(Input::Hidden);
    page.sends_nothing();
    page.input(Input::Leaving);
    page.hands_nothing_over();
    page.confirm(&send);
    assert_eq!(page.stats().confirmed, 1, "an answer that still comes counts");
    page.ends();
}

#[test]
fn a_hidden_page_sends_beside_a_request_and_in_the_middle_of_a_backoff() {
    let mut page = Page::fresh();
    page.capture("booking_completed");
    let first = page.sent();
    page.capture("confirmation_viewed");
    page.input(Input::Hidden);
    let second = page.sent();
    assert_eq!(second.body.names(), ["confirmation_viewed"], "only what is not under way");
    page.finish(&first, Outcome::of(503, "", ""));
    page.finish(&second, Outcome::of(503, "", ""));
    page.input(Input::Returned);
    page.sends_nothing();
    page.input(Input::Hidden);
    assert_eq!(page.sent().body.names(), ["booking_completed", "confirmation_viewed"]);
    page.ends();
}

#[test]
fn a_hidden_page_lives_on() {
    let mut page = Page::fresh();
    page.input(Input::Hidden);
    page.sends_nothing();
    page.capture("booking_completed");
    let send = page.sent();
    page.finish(&send, Outcome::of(503, "", ""));
    let send = page.sent_after(800..=1_200);
    page.confirm(&send);
    page.capture("slot_selected");
    page.sent_after(10_000..=10_000);
    page.ends();
}

#[test]
fn hiding_after_leaving_does_nothing() {
    let mut page = Page::fresh();
    page.capture("slot_selected");
    page.input(Input::Leaving);
    page.exited();
    page.input(Input::Hidden);
    page.sends_nothing();
    page.hands_nothing_over();
    page.ends();
}

#[test]
fn a_capture_after_leaving_goes_out_at_once_and_alone() {
    let mut page = Page::fresh();
    page.capture("slot_selected");
    page.input(Input::Leaving);
    page.exited();
    page.capture("page_left");
    assert_eq!(page.exited().names(), ["page_left"]);
    page.capture("booking_failed");
    assert_eq!(page.exited().names(), ["booking_failed"]);
    assert_eq!(page.stored(), ["slot_selected", "page_left", "booking_failed"]);
    page.sends_nothing();
    page.ends();
}

#[test]
fn a_keepalive_request_that_fails_while_its_page_is_torn_down_is_not_handed_over_again() {
    let mut page = Page::fresh();
    page.capture("booking_completed");
    let send = page.sent();
    page.input(Input::Leaving);
    page.finish(&send, Outcome::Failed);
    page.hands_nothing_over();
    page.capture("page_left");
    assert_eq!(page.exited().names(), ["page_left"]);
    assert_eq!(page.stored(), ["booking_completed", "page_left"], "and it is no confirmation either");
    page.ends();
}

#[test]
fn a_keepalive_request_that_fails_while_its_page_is_torn_down_is_no_failure() {
    let mut page = Page::fresh();
    page.capture("booking_completed");
    let send = page.sent();
    page.input(Input::Leaving);
    page.finish(&send, Outcome::Failed);
    page.freeze(100);
    page.input(Input::Returned);
    assert_eq!(page.sent().body.names(), ["booking_completed"]);
    page.ends();
}

#[test]
fn a_keepalive_request_that_is_refused_while_leaving_is_kept_for_the_return() {
    let mut page = Page::fresh();
    page.capture("booking_completed");
    let send = page.sent();
    page.input(Input::Leaving);
    page.finish(&send, Outcome::of(503, "", ""));
    page.sends_nothing();
    assert_eq!(page.wake, None, "a page that was left sends nothing by itself");
    page.freeze(5_000);
    page.input(Input::Returned);
    assert_eq!(page.sent().body.names(), ["booking_completed"]);
    page.ends();
}

#[test]
fn the_page_that_comes_back_sends_again_what_it_handed_over() {
    let mut page = Page::fresh();
    page.capture("slot_selected");
    page.input(Input::Leaving);
    let exit = page.exited();
    page.freeze(60_000);
    page.input(Input::Returned);
    let send = page.sent();
    assert_eq!(send.body.batch_text(), exit.batch_text());
    page.confirm(&send);
    assert_eq!(page.stats().confirmed, 1);
    page.input(Input::Leaving);
    page.hands_nothing_over();
    page.ends();
}

#[test]
fn requests_get_a_new_timeout_when_the_page_comes_back_from_the_cache() {
    let mut page = Page::fresh();
    page.capture("booking_completed");
    let send = page.sent();
    page.input(Input::Leaving);
    page.freeze(3_600_000);
    page.input(Input::Returned);
    assert!(page.aborted.is_empty());
    page.sleep(9_999);
    page.confirm(&send);
    assert_eq!(page.stats().confirmed, 1);
    page.ends();
}

#[test]
fn a_request_may_time_out_while_its_page_is_being_left() {
    let mut page = Page::fresh();
    page.capture("booking_completed");
    page.sent();
    page.input(Input::Leaving);
    page.freeze(10_000);
    page.input(Input::Woke);
    page.hands_nothing_over();
    assert_eq!(page.stored(), ["booking_completed"]);
    page.input(Input::Returned);
    page.sleep(2_000);
    assert_eq!(page.sent().body.names(), ["booking_completed"]);
    page.ends();
}

#[derive(Default)]
struct Wire(HashMap<String, usize>);

impl Wire {
    fn saw(&mut self, body: &Body) {
        for uuid in body.uuids() {
            *self.0.entry(uuid.to_owned()).or_default() += 1;
        }
    }

    fn most_copies(&self) -> usize {
        self.0.values().copied().max().unwrap()
    }
}

#[test]
fn without_a_fault_each_event_is_on_the_wire_once() {
    let mut wire = Wire::default();
    let mut page = Page::fresh();
    for name in ["booking_page_viewed", "slot_selected", "booking_completed", "confirmation_viewed"] {
        page.capture(name);
        page.freeze(900);
        while let Some(send) = page.sends.pop_front() {
            wire.saw(&send.body);
            page.confirm(&send);
        }
    }
    page.input(Input::Hidden);
    let send = page.sent();
    wire.saw(&send.body);
    page.input(Input::Leaving);
    page.hands_nothing_over();
    assert_eq!((wire.0.len(), wire.most_copies()), (4, 1));
    page.ends();
}

#[test]
fn what_is_captured_within_a_round_trip_of_leaving_has_two_copies_at_most() {
    let mut wire = Wire::default();
    let mut page = Page::fresh();
    page.capture("booking_completed");
    wire.saw(&page.sent().body);
    page.capture("confirmation_viewed");
    page.input(Input::Leaving);
    wire.saw(&page.exited());
    let mut next = page.later(open_gate());
    let send = next.sent();
    wire.saw(&send.body);
    next.confirm(&send);
    assert_eq!((wire.0.len(), wire.most_copies()), (2, 2));
    assert!(next.records().is_empty());
    page.ends();
    next.ends();
}

#[test]
fn a_large_request_that_the_page_was_left_with_has_two_copies_at_most() {
    let mut wire = Wire::default();
    let mut page = Page::fresh();
    for _ in 0..3 {
        page.capture_with("form_changed", &padding(25_000));
    }
    let first = page.sent_after(10_000..=10_000);
    wire.saw(&first.body);
    page.input(Input::Leaving);
    wire.saw(&page.exited());
    page.input(Input::Returned);
    page.confirm(&first);
    while let Some(send) = page.sends.pop_front() {
        wire.saw(&send.body);
        page.confirm(&send);
    }
    assert_eq!(page.stats().confirmed, 3);
    assert_eq!(wire.most_copies(), 2);
    page.ends();
}

#[test]
fn all_that_leaves_with_a_page_is_60000_bytes_at_most_however_many_bodies_it_takes() {
    let mut page = Page::fresh();
    page.input(Input::Leaving);
    for _ in 0..200 {
        page.capture("link_clicked");
        page.freeze(1);
    }
    let bytes: usize = page.exits.iter().map(|exit| exit.text.len()).sum();
    assert!(bytes <= EXIT_BYTES_MAX, "{bytes} bytes in {} bodies", page.exits.len());
    assert_eq!(page.stored().len(), 200);
    page.ends();
}
