//! What the page's side does for the engine. `js/src/page-side.ts` implements it.

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// The object that the wrapper passes in. None of its methods throws.
    #[derive(Debug)]
    pub type PageSide;

    /// Posts a body; its end is reported by `answered`.
    #[wasm_bindgen(method)]
    pub(crate) fn send(this: &PageSide, request: u32, body: &str, keepalive: bool);

    /// Gives a request up; nothing is reported.
    #[wasm_bindgen(method)]
    pub(crate) fn abort(this: &PageSide, request: u32);

    /// Hands a body over for sending after the page is gone.
    #[wasm_bindgen(method)]
    pub(crate) fn exit(this: &PageSide, body: &str);

    /// Calls `woke` after this time and not at any earlier named one; never, where it is negative.
    #[wasm_bindgen(method, js_name = wakeIn)]
    pub(crate) fn wake_in(this: &PageSide, wait_ms: f64);

    /// Finds out whether a team is tracked, later, by `answerGate`.
    #[wasm_bindgen(method, js_name = askGate)]
    pub(crate) fn ask_gate(this: &PageSide, team: &str);

    /// The flush that was asked for is over.
    #[wasm_bindgen(method)]
    pub(crate) fn settled(this: &PageSide);

    /// Tells the people who run the page something.
    #[wasm_bindgen(method)]
    pub(crate) fn notice(this: &PageSide, code: &str, event: &str);
}
