//! Starting where earlier pages, other projects and later versions have been.

use posthog_booking_tracker::engine::{
    DropReason, Handover, Input, LockAnswer, MemoryStore, Monotonic, Notice, Now, Output, RECORD_AGE_MAX_MS, Tracker,
    Wall,
};
use serde_json::{Value, json};

use crate::edge::is_must_send;
use crate::page::{
    DAY, PROJECT, Page, START, TEAM, open_gate, own_key, padding, parts, record_key, record_value, store_with, uuid,
};

/// The value of a record of this stage for an event of the page's own team.
fn value(stage: &str, event: &Value) -> String {
    let mark = if event["event"].as_str().is_some_and(is_must_send) { "m" } else { "" };
    record_value(&format!("{stage}{mark}"), TEAM, &event.to_string())
}

/// A record of which its page may still change who it is about.
fn raw(number: u32, name: &str) -> (String, String) {
    let event = json!({
        "event": name, "uuid": uuid(number), "distinct_id": "keel-person", "timestamp": "2026-01-01T20:00:00.000Z",
        "properties": {"slot": number},
    });
    (own_key(START - DAY + u64::from(number), 0, &uuid(number)), value("r", &event))
}

fn sealed(number: u32, captured: u64, name: &str) -> (String, String) {
    let event =
        json!({"event": name, "uuid": uuid(number), "distinct_id": "someone", "timestamp": "x", "properties": {}});
    (own_key(captured, 0, &uuid(number)), value("s", &event))
}

fn started(store: MemoryStore, handover: Handover) -> Page {
    let mut page = Page::made(open_gate(), store, START);
    page.input(Input::Started(handover));
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
    page.input(Input::Started(Handover::default()));
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
    assert_eq!(event["distinct_id"], "keel-person");
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
    // What is cut behind a brace that does not end the event looks whole from here; the edge knows that it is not.
    let is_torn = |cut: &&str| !cut.ends_with('}');
    let cuts = [&whole, &sealed].into_iter().flat_map(|value| (0..value.len()).map(|at| &value[..at])).filter(is_torn);
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
fn a_record_that_the_edge_finds_damaged_is_torn_whoever_has_left_it() {
    let (damaged, whole) = (sealed(1, START - DAY, "booking_completed"), sealed(2, START - DAY, "booking_completed"));
    let own = format!("{}\n{}\n", damaged.0, whole.0);
    for (records, captured) in [(own, 2), (String::new(), 0)] {
        let store = MemoryStore { damaged: Some(damaged.0.clone()), ..store_with(&[damaged.clone(), whole.clone()]) };
        let mut tracker = Tracker::new(open_gate(), store);
        let now = |ms| Now { wall: Wall(START + ms), monotonic: Monotonic(ms), entropy: 1 };
        tracker.handle(now(0), Input::Started(Handover { records, ..Handover::default() }));
        tracker.handle(now(1), Input::GateAnswered { team: TEAM.to_owned(), open: Some(true) });
        tracker.handle(now(2), Input::LockAnswered(LockAnswer::Missing));
        let stats = tracker.stats();
        assert_eq!((stats.captured, stats.adopted), (captured, 2 - captured));
        assert_eq!((stats.dropped(DropReason::Torn), stats.dropped_total(), stats.waiting), (1, 1, 1));
        assert!(!tracker.store().entries.contains_key(&damaged.0), "nobody finds it again");
        let outputs = tracker.take_outputs();
        let sent = outputs.iter().filter_map(|output| match output {
            Output::Send { events, .. } => Some(events.as_str()),
            _ => None,
        });
        assert_eq!(
            sent.collect::<Vec<_>>(),
            [parts(&whole.1)[2]],
            "a body with the damaged one would be refused whole"
        );
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
    assert_eq!(page.tracker.store().entries, store_with(&left).entries);
    page.sends_nothing();
    page.ends();
}

#[test]
fn a_quarantined_record_is_left_alone() {
    let store = store_with(&[raw(1, "booking_completed"), raw(2, "booking_failed")]);
    let mut page =
        started(store, Handover { quarantined: format!("{}\n{}\n", uuid(7), uuid(1)), ..Handover::default() });
    assert_eq!(page.sent().body.uuids(), [uuid(2)]);
    assert_eq!(page.stats().adopted, 1);
    assert!(page.records().contains(&raw(1, "booking_completed")), "as it was");
    page.ends();
}

#[test]
fn records_that_this_page_s_keel_hands_over_count_as_captured() {
    let (stored, in_memory, earlier) = (raw(1, "slot_selected"), raw(2, "booking_page_viewed"), raw(3, "form_opened"));
    let records = format!("{}\n{} {}\n", stored.0, in_memory.0, in_memory.1);
    let mut page = started(store_with(&[stored, earlier]), Handover { records, ..Handover::default() });
    assert_eq!((page.stats().captured, page.stats().adopted, page.stats().waiting), (2, 1, 3));
    let send = page.sent();
    assert_eq!(send.body.uuids(), [uuid(1), uuid(2), uuid(3)]);
    page.confirm(&send);
    assert!(page.records().is_empty());
    page.ends();
}

#[test]
fn a_page_s_own_earlier_events_keep_their_place_before_what_the_engine_captures() {
    let own = raw(1, "booking_page_viewed");
    let mut page = Page::made(open_gate(), store_with(std::slice::from_ref(&own)), START - DAY + 1);
    page.input(Input::Started(Handover { records: own.0, ..Handover::default() }));
    page.sends_nothing();
    page.capture("booking_completed");
    let send = page.sent();
    assert_eq!(send.body.names(), ["booking_page_viewed", "booking_completed"]);
    page.ends();
}

#[test]
fn the_same_record_in_storage_and_in_the_hands_of_the_keel_is_one() {
    let record = raw(1, "booking_completed");
    let records = format!("{} {}\n", record.0, record.1);
    let mut page = started(store_with(&[record]), Handover { records, ..Handover::default() });
    assert_eq!((page.stats().captured, page.stats().adopted), (1, 0));
    let send = page.sent();
    assert_eq!(send.body.uuids(), [uuid(1)]);
    page.confirm(&send);
    assert!(page.records().is_empty());
    page.ends();
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
