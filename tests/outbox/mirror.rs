//! The mirror: what a killed browser has lost from storage comes back, and nothing comes back that was settled.

use posthog_booking_tracker::outbox::{DropReason, Input, LockAnswer, MemoryStore, RECORD_AGE_MAX_MS, StoreError};

use crate::page::{DAY, Page, START, open_gate, own_key, parts, record_key, started, store_with, uuid};

/// What a page has stored, as the mirror hands it over.
fn mirrored(records: &[(String, String)]) -> Input {
    Input::Mirrored(records.to_vec())
}

fn earlier_records(names: &[&str]) -> Vec<(String, String)> {
    let mut earlier = Page::fresh();
    for name in names {
        earlier.capture(name);
    }
    earlier.records()
}

/// A page that starts a day later over this storage.
fn next_day(store: MemoryStore) -> Page {
    Page::open(open_gate(), store, START + DAY)
}

#[test]
fn what_storage_has_lost_is_stored_again_and_sent() {
    let records = earlier_records(&["slot_selected", "booking_completed"]);
    let mut page = next_day(MemoryStore::default());
    page.handle(mirrored(&records));
    assert_eq!(page.records(), records, "to the byte, before an output is drained");
    page.drain();
    let send = page.sent();
    assert_eq!(send.body.names(), ["slot_selected", "booking_completed"]);
    page.confirm(&send);
    assert!(page.records().is_empty());
    assert_eq!(page.stats().adopted, 2);
    page.ends();
}

#[test]
fn what_storage_holds_is_one_record_with_its_mirror() {
    let records = earlier_records(&["booking_completed"]);
    let mut page = next_day(store_with(&records));
    let send = page.sent();
    page.input(mirrored(&records));
    page.sends_nothing();
    assert_eq!((page.stats().adopted, page.stats().dropped_total()), (1, 0));
    page.confirm(&send);
    page.ends();
}

#[test]
fn a_page_s_own_record_is_one_with_its_mirror_where_storage_took_it_or_not() {
    for error in [None, Some(StoreError::Full)] {
        let mut page = Page::fresh();
        page.capture("booking_completed");
        let own = page.records();
        page.store().write_error = error;
        if error.is_some() {
            page.store().entries.clear();
        }
        page.input(mirrored(&own));
        assert_eq!(page.stats().adopted, 0, "{error:?}");
        page.ends();
    }
}

#[test]
fn expired_and_torn_records_of_the_mirror_are_removed_and_others_left_alone() {
    let old = START + DAY - RECORD_AGE_MAX_MS - 1;
    let foreign_old = record_key("2", "7", old, 0, "x");
    let foreign = record_key("2", "7", START, 0, "x");
    let mut store = MemoryStore::default();
    for key in [&own_key(old, 0, &uuid(1)), &own_key(START, 0, &uuid(2)), &foreign_old, &foreign] {
        store.entries.insert((*key).clone(), String::new());
    }
    let mut page = next_day(MemoryStore::default());
    *page.store() = store;
    // The store of this test is its own mirror: what is removed is removed in both.
    page.store().entries.remove(&own_key(old, 0, &uuid(1)));
    page.store().entries.remove(&own_key(START, 0, &uuid(2)));
    let records = [
        (own_key(old, 0, &uuid(1)), "x"),
        (own_key(START, 0, &uuid(2)), "{"),
        (foreign_old.clone(), "x"),
        (foreign.clone(), "x"),
        ("nonsense".to_owned(), ""),
    ];
    page.input(mirrored(&records.map(|(key, value)| (key, value.to_owned()))));
    assert_eq!(page.stats().dropped(DropReason::Expired), 1);
    assert_eq!(page.stats().dropped(DropReason::Torn), 1);
    assert!(!page.store().entries.contains_key(&foreign_old));
    assert!(page.store().entries.contains_key(&foreign));
    page.ends();
}

