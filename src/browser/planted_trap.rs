//! A trap that a test plants, to see that the page survives it. Not part of any shipped build.
//!
//! The needle lies on `globalThis`, so that it outlives the instance that it kills.

use wasm_bindgen::prelude::*;

use crate::tracker::{Call, Input};

#[wasm_bindgen(
    inline_js = "export const plant = (needle) => { globalThis.plantedTrap = needle; }; export const planted = () => globalThis.plantedTrap ?? '';"
)]
extern "C" {
    #[wasm_bindgen(js_name = plant)]
    fn plant_needle(needle: &str);
    fn planted() -> String;
}

/// Makes every later engine of this page trap on what contains `needle`: an event that comes in, or a stored record that
/// is read. The needles `@woke`, `@leaving` and `@answered` make it trap on the timer, the leave or the answer of that name.
pub fn plant(needle: &str) {
    plant_needle(needle);
}

/// Traps where the input is the needle's.
pub(crate) fn spring(input: &Input) {
    match input {
        Input::Woke => spring_at("@woke"),
        Input::Leaving => spring_at("@leaving"),
        Input::SendFinished { .. } => spring_at("@answered"),
        _ => {}
    }
}

/// Traps where the call is the needle's.
pub(crate) fn spring_on_call(call: &Call) {
    if let Call::Capture(capture) = call {
        spring_on(capture.name.as_deref().unwrap_or_default());
        spring_on(capture.properties.text());
    }
}

fn spring_at(place: &str) {
    if planted() == place {
        core::arch::wasm32::unreachable();
    }
}

/// Traps where what is stored contains the needle. Of the journal the engine only counts how much there is.
pub(crate) fn spring_on_stored(key: &str, text: &str) {
    if !key.starts_with("phbt:journal:") {
        spring_on(text);
    }
}

/// Traps where `text` contains the needle.
fn spring_on(text: &str) {
    let needle = planted();
    if !needle.is_empty() && text.contains(&needle) {
        core::arch::wasm32::unreachable();
    }
}
