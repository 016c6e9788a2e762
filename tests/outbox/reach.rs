//! A server that refuses one event or all of them, and an origin from which nothing ever arrives.

use posthog_booking_tracker::outbox::{DropReason, Input, MemoryStore, Notice, Outcome, UNREACHED_RECORDS_MAX};

use crate::page::{OK, Page, START, Send, open_gate};

/// Refuses this request by 403.
fn forbid(page: &mut Page, send: &Send) {
    page.finish(send, Outcome::of(403, "", "<html>blocked"));
}

/// Answers every request of a page until nothing is due, by 403 where it carries the poison; the names that passed.
fn play_beside_poison(page: &mut Page) -> Vec<String> {
    let mut received = Vec::new();
    let mut alone = 0;
    for _ in 0..40 {
        let Some(send) = page.sends.pop_front() else {
            let Some(wake) = page.wake else { break };
            page.sleep(wake - page.clock);
            continue;
        };
        let names = send.body.names();
        if names.contains(&"poison") {
            alone += usize::from(names.len() == 1);
            forbid(page, &send);
        } else {
            received.extend(names.into_iter().map(str::to_owned));
            page.confirm(&send);
        }
    }
    assert_eq!(alone, 1, "a page sends it alone once");
    received.sort();
    received
}

#[test]
fn what_is_forbidden_alone_waits_for_later_pages_and_is_dropped_on_the_third_on_which_others_pass() {
    let mut page = Page::fresh();
    for name in ["date_changed", "poison", "slot_selected", "date_changed", "slot_selected", "booking_completed"] {
        page.capture(name);
    }
    let received = play_beside_poison(&mut page);
    assert_eq!(received, ["booking_completed", "date_changed", "date_changed", "slot_selected", "slot_selected"]);
    for others in [1, 0, 1] {
        assert_eq!(page.stored(), ["poison"]);
        assert_eq!(page.stats().dropped_total(), 0);
        let mut next = page.later(open_gate());
        page.ends();
        for _ in 0..others {
            next.capture("slot_selected");
        }
        assert_eq!(play_beside_poison(&mut next).len(), others);
        page = next;
    }
    assert_eq!(page.stats().dropped(DropReason::Forbidden), 1, "a page on which nothing else passes does not count");
    assert!(page.records().is_empty());
    page.ends();
}

#[test]
fn two_different_events_that_are_forbidden_alone_stop_the_page_and_stay() {
    let mut page = Page::fresh();
    page.capture("booking_completed");
    let first = page.sent();
    page.capture("booking_failed");
    forbid(&mut page, &first);
    let second = page.sent_after(800..=1_200);
    assert_eq!(second.body.names(), ["booking_failed"]);
    forbid(&mut page, &second);
    assert_eq!(page.wake, None);
    assert_eq!(page.notice_count(Notice::Unauthorised), 1);
    assert_eq!(page.stored(), ["booking_completed", "booking_failed"]);
    page.input(Input::Leaving);
    page.hands_nothing_over();

    let mut next = page.later(open_gate());
    let send = next.sent();
    next.confirm(&send);
    assert!(next.records().is_empty());
    page.ends();
    next.ends();
}

#[test]
fn an_only_event_that_is_forbidden_is_not_sent_again_by_its_page_but_by_the_next() {
    let mut page = Page::fresh();
    page.capture("booking_completed");
    let first = page.sent();
    forbid(&mut page, &first);
    assert_eq!(page.wake, None);
    for input in [Input::FlushRequested, Input::Hidden, Input::Returned, Input::Online, Input::Leaving] {
        page.input(input);
        page.sends_nothing();
        page.hands_nothing_over();
    }
    let mut next = page.later(open_gate());
    let second = next.sent();
    next.confirm(&second);
    assert_eq!((page.stats().dropped_total(), next.stats().dropped_total()), (0, 0));
    page.ends();
    next.ends();
}

/// Visits that end in vain, each over what the one before has left.
fn vain_visits(count: usize) -> MemoryStore {
    let mut store = MemoryStore::default();
    for visit in 0..count {
        let mut page = Page::open(open_gate(), store, START + visit as u64 * 1_000_000);
        page.capture("booking_completed");
        let send = page.sent();
        page.finish(&send, Outcome::Failed);
        store = page.store().clone();
    }
    store
}

#[test]
fn after_three_pages_in_vain_a_page_makes_one_attempt_and_keeps_a_hundred_records() {
    let mut page = Page::open(open_gate(), vain_visits(3), START + 3_000_000);
    let send = page.sent();
    assert_eq!(send.body.events().len(), 3);
    page.finish(&send, Outcome::Failed);
    assert_eq!(page.wake, None, "one attempt");
    for _ in 0..UNREACHED_RECORDS_MAX {
        page.capture("slot_selected");
    }
    page.sends_nothing();
    page.input(Input::Leaving);
    page.hands_nothing_over();
    assert_eq!(page.records().len(), UNREACHED_RECORDS_MAX);
    assert_eq!(page.stats().dropped(DropReason::Evicted), 3);
    assert_eq!(page.stored().iter().filter(|name| *name == "booking_completed").count(), 3, "must-send stays");

    page.input(Input::Returned);
    page.input(Input::Online);
    while let Some(send) = page.sends.pop_front() {
        page.confirm(&send);
    }
    assert!(page.records().is_empty());
    page.ends();
}

#[test]
fn one_confirmation_ends_the_doubt_for_good() {
    let mut page = Page::open(open_gate(), vain_visits(3), START + 3_000_000);
    let send = page.sent();
    page.confirm(&send);
    assert_eq!(page.noun("reach").as_deref(), Some("ok"));
    for _ in 0..4 {
        page = page.later(open_gate());
        page.capture("booking_completed");
        let send = page.sent();
        page.finish(&send, Outcome::Failed);
        assert!(page.wake.is_some());
    }
    page.ends();
}

#[test]
fn two_pages_in_vain_are_no_reason_and_an_answer_is_never_in_vain() {
    let mut page = Page::open(open_gate(), vain_visits(2), START + 3_000_000);
    let send = page.sent();
    page.finish(&send, Outcome::Failed);
    assert!(page.wake.is_some());

    let mut busy = Page::fresh();
    busy.capture("booking_completed");
    let send = busy.sent();
    busy.finish(&send, Outcome::of(503, "", OK));
    assert_eq!(busy.noun("reach"), None);
    page.ends();
    busy.ends();
}
