//! What other pages have left in the journal.

use posthog_booking_tracker::event::json::Object;
use posthog_booking_tracker::flags::GateSource;
use posthog_booking_tracker::outbox::{DropReason, MemoryStore};
use posthog_booking_tracker::tracker::{HookAnswer, Input};

use super::page::{PROJECT, Page, START};
use crate::base36::base36;

fn entry(name: &str, rest: &str) -> (String, String) {
    entry_of(100_000, name, rest)
}

/// The same, so many ms before the page is opened.
fn entry_of(age_ms: u64, name: &str, rest: &str) -> (String, String) {
    let uuid = "019b7c8b-1e2e-7a3b-9f00-0123456789ab";
    let visitor = r#""visitor":"{\"distinct_id\":\"ada\",\"device_id\":\"d\",\"identified\":true}""#;
    let text = format!(
        r#"{{"name":"{name}","page":"other","identity":[],"team":"42","mustSend":true,{visitor},"args":[{rest}],"href":"https://book.example/ada","referrer":""}}"#
    );
    let key = format!("phbt:journal:{PROJECT}:{}:0:{uuid}", base36(START - age_ms));
    (key, text)
}

#[test]
fn an_entry_of_another_page_is_an_event_about_its_visitor_once() {
    let (key, text) = entry("trackBookingCompleted", r#"{"bookingUid":"u"}"#);
    let store = MemoryStore { entries: [(key.clone(), text)].into(), ..MemoryStore::default() };
    let mut page = Page::open(store, |_| {});
    page.pass(120_000);
    assert_eq!(page.sent.len(), 1, "{:#?}", page.outputs);
    assert_eq!(page.sent[0]["event"], "booking_completed");
    assert_eq!(page.sent[0]["distinct_id"], "ada");
    assert_eq!(page.sent[0]["properties"]["bookingUid"], "u");
    assert!(!page.tracker.store().entries.contains_key(&key));
}

#[test]
fn an_entry_that_hooks_have_seen_is_gone_whether_they_keep_its_event_or_not() {
    let kept =
        HookAnswer::Kept { name: "booking_completed".into(), properties: Object::default(), set: None, set_once: None };
    for (answer, sent) in [(kept, 1), (HookAnswer::Dropped, 0), (HookAnswer::Failed("no".into()), 0)] {
        let (key, text) = entry("trackBookingCompleted", r#"{"bookingUid":"u"}"#);
        let store = MemoryStore { entries: [(key.clone(), text)].into(), ..MemoryStore::default() };
        let mut page = Page::open(store, |options| options.hooks = 1);
        page.pass(60_000);
        page.tell(Input::Hooked { id: 0, answer });
        page.pass(60_000);
        assert_eq!(page.sent.len(), sent);
        assert!(!page.tracker.store().entries.contains_key(&key));
    }
}

/// A page that asks its callback about teams finds an entry that is older than a day.
fn page_with_an_old_entry() -> (Page, String) {
    let (key, text) = entry_of(25 * 3_600_000, "trackBookingCompleted", r#"{"bookingUid":"u"}"#);
    let store = MemoryStore { entries: [(key.clone(), text)].into(), ..MemoryStore::default() };
    let mut page = Page::open(store, |options| {
        options.gate.constant = None;
        options.gate.sources = vec![GateSource::Callback];
        options.gate.ttl_ms = 300_000;
        options.gate.timeout_ms = 10_000;
    });
    page.pass(5_000);
    (page, key)
}

#[test]
fn an_old_entry_is_not_given_up_while_its_team_is_being_asked_about() {
    let (mut page, key) = page_with_an_old_entry();
    page.answer(Some(true));
    page.pass(60_000);
    assert_eq!(page.names(), ["booking_completed"]);
    assert!(!page.tracker.store().entries.contains_key(&key));
}

#[test]
fn an_old_entry_is_gone_when_nobody_can_say_whether_its_team_is_tracked() {
    let (mut page, key) = page_with_an_old_entry();
    page.answer(None);
    page.pass(5_000);
    assert_eq!(page.tracker.stats().dropped(DropReason::GateUnknown), 1);
    assert!(page.sent.is_empty() && !page.tracker.store().entries.contains_key(&key));
}

#[test]
fn a_record_that_storage_and_mirror_hold_is_no_denied_one_whatever_its_clock_says() {
    let mut earlier = Page::open(MemoryStore::default(), |_| {});
    earlier.capture("slot_selected");
    let mut store = earlier.tracker.store().clone();
    let is_record = |key: &&String| key.starts_with("phbt:1:");
    let records: Vec<(String, String)> =
        store.entries.keys().filter(is_record).map(|key| (key.clone(), store.entries[key].clone())).collect();
    assert_eq!(records.len(), 1);
    // The denial is older, by a clock that was an hour ahead.
    store.entries.insert(format!("phbt:consent:{PROJECT}"), format!("granted:{}", base36(START + 3_600_000)));
    let mut page = Page::open(store, |_| {});
    page.tell(Input::Mirrored(records.clone()));
    assert!(page.tracker.store().entries.contains_key(&records[0].0));
}
