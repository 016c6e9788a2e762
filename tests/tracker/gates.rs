//! Whether teams are tracked.

use posthog_booking_tracker::event::json::Object;
use posthog_booking_tracker::flags::GateSource;
use posthog_booking_tracker::outbox::{DropReason, MemoryStore};
use posthog_booking_tracker::tracker::{Call, Capture, Input};

use super::page::{Page, START};

fn capture_for(page: &mut Page, team: &str) {
    let properties = Object::read(&format!(r#"{{"teamId":"{team}"}}"#)).unwrap();
    let capture = Capture { name: Some("payment_done".into()), properties, ..Capture::default() };
    page.call(Call::Capture(Box::new(capture)));
}

#[test]
fn what_another_tab_has_learned_of_a_team_counts_before_another_one_is_forgotten() {
    let mut page = Page::open(MemoryStore::default(), |options| {
        options.gate.constant = None;
        options.gate.sources = vec![GateSource::Callback];
        options.gate.ttl_ms = 300_000;
        options.gate.timeout_ms = 10_000;
    });
    capture_for(&mut page, "1");
    page.answer(Some(true));
    capture_for(&mut page, "2");
    page.answer(None);
    // The device has slept.
    page.now_ms += 25 * 3_600_000;
    let gate = format!(r#"{{"2":{}}}"#, START + page.now_ms);
    page.tracker.store_mut().entries.insert("phbt:gate:1plaeh8".into(), gate);
    page.tell(Input::Stored { key: Some("phbt:gate:1plaeh8".into()) });
    assert_eq!(page.tracker.stats().dropped(DropReason::GateUnknown), 0);
    page.pass(60_000);
    assert_eq!(page.names(), ["payment_done", "payment_done"]);
}
