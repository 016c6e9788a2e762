//! What other pages have left in the journal.

use posthog_booking_tracker::outbox::MemoryStore;

use super::page::{Page, START};

fn entry(name: &str, rest: &str) -> (String, String) {
    let uuid = "019b7c8b-1e2e-7a3b-9f00-0123456789ab";
    let visitor = r#""visitor":"{\"distinct_id\":\"ada\",\"device_id\":\"d\",\"identified\":true}""#;
    let text = format!(
        r#"{{"name":"{name}","page":"other","identity":[],"team":"42","mustSend":true,{visitor},"args":[{rest}],"href":"https://book.example/ada","referrer":""}}"#
    );
    let mut key = String::from("phbt:journal:1plaeh8:");
    let mut digits = Vec::new();
    let mut ms = START - 100_000;
    while ms > 0 {
        digits.push(char::from_digit((ms % 36) as u32, 36).unwrap());
        ms /= 36;
    }
    key.extend(digits.iter().rev());
    key.push_str(":0:");
    key.push_str(uuid);
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
