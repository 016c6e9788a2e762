//! Taking turns: the drain lock, what goes without it, and what other pages left.

use posthog_booking_tracker::outbox::{
    ADOPTION_AGE_MIN_MS, FRESH_AGE_MAX_MS, Input, LOCK_PATIENCE_MS, LOCK_RETRY_MS, LOCK_SETTLE_MS, LockAnswer,
    MemoryStore, Outcome,
};

use crate::page::{Page, START, TEAM, open_gate, started, store_with};

/// A page in a browser with Web Locks, whose answers the test gives itself. It has been told of its team.
fn page_with_locks(store: MemoryStore) -> Page {
    let mut page = page_that_was_told_nothing(store);
    page.gate_says(TEAM, Some(true));
    page
}

fn page_that_was_told_nothing(store: MemoryStore) -> Page {
    let mut page = Page::made(open_gate(), store, START);
    page.lock = None;
    page.input(started());
    page
}

fn answer(page: &mut Page, answer: LockAnswer) {
    page.input(Input::LockAnswered(answer));
}

/// A store in which a page has left one event of this name behind, five seconds ago.
fn left_behind(name: &str) -> MemoryStore {
    let mut earlier = Page::open(open_gate(), MemoryStore::default(), START - 5_000);
    earlier.capture(name);
    store_with(&earlier.records())
}

/// The same, by a page of a second ago.
fn younger(name: &str) -> MemoryStore {
    let mut earlier = Page::open(open_gate(), MemoryStore::default(), START - 1_000);
    earlier.capture(name);
    store_with(&earlier.records())
}

#[test]
fn a_page_looks_for_what_others_left_under_the_lock_and_reads_a_moment_later() {
    let mut page = page_with_locks(left_behind("booking_completed"));
    assert_eq!((page.lock_asked, page.stats().adopted), (1, 0));
    answer(&mut page, LockAnswer::Granted);
    page.sleep(LOCK_SETTLE_MS - 1);
    assert_eq!(page.stats().adopted, 0, "what it reads now may be stale");
    page.sleep(1);
    let send = page.sent();
    assert_eq!(page.stats().adopted, 1);
    assert_eq!(page.lock_released, 0, "held until the answer");
    page.confirm(&send);
    assert_eq!(page.lock_released, 1);
    assert_eq!(page.wake, None);
    page.ends();
}

#[test]
fn what_is_found_of_a_team_that_is_yet_to_be_asked_for_goes_with_the_next_lock() {
    let mut page = page_that_was_told_nothing(left_behind("booking_completed"));
    answer(&mut page, LockAnswer::Granted);
    page.sleep(LOCK_SETTLE_MS);
    assert_eq!(page.questions, [TEAM], "answered at once, but the lock was let go in the same breath");
    assert_eq!((page.stats().adopted, page.lock_released, page.lock_asked), (1, 1, 2));
    page.sends_nothing();
    answer(&mut page, LockAnswer::Granted);
    page.sleep(LOCK_SETTLE_MS);
    let send = page.sent();
    page.confirm(&send);
    assert_eq!((page.lock_released, page.wake), (2, None));
    page.ends();
}

#[test]
fn a_must_send_event_that_the_gate_has_held_waits_for_the_lock_once_it_is_not_fresh_any_more() {
    for (age_ms, waits) in [(FRESH_AGE_MAX_MS - 1, false), (FRESH_AGE_MAX_MS, true)] {
        let mut page = page_that_was_told_nothing(MemoryStore::default());
        answer(&mut page, LockAnswer::GrantedBeside);
        page.sleep(LOCK_SETTLE_MS);
        page.capture_for("1", "booking_completed");
        page.sleep(age_ms);
        page.gate_says("1", Some(true));
        if waits {
            page.sends_nothing();
            assert_eq!(page.lock_asked, 2, "another page may have adopted it");
            answer(&mut page, LockAnswer::GrantedBeside);
            page.sleep(LOCK_SETTLE_MS);
        }
        assert_eq!(page.sent().body.names(), ["booking_completed"], "{age_ms}");
        page.ends();
    }
}

