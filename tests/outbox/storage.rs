//! Bounds on storage, and storage that refuses, is cleared or is changed by others.

use posthog_booking_tracker::outbox::{
    DropReason, EVENT_BYTES_MAX, Input, LockAnswer, MemoryStore, Monotonic, Notice, Now, Outbox, Outcome, RECORDS_MAX,
    STORED_BYTES_MAX, Store, StoreError, Wall,
};

use crate::page::{DAY, Page, START, asking, open_gate, padding, record_key, started, store_with, uuid};

/// A store that takes nothing: small events in storage reach its bound of bytes before that of records.
fn in_memory() -> MemoryStore {
    MemoryStore { write_error: Some(StoreError::Full), ..MemoryStore::default() }
}

#[test]
fn the_1001st_record_evicts_the_oldest_that_is_not_must_send() {
    let mut page = Page::open(asking(), in_memory(), START);
    page.capture_for("1", "booking_completed");
    for number in 1..=RECORDS_MAX {
        page.freeze(1);
        let event = page.event("date_changed", &format!(r#"{{"n":{number}}}"#), Some("1"));
        page.input(Input::Captured(event));
    }
    assert_eq!(page.stats().dropped(DropReason::Evicted), 1);
    assert_eq!(page.notice_count(Notice::Dropped(DropReason::Evicted)), 1);
    page.gate_says("1", Some(true));
    let mut numbers = Vec::new();
    while let Some(send) = page.sends.pop_front() {
        numbers.extend(send.body.events().iter().map(|event| event["properties"]["n"].as_u64()));
        page.confirm(&send);
    }
    numbers.sort();
    assert_eq!(numbers.len(), RECORDS_MAX);
    assert_eq!(numbers[..2], [None, Some(2)], "the must-send event stayed, the oldest of the others went");
    page.ends();
}

#[test]
fn where_all_are_must_send_the_oldest_goes() {
    let mut page = Page::open(asking(), in_memory(), START);
    for _ in 0..=RECORDS_MAX {
        page.freeze(1);
        page.capture_for("1", "booking_completed");
    }
    assert_eq!((page.stats().waiting as usize, page.stats().dropped(DropReason::Evicted)), (RECORDS_MAX, 1));
    page.ends();
}

#[test]
fn storage_never_holds_more_than_its_bound_of_bytes() {
    let mut page = Page::open(asking(), MemoryStore::default(), START);
    page.capture_for("1", "booking_completed");
    for _ in 0..20 {
        page.freeze(1);
        let event = page.event("form_changed", &padding(30_000), Some("1"));
        page.input(Input::Captured(event));
        let units = |(key, value): &(String, String)| 2 * (key.encode_utf16().count() + value.encode_utf16().count());
        let bytes: usize = page.records().iter().map(units).sum();
        assert!(bytes <= STORED_BYTES_MAX, "{bytes}");
    }
    assert_eq!((page.stats().waiting, page.stats().dropped(DropReason::Evicted)), (9, 12));
    assert!(page.stored().contains(&"booking_completed".to_owned()));
    page.ends();
}

#[test]
fn an_event_of_more_than_32_kilobytes_is_dropped() {
    let mut page = Page::fresh();
    page.capture_with("booking_completed", &padding(EVENT_BYTES_MAX));
    page.sends_nothing();
    assert!(page.records().is_empty());
    assert_eq!(page.stats().dropped(DropReason::TooLarge), 1);
    assert_eq!(page.notices, [(Notice::Dropped(DropReason::TooLarge), "booking_completed".to_owned())]);
    page.capture_with("booking_completed", &padding(EVENT_BYTES_MAX - 1_000));
    assert_eq!(page.sent().body.events().len(), 1);
    page.ends();
}

#[test]
fn another_project_that_fills_the_bound_does_not_cost_this_one_its_bookings() {
    let key = record_key("1", "another", START - DAY, 0, &uuid(1));
    let store = store_with(&[(key, "x".repeat(STORED_BYTES_MAX / 2))]);
    let mut page = Page::open(open_gate(), store, START);
    page.capture("booking_completed");
    let send = page.sent();
    page.confirm(&send);
    assert_eq!(page.stats().confirmed, 1);
    page.ends();
}

fn breakages() -> [MemoryStore; 4] {
    let store = MemoryStore::default;
    [
        MemoryStore { write_error: Some(StoreError::Full), ..store() },
        MemoryStore { write_error: Some(StoreError::Blocked), ..store() },
        MemoryStore { error: Some(StoreError::Blocked), ..store() },
        MemoryStore { error: Some(StoreError::Gone), ..store() },
    ]
}

#[test]
fn without_storage_every_event_is_sent_from_memory_at_once() {
    for store in breakages() {
        let mut page = Page::open(open_gate(), store, START);
        page.capture("slot_selected");
        let first = page.sent();
        assert_eq!(first.body.names(), ["slot_selected"], "nothing but this page knows it, so it does not wait");
        page.capture("date_changed");
        page.capture("booking_completed");
        page.finish(&first, Outcome::of(503, "", ""));
        let second = page.sent_after(800..=1_200);
        assert_eq!(second.body.names(), ["slot_selected", "date_changed", "booking_completed"]);
        let ids = second.body.texts("distinct_id");
        assert!(ids.iter().all(|id| *id == ids[0]), "and the visitor is one");
        page.input(Input::Leaving);
        page.hands_nothing_over();
        page.confirm(&second);
        assert_eq!((page.stats().confirmed, page.stats().dropped_total()), (3, 0));
        page.ends();
    }
}

#[test]
fn storage_that_fills_up_in_between_loses_nothing() {
    let mut page = Page::fresh();
    page.capture("slot_selected");
    page.store().write_error = Some(StoreError::Full);
    page.capture("date_changed");
    let send = page.sent();
    assert_eq!(send.body.names(), ["slot_selected", "date_changed"]);
    assert_eq!(page.stored(), ["slot_selected"]);
    page.confirm(&send);
    assert!(page.records().is_empty(), "removing still works");
    assert_eq!(page.stats().confirmed, 2);
    page.ends();
}

#[test]
fn storage_that_is_cleared_while_records_wait_gets_them_again() {
    for trigger in [Input::Hidden, Input::Leaving, Input::FlushRequested] {
        let mut page = Page::fresh();
        page.capture("slot_selected");
        page.capture("date_changed");
        let before = page.outbox.store().entries.clone();
        page.freeze(1_001);
        page.store().entries.clear();
        page.input(trigger);
        let after = page.outbox.store().entries.clone();
        let sign = |entries: &std::collections::BTreeMap<String, String>| {
            entries.iter().find(|(key, _)| key.contains("sentinel")).unwrap().1.clone()
        };
        assert_ne!(sign(&after), sign(&before), "another sign after each clearing");
        let same = |key: &String, value: &String| before.get(key) == Some(value) || key.contains("sentinel");
        assert!(after.iter().all(|(key, value)| same(key, value)));
        assert_eq!(after.len(), 3, "two records and the sentinel");
        let bodies = page.sends.iter().map(|send| &send.body).chain(&page.exits);
        assert_eq!(bodies.map(|body| body.events().len()).sum::<usize>(), 2);
        assert_eq!(page.stats().settled_elsewhere, 0);
        page.ends();
    }
}

#[test]
fn storage_that_is_cleared_before_the_next_capture_loses_nothing() {
    let mut page = Page::fresh();
    page.capture("slot_selected");
    page.capture("date_changed");
    page.store().entries.clear();
    page.capture("booking_completed");
    let send = page.sent();
    assert_eq!(send.body.names(), ["slot_selected", "date_changed", "booking_completed"]);
    assert_eq!(page.stats().settled_elsewhere, 0);
    page.ends();
}

#[test]
fn a_record_that_another_page_removed_is_settled_there_and_not_sent_here() {
    let mut page = Page::fresh();
    page.capture("slot_selected");
    page.freeze(5);
    page.capture("date_changed");
    let key = page.records()[0].0.clone();
    page.store().entries.remove(&key);
    let send = page.sent_after(9_995..=9_995);
    assert_eq!(send.body.names(), ["date_changed"]);
    assert_eq!(page.stats().settled_elsewhere, 1);
    page.confirm(&send);
    page.ends();
}

#[test]
fn a_record_that_is_removed_while_it_is_under_way_is_confirmed_by_its_answer() {
    let mut page = Page::fresh();
    page.capture("booking_completed");
    let send = page.sent();
    let key = page.records()[0].0.clone();
    page.store().entries.remove(&key);
    page.confirm(&send);
    assert_eq!((page.stats().confirmed, page.stats().settled_elsewhere), (1, 0));
    page.ends();
}

#[test]
fn storage_that_cannot_be_read_for_a_while_does_not_look_cleared() {
    let mut page = Page::fresh();
    page.capture("slot_selected");
    page.store().error = Some(StoreError::Blocked);
    let send = page.sent_after(10_000..=10_000);
    assert_eq!(send.body.names(), ["slot_selected"]);
    assert_eq!(page.stats().settled_elsewhere, 0);
    page.ends();
}

/// Counts how often it is read.
#[derive(Debug, Default)]
struct Counting {
    inner: MemoryStore,
    reads: std::cell::Cell<usize>,
}

impl Store for Counting {
    fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.reads.set(self.reads.get() + 1);
        self.inner.get(key)
    }

    fn put(&mut self, key: &str, value: &str) -> Result<(), StoreError> {
        self.inner.put(key, value)
    }

    fn remove(&mut self, key: &str) -> Result<(), StoreError> {
        self.inner.remove(key)
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.inner.keys(prefix)
    }
}

#[test]
fn a_start_over_an_overfull_storage_reads_each_record_a_few_times_only() {
    let mut store = MemoryStore::default();
    for tab in 0..3 {
        let mut page = Page::open(open_gate(), MemoryStore::default(), START - 200_000 + tab * 7);
        for _ in 0..300 {
            page.wall += 20;
            page.capture_with("slot_selected", &padding(300));
        }
        store.entries.extend(page.records());
    }
    let records = store.entries.len();
    let mut outbox = Outbox::new(open_gate(), Counting { inner: store, ..Counting::default() });
    let now = |ms| Now { wall: Wall(START + ms), monotonic: Monotonic(ms), entropy: 1 };
    outbox.handle(now(0), started());
    outbox.handle(now(1), Input::LockAnswered(LockAnswer::Missing));
    let reads = outbox.store().reads.get();
    assert!(reads < 5 * records, "{reads} reads of {records} records");
    assert!(outbox.stats().dropped(DropReason::Evicted) > 0);
}
