//! The engine and its edge in a real browser: what the host cannot show. Everything else is tested on the host
//! (`tests/engine.rs`) and end to end (`tests/e2e/`).
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test states its expectations by failing")]

use posthog_booking_tracker::browser::{Driver, PageSide};
use posthog_booking_tracker::engine::{
    ALONE_MARGIN_MS, Config, Handover, Input, LOCK_SETTLE_MS, LockAnswer, NewEvent, Outcome, Wall, record_key,
};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

// The page's side over the real localStorage, which writes down what it is asked for.
#[wasm_bindgen(inline_js = r#"
export function pageSide() {
  const asked = [];
  return {
    asked,
    get: (key) => localStorage.getItem(key) ?? undefined,
    getRecord: (key) => localStorage.getItem(key) ?? undefined,
    put: (key, value) => { localStorage.setItem(key, value); return true; },
    remove: (key) => localStorage.removeItem(key),
    keys: (prefix) => Object.keys(localStorage).filter((key) => key.startsWith(prefix)).join("\n"),
    send: (request, events, keepalive) => asked.push(`send ${request} ${keepalive} ${events}`),
    abort: (request) => asked.push(`abort ${request}`),
    exit: (events) => asked.push(`exit ${events}`),
    wakeIn: (ms) => asked.push(`wake ${ms}`),
    askGate: (team) => asked.push(`gate ${team}`),
    askLock: () => asked.push("lock"),
    releaseLock: () => asked.push("release"),
    settled: () => asked.push("settled"),
    count: (count) => asked.push(`count ${count}`),
    notice: (number, event) => asked.push(`notice ${number} ${event}`),
  };
}
export const asked = (side) => side.asked.splice(0).join("\n");
export const stored = () => Object.keys(localStorage).filter((key) => key.startsWith("phbt:1:")).length;
export const clear = () => localStorage.clear();
export const now = () => performance.now();
export const wallNow = () => Date.now();
"#)]
extern "C" {
    #[wasm_bindgen(js_name = pageSide)]
    fn page_side() -> PageSide;
    fn asked(side: &PageSide) -> String;
    fn stored() -> u32;
    fn clear();
    fn now() -> f64;
    #[wasm_bindgen(js_name = wallNow)]
    fn wall_now() -> f64;
}

fn start(side: &PageSide) -> Driver {
    let config = Config {
        project: "1web".to_owned(),
        flush_at: 20,
        flush_interval_ms: 10_000,
        max_retries: 10,
        request_timeout_ms: 10_000,
    };
    let driver = Driver::new(config, side.clone());
    driver.enter(Input::Started(Handover::default()));
    driver
}

/// Captures for team 42, of which the page knows this.
fn capture(driver: &Driver, name: &str, open: Option<bool>) {
    let uuid = "0190b3a2-7c1e-7a3b-9f00-0123456789ab";
    let key = record_key("1web", Wall(wall_now() as u64), 0, uuid);
    let body = format!(r#"{{"event":"{name}","uuid":"{uuid}","properties":{{"n":1}}}}"#);
    let must_send = name == "booking_completed";
    let event = NewEvent { key, name: name.to_owned(), body, team: Some("42".to_owned()), open, must_send };
    driver.enter(Input::Captured(event));
}

#[wasm_bindgen_test]
fn an_event_lies_in_local_storage_until_it_is_confirmed() {
    clear();
    let side = page_side();
    let driver = start(&side);
    capture(&driver, "booking_completed", Some(true));
    assert_eq!(stored(), 1);
    let asked = asked(&side);
    assert!(asked.contains("send 1 true {\"event\":\"booking_completed\","), "{asked}");
    let outcome = Outcome::Answered { status: 200, retry_after_s: 0 };
    driver.enter(Input::SendFinished { request: 1, outcome });
    assert_eq!(stored(), 0);
    assert!(driver.stats().balances());
    assert_eq!(driver.stats().confirmed, 1);
}

#[wasm_bindgen_test]
fn the_next_engine_finds_what_an_earlier_one_left() {
    clear();
    capture(&start(&page_side()), "booking_started", Some(true));
    let side = page_side();
    let driver = start(&side);
    assert!(asked(&side).contains("lock"));
    // The engine goes by the browser's clock, so the moments that it waits have to pass.
    let pass = |ms: u64| {
        let from = now();
        while now() - from <= ms as f64 {}
    };
    pass(ALONE_MARGIN_MS);
    driver.enter(Input::LockAnswered(LockAnswer::Granted));
    pass(LOCK_SETTLE_MS);
    driver.enter(Input::Woke);
    assert_eq!(driver.stats().adopted, 1);
    let before = asked(&side);
    assert!(before.contains("gate 42") && !before.contains("send"), "{before}");
    driver.enter(Input::GateAnswered { team: "42".to_owned(), open: Some(true) });
    driver.enter(Input::LockAnswered(LockAnswer::Granted));
    pass(LOCK_SETTLE_MS);
    driver.enter(Input::Woke);
    assert!(asked(&side).contains("\"event\":\"booking_started\""));
}

#[wasm_bindgen_test]
fn what_is_captured_while_nobody_knows_of_its_team_is_held() {
    clear();
    let side = page_side();
    let driver = start(&side);
    capture(&driver, "booking_completed", None);
    let before = asked(&side);
    assert!(!before.contains("gate") && !before.contains("send"), "{before}");
    assert_eq!((stored(), driver.stats().held), (1, 1));
    driver.enter(Input::GateAnswered { team: "42".to_owned(), open: Some(true) });
    assert!(asked(&side).contains("send 1 true"));
}

#[wasm_bindgen_test]
fn leaving_hands_everything_over() {
    clear();
    let side = page_side();
    let driver = start(&side);
    capture(&driver, "booking_started", Some(true));
    driver.enter(Input::Leaving);
    assert!(asked(&side).contains("exit {\"event\":\"booking_started\","));
    assert_eq!(stored(), 1);
}

#[wasm_bindgen_test]
fn the_page_is_given_the_counters_one_by_one() {
    clear();
    let side = page_side();
    let driver = start(&side);
    capture(&driver, "booking_started", Some(true));
    let _ = asked(&side);
    driver.count();
    let counts = asked(&side);
    assert!(counts.starts_with("count 1\ncount 0\ncount 0\ncount 1\ncount 0\n"), "{counts}");
    assert_eq!(counts.lines().count(), 18);
}