#[test]
fn an_own_must_send_event_waits_for_no_lock_and_an_ordinary_one_does() {
    let mut page = page_with_locks(MemoryStore::default());
    answer(&mut page, LockAnswer::Granted);
    page.sleep(LOCK_SETTLE_MS);
    assert_eq!(page.lock_released, 1, "there was nothing to adopt");

    page.capture("booking_completed");
    let send = page.sent();
    page.confirm(&send);
    assert_eq!(page.lock_asked, 1);

    page.capture("slot_selected");
    page.sleep(10_000);
    page.sends_nothing();
    assert_eq!(page.lock_asked, 2);
    answer(&mut page, LockAnswer::Granted);
    page.sleep(LOCK_SETTLE_MS);
    assert_eq!(page.sent().body.names(), ["slot_selected"]);
    page.ends();
}

#[test]
fn a_must_send_event_takes_own_records_along_and_leaves_adopted_ones_to_the_lock() {
    let mut page = page_with_locks(left_behind("slot_selected"));
    answer(&mut page, LockAnswer::Granted);
    page.capture("date_changed");
    page.sleep(LOCK_SETTLE_MS);
    let adopted = page.sent();
    assert_eq!(adopted.body.names(), ["slot_selected", "date_changed"]);
    page.finish(&adopted, Outcome::of(503, "", ""));
    assert_eq!(page.lock_released, 1, "a backoff holds nobody up");
    page.sleep(800);
    page.capture("payment_failed");
    page.input(Input::Online);
    assert_eq!(page.sent().body.names(), ["date_changed", "payment_failed"]);
    page.ends();
}

#[test]
fn beside_living_pages_a_record_belongs_to_its_own_page_while_it_is_young() {
    let mut page = page_with_locks(left_behind("booking_completed"));
    page.store().entries.extend(younger("slot_selected").entries);
    answer(&mut page, LockAnswer::GrantedBeside);
    page.sleep(LOCK_SETTLE_MS);
    let send = page.sent();
    assert_eq!(send.body.names(), ["booking_completed"], "five seconds old");
    page.confirm(&send);
    page.sleep(3_999);
    assert_eq!(page.lock_asked, 2, "when the other one is as old");
    answer(&mut page, LockAnswer::GrantedBeside);
    page.sleep(LOCK_SETTLE_MS);
    assert_eq!(page.sent().body.names(), ["slot_selected"]);
    page.ends();
}

#[test]
fn what_is_not_fresh_any_more_goes_under_the_lock_behind_a_must_send_event() {
    let mut page = page_with_locks(MemoryStore::default());
    answer(&mut page, LockAnswer::GrantedBeside);
    page.capture("slot_selected");
    page.sleep(FRESH_AGE_MAX_MS);
    page.capture("date_changed");
    page.capture("booking_completed");
    let send = page.sent();
    assert_eq!(send.body.names(), ["date_changed", "booking_completed"]);
    page.confirm(&send);
    answer(&mut page, LockAnswer::GrantedBeside);
    page.sleep(LOCK_SETTLE_MS);
    assert_eq!(page.sent().body.names(), ["slot_selected"]);
    page.ends();
}

#[test]
fn a_refused_page_asks_again_and_after_a_while_goes_on_without() {
    let mut page = page_with_locks(left_behind("booking_completed"));
    page.capture("slot_selected");
    let mut refusals = 0;
    while page.sends.is_empty() {
        assert!(page.clock <= LOCK_PATIENCE_MS + 2 * LOCK_RETRY_MS, "it waits for ever");
        answer(&mut page, LockAnswer::Refused);
        refusals += 1;
        let wait = page.wake.unwrap() - page.clock;
        assert!((LOCK_RETRY_MS..2 * LOCK_RETRY_MS).contains(&wait) || page.clock >= LOCK_PATIENCE_MS, "{wait}");
        page.sleep(wait);
    }
    assert!(refusals > 20, "{refusals}");
    assert_eq!(page.sent().body.names(), ["slot_selected"], "its own; the other page may live");
    assert_eq!(page.stats().adopted, 0);
    page.ends();
}

