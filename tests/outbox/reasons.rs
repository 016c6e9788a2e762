//! Every reason to give an event up is reached here, and the list is closed: a new one does not compile without a story.

use posthog_booking_tracker::outbox::{
    DropReason, HOLD_MAX_MS, Input, MemoryStore, NewEvent, Outcome, RECORD_AGE_MAX_MS, RECORDS_MAX,
};

use crate::page::{DAY, Page, START, asking, open_gate, own_key, padding, shut, started, store_with, uuid};

/// A page that has just given an event up for this reason.
fn story(reason: DropReason) -> Page {
    match reason {
        DropReason::GateShut => capturing(Page::open(shut(), MemoryStore::default(), START)),
        DropReason::GateUnknown => {
            let mut page = Page::open(asking(), MemoryStore::default(), START);
            page.capture_for("unknown", "booking_completed");
            page.freeze(HOLD_MAX_MS + 1);
            page.gate_says("unknown", None);
            page
        }
        DropReason::Invalid => {
            let mut page = Page::fresh();
            let event = page.event("booking_completed", "{}", None);
            page.input(Input::Captured(NewEvent { key: "no record's".to_owned(), ..event }));
            page
        }
        DropReason::TooLarge => {
            let mut page = Page::fresh();
            page.capture_with("booking_completed", &padding(40_000));
            page
        }
        DropReason::Rejected => refused(400),
        DropReason::Expired => found(&own_key(START - RECORD_AGE_MAX_MS - 1, 0, &uuid(1)), "{}"),
        DropReason::Torn => found(&own_key(START - DAY, 0, &uuid(1)), "sm\t42\t{\"event\":\"boo"),
        DropReason::Evicted => {
            let mut page = Page::open(asking(), MemoryStore::default(), START);
            for _ in 0..=RECORDS_MAX {
                page.capture_for("unknown", "slot_selected");
            }
            page
        }
        DropReason::Duplicate => {
            let mut earlier = Page::fresh();
            earlier.capture("booking_completed");
            let (key, value) = earlier.records().remove(0);
            let twin = own_key(START + 1, 7, &key[key.len() - 36..]);
            Page::open(open_gate(), store_with(&[(key, value.clone()), (twin, value)]), START + DAY)
        }
        DropReason::ShutDown => {
            let mut page = Page::fresh();
            page.input(Input::ShutDown);
            capturing(page)
        }
        DropReason::Purged => {
            let mut page = capturing(Page::fresh());
            page.input(Input::Purged);
            page
        }
        DropReason::Quarantined => quarantined(),
        DropReason::Ungated | DropReason::NoConsent | DropReason::BeforeSend | DropReason::Bot => {
            panic!("given up before it is a record: tests/tracker/reasons.rs")
        }
        DropReason::Forbidden => forbidden(),
    }
}

fn forbidden() -> Page {
    let mut page = Page::fresh();
    page.capture("booking_failed");
    let mut send = page.sent();
    for is_last in [false, false, true] {
        page.finish(&send, Outcome::of(403, "", ""));
        page.capture("booking_completed");
        let other = page.sent_after(800..=2_400);
        assert_eq!(other.body.names(), ["booking_completed"]);
        page.confirm(&other);
        if !is_last {
            page.ends();
            page = page.later(open_gate());
            send = page.sent();
        }
    }
    page
}

fn quarantined() -> Page {
    let record = (own_key(START - RECORD_AGE_MAX_MS - 1, 0, &uuid(1)), "sm\t42\t{}".to_owned());
    let mut page = Page::made(open_gate(), store_with(&[record]), START);
    page.input(Input::Started { quarantined: vec![uuid(1)] });
    page
}

fn capturing(mut page: Page) -> Page {
    page.capture("booking_completed");
    page
}

fn refused(status: u16) -> Page {
    let mut page = capturing(Page::fresh());
    let send = page.sent();
    page.finish(&send, Outcome::of(status, "", ""));
    page
}

fn found(key: &str, value: &str) -> Page {
    let mut page = Page::made(open_gate(), store_with(&[(key.to_owned(), value.to_owned())]), START);
    page.input(started());
    page
}

#[test]
fn every_reason_is_reached_counted_and_told() {
    let before = [DropReason::Ungated, DropReason::NoConsent, DropReason::BeforeSend, DropReason::Bot];
    for reason in DropReason::ALL.into_iter().filter(|reason| !before.contains(reason)) {
        let page = story(reason);
        assert!(page.stats().dropped(reason) > 0, "{}", reason.code());
        assert_eq!(page.stats().dropped_total(), page.stats().dropped(reason), "{} alone", reason.code());
        let told = page.notices.iter().filter(|(notice, _)| notice.code() == reason.code()).count();
        assert_eq!(told, page.stats().dropped(reason) as usize, "{}", reason.code());
        page.ends();
    }
}
