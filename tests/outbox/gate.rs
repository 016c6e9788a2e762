//! The gate: whose events leave, whose are given up, and which wait until somebody knows.

use posthog_booking_tracker::outbox::{
    DropReason, HOLD_MAX_MS, Input, LockAnswer, MemoryStore, NewEvent, Outcome, StoreError,
};
use serde_json::json;

use crate::page::{
    DAY, Page, START, TEAM, asking, open_gate, own_key, parts, record_value, shut, started, store_with, uuid,
};

/// A time at which nothing of [`START`] has been held for too long.
const LATER: u64 = START + 3_600_000;

/// A page that knows of no team, and has captured this for team 1.
fn holding(names: &[&str]) -> Page {
    let mut page = Page::open(asking(), MemoryStore::default(), START);
    for name in names {
        page.capture_for("1", name);
    }
    page
}

/// A page that finds these stored records, and is granted the drain lock when the test says so.
fn visiting(store: MemoryStore, wall: u64) -> Page {
    let mut page = Page::made(asking(), store, wall);
    page.lock = None;
    page.input(started());
    page
}

fn marks(page: &Page) -> Vec<String> {
    page.records().iter().map(|(_, value)| parts(value)[0].to_owned()).collect()
}

fn stays_here(page: &mut Page) {
    page.sleep(60_000);
    page.input(Input::FlushRequested);
    page.input(Input::Hidden);
    page.input(Input::Leaving);
    page.sends_nothing();
    page.hands_nothing_over();
    page.input(Input::Returned);
    page.sends_nothing();
}

#[test]
fn a_page_that_is_not_tracked_leaves_no_trace_at_all() {
    let mut page = Page::open(shut(), MemoryStore::default(), START);
    page.capture("booking_completed");
    page.identify("ada");
    page.input(Input::Hidden);
    page.input(Input::Leaving);
    assert!(page.outbox.store().entries.is_empty(), "{:?}", page.outbox.store().entries);
    assert_eq!(page.stats().dropped(DropReason::GateShut), 2);
    page.sends_nothing();
    page.hands_nothing_over();
    page.ends();
}

#[test]
fn a_page_that_is_not_tracked_drops_what_an_earlier_one_stored_for_its_team() {
    let mut earlier = Page::fresh();
    earlier.capture("booking_completed");
    let page = earlier.later(shut());
    assert!(page.records().is_empty());
    assert_eq!((page.stats().adopted, page.stats().dropped(DropReason::GateShut)), (1, 1));
    page.ends();
}

#[test]
fn what_is_captured_while_nobody_knows_is_held_until_somebody_does() {
    let mut page = holding(&["booking_page_viewed", "booking_completed", "payment_processed"]);
    stays_here(&mut page);
    assert_eq!((page.stored().len(), page.wake), (3, None));
    assert!(page.questions.is_empty(), "who captures for a team knows that its answer is wanted");

    page.gate_says("1", Some(true));
    let send = page.sent();
    assert_eq!(send.body.names(), ["booking_page_viewed", "booking_completed", "payment_processed"]);
    page.confirm(&send);
    page.capture_for("1", "booking_failed");
    page.sent();
    assert!(page.questions.is_empty());
    page.ends();
}

#[test]
fn a_record_says_that_nobody_knew_of_its_team_when_it_was_captured() {
    let page = holding(&["booking_completed"]);
    let (_, value) = page.records().remove(0);
    assert!(value.starts_with("shm\t1\t{\"event\":\"booking_completed\","), "{value}");

    let mut page = Page::open(open_gate(), MemoryStore::default(), START);
    page.capture("booking_completed");
    let (_, value) = page.records().remove(0);
    assert!(value.starts_with("sm\t42\t{"), "{value}");

    // What no gate holds is held by nobody, so nobody needs to have known.
    let mut page = Page::open(asking(), MemoryStore::default(), START);
    page.capture("booking_completed");
    let (_, value) = page.records().remove(0);
    assert!(value.starts_with("sm\t\t{"), "{value}");
    assert_eq!(page.sent().body.names(), ["booking_completed"]);
    page.ends();
}

