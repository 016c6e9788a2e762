//! The functions of the browser that web-sys takes for ones that never throw. A page may have replaced any of them.

use js_sys::{Function, Object, Promise};
use wasm_bindgen::prelude::*;
use web_sys::Window;

use super::value::{member, method};

#[wasm_bindgen]
extern "C" {
    /// Has `run` called at the end of the present task.
    #[wasm_bindgen(js_name = queueMicrotask, catch)]
    pub(super) fn queue_microtask(run: &Function) -> Result<(), JsValue>;

    /// Has `run` called after this time; gives the timer.
    #[wasm_bindgen(js_name = setTimeout, catch)]
    pub(super) fn set_timeout(run: &Function, wait_ms: i32) -> Result<JsValue, JsValue>;

    /// Stops a timer; what is none is none.
    #[wasm_bindgen(js_name = clearTimeout, catch)]
    pub(super) fn clear_timeout(timer: &JsValue) -> Result<(), JsValue>;

    #[wasm_bindgen(js_name = requestIdleCallback, catch)]
    fn request_idle_callback(run: &Function) -> Result<JsValue, JsValue>;

    /// Starts a request.
    #[wasm_bindgen(catch)]
    pub(super) fn fetch(url: &str, how: &Object) -> Result<Promise, JsValue>;
}

/// How long a browser without `requestIdleCallback` (Safari) is left alone instead.
const IDLE_WAIT_MS: i32 = 1_000;

/// Has `run` called when the page has nothing else to do.
pub(super) fn when_idle(run: &Function) -> Result<(), JsValue> {
    request_idle_callback(run).or_else(|_| set_timeout(run, IDLE_WAIT_MS)).map(drop)
}

/// The page's global object. Not every page has the class `Window` (a page of `node:vm` has none), so nobody asks for it.
pub(super) fn page() -> Window {
    js_sys::global().unchecked_into()
}

/// Says something on the console of the page, by its method `level`.
pub(crate) fn say(level: &str, text: &str) {
    let console = member(&page(), "console");
    let text = JsValue::from_str(&["[PostHogBookingTracker] ", text].concat());
    method(&console, level, &[text]);
}
