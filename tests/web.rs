//! The tracker and its edge in a real browser: what the host cannot show. Everything else is tested on the host
//! (`tests/outbox`, `tests/tracker`) and end to end (`tests/e2e/`).
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test states its expectations by failing")]

use posthog_booking_tracker::bindings::{Configuration, Engine};
use posthog_booking_tracker::browser::Host;
use posthog_booking_tracker::outbox::DropReason;
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

// The page's side over the real localStorage, which writes down what it is asked for.
#[wasm_bindgen(inline_js = r#"
export function pageSide() {
  const asked = [];
  const note = (name) => (...given) => void asked.push([name, ...given].join(" "));
  const names = "abort exit ask askCallback wakeIn askLock releaseLock opened readMirror tryLater eraseMirror tellTeam tellFlags tellConsent tellNear flagsSettled flushed isShutDown say send";
  return {
    asked,
    get: (key) => localStorage.getItem(key) ?? undefined,
    put: (key, value) => { localStorage.setItem(key, value); return true; },
    remove: (key) => localStorage.removeItem(key),
    keys: (prefix) => Object.keys(localStorage).filter((key) => key.startsWith(prefix)),
    tabGet: (key) => sessionStorage.getItem(key) ?? undefined,
    tabPut: (key, value) => sessionStorage.setItem(key, value),
    tabRemove: (key) => sessionStorage.removeItem(key),
    recall: () => undefined,
    remember: () => {},
    notes: () => 0,
    ...Object.fromEntries(names.split(" ").map((name) => [name, note(name)])),
  };
}
export const configuration = (change) => ({
  apiKey: "phc_web", project: "1web", host: "https://posthog.test", team: "42", isTeamEnabled: true, beforeSend: [],
  flushAt: 20, flushInterval: 10000, maxRetries: 10, requestTimeout: 10000, gateTtl: 300000, flagRetries: 1,
  consent: "granted", identity: "own", personProfiles: "identifiedOnly", ungated: "ignore", holdUnknown: "durable",
  page: "p", said: "", version: "1", teamAnswers: {}, ...Function(`return (${change})`)(),
});
export const connect = (side, engine) => {
  // What the page has replaced may call the tracker in the middle of a storage call.
  const put = side.put;
  side.put = (key, value) => {
    side.seen ??= JSON.stringify(engine.stats());
    engine.hidden();
    return put(key, value);
  };
};
export const seen = (side) => side.seen;
export const call = (engine, method, args) => engine[method](...Function(`return [${args}]`)());
export const asked = (side) => side.asked.splice(0).join("\n");
export const stored = () => Object.keys(localStorage).filter((key) => key.startsWith("phbt:1:")).length;
export const clear = () => { localStorage.clear(); sessionStorage.clear(); };
export const text = (value) => JSON.stringify(value) ?? "undefined";
"#)]
extern "C" {
    #[wasm_bindgen(js_name = pageSide)]
    fn page_side() -> Host;
    fn configuration(change: &str) -> Configuration;
    fn connect(side: &Host, engine: &JsValue);
    fn seen(side: &Host) -> String;
    fn call(engine: &JsValue, method: &str, args: &str) -> JsValue;
    fn asked(side: &Host) -> String;
    fn stored() -> u32;
    fn clear();
    fn text(value: &JsValue) -> String;
}

/// A page with its tracker as JavaScript has it, and its page's side; `change` are options as JavaScript writes them.
fn open(change: &str) -> (JsValue, Host) {
    clear();
    let side = page_side();
    let engine = JsValue::from(Engine::new(&configuration(change), side.clone()));
    call(&engine, "start", "false");
    (engine, side)
}

fn stat(engine: &JsValue, name: &str) -> Option<f64> {
    js_sys::Reflect::get(&call(engine, "stats", ""), &name.into()).unwrap().as_f64()
}

#[wasm_bindgen_test]
fn an_event_lies_in_local_storage_until_it_is_confirmed() {
    let (engine, side) = open("{}");
    let captured = text(&call(&engine, "trackBookingCompleted", "{ bookingId: 7, bookingUid: 'u' }"));
    assert!(captured.contains(r#""event":"booking_completed""#), "{captured}");
    assert_eq!(stored(), 1);
    let sent = asked(&side);
    assert!(sent.contains("send 1 {\"event\":\"booking_completed\","), "{sent}");
    call(&engine, "answered", "1, 200, 0");
    assert_eq!((stored(), stat(&engine, "confirmed")), (0, Some(1.0)));
}

#[wasm_bindgen_test]
fn whatever_a_page_passes_is_read_without_harm() {
    let (engine, side) = open("{}");
    let hostile = "{ n: 1n, nested: { get bad() { throw new Error('boom'); } }, before: 1, get bad() { throw new Error('boom'); }, error: new Error('ask ada@lovelace.org') }";
    call(
        &engine,
        "capture",
        &format!("'x', {hostile}, {{ sendInstantly: true, get uuid() {{ throw new Error('boom'); }} }}"),
    );
    let sent = asked(&side);
    for member in [r#""n":"1""#, r#""before":1"#, r#""error":"ask [email]""#] {
        assert!(sent.contains(member), "{member} in {sent}");
    }
    assert!(!sent.contains("bad") && !sent.contains("lovelace"), "{sent}");
    call(&engine, "capture", "'y', Proxy.revocable({}, {}).proxy, { timestamp: Symbol('x') }");
    call(&engine, "identify", "{}, 7, null");
    call(&engine, "getFeatureFlag", "Object.create(null)");
    assert_eq!(stat(&engine, "captured"), Some(2.0));
}

#[wasm_bindgen_test]
fn what_a_hook_makes_of_an_event_is_sent() {
    let hook = "(event) => event.event === 'private' ? null : { ...event, properties: { ...event.properties, hooked: true, token: 'x' } }";
    let (engine, side) = open(&format!("{{ beforeSend: [{hook}] }}"));
    assert_eq!(text(&call(&engine, "capture", "'private', {}, {}")), "undefined");
    call(&engine, "capture", "'payment_done', {}, {}");
    let sent = asked(&side);
    assert!(sent.contains(r#""hooked":true"#) && sent.contains(r#""token":"phc_web""#), "{sent}");
    assert_eq!((stat(&engine, "captured"), stored()), (Some(2.0), 1));
}

#[wasm_bindgen_test]
fn the_counters_are_an_object_with_every_reason() {
    let (engine, _) = open("{ isTeamEnabled: false }");
    call(&engine, "capture", "'x', {}, {}");
    let dropped = js_sys::Reflect::get(&call(&engine, "stats", ""), &"dropped".into()).unwrap();
    for reason in DropReason::ALL {
        let expected = f64::from(u8::from(reason == DropReason::GateShut));
        let count = js_sys::Reflect::get(&dropped, &reason.code().into()).unwrap().as_f64();
        assert_eq!(count, Some(expected), "{}", reason.code());
    }
}

#[wasm_bindgen_test]
fn what_calls_in_from_inside_a_call_is_done_behind_it() {
    let (engine, side) = open("{}");
    connect(&side, &engine);
    call(&engine, "capture", "'x', {}, {}");
    assert!(seen(&side).starts_with(r#"{"captured":0,"#), "the counters of before the call: {}", seen(&side));
    let after = asked(&side);
    assert!(after.contains("send") || after.contains("exit"), "the page was hidden in the middle of it: {after}");
    assert_eq!(stored(), 1);
}
