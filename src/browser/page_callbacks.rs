//! What the page's side of the boundary does for the engine. `js/src/tracker.ts` implements it.

use js_sys::Function;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// The object that the wrapper passes in.
    #[derive(Debug)]
    pub type PageCallbacks;

    /// Wraps a function so that a trap in it ends this engine, not the page, and so that it does nothing once the
    /// engine is dead. Every function that the browser is given goes through here.
    #[wasm_bindgen(method)]
    pub(crate) fn guard(this: &PageCallbacks, function: &Function) -> Function;

    /// Finds out whether a team is tracked, later, by `answerGate`.
    #[wasm_bindgen(method, js_name = askGate)]
    pub(crate) fn ask_gate(this: &PageCallbacks, team: &str);

    /// Tells the people who run the page something.
    #[wasm_bindgen(method)]
    pub(crate) fn notice(this: &PageCallbacks, code: &str, event: &str);
}
