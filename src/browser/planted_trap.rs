//! A trap that a test plants, to see that the page survives it. Not part of any shipped build.
//!
//! The needle lies on `globalThis`, so that it outlives the instance that it kills.

use wasm_bindgen::prelude::*;

use crate::engine::Input;

#[wasm_bindgen(
    inline_js = "export const plant = (needle) => { globalThis.plantedTrap = needle; }; export const planted = () => globalThis.plantedTrap ?? '';"
)]
extern "C" {
    #[wasm_bindgen(js_name = plant)]
    fn plant_needle(needle: &str);
    fn planted() -> String;
}

/// Makes every later engine of this page trap on what contains `needle`: an event that is captured, or a
/// stored value that is read.
pub fn plant(needle: &str) {
    plant_needle(needle);
}

fn is_planted_in(text: &str) -> bool {
    let needle = planted();
    !needle.is_empty() && text.contains(&needle)
}

/// Traps where the input captures the needle.
pub(crate) fn spring(input: &Input) {
    if let Input::Captured(event) = input {
        spring_on(&event.body);
    }
}

/// Traps where `text` contains the needle.
pub(crate) fn spring_on(text: &str) {
    if is_planted_in(text) {
        core::arch::wasm32::unreachable();
    }
}
