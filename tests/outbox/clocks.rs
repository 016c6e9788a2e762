//! Clocks that jump, timers that are late, and a laptop that has slept for a day.

use posthog_booking_tracker::outbox::{Input, LockAnswer, RECORD_AGE_MAX_MS};

use crate::page::{DAY, Page, START, TEAM, open_gate, started};

#[test]
fn a_wall_clock_that_jumps_ahead_by_a_year_expires_nothing_that_this_page_holds() {
    let mut page = Page::fresh();
    page.capture("slot_selected");
    page.wall += 365 * DAY;
    page.capture("booking_completed");
    let send = page.sent();
    assert_eq!(send.body.names(), ["slot_selected", "booking_completed"]);
    page.confirm(&send);
    assert_eq!(page.stats().dropped_total(), 0);
    page.ends();
}

#[test]
fn a_wall_clock_that_jumps_back_keeps_order_and_delivery() {
    let mut page = Page::fresh();
    page.capture("slot_selected");
    page.wall -= 30 * DAY;
    page.capture("date_changed");
    page.sleep(10_000);
    let send = page.sent();
    assert_eq!(send.body.names().len(), 2);
    assert_eq!(send.body.texts("timestamp")[0], "2025-12-03T03:04:05.678Z", "the time that the device believes in");
    page.confirm(&send);
    page.ends();
}

#[test]
fn a_record_from_a_clock_that_was_ahead_is_adopted_all_the_same() {
    let mut ahead = Page::open(open_gate(), Default::default(), START + 3 * DAY);
    ahead.capture("booking_completed");
    let mut page = Page::open(open_gate(), ahead.store().clone(), START);
    let send = page.sent();
    assert_eq!(send.body.names(), ["booking_completed"]);
    page.confirm(&send);
    page.ends();
}

#[test]
fn a_laptop_that_slept_for_a_day_gives_up_its_request_and_sends_again() {
    let mut page = Page::fresh();
    page.capture("booking_completed");
    let first = page.sent();
    page.freeze(DAY);
    page.wake();
    assert_eq!(page.aborted, [first.request]);
    let second = page.sent_after(0..=1_200);
    assert_eq!(second.body.uuids(), first.body.uuids());
    page.confirm(&second);
    assert!(page.records().is_empty());
    page.ends();
}

#[test]
fn a_lock_that_was_granted_a_day_ago_is_used_when_the_page_wakes() {
    let mut earlier = Page::open(open_gate(), Default::default(), START - 5_000);
    earlier.capture("booking_completed");
    let mut page = Page::made(open_gate(), earlier.store().clone(), START);
    page.lock = None;
    page.input(started());
    page.gate_says(TEAM, Some(true));
    page.input(Input::LockAnswered(LockAnswer::Granted));
    page.freeze(DAY);
    page.wake();
    let send = page.sent();
    assert_eq!(send.body.names(), ["booking_completed"]);
    page.confirm(&send);
    page.ends();
}

#[test]
fn timers_that_go_off_once_a_minute_delay_and_lose_nothing() {
    let mut page = Page::fresh();
    page.capture("slot_selected");
    let mut minutes = 0;
    while !page.records().is_empty() {
        page.freeze(60_000);
        page.wake();
        minutes += 1;
        assert!(minutes < 10, "nothing is delivered");
        for send in std::mem::take(&mut page.sends) {
            page.confirm(&send);
        }
    }
    assert_eq!(page.stats().confirmed, 1);
    page.ends();
}

#[test]
fn a_page_that_wakes_after_a_week_still_delivers_its_own() {
    let mut page = Page::fresh();
    page.capture("slot_selected");
    page.freeze(RECORD_AGE_MAX_MS + 1);
    page.wake();
    let send = page.sent();
    page.confirm(&send);
    assert_eq!(page.stats().confirmed, 1);
    page.ends();
}
