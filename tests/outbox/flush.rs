//! Flushing and shutting down.

use posthog_booking_tracker::outbox::{DropReason, Input, LockAnswer, MemoryStore, NewEvent, Outcome};

use crate::page::{DAY, Page, START, asking, open_gate, padding, parts, started};

#[test]
fn a_flush_settles_after_everything_is_confirmed() {
    let mut page = Page::fresh();
    page.capture("slot_selected");
    page.input(Input::FlushRequested);
    let send = page.sent();
    assert_eq!(page.settled, 0);
    page.confirm(&send);
    assert_eq!(page.settled, 1);
    page.ends();
}

#[test]
fn a_flush_waits_for_what_does_not_fit_into_one_body() {
    let mut page = Page::fresh();
    for _ in 0..4 {
        page.capture_with("booking_failed", &padding(25_000));
    }
    page.input(Input::FlushRequested);
    let mut requests = 0;
    while let Some(send) = page.sends.pop_front() {
        assert_eq!(page.settled, 0);
        page.confirm(&send);
        requests += 1;
    }
    assert_eq!((requests, page.settled, page.stats().confirmed), (3, 1, 4));
    page.ends();
}

#[test]
fn a_flush_settles_after_a_failure_and_keeps_the_records() {
    for failure in [Outcome::of(503, "", ""), Outcome::of(401, "", "")] {
        let mut page = Page::fresh();
        page.capture("slot_selected");
        page.input(Input::FlushRequested);
        let send = page.sent();
        page.finish(&send, failure);
        assert_eq!((page.settled, page.stored().len()), (1, 1));
        page.ends();
    }
}

#[test]
fn a_flush_settles_where_the_key_is_refused_while_the_lock_is_on_its_way() {
    for answer in [None, Some(LockAnswer::Granted)] {
        let mut page = Page::made(open_gate(), MemoryStore::default(), START);
        page.lock = None;
        page.input(started());
        page.capture("booking_failed");
        page.input(Input::FlushRequested);
        let send = page.sent();
        if let Some(answer) = answer {
            page.input(Input::LockAnswered(answer));
        }
        page.finish(&send, Outcome::of(401, "", ""));
        assert_eq!((page.settled, page.stored().len()), (1, 1), "nothing goes on after this, whoever has the lock");
        page.ends();
    }
}

/// A page with an event that waits, which is refused the lock.
fn refused() -> Page {
    let mut page = Page::made(open_gate(), MemoryStore::default(), START);
    page.lock = Some(LockAnswer::Refused);
    page.input(started());
    page.capture("slot_selected");
    page.freeze(5_000);
    page
}

#[test]
fn a_lock_that_is_refused_for_a_moment_is_no_end_of_a_flush() {
    for last in [Input::FlushRequested, Input::ShutDown] {
        let mut page = refused();
        page.input(last);
        assert_eq!(page.settled, 0, "it was another page's, or this one's own and just let go");
        page.sends_nothing();
        page.lock = Some(LockAnswer::Granted);
        page.sleep(1_000);
        let send = page.sent();
        page.confirm(&send);
        assert_eq!(page.settled, 1);
        page.ends();
    }
}

#[test]
fn a_flush_does_not_wait_longer_for_a_lock_than_anything_else() {
    let mut page = refused();
    page.input(Input::FlushRequested);
    page.sleep(14_000);
    let send = page.sent();
    page.confirm(&send);
    assert_eq!(page.settled, 1);
    page.ends();
}

#[test]
fn a_flush_with_nothing_to_send_settles_at_once() {
    let mut page = Page::fresh();
    page.input(Input::FlushRequested);
    assert_eq!(page.settled, 1);
    page.ends();

    let mut page = Page::open(asking(), MemoryStore::default(), START);
    page.capture_for("1", "booking_completed");
    page.input(Input::FlushRequested);
    assert_eq!(page.settled, 1, "what the gate holds cannot be sent now");
    page.ends();
}

