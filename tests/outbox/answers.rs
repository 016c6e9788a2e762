//! What the page makes of the server's answers.

use posthog_booking_tracker::outbox::{Config, DropReason, Input, Notice, Outcome, PROBE_INTERVAL_MS};

use crate::page::{OK, Page, Send, open_gate, padding};

/// What keeps everything: an answer that is no confirmation, or none.
fn failures() -> Vec<Outcome> {
    let mut failures = vec![Outcome::Failed, Outcome::of(200, "", "<!doctype html><title>Shop</title>")];
    failures.extend([301, 404, 408, 429, 500, 502, 503, 504].map(|status| Outcome::of(status, "", "")));
    failures
}

#[test]
fn only_a_confirmation_removes_records_and_only_those_that_it_is_about() {
    for status in [200, 202, 204] {
        let mut page = Page::fresh();
        page.capture("booking_completed");
        let send = page.sent();
        page.capture("confirmation_viewed");
        assert_eq!(page.stored(), ["booking_completed", "confirmation_viewed"], "under way is still stored");
        page.finish(&send, Outcome::of(status, "", ""));
        assert_eq!(page.stored(), ["confirmation_viewed"]);
        assert_eq!((page.stats().confirmed, page.stats().waiting), (1, 1));
        page.ends();
    }
}

#[test]
fn every_other_answer_keeps_everything_and_backs_off_further_each_time() {
    for failure in failures() {
        let mut page = Page::fresh();
        page.capture("slot_selected");
        page.capture("booking_completed");
        let first = page.sent();
        page.finish(&first, failure);
        assert_eq!(page.stored(), ["slot_selected", "booking_completed"], "{failure:?}");
        let second = page.sent_after(800..=1_200);
        page.finish(&second, failure);
        let third = page.sent_after(1_600..=2_400);
        page.finish(&third, failure);
        let fourth = page.sent_after(3_200..=4_800);
        assert_eq!(fourth.body.uuids(), first.body.uuids());
        page.confirm(&fourth);
        assert!(page.records().is_empty());
        assert_eq!(page.wake, None);

        page.capture("booking_completed");
        let send = page.sent();
        page.finish(&send, failure);
        page.sent_after(800..=1_200);
        page.ends();
    }
}

#[test]
fn a_web_page_in_place_of_an_answer_is_said_once() {
    let mut page = Page::fresh();
    page.capture("booking_completed");
    let mut send = page.sent();
    for _ in 0..3 {
        page.finish(&send, Outcome::of(200, "", "<html>"));
        send = page.sent_after(800..=4_800);
    }
    assert_eq!(page.notice_count(Notice::WebPage), 1);
    page.ends();
}

#[test]
fn a_request_without_an_answer_is_given_up_at_the_timeout_and_its_late_answer_ignored() {
    let mut page = Page::fresh();
    page.capture("booking_completed");
    let first = page.sent();
    page.sleep(9_999);
    assert!(page.aborted.is_empty());
    page.sleep(1);
    assert_eq!(page.aborted, [first.request]);
    assert_eq!(page.stored(), ["booking_completed"]);
    page.confirm(&first);
    assert_eq!(page.stats().waiting, 1, "the request was given up");
    let second = page.sent_after(800..=1_200);
    assert_eq!(second.body.uuids(), first.body.uuids());
    page.confirm(&second);
    assert_eq!(page.stats().confirmed, 1);
    page.ends();
}

#[test]
fn retry_after_is_honoured_where_it_is_longer_than_the_backoff() {
    for (retry_after_s, wait) in [(7, 7_000..=7_000), (0, 800..=1_200), (86_400, 3_600_000..=3_600_000)] {
        let mut page = Page::fresh();
        page.capture("booking_completed");
        let send = page.sent();
        page.finish(&send, Outcome::Answered { status: 503, retry_after_s });
        page.sent_after(wait);
        page.ends();
    }
}

/// A page that has used up its retries: only probes are left.
fn exhausted() -> Page {
    let mut page = Page::open(Config { max_retries: 2, ..open_gate() }, Default::default(), crate::page::START);
    page.capture("booking_completed");
    let first = page.sent();
    page.finish(&first, Outcome::of(503, "", ""));
    let second = page.sent_after(800..=1_200);
    page.finish(&second, Outcome::of(503, "", ""));
    let third = page.sent_after(1_600..=2_400);
    page.finish(&third, Outcome::of(503, "", ""));
    page
}

#[test]
fn after_the_last_retry_there_is_one_probe_each_five_minutes() {
    let mut page = exhausted();
    for _ in 0..3 {
        let probe = page.sent_after(PROBE_INTERVAL_MS..=PROBE_INTERVAL_MS);
        page.finish(&probe, Outcome::Failed);
    }
    page.ends();
}

