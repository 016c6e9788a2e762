//! The session of events, which all tabs of an origin share.

use posthog_booking_tracker::outbox::MemoryStore;
use posthog_booking_tracker::tracker::Input;

use super::page::Page;

#[test]
fn a_session_that_was_asked_for_before_its_first_event_is_stored_with_it() {
    let over = "019b7c8b-1e2e-7a3b-9f00-0123456789ab:mjvo0000:mjvo0000";
    let entries = [("phbt:session:1plaeh8".to_owned(), over.to_owned())].into();
    let mut page = Page::open(MemoryStore { entries, ..MemoryStore::default() }, |_| {});
    let facts = page.facts();
    let (.., session) = page.tracker.visitor(facts).unwrap();
    page.capture("payment_done");
    assert_eq!(page.sent[0]["properties"]["$session_id"], session.as_str());
    let stored = &page.tracker.store().entries["phbt:session:1plaeh8"];
    assert!(stored.starts_with(&session), "other tabs go on in session {session}, and not in {stored}");
}

#[test]
fn a_tab_that_is_copied_before_its_page_captures_anything_has_a_window_of_its_own() {
    let mut first = Page::open(MemoryStore::default(), |_| {});
    first.capture("payment_done");
    first.tell(Input::Leaving);
    let store = MemoryStore { memory: Default::default(), ..first.tracker.store().clone() };
    let mut next = Page::open(store, |_| {});
    let mut copy = Page::open(next.tracker.store().clone(), |_| {});
    next.tracker.store_mut().memory.clear();
    copy.tracker.store_mut().memory.clear();
    for page in [&mut next, &mut copy] {
        page.capture("payment_done");
    }
    let window = |page: &Page| page.sent.last().unwrap()["properties"]["$window_id"].clone();
    assert_eq!(window(&next), window(&first));
    assert_ne!(window(&copy), window(&next));
}
