//! The surface that JavaScript sees: parse, call, convert. No logic.

mod lock_answer;
mod stats;

use wasm_bindgen::prelude::*;

use crate::browser::{Driver, PageSide};
use crate::engine::{Config, Input, LockAnswer as Answer, NewEvent, Outcome};
pub use lock_answer::LockAnswer;
use stats::EngineStats;

/// The engine of one page. Any method may be called from inside a method of the page's side: what it says is done behind what
/// is going on.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Engine {
    driver: Driver,
}

#[wasm_bindgen]
impl Engine {
    /// Makes the engine with the checked options; times in ms. It does nothing before `start`.
    #[wasm_bindgen(constructor)]
    pub fn new(
        project: String,
        #[wasm_bindgen(js_name = flushAt)] flush_at: u32,
        #[wasm_bindgen(js_name = flushIntervalMs)] flush_interval_ms: u32,
        #[wasm_bindgen(js_name = maxRetries)] max_retries: u32,
        #[wasm_bindgen(js_name = requestTimeoutMs)] request_timeout_ms: u32,
        page: PageSide,
    ) -> Self {
        let config = Config {
            project,
            flush_at: flush_at as usize,
            flush_interval_ms: flush_interval_ms.into(),
            max_retries,
            request_timeout_ms: request_timeout_ms.into(),
        };
        Self { driver: Driver::new(config, page) }
    }

    /// Starts the engine, which leaves the records of these uuids alone.
    pub fn start(&self, quarantined: Vec<String>) {
        self.driver.enter(Input::Started { quarantined });
    }

    /// Captures an event; `open` says what is known of its team. A raw one is not sent before `seal`.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is a fact of the event, and an object would have to be taken apart"
    )]
    pub fn capture(
        &self,
        key: String,
        name: String,
        body: String,
        team: Option<String>,
        open: Option<bool>,
        #[wasm_bindgen(js_name = mustSend)] must_send: bool,
        #[wasm_bindgen(js_name = isSealed)] is_sealed: bool,
    ) {
        let event = NewEvent { key, name, body, team, open, must_send, sealed: is_sealed };
        self.driver.enter(Input::Captured(event));
    }

    /// Takes an event that was composed from another page's journal.
    pub fn replay(
        &self,
        key: String,
        name: String,
        body: String,
        team: Option<String>,
        open: Option<bool>,
        #[wasm_bindgen(js_name = mustSend)] must_send: bool,
    ) {
        let event = NewEvent { key, name, body, team, open, must_send, sealed: true };
        self.driver.enter(Input::Replayed(event));
    }

    /// Gives a raw event of this page its final text.
    pub fn seal(&self, key: String, body: String) {
        self.driver.enter(Input::Sealed { key, body });
    }

    /// Tells what is known of a team now.
    #[wasm_bindgen(js_name = gateAnswered)]
    pub fn gate_answered(&self, team: String, open: Option<bool>) {
        self.driver.enter(Input::GateAnswered { team, open });
    }

    /// A request was answered; `retryAfterS` is 0 where the answer names no time.
    pub fn answered(&self, request: u32, status: u16, #[wasm_bindgen(js_name = retryAfterS)] retry_after_s: u32) {
        self.finish(request, Outcome::Answered { status, retry_after_s });
    }

    /// No answer came to a request.
    pub fn failed(&self, request: u32) {
        self.finish(request, Outcome::Failed);
    }

    /// PostHog has answered a request that it takes no events.
    #[wasm_bindgen(js_name = quotaLimited)]
    pub fn quota_limited(&self, request: u32) {
        self.finish(request, Outcome::QuotaLimited);
    }

    /// Something else than PostHog has answered a request.
    #[wasm_bindgen(js_name = webPageAnswered)]
    pub fn web_page_answered(&self, request: u32) {
        self.finish(request, Outcome::WebPage);
    }

    /// Tells what came of asking for the drain lock.
    #[wasm_bindgen(js_name = lockAnswered)]
    pub fn lock_answered(&self, answer: LockAnswer) {
        let answer = match answer {
            LockAnswer::Granted => Answer::Granted,
            LockAnswer::GrantedBeside => Answer::GrantedBeside,
            LockAnswer::Refused => Answer::Refused,
            LockAnswer::Missing => Answer::Missing,
            LockAnswer::Lost => return self.driver.enter(Input::LockLost),
            // No answer at all: the engine goes on without one after a while.
            _ => return,
        };
        self.driver.enter(Input::LockAnswered(answer));
    }

    /// Tells what the mirror holds: the keys of records, and the value of each at the same place.
    pub fn mirrored(&self, keys: Vec<String>, values: Vec<String>) {
        self.driver.enter(Input::Mirrored(keys.into_iter().zip(values).collect()));
    }

    /// Asks to be asked for journals again after this time.
    #[wasm_bindgen(js_name = lookAgain)]
    pub fn look_again(&self, #[wasm_bindgen(js_name = inMs)] in_ms: f64) {
        self.driver.enter(Input::LookAgain { in_ms: in_ms as u64 });
    }

    /// Gives a record that has killed an engine another chance.
    #[wasm_bindgen(js_name = retryQuarantined)]
    pub fn retry_quarantined(&self, uuid: String) {
        self.driver.enter(Input::RetryQuarantined { uuid });
    }

    /// Nobody sees the page any more.
    pub fn hidden(&self) {
        self.driver.enter(Input::Hidden);
    }

    /// The page is being left.
    pub fn leaving(&self) {
        self.driver.enter(Input::Leaving);
    }

    /// The page is seen again.
    pub fn returned(&self) {
        self.driver.enter(Input::Returned);
    }

    /// There is a network again.
    pub fn online(&self) {
        self.driver.enter(Input::Online);
    }

    /// The time of `wakeIn` is over.
    pub fn woke(&self) {
        self.driver.enter(Input::Woke);
    }

    /// Everything is to be sent now.
    pub fn flush(&self) {
        self.driver.enter(Input::FlushRequested);
    }

    /// Everything is to be sent now, and nothing taken any more.
    #[wasm_bindgen(js_name = shutDown)]
    pub fn shut_down(&self) {
        self.driver.enter(Input::ShutDown);
    }

    /// Everything that waits is given up.
    pub fn purge(&self) {
        self.driver.enter(Input::Purged);
    }

    /// What became of this page's events; from inside a call, as it was before that call.
    #[wasm_bindgen(unchecked_return_type = "EngineStats")]
    pub fn stats(&self) -> JsValue {
        // Counts and names make an object in any case.
        serde_wasm_bindgen::to_value(&EngineStats::from(self.driver.stats())).unwrap_or_default()
    }

    fn finish(&self, request: u32, outcome: Outcome) {
        self.driver.enter(Input::SendFinished { request, outcome });
    }
}

/// Test builds only: kills every engine of this page that meets `needle`.
#[cfg(feature = "planted-trap")]
#[wasm_bindgen(js_name = plantTrap)]
pub fn plant_trap(needle: &str) {
    crate::browser::planted_trap::plant(needle);
}
