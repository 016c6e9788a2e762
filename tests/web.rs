//! The engine and its edge in a real browser: what the host cannot show. Everything else is tested on the host
//! (`tests/engine.rs`) and end to end (`tests/e2e/`).
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test states its expectations by failing")]

use posthog_booking_tracker::bindings::Engine;
use posthog_booking_tracker::browser::{Driver, PageSide};
use posthog_booking_tracker::engine::{
    ADOPTION_AGE_MIN_MS, ALONE_MARGIN_MS, Config, DropReason, Input, LOCK_SETTLE_MS, LockAnswer, NewEvent, Outcome,
    Wall, record_key,
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
    keys: (prefix) => Object.keys(localStorage).filter((key) => key.startsWith(prefix)),
    send: (request, events, keepalive) => asked.push(`send ${request} ${keepalive} ${events}`),
    abort: (request) => asked.push(`abort ${request}`),
    exit: (events) => asked.push(`exit ${events}`),
    wakeIn: (ms) => asked.push(`wake ${ms}`),
    askGate(team) {
      asked.push(`gate ${team}`);
      // Somebody who knows at once answers while the engine is still at it.
      this.engine?.gateAnswered(team, true);
    },
    askLock: () => asked.push("lock"),
    releaseLock: () => asked.push("release"),
    settled: () => asked.push("settled"),
    notice: (code, event) => asked.push(`notice ${code} ${event}`),
    replayJournal: (ageMinMs) => asked.push(`replay ${ageMinMs}`),
  };
}
export const connect = (side, engine) => {
  side.engine = engine;
  // What the page has replaced may call the tracker in the middle of a storage call.
  const put = side.put;
  side.put = (key, value) => {
    side.seen = JSON.stringify(engine.stats());
    engine.hidden();
    return put(key, value);
  };
};
export const seen = (side) => side.seen;
export const call = (engine, method, ...values) => engine[method](...values);
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
    fn connect(side: &PageSide, engine: &JsValue);
    fn seen(side: &PageSide) -> String;
    #[wasm_bindgen(variadic)]
    fn call(engine: &JsValue, method: &str, values: Vec<JsValue>) -> JsValue;
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
    driver.enter(Input::Started { quarantined: Vec::new() });
    driver
}

/// The key and the text of an event that is captured now.
fn event(name: &str) -> (String, String) {
    let uuid = "0190b3a2-7c1e-7a3b-9f00-0123456789ab";
    let body = format!(r#"{{"event":"{name}","uuid":"{uuid}","properties":{{"n":1}}}}"#);
    (record_key("1web", Wall(wall_now() as u64), 0, uuid), body)
}

/// Captures for team 42, of which the page knows this.
fn capture(driver: &Driver, name: &str, open: Option<bool>) {
    let (key, body) = event(name);
    let must_send = name == "booking_completed";
    let team = Some("42".to_owned());
    driver.enter(Input::Captured(NewEvent { key, name: name.to_owned(), body, team, open, must_send, sealed: true }));
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

/// The engine as JavaScript has it, and its page's side.
fn exported() -> (JsValue, PageSide) {
    clear();
    let side = page_side();
    let engine = JsValue::from(Engine::new("1web".to_owned(), 20, 10_000, 10, 10_000, side.clone()));
    call(&engine, "start", vec![js_sys::Array::new().into()]);
    (engine, side)
}

fn capture_by(engine: &JsValue, name: &str, open: JsValue) {
    let (key, body) = event(name);
    let texts = [key.as_str(), name, &body, "42"].map(JsValue::from_str);
    let marks = [open, JsValue::TRUE, JsValue::TRUE];
    call(engine, "capture", texts.into_iter().chain(marks).collect());
}

#[wasm_bindgen_test]
fn the_counters_are_an_object_with_every_reason() {
    let (engine, _) = exported();
    capture_by(&engine, "booking_completed", JsValue::FALSE);
    let stats = call(&engine, "stats", Vec::new());
    let number = |of: &JsValue, name: &str| js_sys::Reflect::get(of, &name.into()).unwrap().as_f64();
    let counts = ["captured", "adopted", "confirmed", "waiting", "held", "settledElsewhere"];
    assert_eq!(counts.map(|name| number(&stats, name)), [1.0, 0.0, 0.0, 0.0, 0.0, 0.0].map(Some));
    let dropped = js_sys::Reflect::get(&stats, &"dropped".into()).unwrap();
    for reason in DropReason::ALL {
        let expected = f64::from(u8::from(reason == DropReason::GateShut));
        assert_eq!(number(&dropped, reason.code()), Some(expected), "{}", reason.code());
    }
}

#[wasm_bindgen_test]
fn what_calls_in_from_inside_a_call_is_done_behind_it() {
    let (engine, side) = exported();
    connect(&side, &engine);
    capture_by(&engine, "booking_started", JsValue::UNDEFINED);
    assert!(seen(&side).starts_with(r#"{"captured":0,"#), "the counters of before the call: {}", seen(&side));
    let before = asked(&side);
    assert!(!before.contains("send"), "{before}");
    call(&engine, "gateAnswered", vec!["42".into(), JsValue::TRUE]);
    let after = asked(&side);
    assert!(after.contains("send 2 true {\"event\":\"booking_started\","), "{after}");
    // The first number went with the page that was hidden in between and had nothing to send.
    call(&engine, "answered", vec![2.into(), 200.into(), 0.into()]);
    assert_eq!(stored(), 0);
}

#[wasm_bindgen_test]
fn an_answer_that_is_there_at_once_is_heard_in_the_same_breath() {
    let (engine, side) = exported();
    connect(&side, &engine);
    let uuid = "0190b3a2-7c1e-7a3b-9f00-000000000002";
    let key = record_key("1web", Wall(wall_now() as u64 - 2 * ADOPTION_AGE_MIN_MS), 0, uuid);
    let pairs = [key, "s\t42\t{\"event\":\"booking_started\"}".to_owned()];
    call(&engine, "mirrored", pairs.map(|text| js_sys::Array::of1(&text.into()).into()).into());
    call(&engine, "lockAnswered", vec!["missing".into()]);
    let wanted = asked(&side);
    assert!(wanted.contains("lock") && wanted.contains("replay 60000") && wanted.contains("gate 42"), "{wanted}");
    assert!(wanted.contains("true {\"event\":\"booking_started\"}"), "{wanted}");
    assert_eq!(stored(), 1);
}
