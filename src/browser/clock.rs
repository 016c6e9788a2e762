//! The two clocks of a browser.

use crate::engine::{Monotonic, Wall};

/// The wall clock, `Date.now()`.
#[must_use]
pub fn wall() -> Wall {
    Wall(js_sys::Date::now().max(0.0) as u64)
}

/// `performance.now()`, which no change of the wall clock moves. Pages without it get the wall clock.
#[must_use]
pub fn monotonic() -> Monotonic {
    let performance = web_sys::window().and_then(|window| window.performance());
    Monotonic(performance.map_or_else(js_sys::Date::now, |performance| performance.now()).max(0.0) as u64)
}
