//! The gate: whose events are stored, and whose leave.

use posthog_booking_tracker::engine::{DropReason, GateSource, Input, MemoryStore, Notice, Ungated};

use crate::page::{Page, START, answered, asking, gated_by, open_gate};

fn shut() -> posthog_booking_tracker::engine::Config {
    gated_by(GateSource::Constant { team: "42".to_owned(), open: false }, Ungated::Track)
}

#[test]
fn a_page_that_is_not_tracked_leaves_no_trace_at_all() {
    let mut page = Page::open(shut(), MemoryStore::default(), START);
    page.capture("booking_completed");
    page.capture_for("7", "booking_completed");
    page.identify("ada");
    page.input(Input::Hidden);
    page.input(Input::Leaving);
    assert!(page.tracker.store().entries.is_empty(), "{:?}", page.tracker.store().entries);
    assert_eq!(page.stats().dropped(DropReason::GateShut), 3);
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
fn a_team_is_asked_for_once_and_its_events_are_held_until_it_is_known() {
    let mut page = Page::open(asking(), MemoryStore::default(), START);
    assert!(page.questions.is_empty(), "nobody is asked for nothing");
    page.capture_for("1", "booking_page_viewed");
    page.capture_for("1", "booking_completed");
    page.capture_for("1", "payment_processed");
    assert_eq!(page.questions, ["1"]);
    page.sleep(60_000);
    page.input(Input::FlushRequested);
    page.input(Input::Hidden);
    page.input(Input::Leaving);
    page.sends_nothing();
    page.hands_nothing_over();
    page.input(Input::Returned);
    assert_eq!(page.questions, ["1"]);
    assert_eq!(page.stored().len(), 3);

    page.gate_says("1", Some(true));
    let send = page.sent();
    assert_eq!(send.body.names(), ["booking_page_viewed", "booking_completed", "payment_processed"]);
    page.confirm(&send);
    page.capture_for("1", "booking_failed");
    page.sent();
    assert_eq!(page.questions.len(), 1);
    page.ends();
}

#[test]
fn no_answer_is_asked_again_after_a_backoff() {
    let mut page = Page::open(asking(), MemoryStore::default(), START);
    page.capture_for("1", "booking_completed");
    for wait in [800..=1_200, 1_600..=2_400, 3_200..=4_800] {
        assert_eq!(page.questions.pop_front().as_deref(), Some("1"));
        page.gate_says("1", None);
        assert!(page.questions.is_empty());
        let wake = page.wake.unwrap() - page.clock;
        assert!(wait.contains(&wake), "{wake}");
        page.sleep(wake);
    }
    assert_eq!(page.questions.len(), 1);
    page.sends_nothing();
    page.gate_says("1", Some(true));
    assert_eq!(page.sent().body.names(), ["booking_completed"]);
    page.ends();
}

#[test]
fn a_definite_no_removes_every_record_of_its_team_and_no_other() {
    let mut page = Page::open(asking(), MemoryStore::default(), START);
    page.capture_for("1", "booking_page_viewed");
    page.capture_for("1", "booking_completed");
    page.capture_for("2", "booking_failed");
    page.gate_says("1", Some(false));
    assert_eq!(page.stored(), ["booking_failed"]);
    assert_eq!(page.stats().dropped(DropReason::GateShut), 2);
    page.capture_for("1", "booking_failed");
    assert_eq!(page.stored(), ["booking_failed"]);
    page.sleep(60_000);
    page.sends_nothing();
    page.gate_says("2", Some(true));
    assert_eq!(page.sent().body.names(), ["booking_failed"]);
    page.ends();
}

#[test]
fn the_gate_is_looked_up_by_the_team_of_each_record() {
    let mut page = Page::open(asking(), MemoryStore::default(), START);
    page.capture_for("1", "booking_completed");
    page.capture_for("2", "booking_completed");
    assert_eq!(page.questions, ["1", "2"]);
    page.gate_says("2", Some(true));
    let send = page.sent();
    assert_eq!(send.body.events().len(), 1);
    page.finish(&send, answered(204, ""));
    assert_eq!(page.stored().len(), 1);
    page.input(Input::Leaving);
    page.hands_nothing_over();
    page.ends();
}

#[test]
fn an_earlier_page_s_record_waits_for_the_answer_about_its_team() {
    let mut earlier = Page::fresh();
    earlier.capture("booking_completed");
    let mut page = earlier.later(asking());
    page.sends_nothing();
    assert_eq!(page.questions, ["42"]);
    page.gate_says("42", Some(true));
    assert_eq!(page.sent().body.names(), ["booking_completed"]);
    page.ends();
}

#[test]
fn without_a_gate_events_are_ignored_and_it_is_said_once() {
    let mut page = Page::open(gated_by(GateSource::Absent, Ungated::Ignore), MemoryStore::default(), START);
    page.capture("booking_completed");
    page.capture_for("42", "booking_failed");
    assert_eq!(page.stats().dropped(DropReason::Ungated), 2);
    assert_eq!(page.notice_count(Notice::NothingOpensTheGate), 1);
    assert!(page.tracker.store().entries.is_empty());
    page.sends_nothing();
    page.ends();
}

#[test]
fn an_event_without_a_team_is_ignored_where_teams_are_asked_for() {
    let mut page = Page::open(asking(), MemoryStore::default(), START);
    page.capture("booking_completed");
    assert_eq!(page.stats().dropped(DropReason::Ungated), 1);
    assert!(page.questions.is_empty() && page.tracker.store().entries.is_empty());
    page.ends();
}

#[test]
fn a_page_may_ask_to_be_tracked_without_a_gate() {
    for source in [GateSource::Absent, GateSource::Callback] {
        let mut page = Page::open(gated_by(source, Ungated::Track), MemoryStore::default(), START);
        page.capture("booking_completed");
        assert_eq!(page.sent().body.names(), ["booking_completed"]);
        assert!(!page.records()[0].1.contains("\"team\""));
        page.ends();
    }
}

#[test]
fn what_a_page_without_a_team_was_tracked_for_waits_where_teams_are_asked_for() {
    let nameless = GateSource::Constant { team: String::new(), open: true };
    let mut earlier = Page::open(gated_by(nameless.clone(), Ungated::Ignore), MemoryStore::default(), START);
    earlier.capture("booking_completed");
    let page = earlier.later(asking());
    page.sends_nothing();
    assert!(page.questions.is_empty(), "no callback knows the team without a name");
    assert_eq!(page.stored(), ["booking_completed"]);
    page.ends();
    let mut page = earlier.later(gated_by(nameless, Ungated::Ignore));
    assert_eq!(page.sent().body.names(), ["booking_completed"]);
    page.ends();
}

#[test]
fn a_page_without_a_source_never_sends_what_another_page_gated() {
    let mut earlier = Page::fresh();
    earlier.capture("booking_completed");
    let mut page = earlier.later(gated_by(GateSource::Absent, Ungated::Track));
    page.capture("booking_failed");
    let send = page.sent();
    assert_eq!(send.body.names(), ["booking_failed"]);
    page.confirm(&send);
    page.input(Input::FlushRequested);
    page.input(Input::Hidden);
    page.input(Input::Leaving);
    page.sends_nothing();
    page.hands_nothing_over();
    assert_eq!(page.stored(), ["booking_completed"], "it waits for a page that knows");
    assert_eq!((page.stats().waiting, page.wake), (1, None));
    page.ends();
}

#[test]
fn a_page_of_one_team_never_sends_what_belongs_to_another() {
    let mut earlier = Page::fresh();
    earlier.capture("booking_completed");
    for open in [true, false] {
        let constant = GateSource::Constant { team: "7".to_owned(), open };
        let page = earlier.later(gated_by(constant, Ungated::Track));
        page.sends_nothing();
        assert_eq!(page.stored(), ["booking_completed"]);
        page.ends();
    }
    let mut page = earlier.later(open_gate());
    page.sent();
    page.ends();
}
