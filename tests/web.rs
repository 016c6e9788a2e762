//! The tracker and its edge in a real browser: what the host cannot show. Everything else is tested on the host
//! (`tests/outbox`, `tests/tracker`) and end to end (`tests/e2e/`).
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test states its expectations by failing")]

use posthog_booking_tracker::bindings::{Configuration, HandedOver};
use posthog_booking_tracker::browser::Host;
use posthog_booking_tracker::outbox::DropReason;
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

// What JavaScript does for a tracker, without its guard; requests go nowhere, and are written down.
#[wasm_bindgen(inline_js = r#"
export function host() {
  const host = {
    sent: [],
    hearer: (what, id) => (value) => host.engine.hear(what, id, value),
    holder: (name, hear) => (lock) => void hear(lock),
    recall: () => undefined,
    notes: () => 0,
  };
  for (const name of "letGo touch remember opened tellTeam tellFlags tellConsent tellNear flagsSettled flushed isShutDown".split(" ")) host[name] = () => {};
  globalThis.fetch = (url, { body }) => new Promise((answer) => {
    host.sent.push(body);
    host.answer = (text) => answer(new Response(text));
  });
  return host;
}
export const options = (change) => ({
  host: "https://posthog.test", teamId: 42, isTeamEnabled: true, ...Function(`return (${change})`)(),
});
export const handedOver = () => ({ page: "p", said: "", version: "1", isLazy: false, teams: {} });
export const connect = (host, engine) => { host.engine = engine; };
export const meddle = (host) => {
  // What the page has replaced may call the tracker in the middle of a storage call.
  const set = Storage.prototype.setItem;
  Storage.prototype.setItem = function (key, value) {
    Storage.prototype.setItem = set;
    host.seen = JSON.stringify(host.engine.stats());
    host.engine.hear("leaving", 0, undefined);
    set.call(this, key, value);
  };
};
export const seen = (host) => host.seen;
export const call = (engine, method, args) => engine[method](...Function(`return [${args}]`)());
export const sent = (host) => host.sent.splice(0).join("\n");
export const answer = (host, text) => host.answer(text);
// A task of its own, behind whatever the last one has begun.
export const later = () => new Promise((done) => setTimeout(done));
export const stored = () => Object.keys(localStorage).filter((key) => key.startsWith("phbt:1:")).length;
export const clear = () => { localStorage.clear(); sessionStorage.clear(); };
export const text = (value) => JSON.stringify(value) ?? "undefined";
"#)]
extern "C" {
    fn host() -> Host;
    fn options(change: &str) -> JsValue;
    #[wasm_bindgen(js_name = handedOver)]
    fn handed_over() -> HandedOver;
    fn connect(host: &Host, engine: &JsValue);
    fn meddle(host: &Host);
    fn seen(host: &Host) -> String;
    fn call(engine: &JsValue, method: &str, args: &str) -> JsValue;
    #[wasm_bindgen(js_name = sent)]
    fn take_sent(host: &Host) -> String;
    fn answer(host: &Host, text: &str);
    fn later() -> js_sys::Promise;
    fn stored() -> u32;
    fn clear();
    fn text(value: &JsValue) -> String;
}

/// A page with its tracker as JavaScript has it, and its host; `change` are options as JavaScript writes them.
fn open(change: &str) -> (JsValue, Host) {
    clear();
    let host = host();
    let mut configuration = Configuration::new(&"phc_web".into(), &options(change));
    let engine = JsValue::from(configuration.open(&handed_over(), host.clone()).unwrap());
    connect(&host, &engine);
    call(&engine, "start", "");
    (engine, host)
}

/// The bodies of what was sent since: a request starts behind the call that wants it.
async fn sent(host: &Host) -> String {
    wasm_bindgen_futures::JsFuture::from(later()).await.unwrap();
    take_sent(host)
}

fn stat(engine: &JsValue, name: &str) -> Option<f64> {
    js_sys::Reflect::get(&call(engine, "stats", ""), &name.into()).unwrap().as_f64()
}

#[wasm_bindgen_test]
async fn an_event_lies_in_local_storage_until_it_is_confirmed() {
    let (engine, host) = open("{}");
    let captured = text(&call(&engine, "trackBookingCompleted", "{ bookingId: 7, bookingUid: 'u' }"));
    assert!(captured.contains(r#""event":"booking_completed""#), "{captured}");
    assert_eq!(stored(), 1);
    let sent = sent(&host).await;
    assert!(sent.contains(r#""batch":[{"event":"booking_completed","#), "{sent}");
    answer(&host, "{\"status\":1}");
    while stored() > 0 {
        wasm_bindgen_futures::JsFuture::from(later()).await.unwrap();
    }
    assert_eq!(stat(&engine, "confirmed"), Some(1.0));
}

#[wasm_bindgen_test]
async fn whatever_a_page_passes_is_read_without_harm() {
    let (engine, host) = open("{}");
    let hostile = "{ n: 1n, nested: { get bad() { throw new Error('boom'); } }, before: 1, get bad() { throw new Error('boom'); }, error: new Error('ask ada@lovelace.org') }";
    call(
        &engine,
        "capture",
        &format!("'x', {hostile}, {{ sendInstantly: true, get uuid() {{ throw new Error('boom'); }} }}"),
    );
    let sent = sent(&host).await;
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
async fn what_a_hook_makes_of_an_event_is_sent() {
    let hook = "(event) => event.event === 'private' ? null : { ...event, properties: { ...event.properties, hooked: true, token: 'x' } }";
    let (engine, host) = open(&format!("{{ beforeSend: [{hook}] }}"));
    assert_eq!(text(&call(&engine, "capture", "'private', {}, {}")), "undefined");
    call(&engine, "capture", "'payment_done', {}, {}");
    let sent = sent(&host).await;
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
async fn what_calls_in_from_inside_a_call_is_done_behind_it() {
    let (engine, host) = open("{}");
    call(&engine, "capture", "'warm', {}, {}");
    meddle(&host);
    call(&engine, "trackBookingCompleted", "{}");
    assert!(seen(&host).starts_with(r#"{"captured":1,"#), "the counters of before the call: {}", seen(&host));
    assert!(sent(&host).await.contains("booking_completed"));
    assert_eq!(stored(), 2);
}