#[test]
fn without_web_locks_what_others_left_is_adopted_when_it_is_old_enough() {
    let mut page = Page::open(open_gate(), left_behind("booking_completed"), START);
    assert_eq!(page.stats().adopted, 0);
    page.sleep(ADOPTION_AGE_MIN_MS - 5_001);
    page.sends_nothing();
    page.sleep(1);
    assert_eq!(page.sent().body.names(), ["booking_completed"]);
    page.ends();
}

#[test]
fn a_page_that_is_left_holds_no_lock_even_when_it_is_granted_then() {
    let mut page = page_with_locks(left_behind("booking_completed"));
    answer(&mut page, LockAnswer::Granted);
    page.input(Input::Leaving);
    assert_eq!(page.lock_released, 1);
    page.hands_nothing_over();

    page.input(Input::Returned);
    assert_eq!(page.lock_asked, 2);
    page.input(Input::Leaving);
    answer(&mut page, LockAnswer::Granted);
    assert_eq!(page.lock_released, 2);
    page.ends();
}

#[test]
fn a_page_that_loses_the_lock_asks_for_it_again() {
    let mut page = page_with_locks(left_behind("booking_completed"));
    answer(&mut page, LockAnswer::Granted);
    page.input(Input::LockLost);
    assert_eq!((page.lock_asked, page.lock_released), (2, 0));
    page.ends();
}

#[test]
fn a_request_that_times_out_lets_the_lock_go() {
    let mut page = page_with_locks(left_behind("booking_completed"));
    answer(&mut page, LockAnswer::Granted);
    page.sleep(LOCK_SETTLE_MS);
    page.sent();
    page.sleep(9_999);
    assert_eq!(page.lock_released, 0);
    page.sleep(1);
    assert_eq!((page.aborted.len(), page.lock_released), (1, 1));
    page.ends();
}

#[test]
fn coming_back_and_going_online_are_occasions_to_look_for_what_others_left() {
    for occasion in [Input::Returned, Input::Online] {
        let mut page = page_with_locks(MemoryStore::default());
        answer(&mut page, LockAnswer::Granted);
        page.sleep(LOCK_SETTLE_MS);
        page.store().entries.extend(left_behind("booking_completed").entries);
        page.input(Input::Woke);
        assert_eq!(page.lock_asked, 1, "a wake is none");
        page.input(occasion);
        answer(&mut page, LockAnswer::Granted);
        page.sleep(LOCK_SETTLE_MS);
        assert_eq!(page.sent().body.names(), ["booking_completed"]);
        page.ends();
    }
}

#[test]
fn what_another_page_has_settled_meanwhile_is_not_sent_again() {
    let mut page = page_with_locks(MemoryStore::default());
    answer(&mut page, LockAnswer::Granted);
    page.sleep(LOCK_SETTLE_MS);
    page.capture("slot_selected");
    let key = page.records().remove(0).0;
    page.sleep(10_000);
    page.store().entries.remove(&key);
    answer(&mut page, LockAnswer::Granted);
    page.sleep(LOCK_SETTLE_MS);
    page.sends_nothing();
    assert_eq!(page.stats().settled_elsewhere, 1);
    assert_eq!(page.lock_released, 2);
    page.ends();
}

