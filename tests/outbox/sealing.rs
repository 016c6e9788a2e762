//! Raw records: their page may still change who they are about, so they stay until it has said so for certain.

use posthog_booking_tracker::outbox::{
    DropReason, EVENT_BYTES_MAX, FRESH_AGE_MAX_MS, Input, LockAnswer, MemoryStore, Notice, SEAL_AGE_MAX_MS, StoreError,
};

use crate::page::{DAY, Page, START, open_gate, padding, parts, started};

/// The event of a stored raw record, about somebody else.
fn about(person: &str, page: &Page, key: &str) -> String {
    let value = &page.outbox.store().entries[key];
    parts(value)[2].replace(r#""distinct_id":"visitor""#, &format!(r#""distinct_id":"{person}""#))
}

fn seal(page: &mut Page, key: &str, person: &str) {
    let body = about(person, page, key);
    page.input(Input::Sealed { key: key.to_owned(), body });
}

/// A page with one raw record, whose lock the test answers.
fn holding(name: &str) -> (Page, String) {
    let mut page = Page::made(open_gate(), MemoryStore::default(), START);
    page.lock = None;
    page.input(started());
    page.input(Input::LockAnswered(LockAnswer::Granted));
    page.sleep(1_000);
    let key = page.capture_raw(name);
    (page, key)
}

fn marks(page: &Page, key: &str) -> String {
    parts(&page.outbox.store().entries[key])[0].to_owned()
}

#[test]
fn a_raw_record_is_stored_at_once_and_leaves_in_no_way_before_it_is_sealed() {
    let mut page = Page::fresh();
    let key = page.capture_raw("booking_completed");
    assert_eq!(marks(&page, &key), "rm");
    page.sleep(60_000);
    for occasion in [Input::FlushRequested, Input::Online, Input::Hidden, Input::Returned, Input::Leaving] {
        page.input(occasion);
    }
    page.sends_nothing();
    page.hands_nothing_over();
    assert_eq!((page.stats().waiting, page.stats().held, page.settled, page.wake), (1, 0, 1, None));
    page.ends();
}

#[test]
fn a_must_send_event_goes_when_it_is_sealed_with_the_text_that_is_stored() {
    let mut page = Page::fresh();
    let key = page.capture_raw("booking_completed");
    let body = about("ada", &page, &key);
    page.handle(Input::Sealed { key: key.clone(), body: body.clone() });
    assert_eq!(page.outbox.store().entries[&key], format!("sm\t42\t{body}"), "before an output is drained");
    page.drain();
    let send = page.sent();
    assert_eq!(send.body.texts("distinct_id"), ["ada"]);
    assert!(send.keepalive);
    page.confirm(&send);
    assert!(page.records().is_empty());
    page.ends();
}

#[test]
fn another_event_waits_on_as_if_it_had_been_sealed_from_the_start() {
    let mut page = Page::fresh();
    let key = page.capture_raw("slot_selected");
    page.sleep(2_000);
    seal(&mut page, &key, "ada");
    page.sends_nothing();
    assert_eq!(page.sent_after(8_000..=8_000).body.texts("distinct_id"), ["ada"]);
    page.ends();
}

#[test]
fn what_is_sealed_goes_in_the_order_of_capture() {
    let mut page = Page::fresh();
    let first = page.capture_raw("slot_selected");
    let second = page.capture_raw("booking_completed");
    seal(&mut page, &first, "ada");
    page.sends_nothing();
    seal(&mut page, &second, "ada");
    assert_eq!(page.sent().body.names(), ["slot_selected", "booking_completed"]);
    page.ends();
}

#[test]
fn other_events_do_not_wait_for_one_that_is_raw() {
    let mut page = Page::fresh();
    let raw = page.capture_raw("slot_selected");
    page.capture("booking_completed");
    let send = page.sent();
    assert_eq!(send.body.names(), ["booking_completed"]);
    page.confirm(&send);
    page.sleep(2_000);
    seal(&mut page, &raw, "ada");
    assert_eq!(page.sent().body.names(), ["slot_selected"], "which would have gone with the other one");
    page.ends();
}

#[test]
fn what_is_sealed_while_the_page_is_left_is_handed_over() {
    let mut page = Page::fresh();
    let key = page.capture_raw("booking_completed");
    page.input(Input::Leaving);
    page.hands_nothing_over();
    seal(&mut page, &key, "ada");
    assert_eq!(page.exited().texts("distinct_id"), ["ada"]);
    page.ends();
}

#[test]
fn a_must_send_event_that_is_sealed_late_waits_for_the_lock() {
    for (age_ms, waits) in [(FRESH_AGE_MAX_MS - 1, false), (FRESH_AGE_MAX_MS, true)] {
        let (mut page, key) = holding("booking_completed");
        page.freeze(age_ms);
        let asked = page.lock_asked;
        seal(&mut page, &key, "ada");
        assert_eq!(
            (page.sends.is_empty(), page.lock_asked > asked),
            (waits, waits),
            "another page may have adopted it"
        );
        page.ends();
    }
}

#[test]
fn what_another_page_may_be_sealing_is_sealed_as_it_is() {
    for (age_ms, person) in [(SEAL_AGE_MAX_MS - 1, "ada"), (SEAL_AGE_MAX_MS, "visitor")] {
        let (mut page, key) = holding("booking_completed");
        page.freeze(age_ms);
        seal(&mut page, &key, "ada");
        assert!(page.outbox.store().entries[&key].contains(&format!(r#""distinct_id":"{person}""#)), "{age_ms}");
        page.input(Input::LockAnswered(LockAnswer::Granted));
        page.sleep(1_000);
        assert_eq!(page.sent().body.texts("distinct_id"), [person]);
        page.ends();
    }
}

#[test]
fn what_is_raw_for_too_long_is_sealed_as_it_is_where_it_is_written_again() {
    let mut page = Page::fresh();
    let key = page.capture_raw("booking_completed");
    page.freeze(SEAL_AGE_MAX_MS);
    page.store().entries.clear();
    page.input(Input::Online);
    assert_eq!(marks(&page, &key), "sm");
    assert_eq!(page.sent().body.texts("distinct_id"), ["visitor"]);
    page.ends();
}

#[test]
fn what_another_page_has_sealed_meanwhile_is_the_event() {
    let (mut page, key) = holding("booking_completed");
    page.freeze(DAY);
    let theirs = format!("sm\t42\t{}", about("visitor", &page, &key));
    page.store().entries.insert(key.clone(), theirs.clone());
    let body = about("ada", &page, &key);
    page.input(Input::Sealed { key: key.clone(), body });
    assert_eq!(page.outbox.store().entries[&key], theirs);
    page.sends_nothing();
    page.input(Input::LockAnswered(LockAnswer::Granted));
    page.sleep(1_000);
    assert_eq!(page.sent().body.texts("distinct_id"), ["visitor"]);
    page.ends();
}

#[test]
fn what_another_page_has_settled_meanwhile_is_settled() {
    let (mut page, key) = holding("booking_completed");
    let body = about("ada", &page, &key);
    page.store().entries.remove(&key);
    page.input(Input::Sealed { key: key.clone(), body });
    assert_eq!((page.stats().settled_elsewhere, page.stats().waiting), (1, 0));
    assert!(page.records().is_empty());
    page.sends_nothing();
    page.ends();
}

#[test]
fn what_somebody_has_cleared_from_storage_is_sealed_there_all_the_same() {
    let mut page = Page::fresh();
    let key = page.capture_raw("booking_completed");
    let body = about("ada", &page, &key);
    page.store().entries.clear();
    page.input(Input::Sealed { key: key.clone(), body });
    assert_eq!(marks(&page, &key), "sm");
    assert_eq!(page.sent().body.texts("distinct_id"), ["ada"]);
    page.ends();
}

#[test]
fn another_page_s_seal_is_not_undone_where_storage_was_cleared() {
    let mut page = Page::fresh();
    let key = page.capture_raw("slot_selected");
    page.capture("slot_selected");
    let theirs = format!("s\t42\t{}", about("visitor", &page, &key));
    page.store().entries.clear();
    page.store().entries.insert(key.clone(), theirs.clone());
    page.input(Input::Online);
    assert_eq!((page.records().len(), &page.outbox.store().entries[&key]), (2, &theirs));
    page.ends();
}

#[test]
fn where_the_seal_has_no_room_the_record_leaves_storage_and_goes_at_once() {
    let mut page = Page::fresh();
    let key = page.capture_raw("slot_selected");
    let body = about("ada", &page, &key);
    page.store().write_error = Some(StoreError::Full);
    page.input(Input::Sealed { key: key.clone(), body });
    assert!(page.records().is_empty(), "nobody else seals it as it was");
    let send = page.sent();
    assert_eq!(send.body.texts("distinct_id"), ["ada"]);
    page.confirm(&send);
    page.ends();
}

#[test]
fn where_storage_cannot_be_touched_any_more_the_record_is_sealed_as_it_is() {
    let mut page = Page::fresh();
    let key = page.capture_raw("booking_completed");
    let body = about("ada", &page, &key);
    page.store().error = Some(StoreError::Blocked);
    page.input(Input::Sealed { key: key.clone(), body });
    assert_eq!(page.sent().body.texts("distinct_id"), ["visitor"], "as whoever finds it seals it");
    page.ends();
}

#[test]
fn a_raw_record_that_storage_never_took_is_sealed_in_memory() {
    let mut page =
        Page::open(open_gate(), MemoryStore { error: Some(StoreError::Blocked), ..Default::default() }, START);
    let event = page.event("booking_completed", "{}", None);
    let (key, body) = (event.key.clone(), event.body.replace("visitor", "ada"));
    page.input(Input::Captured(posthog_booking_tracker::outbox::NewEvent { sealed: false, ..event }));
    page.sends_nothing();
    page.input(Input::Sealed { key, body });
    assert_eq!(page.sent().body.texts("distinct_id"), ["ada"]);
    page.ends();
}

#[test]
fn an_event_that_is_too_large_when_it_is_sealed_is_dropped() {
    let mut page = Page::fresh();
    let key = page.capture_raw("booking_completed");
    let body = about("ada", &page, &key).replace("{}", &padding(EVENT_BYTES_MAX));
    page.input(Input::Sealed { key, body });
    assert_eq!(page.stats().dropped(DropReason::TooLarge), 1);
    assert_eq!(page.notice_count(Notice::Dropped(DropReason::TooLarge)), 1);
    assert!(page.records().is_empty());
    page.sends_nothing();
    page.ends();
}

#[test]
fn a_seal_for_a_record_that_is_none_or_sealed_already_is_ignored() {
    let mut page = Page::fresh();
    let key = page.capture_raw("slot_selected");
    let body = about("ada", &page, &key);
    page.input(Input::Sealed { key: "no record's".to_owned(), body: body.clone() });
    assert_eq!(marks(&page, &key), "r");
    seal(&mut page, &key, "ada");
    let stored = page.records();
    seal(&mut page, &key, "bob");
    page.input(Input::Sealed { key: key.clone(), body: body.replace("ada", "bob") });
    assert_eq!(page.records(), stored, "an event is sealed once");
    page.input(Input::Purged);
    page.input(Input::Sealed { key, body });
    assert_eq!((page.stats().dropped(DropReason::Purged), page.records().len()), (1, 0));
    page.ends();
}

#[test]
fn what_is_raw_when_the_tracker_is_shut_down_is_stored_sealed_for_a_later_page() {
    let mut page = Page::fresh();
    let key = page.capture_raw("booking_completed");
    page.input(Input::ShutDown);
    seal(&mut page, &key, "ada");
    page.sends_nothing();
    let mut next = page.later(open_gate());
    assert_eq!(next.sent().body.texts("distinct_id"), ["ada"]);
    page.ends();
    next.ends();
}