#[test]
fn the_mark_stays_with_its_record_wherever_it_is_written_again() {
    let mut page = holding(&["booking_completed"]);
    let before = page.records();
    page.gate_says("1", Some(true));
    assert_eq!(page.records(), before, "an answer changes no record");
    page.store().entries.clear();
    page.input(Input::Online);
    assert_eq!(page.records(), before, "written again where somebody has cleared the storage");

    let full = MemoryStore { write_error: Some(StoreError::Full), ..MemoryStore::default() };
    let mut page = Page::open(asking(), full, START);
    page.capture_for("1", "booking_completed");
    page.store().write_error = None;
    page.input(Input::Online);
    assert_eq!(marks(&page), ["shm"], "written when there is room");

    let raw = |value: &str| value.replacen('s', "r", 1);
    let (key, value) = before[0].clone();
    let page = Page::open(asking(), store_with(&[(key.clone(), raw(&value))]), LATER);
    assert_eq!(page.records(), before, "sealed as it is");

    let mut page = visiting(MemoryStore::default(), LATER);
    page.input(Input::Mirrored(vec![(key, value)]));
    page.input(Input::LockAnswered(LockAnswer::Missing));
    assert_eq!(page.records(), before, "back from the mirror");
    page.ends();
}

#[test]
fn what_another_page_left_asks_for_its_team_once() {
    let mut earlier = holding(&["booking_started", "booking_completed"]);
    earlier.capture_for("2", "booking_completed");
    let mut page = earlier.later(asking());
    assert_eq!(page.questions, ["1", "2"]);
    page.gate_says("1", None);
    page.sleep(3 * 3_600_000);
    page.capture_for("1", "booking_failed");
    assert_eq!(page.questions.len(), 2, "when to ask again is the page's affair");
    page.sends_nothing();
    page.gate_says("1", Some(true));
    assert_eq!(page.sent().body.names(), ["booking_started", "booking_completed", "booking_failed"]);
    page.ends();
}

#[test]
fn what_was_told_before_is_not_asked_for() {
    let earlier = holding(&["booking_completed"]);
    for open in [true, false] {
        let mut page = visiting(earlier.outbox.store().clone(), LATER);
        page.gate_says("1", Some(open));
        page.input(Input::LockAnswered(LockAnswer::Missing));
        assert!(page.questions.is_empty());
        assert_eq!((page.sends.len(), page.stored().len()), (usize::from(open), usize::from(open)));
        assert_eq!((page.stats().adopted, page.stats().dropped(DropReason::GateShut)), (1, u32::from(!open)));
        page.ends();
    }
}

#[test]
fn a_capture_tells_what_the_page_knows() {
    let earlier = holding(&["booking_started"]);
    let mut page = earlier.later(asking());
    page.known.insert("1".to_owned(), true);
    page.capture_for("1", "booking_completed");
    assert_eq!(page.sent().body.names(), ["booking_started", "booking_completed"]);

    let event = page.event("booking_failed", "{}", Some("1"));
    page.input(Input::Captured(NewEvent { open: Some(false), ..event }));
    assert_eq!(page.stats().dropped(DropReason::GateShut), 1, "the captured event itself");
    let event = page.event("booking_failed", "{}", Some("1"));
    page.input(Input::Captured(NewEvent { open: None, ..event }));
    page.input(Input::Leaving);
    page.hands_nothing_over();
    page.ends();
}

#[test]
fn a_definite_no_removes_every_record_of_its_team_and_no_other() {
    let mut page = holding(&["booking_page_viewed", "booking_completed"]);
    page.capture_for("2", "booking_failed");
    page.gate_says("1", Some(false));
    assert_eq!(page.stored(), ["booking_failed"]);
    assert_eq!(page.stats().dropped(DropReason::GateShut), 2);
    page.capture_for("1", "booking_failed");
    assert_eq!(page.stored(), ["booking_failed"]);
    assert_eq!(page.stats().dropped(DropReason::GateShut), 3);
    page.sleep(60_000);
    page.sends_nothing();
    page.gate_says("2", Some(true));
    assert_eq!(page.sent().body.names(), ["booking_failed"]);
    page.ends();
}

