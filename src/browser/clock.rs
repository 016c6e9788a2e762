//! The two clocks of a browser.

use wasm_bindgen::prelude::*;

use crate::engine::{Monotonic, Wall};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
}

/// The wall clock, `Date.now()`.
pub(crate) fn wall() -> Wall {
    Wall(js_sys::Date::now() as u64)
}

/// `performance.now()`, which no change of the wall clock moves.
pub(crate) fn monotonic() -> Monotonic {
    Monotonic(performance_now() as u64)
}