#[test]
fn a_new_event_a_network_or_a_visitor_is_worth_a_probe_at_once() {
    let event = Page::fresh().event("slot_selected", "{}", None);
    for hope in [Input::Captured(event), Input::Online, Input::Returned] {
        let mut page = exhausted();
        page.freeze(10_000);
        page.sends_nothing();
        page.input(hope);
        let probe = page.sent();
        page.finish(&probe, Outcome::of(500, "", ""));
        page.sent_after(PROBE_INTERVAL_MS..=PROBE_INTERVAL_MS);
        page.ends();
    }
}

#[test]
fn a_confirmation_ends_the_row_of_failures() {
    let mut page = exhausted();
    page.input(Input::Online);
    let probe = page.sent();
    page.confirm(&probe);
    page.capture("booking_completed");
    let send = page.sent();
    page.finish(&send, Outcome::of(503, "", ""));
    page.sent_after(800..=1_200);
    page.ends();
}

#[test]
fn an_event_in_the_middle_of_a_backoff_waits_for_its_end() {
    let mut page = Page::fresh();
    page.capture("booking_completed");
    let send = page.sent();
    page.finish(&send, Outcome::of(503, "", ""));
    page.capture("payment_processed");
    assert_eq!(page.sent_after(800..=1_200).body.names(), ["booking_completed", "payment_processed"]);
    page.ends();
}

/// Answers every request as `server` does, until the page makes no more, and says how many there were.
fn serve(page: &mut Page, server: &dyn Fn(&Send) -> Outcome) -> usize {
    for requests in 0..100 {
        let Some(send) = page.sends.pop_front() else {
            return requests;
        };
        let outcome = server(&send);
        page.finish(&send, outcome);
    }
    panic!("the page never stops");
}

#[test]
fn halving_finds_the_one_event_that_the_server_refuses() {
    for bad in 0..9 {
        let mut page = Page::fresh();
        for number in 0..9 {
            page.capture_with("slot_selected", if number == bad { r#"{"bad":true}"# } else { "{}" });
            page.freeze(1);
        }
        page.input(Input::FlushRequested);
        let requests = serve(&mut page, &|send| {
            let refused = send.body.text.contains(r#""bad":true"#);
            if refused { Outcome::of(400, "", "invalid") } else { Outcome::of(200, "", OK) }
        });
        assert!(requests <= 9, "{requests} requests for {bad}");
        assert_eq!((page.stats().confirmed, page.stats().dropped(DropReason::Rejected)), (8, 1));
        assert_eq!(page.notice_count(Notice::Dropped(DropReason::Rejected)), 1);
        assert!(page.records().is_empty(), "the refused one is not tried for ever");
        assert_eq!(page.settled, 1);
        page.ends();
    }
}

#[test]
fn a_server_that_takes_little_gets_little() {
    let mut page = Page::fresh();
    for _ in 0..6 {
        page.capture_with("form_changed", &padding(20_000));
    }
    page.capture_with("form_changed", &padding(30_000));
    page.input(Input::FlushRequested);
    serve(&mut page, &|send| {
        let fits = send.body.text.len() < 25_000;
        if fits { Outcome::of(204, "", "") } else { Outcome::of(413, "", "") }
    });
    assert_eq!((page.stats().confirmed, page.stats().dropped(DropReason::TooLarge)), (6, 1));
    assert!(page.records().is_empty());
    page.ends();
}

#[test]
fn a_refused_project_key_stops_the_page_and_keeps_everything() {
    let mut page = Page::fresh();
    page.capture("booking_completed");
    let send = page.sent();
    page.finish(&send, Outcome::of(401, "", ""));
    page.capture("booking_failed");
    page.sleep(PROBE_INTERVAL_MS * 3);
    for input in [Input::Online, Input::FlushRequested, Input::Hidden, Input::Returned, Input::Leaving, Input::Returned]
    {
        page.input(input);
        page.sends_nothing();
        page.hands_nothing_over();
    }
    assert_eq!(page.notice_count(Notice::Unauthorised), 1);
    assert_eq!(page.wake, None);
    assert_eq!(page.stored(), ["booking_completed", "booking_failed"]);
    page.ends();

    let mut next = page.later(open_gate());
    let send = next.sent();
    assert_eq!(send.body.names(), ["booking_completed", "booking_failed"], "the next page tries again");
    next.confirm(&send);
    next.ends();
}

#[test]
fn a_project_over_its_quota_keeps_events_and_asks_after_a_minute_then_each_hour() {
    let limited = Outcome::of(200, "", r#"{"status":"Ok","quota_limited":["events"]}"#);
    let mut page = Page::fresh();
    page.capture("booking_completed");
    let send = page.sent();
    page.finish(&send, limited);
    assert_eq!(page.stored(), ["booking_completed"]);
    page.capture("payment_processed");
    let send = page.sent_after(60_000..=60_000);
    page.finish(&send, limited);
    let send = page.sent_after(3_600_000..=3_600_000);
    page.finish(&send, limited);
    let send = page.sent_after(3_600_000..=3_600_000);
    page.confirm(&send);
    assert!(page.records().is_empty());

    page.capture("booking_completed");
    let send = page.sent();
    page.finish(&send, limited);
    page.sent_after(60_000..=60_000);
    page.ends();
}