#[test]
fn the_gate_is_looked_up_by_the_team_of_each_record() {
    let mut page = holding(&["booking_completed"]);
    page.capture_for("2", "booking_completed");
    page.gate_says("2", Some(true));
    let send = page.sent();
    assert_eq!(send.body.events().len(), 1);
    page.finish(&send, Outcome::of(204, "", ""));
    assert_eq!(page.stored().len(), 1);
    page.input(Input::Leaving);
    page.hands_nothing_over();
    page.ends();
}

#[test]
fn a_gate_may_open_be_forgotten_and_open_again() {
    let mut page = holding(&["booking_completed"]);
    page.gate_says("1", Some(true));
    let send = page.sent();
    page.gate_says("1", None);
    page.finish(&send, Outcome::of(503, "", ""));
    page.capture_for("1", "booking_failed");
    stays_here(&mut page);
    assert_eq!(page.stored(), ["booking_completed", "booking_failed"]);
    page.gate_says("1", Some(true));
    let send = page.sent();
    assert_eq!(send.body.names(), ["booking_completed", "booking_failed"]);
    page.confirm(&send);
    assert!(page.records().is_empty());
    page.ends();
}

#[test]
fn a_gate_that_shuts_takes_back_what_is_under_way() {
    let mut page = Page::open(asking(), MemoryStore::default(), START);
    page.known = [("1", true), ("2", true)].map(|(team, open)| (team.to_owned(), open)).into();
    page.capture_for("1", "slot_selected");
    page.capture_for("1", "date_changed");
    page.capture_for("2", "booking_completed");
    let send = page.sent();
    assert_eq!(send.body.events().len(), 3);
    page.gate_says("1", Some(false));
    assert_eq!(page.stored(), ["booking_completed"]);
    assert_eq!((page.stats().dropped(DropReason::GateShut), page.stats().waiting), (2, 1));
    assert!(page.aborted.is_empty(), "the other team's event goes on");
    page.confirm(&send);
    assert_eq!((page.stats().confirmed, page.records().len()), (1, 0));
    page.capture_for("1", "booking_completed");
    page.sends_nothing();
    page.ends();
}

#[test]
fn what_a_shut_gate_leaves_of_a_refused_body_is_not_taken_for_the_culprit() {
    for status in [400, 413, 403] {
        let mut page = Page::open(asking(), MemoryStore::default(), START);
        page.known = [("1", true), ("2", true)].map(|(team, open)| (team.to_owned(), open)).into();
        page.capture_for("1", "slot_selected");
        page.capture_for("2", "booking_completed");
        let send = page.sent();
        page.gate_says("1", Some(false));
        page.finish(&send, Outcome::of(status, "", ""));
        assert_eq!(page.stats().dropped_total(), 1, "{status}: the shut one alone");
        assert_eq!(page.stored(), ["booking_completed"], "{status}");
        let again = page.sent();
        assert_eq!(again.body.names(), ["booking_completed"], "{status}: tried alone, and at once");
        page.ends();
    }
}

#[test]
fn what_was_captured_while_nobody_knew_is_given_up_after_24_hours() {
    let mut page = holding(&["booking_completed"]);
    page.freeze(HOLD_MAX_MS);
    page.gate_says("1", None);
    assert_eq!((page.stored().len(), page.stats().dropped_total()), (1, 0), "not a millisecond earlier");
    page.freeze(1);
    page.wake.inspect(|wake| panic!("nobody has to look at {wake}, the next answer does"));
    page.gate_says("1", None);
    assert_eq!((page.stored().len(), page.stats().dropped(DropReason::GateUnknown)), (0, 1));
    assert_eq!((page.stats().waiting, page.stats().held), (0, 0));
    page.gate_says("1", Some(true));
    page.sends_nothing();
    page.ends();
}

