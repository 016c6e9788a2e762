//! Who the events are about.

use posthog_booking_tracker::engine::SESSION_IDLE_MAX_MS;
use serde_json::Value;

use crate::page::{Page, open_gate};

fn identity(page: &Page) -> Value {
    serde_json::from_str(&page.noun("identity").unwrap()).unwrap()
}

#[test]
fn a_visitor_who_becomes_known_is_joined_with_the_anonymous_one_once() {
    let mut page = Page::fresh();
    page.capture("slot_selected");
    let anonymous = identity(&page)["distinct_id"].as_str().unwrap().to_owned();
    page.identify("ada");
    let send = page.sent();
    let events = send.body.events();
    assert_eq!(events[0]["distinct_id"], anonymous);
    assert_eq!(events[0]["properties"]["$process_person_profile"], false);
    assert_eq!(events[1]["event"], "$identify");
    assert_eq!(events[1]["distinct_id"], "ada");
    assert_eq!(events[1]["properties"]["$anon_distinct_id"], anonymous);
    assert_eq!(events[1]["properties"]["$process_person_profile"], true);
    page.confirm(&send);

    page.identify("ada");
    page.sends_nothing();
    assert_eq!(page.stats().captured, 2);
    page.capture("booking_completed");
    let send = page.sent();
    assert_eq!(send.body.events()[0]["distinct_id"], "ada");
    assert_eq!(send.body.events()[0]["properties"]["$device_id"], anonymous);
    assert_eq!(send.body.events()[0]["properties"]["$is_identified"], true);
    page.ends();
}

#[test]
fn two_known_people_are_never_joined() {
    let mut page = Page::fresh();
    page.identify("ada");
    let send = page.sent();
    page.confirm(&send);
    page.identify("grace");
    page.sends_nothing();
    page.capture("booking_completed");
    assert_eq!(page.sent().body.texts("distinct_id"), ["grace"]);
    assert_eq!(identity(&page)["distinct_id"], "grace");
    page.ends();
}

#[test]
fn a_known_visitor_is_known_on_the_next_page() {
    let mut page = Page::fresh();
    page.identify("ada");
    let send = page.sent();
    page.confirm(&send);
    let mut next = page.later(open_gate());
    next.identify("ada");
    next.sends_nothing();
    next.capture("booking_completed");
    let send = next.sent();
    assert_eq!(send.body.names(), ["booking_completed"]);
    assert_eq!(send.body.texts("distinct_id"), ["ada"]);
    page.ends();
    next.ends();
}

#[test]
fn the_session_is_shared_through_the_store_and_ends_when_nobody_is_there() {
    let session = |page: &mut Page| {
        page.capture("booking_completed");
        let send = page.sent();
        page.confirm(&send);
        send.body.events()[0]["properties"]["$session_id"].as_str().unwrap().to_owned()
    };
    let mut page = Page::fresh();
    let first = session(&mut page);
    assert_eq!(&first[14..15], "7", "PostHog builds sessions from version 7 only");
    page.freeze(60_000);
    let mut tab = Page::open(open_gate(), page.tracker.store().clone(), page.wall);
    assert_eq!(session(&mut tab), first);
    tab.freeze(SESSION_IDLE_MAX_MS - 1);
    assert_eq!(session(&mut tab), first);

    *page.store() = tab.tracker.store().clone();
    page.freeze(SESSION_IDLE_MAX_MS + 1_000);
    assert_eq!(session(&mut page), first, "the other tab kept it alive");
    page.freeze(SESSION_IDLE_MAX_MS);
    assert_ne!(session(&mut page), first);
    page.ends();
    tab.ends();
}
