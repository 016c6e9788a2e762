//! Journals: what other pages noted while they had no tracker is composed by the edge and taken over here.

use posthog_booking_tracker::outbox::{
    ADOPTION_AGE_BESIDE_MS, ADOPTION_AGE_MIN_MS, DropReason, EVENT_BYTES_MAX, HOLD_MAX_MS, Input, LOCK_SETTLE_MS,
    LockAnswer, MemoryStore, NewEvent, RECORD_AGE_MAX_MS, StoreError,
};

use crate::base36::base36;
use crate::page::{DAY, Page, START, asking, open_gate, padding, parts, shut, started, store_with, uuid};

/// What a page composes of another page's entry of `captured`.
fn entry(captured: u64, name: &str) -> NewEvent {
    Page::open(open_gate(), MemoryStore::default(), captured).event(name, "{}", None)
}

/// A page whose lock the test answers.
fn waiting() -> Page {
    let mut page = Page::made(open_gate(), MemoryStore::default(), START);
    page.lock = None;
    page.input(started());
    page
}

#[test]
fn journals_are_wanted_whenever_storage_is_searched_and_as_old_as_records_must_be() {
    for (answer, age_min_ms) in [
        // A page without a tracker may live unseen.
        (LockAnswer::Granted, ADOPTION_AGE_BESIDE_MS),
        (LockAnswer::GrantedBeside, ADOPTION_AGE_BESIDE_MS),
        (LockAnswer::Missing, ADOPTION_AGE_MIN_MS),
    ] {
        let mut page = waiting();
        assert!(page.replays.is_empty());
        page.input(Input::LockAnswered(answer));
        page.sleep(LOCK_SETTLE_MS);
        assert_eq!(page.replays, [age_min_ms], "{answer:?}");
        page.sleep(60_000);
        assert_eq!(page.replays.len(), 1, "once for each search");
        page.ends();
    }
}

#[test]
fn a_replayed_event_is_stored_before_anything_else_and_sent_under_the_lock() {
    let mut page = waiting();
    page.input(Input::LockAnswered(LockAnswer::Granted));
    page.sleep(LOCK_SETTLE_MS);
    let event = entry(START - DAY, "booking_completed");
    page.handle(Input::Replayed(event.clone()));
    assert_eq!(page.records(), [(event.key.clone(), format!("sm\t42\t{}", event.body))]);
    page.drain();
    page.sends_nothing();
    assert_eq!((page.stats().adopted, page.stats().captured, page.stats().waiting), (1, 0, 1));
    page.input(Input::LockAnswered(LockAnswer::Granted));
    page.sleep(LOCK_SETTLE_MS);
    let send = page.sent();
    assert_eq!(send.body.names(), ["booking_completed"]);
    page.confirm(&send);
    assert!(page.records().is_empty());
    page.ends();
}

#[test]
fn a_replayed_event_is_none_of_this_page_s_when_it_is_left() {
    let mut page = waiting();
    page.input(Input::Replayed(entry(START - DAY, "booking_completed")));
    page.input(Input::Hidden);
    page.input(Input::Leaving);
    page.input(Input::Replayed(entry(START - 2 * DAY, "booking_completed")));
    page.sends_nothing();
    page.hands_nothing_over();
    assert_eq!(page.stored().len(), 2);
    page.ends();
}

#[test]
fn what_another_page_has_replayed_first_is_taken_as_it_lies_in_storage() {
    let event = entry(START - DAY, "booking_completed");
    let theirs = format!("sm\t42\t{}", event.body.replace("visitor", "ada"));
    let mut page = waiting();
    page.store().entries.insert(event.key.clone(), theirs.clone());
    page.input(Input::Replayed(event.clone()));
    assert_eq!(page.records(), [(event.key, theirs)]);
    assert_eq!((page.stats().adopted, page.stats().waiting), (1, 1));
    page.input(Input::LockAnswered(LockAnswer::Missing));
    assert_eq!(page.sent().body.texts("distinct_id"), ["ada"]);
    page.ends();
}

#[test]
fn an_event_that_is_here_already_is_a_duplicate_and_changes_nothing() {
    for moved in [0, 1] {
        let event = entry(START - DAY, "booking_completed");
        let mut page = Page::open(open_gate(), MemoryStore::default(), START);
        page.input(Input::Replayed(event.clone()));
        let send = page.sent();
        let stored = page.records();
        let uuid = &event.key[event.key.len() - 36..];
        let key = crate::page::own_key(START - DAY + moved, 0, uuid);
        page.input(Input::Replayed(NewEvent { key, body: event.body.replace("visitor", "ada"), ..event.clone() }));
        assert_eq!((page.stats().adopted, page.stats().dropped(DropReason::Duplicate)), (2, 1));
        assert_eq!(page.records(), stored);
        page.confirm(&send);
        assert!(page.records().is_empty());
        page.ends();
    }
}

