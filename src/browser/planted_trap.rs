//! A trap that a test plants, to see that the page survives it. Not part of any shipped build.
//!
//! The needle lies on `globalThis`, so that it outlives the instance that it kills.

use js_sys::Reflect;
use wasm_bindgen::JsValue;

use crate::engine::Input;

const PLANTED: &str = "plantedTrap";

/// Makes every later engine of this page trap on what contains `needle`: an event that is captured, or a
/// stored value that is read.
pub fn plant(needle: &str) {
    let _ = Reflect::set(&js_sys::global(), &PLANTED.into(), &JsValue::from_str(needle));
}

fn is_planted_in(text: &str) -> bool {
    let planted = Reflect::get(&js_sys::global(), &PLANTED.into()).ok().and_then(|needle| needle.as_string());
    planted.is_some_and(|needle| text.contains(&needle))
}

/// Traps where the input captures the needle.
pub(crate) fn spring(input: &Input) {
    if let Input::Captured(event) = input {
        spring_on(&event.name);
        spring_on(&event.properties);
    }
}

/// Traps where `text` contains the needle.
pub(crate) fn spring_on(text: &str) {
    if is_planted_in(text) {
        core::arch::wasm32::unreachable();
    }
}