#[test]
fn what_storage_does_not_take_back_is_sent_from_memory() {
    let records = earlier_records(&["booking_completed"]);
    let store = MemoryStore { write_error: Some(StoreError::Full), ..MemoryStore::default() };
    let mut page = next_day(store);
    page.input(mirrored(&records));
    let send = page.sent();
    assert_eq!(send.body.names(), ["booking_completed"]);
    page.confirm(&send);
    page.ends();
}

/// An earlier page's record, raw as storage holds it and sealed as the mirror does.
fn sealed_and_sent() -> ((String, String), (String, String)) {
    let mut earlier = Page::fresh();
    let key = earlier.capture_raw("booking_completed");
    let raw = earlier.records().remove(0);
    let body = parts(&raw.1)[2].replace("visitor", "ada");
    earlier.input(Input::Sealed { key, body });
    (raw, earlier.records().remove(0))
}

#[test]
fn a_seal_that_storage_has_forgotten_with_a_killed_browser_comes_back_from_the_mirror() {
    let (raw, sealed) = sealed_and_sent();
    let mut page = Page::made(open_gate(), store_with(std::slice::from_ref(&raw)), START + DAY);
    page.lock = None;
    page.input(started());
    page.input(mirrored(std::slice::from_ref(&sealed)));
    page.input(Input::LockAnswered(LockAnswer::Missing));
    assert_eq!(page.records(), [sealed]);
    assert_eq!(page.sent().body.texts("distinct_id"), ["ada"], "as it may have been sent before");
    assert_eq!((page.stats().adopted, page.stats().dropped_total()), (1, 0));
    page.ends();
}

#[test]
fn a_raw_record_is_not_lost_for_a_damaged_one_in_the_mirror() {
    let (raw, _) = sealed_and_sent();
    let mut page = Page::made(open_gate(), store_with(std::slice::from_ref(&raw)), START + DAY);
    page.lock = None;
    page.input(started());
    page.input(mirrored(&[(raw.0, "torn".to_owned())]));
    page.input(Input::LockAnswered(LockAnswer::Missing));
    assert_eq!(page.sent().body.texts("distinct_id"), ["visitor"]);
    assert_eq!((page.stats().adopted, page.stats().dropped_total()), (1, 0));
    page.ends();
}

#[test]
fn what_another_page_has_sealed_or_settled_since_the_mirror_was_read_is_its_affair() {
    let (raw, sealed) = sealed_and_sent();
    for settled in [false, true] {
        let mut page = Page::made(open_gate(), store_with(std::slice::from_ref(&raw)), START + DAY);
        page.lock = None;
        page.input(started());
        page.input(mirrored(std::slice::from_ref(&sealed)));
        let theirs = raw.1.replacen('r', "s", 1);
        page.store().entries.insert(raw.0.clone(), theirs);
        if settled {
            page.store().entries.clear();
        }
        page.input(Input::LockAnswered(LockAnswer::Missing));
        let persons: Vec<String> =
            page.sends.iter().flat_map(|send| send.body.texts("distinct_id")).map(str::to_owned).collect();
        assert_eq!(persons, if settled { vec![] } else { vec!["visitor"] });
        page.ends();
    }
}

#[test]
fn a_quarantined_record_that_only_the_mirror_holds_gets_its_other_chance_too() {
    let records = earlier_records(&["booking_completed"]);
    let key = &records[0].0;
    let uuid = key[key.len() - 36..].to_owned();
    let mut page = Page::made(open_gate(), MemoryStore::default(), START + DAY);
    page.input(Input::Started { quarantined: vec![uuid.clone()] });
    page.input(mirrored(&records));
    page.sends_nothing();
    assert_eq!((page.stats().adopted, page.records()), (0, Vec::new()), "as it was");
    page.input(Input::RetryQuarantined { uuid });
    let send = page.sent();
    assert_eq!(send.body.names(), ["booking_completed"]);
    page.confirm(&send);
    page.ends();
}
