//! The surface that JavaScript sees: parse, call, convert. No logic.

mod configuration;
mod lock_answer;
mod page_calls;
mod read_out;

use wasm_bindgen::prelude::*;

use crate::browser::value::plain_text;
use crate::browser::{Driver, PageSide, PostHogOnPage};
use crate::event::PageAddress;
use crate::flags::JsonAnswer;
use crate::outbox::{LockAnswer as Answer, Monotonic, Outcome, Wall};
use crate::tracker::{Input, Moment, Person};
pub use configuration::Configuration;
pub use lock_answer::LockAnswer;

/// The tracker of one page. Any method may be called from inside a method of the page's side: what it says is done behind what
/// is going on.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Engine {
    driver: Driver,
    /// When the next call was made, where that was earlier.
    given: core::cell::RefCell<Option<Moment>>,
}

#[wasm_bindgen]
impl Engine {
    /// Makes the tracker with the checked options. It does nothing before `start`.
    #[wasm_bindgen(constructor)]
    pub fn new(configuration: &Configuration, page: PageSide) -> Self {
        let options = configuration.read();
        let is_own = configuration.identity() == "own";
        let posthog = (!is_own).then(|| PostHogOnPage::new(&options.api_key, configuration.posthog()));
        let driver = Driver::new(options, page, posthog, configuration.hooks());
        Self { driver, given: core::cell::RefCell::default() }
    }

    /// Starts the tracker; on a page that is only prerendered it waits for `activated`.
    pub fn start(&self, #[wasm_bindgen(js_name = isPrerendering)] is_prerendering: bool) {
        self.driver.enter(Input::Started { is_prerendering });
    }

    /// Somebody sees a page that was only prerendered.
    pub fn activated(&self) {
        self.driver.enter(Input::Activated);
    }

    /// The next call happened then: at these times, as this call of its page, at this address. `uuid` is what its event is identified
    /// by; `visitor` and `said` are whom it is about, as the journal has them.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is a fact of the call, and an object would have to be taken apart"
    )]
    pub fn at(
        &self,
        ms: f64,
        sequence: f64,
        #[wasm_bindgen(js_name = monotonicMs)] monotonic_ms: f64,
        href: &str,
        referrer: &str,
        uuid: Option<String>,
        visitor: Option<String>,
        said: Option<String>,
    ) {
        let person = visitor.and_then(|visitor| Person::read(&visitor, said.as_deref().unwrap_or("[]")));
        self.given.replace(Some(Moment {
            captured: Wall(ms as u64),
            sequence: sequence as u64,
            monotonic: Monotonic(monotonic_ms as u64),
            address: PageAddress::reduce(href, referrer),
            uuid,
            person,
        }));
    }

    /// An error of the page's own was kept from it.
    #[wasm_bindgen(js_name = errorKept)]
    pub fn error_kept(&self, error: &JsValue) {
        let error = plain_text(error);
        self.driver.read(|tracker, _| tracker.keep_error(&error));
    }

    /// The next call happens when it is made.
    pub fn now(&self) {
        self.given.take();
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

    /// A server has answered a question; status 0, where no answer came.
    #[wasm_bindgen(js_name = jsonAnswered)]
    pub fn json_answered(
        &self,
        question: u32,
        status: u16,
        text: String,
        #[wasm_bindgen(js_name = isLate)] is_late: bool,
    ) {
        self.driver.enter(Input::JsonAnswered { id: question, answer: JsonAnswer { status, text, is_late } });
    }

    /// The page's callback has said whether a team is tracked; nothing, where it could not say.
    #[wasm_bindgen(js_name = callbackAnswered)]
    pub fn callback_answered(&self, question: u32, #[wasm_bindgen(js_name = isOpen)] is_open: Option<bool>) {
        self.driver.enter(Input::CallbackAnswered { id: question, is_open });
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
            // No answer at all: the tracker goes on without one after a while.
            _ => return,
        };
        self.driver.enter(Input::LockAnswered(answer));
    }

    /// Tells what the mirror holds: the keys of records, and the value of each at the same place.
    pub fn mirrored(&self, keys: Vec<String>, values: Vec<String>) {
        self.driver.enter(Input::Mirrored(keys.into_iter().zip(values).collect()));
    }

    /// Gives a record that has killed a tracker another chance.
    #[wasm_bindgen(js_name = retryQuarantined)]
    pub fn retry_quarantined(&self, uuid: String) {
        self.driver.enter(Input::RetryQuarantined(uuid));
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

    /// Something is stored that this tracker did not store: under this key, or under any.
    pub fn stored(&self, key: Option<String>) {
        self.driver.enter(Input::Stored { key });
    }

    /// Everything is to be sent now; `flushed` says when that is over.
    pub fn flush(&self) {
        self.driver.enter(Input::FlushRequested);
    }

    /// Everything is to be sent now, and nothing taken any more; `isShutDown` says when that is over.
    pub fn shutdown(&self) {
        self.driver.enter(Input::ShutDown);
    }

    fn finish(&self, request: u32, outcome: Outcome) {
        self.driver.enter(Input::SendFinished { request, outcome });
    }
}

/// Test builds only: kills every tracker of this page that meets `needle`.
#[cfg(feature = "planted-trap")]
#[wasm_bindgen(js_name = plantTrap)]
pub fn plant_trap(needle: &str) {
    crate::browser::planted_trap::plant(needle);
}