#[test]
fn a_flush_ends_a_backoff() {
    let mut page = Page::fresh();
    page.capture("booking_completed");
    let send = page.sent();
    page.finish(&send, Outcome::of(503, "", ""));
    page.input(Input::FlushRequested);
    let send = page.sent();
    page.confirm(&send);
    assert_eq!(page.settled, 1);
    page.ends();
}

#[test]
fn a_flush_settles_when_its_request_times_out() {
    let mut page = Page::fresh();
    page.capture("slot_selected");
    page.input(Input::FlushRequested);
    page.sent();
    page.sleep(10_000);
    assert_eq!((page.settled, page.aborted.len()), (1, 1));
    page.ends();
}

#[test]
fn a_page_that_is_shut_down_sends_what_it_has_and_takes_nothing_more() {
    let mut page = Page::fresh();
    page.capture("slot_selected");
    page.input(Input::ShutDown);
    let send = page.sent();
    assert_eq!(send.body.names(), ["slot_selected"]);
    page.capture("booking_completed");
    assert_eq!(page.stats().dropped(DropReason::ShutDown), 1);
    assert_eq!(page.stored(), ["slot_selected"]);
    page.confirm(&send);
    assert_eq!((page.settled, page.wake), (1, None));
    page.ends();
}

#[test]
fn a_page_that_is_shut_down_never_wakes_again_whatever_became_of_its_request() {
    let mut page = Page::fresh();
    page.capture("slot_selected");
    page.input(Input::ShutDown);
    let send = page.sent();
    page.finish(&send, Outcome::of(503, "", ""));
    assert_eq!((page.settled, page.wake), (1, None));
    let alarms = page.alarms;
    // Far beyond any backoff.
    page.freeze(3_600_000);
    page.capture("date_changed");
    page.input(Input::Online);
    assert_eq!((page.settled, page.alarms), (1, alarms));
    assert_eq!(page.stored(), ["slot_selected"]);
    page.ends();

    let mut next = page.later(open_gate());
    assert_eq!(next.sent().body.names(), ["slot_selected"]);
    next.ends();
}

#[test]
fn a_purge_gives_everything_up_what_is_under_way_included() {
    let mut page = Page::fresh();
    page.capture("booking_completed");
    let send = page.sent();
    page.capture("slot_selected");
    page.input(Input::Purged);
    assert_eq!(page.aborted, [send.request]);
    assert!(page.records().is_empty(), "{:?}", page.records());
    assert_eq!((page.stats().dropped(DropReason::Purged), page.stats().waiting), (2, 0));
    page.confirm(&send);
    page.input(Input::Mirrored(Vec::new()));
    page.sleep(60_000);
    page.sends_nothing();

    page.capture("booking_failed");
    assert_eq!(page.sent().body.names(), ["booking_failed"], "the next visitor's events are another matter");
    page.ends();
}

#[test]
fn what_the_mirror_was_read_for_before_a_purge_is_not_adopted_after_it() {
    let mut earlier = Page::open(open_gate(), MemoryStore::default(), START - DAY);
    earlier.capture("booking_completed");
    let (key, value) = earlier.records().remove(0);
    let mut page = Page::fresh();
    page.input(Input::Purged);
    page.input(Input::Mirrored(vec![(key, value)]));
    page.sleep(60_000);
    page.sends_nothing();
    assert_eq!(page.stats().adopted, 0);
    page.ends();
}

#[test]
fn an_event_that_is_wanted_at_once_goes_at_once() {
    let mut page = Page::fresh();
    let event = page.event("slot_selected", "{}", None);
    page.input(Input::Captured(NewEvent { must_send: true, ..event }));
    let send = page.sent();
    assert_eq!(send.body.names(), ["slot_selected"]);
    assert!(send.keepalive, "and outlives its page like any other must-send event");
    let (_, value) = page.records().remove(0);
    assert_eq!(parts(&value)[0], "sm", "and is one for whoever finds it");
    page.ends();
}
