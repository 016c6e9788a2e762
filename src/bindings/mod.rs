//! The surface that JavaScript sees: parse, call, convert. No logic.

mod options;

use std::rc::Rc;

use js_sys::Function;
use wasm_bindgen::prelude::*;

use crate::browser::{Driver, PageCallbacks};
use crate::engine::Input;
use options::{EngineHandover, EngineOptions};

/// One engine in its page. `js/src/tracker.ts` is the only file that knows it.
#[wasm_bindgen]
#[derive(Debug)]
pub struct BookingEngine {
    driver: Rc<Driver>,
}

#[wasm_bindgen]
impl BookingEngine {
    /// Starts the engine and adopts what the keel hands over.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &EngineOptions, callbacks: PageCallbacks, handover: &EngineHandover) -> Self {
        Self { driver: Driver::start(&options.host(), options.config(), callbacks, handover.handover()) }
    }

    /// Captures an event; it is stored when this returns.
    pub fn capture(&self, event: String, properties: String, team: Option<String>) {
        self.driver.capture(event, properties, team);
    }

    /// Names the visitor.
    pub fn identify(&self, distinct_id: String, team: Option<String>) {
        self.driver.identify(distinct_id, team);
    }

    /// Reports whether a team is tracked; nothing, where no answer could be had.
    #[wasm_bindgen(js_name = answerGate)]
    pub fn answer_gate(&self, team: String, open: Option<bool>) {
        self.driver.enter(Input::GateAnswered { team, open });
    }

    /// Sends everything now and calls `settled` when that has succeeded or failed.
    pub fn flush(&self, settled: Function) {
        self.driver.enter_until_settled(Input::FlushRequested, settled);
    }

    /// Sends everything, takes nothing any more and calls `settled` when that has succeeded or failed.
    #[wasm_bindgen(js_name = shutDown)]
    pub fn shut_down(&self, settled: Function) {
        self.driver.enter_until_settled(Input::ShutDown, settled);
    }

    /// The counters as an object.
    pub fn stats(&self) -> JsValue {
        serde_wasm_bindgen::to_value(&self.driver.stats()).unwrap_or(JsValue::UNDEFINED)
    }
}

/// After a trap: the storage key of the record under work, empty where there is none.
#[wasm_bindgen(js_name = keyInHand)]
#[must_use]
pub fn key_in_hand() -> String {
    crate::browser::key_in_hand()
}

/// After a trap: the storage key of the record that the last call has written, empty where there is none.
#[wasm_bindgen(js_name = recordPut)]
#[must_use]
pub fn record_put() -> String {
    crate::browser::record_put()
}

/// Test builds only: kills every engine of this page that meets `needle`.
#[cfg(feature = "planted-trap")]
#[wasm_bindgen(js_name = plantTrap)]
pub fn plant_trap(needle: &str) {
    crate::browser::planted_trap::plant(needle);
}
