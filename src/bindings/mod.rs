//! The surface that JavaScript sees: parse, call, convert. No logic.

use wasm_bindgen::prelude::*;

use crate::browser::{Driver, PageSide};
use crate::engine::{Config, Handover, Input, Outcome};

/// One engine in its page. `js/src/engine.ts` is the only file that knows it.
#[wasm_bindgen]
#[derive(Debug)]
pub struct BookingEngine {
    driver: Driver,
}

/// What can happen to a page, without anything more to say.
#[wasm_bindgen]
#[derive(Debug, Clone, Copy)]
pub enum PageEvent {
    /// `visibilitychange` to hidden.
    Hidden,
    /// `pagehide`.
    Leaving,
    /// `visibilitychange` to visible, `pageshow`.
    Returned,
    /// `online`.
    Online,
    /// The time of `wakeIn` is over.
    Woke,
    /// `flush()` was called.
    FlushRequested,
    /// `shutdown()` was called.
    ShutDown,
}

#[wasm_bindgen]
impl BookingEngine {
    /// Starts the engine with what `js/src/engine.ts` writes as one JSON object: the checked options and what the keel
    /// hands over.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(start: &str, page_side: PageSide) -> Self {
        Self { driver: Driver::start(Config::parse(start), page_side, Handover::parse(start)) }
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

    /// Reports the answer to a request; status 0, where there was none.
    pub fn answered(&self, request: u32, status: u16, body: String, retry_after: Option<String>) {
        let outcome = if status == 0 { Outcome::Failed } else { Outcome::Answered { status, body, retry_after } };
        self.driver.enter(Input::SendFinished { request, outcome });
    }

    /// Reports that something happened to the page.
    pub fn happened(&self, event: PageEvent) {
        self.driver.enter(match event {
            PageEvent::Hidden => Input::Hidden,
            PageEvent::Leaving => Input::Leaving,
            PageEvent::Returned => Input::Returned,
            PageEvent::Online => Input::Online,
            PageEvent::Woke => Input::Woke,
            PageEvent::FlushRequested => Input::FlushRequested,
            PageEvent::ShutDown => Input::ShutDown,
        });
    }

    /// The counters, as the JSON text of an object.
    #[must_use]
    pub fn stats(&self) -> String {
        self.driver.stats().json()
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
