//! The functions of the browser that web-sys takes for ones that never throw. A page may have replaced any of them.

use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::Window;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = queueMicrotask, catch)]
    fn queue(run: &Function) -> Result<(), JsValue>;

    #[wasm_bindgen(js_name = setTimeout, catch)]
    fn set_timer(run: &Function, wait_ms: i32) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_name = requestIdleCallback, catch)]
    fn request_idle_callback(run: &Function) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_name = clearTimeout, catch)]
    fn clear_timer(timer: &JsValue) -> Result<(), JsValue>;

    #[wasm_bindgen(js_name = fetch, catch)]
    fn start_fetch(url: &str, how: &Object) -> Result<Promise, JsValue>;
}

/// The page's global object. Not every page has the class `Window` (a page of `node:vm` has none), so nobody asks for it.
pub(super) fn page() -> Window {
    js_sys::global().unchecked_into()
}

/// Has `run` called at the end of the present task.
pub(super) fn queue_microtask(run: &Function) -> Result<(), JsValue> {
    queue(run)
}

/// Has `run` called after this time; gives the timer.
pub(super) fn set_timeout(run: &Function, wait_ms: i32) -> Result<JsValue, JsValue> {
    set_timer(run, wait_ms)
}

/// How long a browser without `requestIdleCallback` (Safari) is left alone instead.
const IDLE_WAIT_MS: i32 = 1_000;

/// Has `run` called when the page has nothing else to do.
pub(super) fn when_idle(run: &Function) -> Result<(), JsValue> {
    request_idle_callback(run).or_else(|_| set_timeout(run, IDLE_WAIT_MS)).map(drop)
}

/// Stops a timer.
pub(super) fn clear_timeout(timer: &JsValue) {
    let _ = clear_timer(timer);
}

/// Starts a request.
pub(super) fn fetch(url: &str, how: &Object) -> Result<Promise, JsValue> {
    start_fetch(url, how)
}

/// Says something on the console of the page, by its method `level`.
pub(super) fn say(level: &str, text: &str) {
    let console = Reflect::get(&page(), &"console".into()).unwrap_or_default();
    let text = JsValue::from_str(&["[PostHogBookingTracker] ", text].concat());
    super::value::method(&console, level, &[text]);
}