#[test]
fn an_answer_comes_in_time_as_long_as_nobody_has_said_that_nobody_knows() {
    let mut page = holding(&["booking_completed"]);
    page.freeze(3 * DAY);
    page.gate_says("1", Some(true));
    assert_eq!(page.sent().body.names(), ["booking_completed"]);
    page.gate_says("1", None);
    assert_eq!(page.stats().dropped(DropReason::GateUnknown), 1, "held again, and for too long");
    page.ends();
}

#[test]
fn an_answer_about_one_team_gives_up_what_is_too_old_of_any() {
    let mut page = holding(&["booking_completed"]);
    page.freeze(HOLD_MAX_MS + 1);
    page.capture_for("2", "booking_completed");
    page.gate_says("2", Some(true));
    assert_eq!((page.stored().len(), page.stats().dropped(DropReason::GateUnknown)), (1, 1));
    page.ends();
}

#[test]
fn what_was_captured_through_an_open_gate_is_never_given_up_because_nobody_knows_any_more() {
    let mut page = Page::fresh();
    page.capture("slot_selected");
    page.gate_says(TEAM, None);
    page.freeze(6 * DAY);
    page.gate_says(TEAM, None);
    assert_eq!((page.stored().len(), page.stats().dropped_total()), (1, 0));
    let mut next = page.later(asking());
    next.gate_says(TEAM, None);
    assert_eq!((next.stored().len(), next.stats().dropped_total()), (1, 0));
    next.gate_says(TEAM, Some(true));
    assert_eq!(next.sent().body.names(), ["slot_selected"]);
    next.ends();
}

#[test]
fn what_is_found_after_24_hours_is_given_up_unless_somebody_knows() {
    let store = holding(&["booking_completed"]).outbox.store().clone();
    for (wall, dropped) in [(START + HOLD_MAX_MS, 0), (START + HOLD_MAX_MS + 1, 1)] {
        let told_before = |open| {
            let mut page = visiting(store.clone(), wall);
            page.gate_says("1", open);
            page.input(Input::LockAnswered(LockAnswer::Missing));
            page
        };
        let mut asked = Page::open(asking(), store.clone(), wall);
        assert_eq!((asked.stored().len(), asked.questions.len()), (1, 1), "the page may know at once");
        asked.gate_says("1", None);
        for page in [asked, told_before(None)] {
            assert_eq!((page.stats().adopted, page.stats().dropped(DropReason::GateUnknown)), (1, dropped));
            assert_eq!(page.stored().len(), 1 - dropped as usize);
            page.sends_nothing();
            page.ends();
        }
        assert_eq!(told_before(Some(true)).sent().body.names(), ["booking_completed"]);
        let mut knowing = Page::made(asking(), store.clone(), wall);
        knowing.known.insert("1".to_owned(), true);
        knowing.input(started());
        assert_eq!(knowing.sent().body.names(), ["booking_completed"]);
        knowing.ends();
    }
}

#[test]
fn what_was_raw_and_held_keeps_its_mark_when_it_is_sealed() {
    for (waited, dropped) in [(HOLD_MAX_MS, 0), (HOLD_MAX_MS + 1, 1)] {
        let mut page = Page::open(asking(), MemoryStore::default(), START);
        let event = page.event("booking_completed", "{}", Some("1"));
        let (key, body) = (event.key.clone(), event.body.clone());
        page.input(Input::Captured(NewEvent { sealed: false, ..event }));
        assert_eq!(marks(&page), ["rhm"]);
        page.input(Input::Sealed { key, body });
        assert_eq!(marks(&page), ["shm"]);
        page.freeze(waited);
        page.gate_says("1", None);
        assert_eq!(page.stats().dropped(DropReason::GateUnknown), dropped);
        page.gate_says("1", Some(true));
        assert_eq!(page.sends.len(), 1 - dropped as usize);
        page.ends();
    }
}

