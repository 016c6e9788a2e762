//! Starting where earlier pages, other projects and later versions have been.

use posthog_booking_tracker::event::is_must_send;
use posthog_booking_tracker::outbox::{DropReason, Input, LockAnswer, MemoryStore, Notice, RECORD_AGE_MAX_MS};
use serde_json::{Value, json};

use crate::page::{
    DAY, PROJECT, Page, START, TEAM, open_gate, own_key, padding, parts, record_key, record_value, started, store_with,
    uuid,
};

/// The value of a record of this stage for an event of the page's own team.
fn value(stage: &str, event: &Value) -> String {
    let mark = if event["event"].as_str().is_some_and(is_must_send) { "m" } else { "" };
    record_value(&format!("{stage}{mark}"), TEAM, &event.to_string())
}

/// A record of which its page may still change who it is about.
fn raw(number: u32, name: &str) -> (String, String) {
    let event = json!({
        "event": name, "uuid": uuid(number), "distinct_id": "another-person", "timestamp": "2026-01-01T20:00:00.000Z",
        "properties": {"slot": number},
    });
    (own_key(START - DAY + u64::from(number), 0, &uuid(number)), value("r", &event))
}

fn sealed(number: u32, captured: u64, name: &str) -> (String, String) {
    let event =
        json!({"event": name, "uuid": uuid(number), "distinct_id": "someone", "timestamp": "x", "properties": {}});
    (own_key(captured, 0, &uuid(number)), value("s", &event))
}

/// A page that starts over this storage and leaves the records of these numbers alone.
fn wary(store: MemoryStore, quarantined: &[u32]) -> Page {
    let mut page = Page::made(open_gate(), store, START);
    page.input(Input::Started { quarantined: quarantined.iter().map(|number| uuid(*number)).collect() });
    page
}

#[test]
fn an_earlier_page_s_records_are_sent_at_once_sealed_or_raw() {
    let store = store_with(&[raw(2, "slot_selected"), sealed(1, START - 2 * DAY, "booking_page_viewed")]);
    let mut page = Page::open(open_gate(), store, START);
    assert_eq!((page.stats().adopted, page.stats().captured), (2, 0));
    let send = page.sent();
    assert_eq!(send.body.names(), ["booking_page_viewed", "slot_selected"], "in the order of capture");
    page.confirm(&send);
    assert!(page.records().is_empty());
    page.ends();
}

#[test]
fn a_raw_record_is_sealed_as_it_is_and_written_back_before_it_is_sent() {
    let mut page = Page::made(open_gate(), store_with(&[raw(1, "booking_completed")]), START);
    page.lock = None;
    page.input(started());
    page.handle(Input::LockAnswered(LockAnswer::Missing));
    let (key, stored) = page.records().remove(0);
    let [marks, team, sealed] = parts(&stored);
    assert_eq!(key, raw(1, "").0);
    assert_eq!((marks, team), ("sm", TEAM), "before an output is drained");

    page.drain();
    let first = page.sent();
    let event = &first.body.events()[0];
    assert_eq!(first.body.batch_text(), format!("[{sealed}]}}"));
    assert_eq!(event["uuid"], uuid(1));
    assert_eq!(event["timestamp"], "2026-01-01T20:00:00.000Z");
    assert_eq!(event["distinct_id"], "another-person");
    assert_eq!(event["properties"]["slot"], 1);

    let mut next = page.later(open_gate());
    assert_eq!(next.sent().body.batch_text(), first.body.batch_text());
    page.ends();
    next.ends();
}

#[test]
fn torn_records_are_removed_and_counted() {
    let (key, whole) = raw(1, "booking_completed");
    let (_, sealed) = sealed(1, START, "booking_completed");
    let [_, _, event] = parts(&whole);
    let texts = ["null", "{}", "[]", "x", "s\t42\tnull", "s\t42\t[]", "s\t42\tx{}", "s{}", "s\t{}", event];
    let cuts = [&whole, &sealed].into_iter().flat_map(|value| (0..value.len()).map(|at| &value[..at]));
    // Neither stage, or both.
    let unknown = ["c", "", "m", "h", "rs"].map(|marks| record_value(marks, TEAM, event));
    for text in texts.into_iter().chain(cuts).chain(unknown.iter().map(String::as_str)) {
        let mut page =
            Page::open(open_gate(), store_with(&[(key.clone(), text.to_owned()), raw(2, "slot_selected")]), START);
        assert_eq!(page.stats().dropped(DropReason::Torn), 1, "{text}");
        assert_eq!(page.notice_count(Notice::Dropped(DropReason::Torn)), 1);
        assert_eq!(page.records().len(), 1);
        assert_eq!(page.sent().body.names(), ["slot_selected"], "the whole one is not lost with it");
        page.ends();
    }
}

#[test]
fn records_of_more_than_7_days_are_removed_and_counted() {
    let store = store_with(&[
        sealed(1, START - RECORD_AGE_MAX_MS - 1, "booking_completed"),
        sealed(2, START - RECORD_AGE_MAX_MS, "booking_completed"),
        sealed(3, START + DAY, "booking_completed"),
    ]);
    let mut page = Page::open(open_gate(), store, START);
    assert_eq!((page.stats().adopted, page.stats().dropped(DropReason::Expired)), (3, 1));
    assert_eq!(page.sent().body.uuids(), [uuid(2), uuid(3)]);
    assert_eq!(page.records().len(), 2);
    page.ends();
}

