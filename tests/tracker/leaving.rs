//! A page that is left.

use posthog_booking_tracker::outbox::MemoryStore;
use posthog_booking_tracker::tracker::{Call, Input, Output};

use super::page::Page;

#[test]
fn a_page_that_is_left_before_its_visitor_agrees_hands_over_what_has_waited_and_wants_no_lock() {
    let mut page = Page::open(MemoryStore::default(), |options| options.requires_consent = true);
    page.capture("payment_held");
    page.tell(Input::Leaving);
    page.call(Call::Answer { is_granted: true });
    assert!(!page.outputs.iter().any(|output| matches!(output, Output::Send { .. } | Output::AskLock)));
    assert!(page.outputs.iter().any(|output| matches!(output, Output::Exit { .. })));
    page.tell(Input::Returned);
    assert_eq!(page.names(), ["payment_held"]);
}

#[test]
fn a_tracker_that_is_shut_down_has_nothing_to_flush_and_wants_no_lock() {
    let mut page = Page::open(MemoryStore::default(), |_| {});
    page.tell(Input::ShutDown);
    assert!(page.outputs.contains(&Output::IsShutDown));
    page.outputs.clear();
    page.tell(Input::FlushRequested);
    assert_eq!(page.outputs, [Output::Flushed]);
}