#[test]
fn an_answer_that_comes_while_the_page_is_left_hands_over_what_it_opens() {
    let mut earlier = Page::open(asking(), MemoryStore::default(), START);
    earlier.capture_for("1", "slot_selected");
    let mut page = earlier.later(asking());
    page.capture_for("1", "booking_completed");
    page.capture_for("2", "booking_completed");
    page.input(Input::Leaving);
    page.hands_nothing_over();
    page.gate_says("1", None);
    page.hands_nothing_over();
    page.gate_says("1", Some(true));
    let exit = page.exited();
    assert_eq!(exit.names(), ["booking_completed"], "of its own and of this team, as with every leave");
    assert_eq!(page.stored().len(), 3, "nobody confirms an exit");
    page.gate_says("1", Some(true));
    page.hands_nothing_over();
    page.gate_says("2", Some(false));
    page.hands_nothing_over();
    page.sends_nothing();
    assert_eq!(page.stored(), ["slot_selected", "booking_completed"]);
    page.ends();
}

#[test]
fn the_ledger_says_how_many_of_those_that_wait_the_gate_holds() {
    let mut page = holding(&["slot_selected", "booking_completed"]);
    page.capture_for("2", "slot_selected");
    page.capture("slot_selected");
    let counts = |page: &Page| (page.stats().waiting, page.stats().held);
    assert_eq!(counts(&page), (4, 3));
    page.gate_says("2", Some(true));
    assert_eq!(counts(&page), (4, 2));
    page.gate_says("1", Some(true));
    assert_eq!(counts(&page), (4, 0));
    page.gate_says("2", None);
    assert_eq!(counts(&page), (4, 1));
    page.gate_says("2", Some(false));
    assert_eq!(counts(&page), (3, 0));
    page.ends();
}

#[test]
fn the_empty_team_is_none() {
    let event = json!({"event": "booking_completed", "uuid": uuid(1)});
    let record = (own_key(START - DAY, 0, &uuid(1)), record_value("sm", "", &event.to_string()));
    let mut page = Page::open(asking(), store_with(std::slice::from_ref(&record)), START);
    assert!(page.questions.is_empty(), "there is nobody to ask for");
    let send = page.sent();
    assert_eq!(send.body.names(), ["booking_completed"]);
    page.confirm(&send);
    assert!(page.records().is_empty());
    page.ends();
}

#[test]
fn a_page_that_cannot_ask_never_sends_what_another_page_gated() {
    let mut earlier = Page::open(asking(), MemoryStore::default(), START);
    earlier.capture_for("7", "booking_completed");
    for own in [Some(true), Some(false), None] {
        let mut page = earlier.later(asking());
        page.known.extend(own.map(|open| (TEAM.to_owned(), open)));
        page.gate_says("7", None);
        page.capture("booking_failed");
        let send = page.sent();
        assert_eq!(send.body.names(), ["booking_failed"]);
        page.confirm(&send);
        stays_here(&mut page);
        assert_eq!(page.stored(), ["booking_completed"], "it waits for a page that knows");
        assert_eq!((page.stats().waiting, page.wake), (1, None));
        page.ends();
    }
}

#[test]
fn what_a_page_that_knows_less_has_stored_for_a_shut_team_goes_with_the_next_answer() {
    let mut knowing_less = holding(&["booking_completed"]);
    let (key, value) = knowing_less.records().remove(0);
    let mut page = Page::open(asking(), knowing_less.store().clone(), LATER);
    page.gate_says("1", Some(false));
    assert!(page.records().is_empty());
    // It takes the removal of the sentinel for a clearing, for example, and writes again what it holds.
    page.store().entries.insert(key, value);
    page.sleep(60_000);
    assert_eq!(page.records().len(), 1, "nobody looks without a reason");
    page.gate_says("1", Some(false));
    page.sleep(60_000);
    assert!(page.records().is_empty());
    page.ends();
}
