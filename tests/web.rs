//! The engine and its edge in a real browser: what the host cannot show. Everything else is tested on the host
//! (`tests/engine.rs`) and end to end (`tests/e2e/`).
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test states its expectations by failing")]

use posthog_booking_tracker::browser::{Driver, PageSide};
use posthog_booking_tracker::engine::{
    ALONE_MARGIN_MS, Config, Handover, Input, LOCK_SETTLE_MS, LockAnswer, NewEvent, Outcome, Wall, json,
    push_iso_timestamp, record_key,
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
    put: (key, value) => { localStorage.setItem(key, value); return true; },
    remove: (key) => localStorage.removeItem(key),
    keys: (prefix) => Object.keys(localStorage).filter((key) => key.startsWith(prefix)).join("\n"),
    send: (request, body, keepalive) => asked.push(`send ${request} ${keepalive} ${body}`),
    abort: (request) => asked.push(`abort ${request}`),
    exit: (body) => asked.push(`exit ${body}`),
    wakeIn: (ms) => asked.push(`wake ${ms}`),
    askGate: (team) => asked.push(`gate ${team}`),
    askLock: () => asked.push("lock"),
    releaseLock: () => asked.push("release"),
    settled: () => asked.push("settled"),
    notice: (number, event) => asked.push(`notice ${number} ${event}`),
  };
}
export const asked = (side) => side.asked.splice(0).join("\n");
export const stored = () => Object.keys(localStorage).filter((key) => key.startsWith("phbt:1:")).length;
export const clear = () => localStorage.clear();
export const now = () => performance.now();
export const wallNow = () => Date.now();
export const isoOf = (ms) => new Date(ms).toISOString();
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
    #[wasm_bindgen(js_name = isoOf)]
    fn iso_of(ms: f64) -> String;
}

fn start(side: &PageSide) -> Driver {
    let config = r#"{"apiKey":"phc_web","flushAt":20,"flushInterval":10000,"maxRetries":10,"requestTimeout":10000}"#;
    let driver = Driver::new(Config::parse(config), side.clone());
    driver.enter(Input::Started(Handover::default()));
    driver
}

/// Captures for team 42, of which the page knows this.
fn capture(driver: &Driver, name: &str, open: Option<bool>) {
    let uuid = "0190b3a2-7c1e-7a3b-9f00-0123456789ab";
    let key = record_key("phc_web", Wall(wall_now() as u64), 0, uuid);
    let body = format!(r#"{{"event":"{name}","uuid":"{uuid}","properties":{{"n":1}}}}"#);
    let event = NewEvent { key, body, team: Some("42".to_owned()), open, at_once: false };
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
    assert!(asked.contains("send 1 true {\"api_key\":\"phc_web\",\"sent_at\":\""), "{asked}");
    let answer = Outcome::Answered { status: 200, body: r#"{"status":"Ok"}"#.to_owned(), retry_after: None };
    driver.enter(Input::SendFinished { request: 1, outcome: answer });
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
    assert!(asked(&side).contains("exit {\"api_key\""));
    assert_eq!(stored(), 1);
}

#[wasm_bindgen_test]
fn timestamps_are_those_of_javascript() {
    for ms in [0_u64, 1, 951_782_400_000, 1_767_323_045_678, 4_107_542_399_999, 253_402_300_799_999] {
        let mut text = String::new();
        push_iso_timestamp(&mut text, Wall(ms));
        assert_eq!(text, iso_of(ms as f64));
    }
}

#[wasm_bindgen_test]
fn the_scanner_works_on_32_bits() {
    let mut out = String::new();
    json::copy(r#"{"a":["\ud800",1e308,-0.5e-999,{"b":null}]}"#, &mut out).unwrap();
    assert_eq!(out, r#"{"a":["\ufffd",1e308,-0.5e-999,{"b":null}]}"#);
    assert!(json::copy("[2e308]", &mut String::new()).is_err());
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(json::copy(&deep, &mut String::new()), Err(json::JsonError::TooDeep));
}