#[test]
fn what_is_wrong_with_a_replayed_event_is_counted_as_for_a_capture() {
    let old = entry(START - RECORD_AGE_MAX_MS - 1, "booking_completed");
    let event = entry(START - DAY, "booking_completed");
    let large = event.body.replace("{}", &padding(EVENT_BYTES_MAX));
    let cases = [
        (Page::fresh(), old.clone(), DropReason::Expired),
        (Page::fresh(), NewEvent { body: large, ..event.clone() }, DropReason::TooLarge),
        (Page::fresh(), NewEvent { key: "no record's".to_owned(), ..event.clone() }, DropReason::Invalid),
        (
            Page::open(shut(), MemoryStore::default(), START),
            NewEvent { open: Some(false), ..event.clone() },
            DropReason::GateShut,
        ),
    ];
    for (mut page, event, reason) in cases {
        page.input(Input::Replayed(event));
        assert_eq!((page.stats().adopted, page.stats().dropped(reason)), (1, 1), "{}", reason.code());
        assert!(page.records().is_empty());
        page.sends_nothing();
        page.ends();
    }
    let mut page = Page::open(asking(), MemoryStore::default(), START);
    let held = NewEvent { open: None, ..entry(START - HOLD_MAX_MS - 1, "booking_completed") };
    let team = held.team.clone().unwrap();
    page.input(Input::Replayed(held));
    assert_eq!(page.stats().dropped(DropReason::GateUnknown), 0, "nobody was asked yet");
    page.input(Input::GateAnswered { team, open: None });
    assert_eq!(page.stats().dropped(DropReason::GateUnknown), 1);
    page.ends();
}

#[test]
fn a_tracker_that_is_shut_down_wants_no_journals_and_takes_nothing_from_them() {
    let mut page = waiting();
    page.input(Input::ShutDown);
    page.input(Input::LockAnswered(LockAnswer::Missing));
    assert!(page.replays.is_empty(), "a later page replays them");
    page.input(Input::Replayed(entry(START - DAY, "booking_completed")));
    assert_eq!((page.stats().adopted, page.stats().dropped(DropReason::ShutDown)), (1, 1));
    assert!(page.records().is_empty());
    page.ends();
}

#[test]
fn what_storage_does_not_take_of_a_journal_is_sent_from_memory() {
    let mut page =
        Page::open(open_gate(), MemoryStore { write_error: Some(StoreError::Full), ..MemoryStore::default() }, START);
    page.input(Input::Replayed(entry(START - DAY, "slot_selected")));
    let send = page.sent();
    assert_eq!(send.body.names(), ["slot_selected"]);
    page.confirm(&send);
    page.ends();
}

#[test]
fn the_outbox_looks_again_when_the_edge_says_so_or_sooner() {
    let mut page = Page::fresh();
    assert_eq!((page.replays.len(), page.wake), (1, None));
    page.input(Input::LookAgain { in_ms: 30_000 });
    page.input(Input::LookAgain { in_ms: 7_000 });
    page.input(Input::LookAgain { in_ms: 20_000 });
    page.sleep(6_999);
    assert_eq!(page.replays.len(), 1);
    page.sleep(1);
    assert_eq!((page.replays.len(), page.wake), (2, None), "and once is enough");
    page.ends();
}

#[test]
fn a_quarantined_event_that_comes_from_a_journal_is_stored_and_left_alone() {
    let event = entry(START - DAY, "booking_completed");
    let uuid = event.key[event.key.len() - 36..].to_owned();
    let mut page = Page::made(open_gate(), MemoryStore::default(), START);
    page.input(Input::Started { quarantined: vec![uuid.clone()] });
    page.input(Input::Replayed(event.clone()));
    page.sends_nothing();
    assert_eq!((page.stats().adopted, page.records().len()), (0, 1));
    page.input(Input::Replayed(NewEvent { body: "{}".to_owned(), ..event }));
    assert_ne!(parts(&page.records()[0].1)[2], "{}", "once");
    page.input(Input::RetryQuarantined { uuid });
    assert_eq!(page.sent().body.names(), ["booking_completed"]);
    page.ends();
}

#[test]
fn entries_of_journals_count_as_storage_and_only_other_projects_expire_here() {
    let key = |project: &str, captured| format!("phbt:journal:{project}:{}:0:{}", base36(captured), uuid(1));
    let old = START - RECORD_AGE_MAX_MS - 1;
    let own = [key(crate::page::PROJECT, old), key(crate::page::PROJECT, START - DAY)];
    let other = [key("other", old), key("other", START - DAY)];
    let entries: Vec<_> = own.iter().chain(&other).map(|key| (key.clone(), "{}".to_owned())).collect();
    let page = Page::open(open_gate(), store_with(&entries), START);
    let left: Vec<&String> = page.outbox.store().entries.keys().collect();
    let mut expected = vec![&own[0], &own[1], &other[1]];
    expected.sort();
    assert_eq!(left, expected, "the edge replays an old entry, so that it is counted");
    assert_eq!((page.stats().adopted, page.stats().dropped_total()), (0, 0));
    page.ends();
}
