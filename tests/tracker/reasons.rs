//! Why an event is given up before it is a record: counted, and said once.

use posthog_booking_tracker::flags::TeamGateOptions;
use posthog_booking_tracker::outbox::{DropReason, MemoryStore};
use posthog_booking_tracker::tracker::{Call, HookAnswer, Input, Output};

use super::page::Page;

fn dropped(page: &mut Page, reason: DropReason) -> u32 {
    page.tracker.stats().dropped(reason)
}

#[test]
fn an_event_that_nothing_can_open_the_gate_for_is_ignored_with_one_warning() {
    let mut page = Page::open(MemoryStore::default(), |options| options.gate = TeamGateOptions::default());
    page.capture("a");
    page.capture("b");
    assert_eq!(dropped(&mut page, DropReason::Ungated), 2);
    assert_eq!(page.said().iter().filter(|text| text.starts_with("events are ignored")).count(), 1);
}

#[test]
fn what_is_captured_after_a_denial_is_given_up_and_leaves_nothing_in_storage() {
    let mut page = Page::open(MemoryStore::default(), |_| {});
    page.capture("before");
    page.call(Call::Answer { is_granted: false });
    page.capture("after");
    assert_eq!((dropped(&mut page, DropReason::NoConsent), dropped(&mut page, DropReason::Purged)), (1, 1));
    let keys: Vec<_> = page.tracker.store().entries.keys().collect();
    assert_eq!(keys, ["phbt:consent:1plaeh8"]);
    assert!(page.sent.is_empty());
}

#[test]
fn what_a_hook_does_not_want_is_given_up_and_what_it_changes_is_sent() {
    let mut page = Page::open(MemoryStore::default(), |options| options.hooks = 2);
    page.capture("payment_done");
    let answer = |page: &mut Page, answer: HookAnswer| {
        let hook = page.outputs.iter().rev().find_map(|output| match output {
            Output::Hook { id, place, .. } => Some((*id, *place)),
            _ => None,
        });
        let (id, place) = hook.unwrap();
        page.tell(Input::Hooked { id, answer });
        place
    };
    let kept =
        || HookAnswer::Kept { name: "payment_made".into(), properties: Default::default(), set: None, set_once: None };
    assert_eq!(answer(&mut page, kept()), 0);
    assert_eq!(answer(&mut page, kept()), 1);
    assert_eq!(page.names(), ["payment_made"]);
    assert_eq!(page.sent[0]["properties"]["token"], "phc_test");
    page.capture("private");
    answer(&mut page, HookAnswer::Dropped);
    page.capture("broken");
    answer(&mut page, HookAnswer::Failed("no".into()));
    assert_eq!(dropped(&mut page, DropReason::BeforeSend), 2);
    assert!(page.said().contains(&"beforeSend: no; the event broken is dropped"));
}

#[test]
fn what_another_tab_denies_while_a_hook_is_running_is_given_up() {
    let mut page = Page::open(MemoryStore::default(), |options| options.hooks = 1);
    page.capture("payment_done");
    let consent = "phbt:consent:1plaeh8".to_owned();
    page.tracker.store_mut().entries.insert(consent.clone(), "denied:1".into());
    let answer =
        HookAnswer::Kept { name: "payment_done".into(), properties: Default::default(), set: None, set_once: None };
    page.tell(Input::Hooked { id: 0, answer });
    assert_eq!(dropped(&mut page, DropReason::NoConsent), 1);
    assert_eq!(page.tracker.store().entries.keys().collect::<Vec<_>>(), [&consent]);
    assert!(page.sent.is_empty());
}

#[test]
fn what_has_waited_for_consent_is_given_up_where_another_tab_has_denied_and_agreed_since() {
    let mut page = Page::open(MemoryStore::default(), |options| options.requires_consent = true);
    page.capture("payment_held");
    let consent = "phbt:consent:1plaeh8".to_owned();
    page.tracker.store_mut().entries.insert(consent.clone(), "granted:mjwnzzzz".into());
    page.tell(Input::Stored { key: Some(consent) });
    page.capture("payment_agreed");
    assert_eq!(page.names(), ["payment_agreed"]);
    assert_eq!(dropped(&mut page, DropReason::NoConsent), 1);
}
