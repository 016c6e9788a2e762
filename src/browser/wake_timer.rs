//! The one timer of the driver.

use gloo_timers::callback::Timeout;
use js_sys::Function;
use wasm_bindgen::JsValue;

use crate::engine::Monotonic;

/// The longest wait that is asked of `setTimeout`. It takes 31 bits, and an hour more or less makes no difference to
/// something that is due in days.
const WAIT_MAX_MS: u64 = 3_600_000;

/// Calls one function at one time; setting another time forgets the one before.
#[derive(Debug)]
pub(crate) struct WakeTimer {
    timeout: Option<Timeout>,
}

impl WakeTimer {
    pub(crate) fn new() -> Self {
        Self { timeout: None }
    }

    /// Calls `wake` at `time`, or never where there is none.
    pub(crate) fn set(&mut self, now: Monotonic, time: Option<Monotonic>, wake: &Function) {
        self.timeout = time.map(|time| {
            // One millisecond more, because browsers round timers down and `performance.now()` too.
            let wait_ms = (time.0.saturating_sub(now.0) + 1).min(WAIT_MAX_MS);
            let wake = wake.clone();
            Timeout::new(wait_ms as u32, move || {
                let _ = wake.call0(&JsValue::UNDEFINED);
            })
        });
    }
}