#[test]
fn other_projects_and_later_formats_are_left_alone_until_they_have_expired() {
    let old = START - RECORD_AGE_MAX_MS - 1;
    let foreign = |captured: u64| {
        [
            record_key("1", "another", captured, 0, &uuid(1)),
            record_key("2", PROJECT, captured, 0, &uuid(2)),
            record_key("2", "another", captured, 7, "not even a uuid"),
            record_key("1", PROJECT, captured, 0, "a-damaged-uuid"),
        ]
    };
    let nouns = ["phbt:identity:abc", "phbt:optout:abc", "phbt:", "other"].map(str::to_owned);
    let values = |keys: &[String]| keys.iter().map(|key| (key.clone(), "?".to_owned())).collect::<Vec<_>>();
    let mut entries = values(&foreign(old));
    entries.extend(values(&foreign(START - DAY)));
    entries.extend(values(&nouns));
    let page = Page::open(open_gate(), store_with(&entries), START);
    assert_eq!((page.stats().adopted, page.stats().dropped_total()), (0, 0));
    let mut left = values(&foreign(START - DAY));
    left.extend(values(&nouns));
    assert_eq!(page.outbox.store().entries, store_with(&left).entries);
    page.sends_nothing();
    page.ends();
}

#[test]
fn a_quarantined_record_is_left_alone() {
    let store = store_with(&[raw(1, "booking_completed"), raw(2, "booking_failed")]);
    let mut page = wary(store, &[7, 1]);
    assert_eq!(page.sent().body.uuids(), [uuid(2)]);
    assert_eq!(page.stats().adopted, 1);
    assert!(page.records().contains(&raw(1, "booking_completed")), "as it was");
    page.ends();
}

#[test]
fn a_quarantined_record_is_given_another_chance_alone() {
    let store = store_with(&[sealed(1, START - DAY, "booking_completed"), sealed(2, START - DAY, "booking_failed")]);
    let mut page = wary(store, &[1, 2]);
    page.sends_nothing();
    page.input(Input::RetryQuarantined { uuid: uuid(2) });
    let send = page.sent();
    assert_eq!(send.body.uuids(), [uuid(2)]);
    assert_eq!((page.stats().adopted, page.records().len()), (1, 2), "the other one stays where it is");
    page.confirm(&send);
    page.input(Input::RetryQuarantined { uuid: uuid(7) });
    page.sends_nothing();
    page.ends();
}

#[test]
fn a_quarantined_record_that_has_expired_is_removed_and_counted_by_a_reason_of_its_own() {
    let old = START - RECORD_AGE_MAX_MS;
    let store = store_with(&[sealed(1, old, "booking_completed"), sealed(2, old, "booking_failed")]);
    let mut page = wary(store, &[1]);
    let send = page.sent();
    assert_eq!((send.body.uuids(), page.records().len()), (vec![uuid(2).as_str()], 2), "a moment earlier it stays");
    page.confirm(&send);
    page.freeze(1);
    page.input(Input::Online);
    assert_eq!((page.stats().dropped(DropReason::Quarantined), page.stats().dropped(DropReason::Expired)), (1, 0));
    assert_eq!((page.stats().adopted, page.records().len()), (2, 0));
    page.ends();
}

#[test]
fn what_a_page_captures_before_earlier_records_are_found_goes_at_once_and_before_them() {
    let earlier = sealed(1, START - DAY, "booking_page_viewed");
    let mut page = Page::made(open_gate(), store_with(&[earlier]), START);
    page.lock = None;
    page.input(started());
    page.capture("booking_completed");
    let send = page.sent();
    assert_eq!(send.body.names(), ["booking_completed"], "without waiting for anybody");
    page.confirm(&send);
    page.input(Input::LockAnswered(LockAnswer::Missing));
    assert_eq!(page.sent().body.names(), ["booking_page_viewed"]);
    assert_eq!((page.stats().captured, page.stats().adopted), (1, 1));
    page.ends();
}

#[test]
fn what_a_dead_outbox_of_this_page_has_stored_is_adopted_by_the_next_one() {
    let mut page = Page::fresh();
    page.capture("slot_selected");
    page.capture_raw("booking_completed");
    let stored = page.outbox.store().clone();
    let mut next = Page::open(open_gate(), stored, START + 120_000);
    let send = next.sent();
    assert_eq!(send.body.names(), ["slot_selected", "booking_completed"], "the raw one as it is");
    assert_eq!((next.stats().captured, next.stats().adopted), (0, 2));
    next.confirm(&send);
    assert!(next.records().is_empty());
    next.ends();
}

#[test]
fn a_repeated_uuid_under_another_key_is_removed_with_its_twin() {
    let store =
        store_with(&[sealed(1, START - DAY, "booking_completed"), sealed(1, START - DAY + 1, "booking_completed")]);
    let mut page = Page::open(open_gate(), store, START);
    assert_eq!(page.stats().dropped(DropReason::Duplicate), 1);
    let send = page.sent();
    page.confirm(&send);
    assert!(page.records().is_empty());
    page.ends();
}

#[test]
fn an_adopted_record_that_is_too_large_to_be_sent_is_dropped() {
    let (key, _) = sealed(1, START - DAY, "booking_completed");
    let event = json!({"event": "booking_completed", "uuid": uuid(1), "properties": padding(70_000)});
    let store = store_with(&[(key, value("s", &event))]);
    let mut page = Page::open(open_gate(), store, START);
    page.sleep(60_000);
    assert_eq!(page.stats().dropped(DropReason::TooLarge), 1);
    assert!(page.records().is_empty());
    page.ends();
}