#[test]
fn a_flush_waits_for_the_lock_where_it_is_asked_for_and_for_nothing_else() {
    let mut page = page_with_locks(left_behind("booking_completed"));
    page.input(Input::FlushRequested);
    assert_eq!(page.settled, 0);
    answer(&mut page, LockAnswer::Granted);
    page.sleep(LOCK_SETTLE_MS);
    let send = page.sent();
    assert_eq!(page.settled, 0);
    page.confirm(&send);
    assert_eq!(page.settled, 1);

    page.capture("slot_selected");
    page.input(Input::ShutDown);
    answer(&mut page, LockAnswer::Granted);
    page.sleep(LOCK_SETTLE_MS);
    let send = page.sent();
    page.confirm(&send);
    assert_eq!(page.settled, 2);
    assert_eq!(page.wake, None);
    page.ends();
}

#[test]
fn a_flush_that_is_refused_the_lock_is_over() {
    let mut page = page_with_locks(left_behind("booking_completed"));
    page.input(Input::FlushRequested);
    answer(&mut page, LockAnswer::Refused);
    assert_eq!(page.settled, 1);
    page.ends();
}

/// A page that has found nothing to adopt and has let the lock go.
fn idle_page() -> Page {
    let mut page = page_with_locks(MemoryStore::default());
    answer(&mut page, LockAnswer::GrantedBeside);
    page.sleep(LOCK_SETTLE_MS);
    assert_eq!((page.lock_asked, page.lock_released), (1, 1));
    page
}

#[test]
fn so_many_events_go_as_soon_as_the_lock_is_there() {
    let mut page = idle_page();
    for _ in 0..20 {
        page.capture("slot_selected");
    }
    answer(&mut page, LockAnswer::Refused);
    page.sleep(2 * LOCK_RETRY_MS);
    assert_eq!(page.lock_asked, 3, "asked again at once, not after the flush interval");
    answer(&mut page, LockAnswer::GrantedBeside);
    page.sleep(LOCK_SETTLE_MS);
    assert_eq!(page.sent().body.events().len(), 20);
    page.ends();
}

#[test]
fn one_refusal_is_not_ten_seconds_of_refusal() {
    let mut page = idle_page();
    page.capture("slot_selected");
    page.sleep(10_000);
    answer(&mut page, LockAnswer::Refused);
    page.input(Input::Leaving);
    page.freeze(60_000);
    page.input(Input::Returned);
    page.sends_nothing();
    assert_eq!(page.lock_asked, 3);
    page.ends();
}

#[test]
fn a_page_that_went_on_without_the_lock_asks_for_it_again() {
    let mut page = idle_page();
    page.capture("slot_selected");
    page.sleep(10_000);
    while page.sends.is_empty() {
        answer(&mut page, LockAnswer::Refused);
        page.sleep(page.wake.unwrap() - page.clock);
    }
    let send = page.sent();
    page.confirm(&send);
    let asked = page.lock_asked;
    page.capture("slot_selected");
    page.sleep(20_000);
    assert!(page.lock_asked > asked);
    page.ends();
}

#[test]
fn a_lock_that_is_never_answered_or_lost_before_keeps_nothing_back() {
    let mut silent = idle_page();
    silent.capture("slot_selected");
    silent.input(Input::FlushRequested);
    silent.sleep(LOCK_PATIENCE_MS);
    let send = silent.sent();
    silent.confirm(&send);
    assert_eq!(silent.settled, 1);

    let mut lost = idle_page();
    lost.capture("slot_selected");
    lost.sleep(10_000);
    lost.input(Input::LockLost);
    lost.sleep(1_000);
    assert_eq!(lost.lock_asked, 3);
    silent.ends();
    lost.ends();
}

#[test]
fn a_page_that_has_not_shown_that_it_lives_is_not_robbed() {
    let mut other = Page::open(open_gate(), MemoryStore::default(), START - 50);
    other.capture("booking_completed");
    let mut page = page_with_locks(store_with(&other.records()));
    answer(&mut page, LockAnswer::Granted);
    page.sleep(LOCK_SETTLE_MS);
    page.sends_nothing();
    page.ends();
}
