//! The surface that JavaScript sees: parse, call, convert. No logic.

mod configuration;
mod page_calls;
mod read_out;

use wasm_bindgen::prelude::*;

use crate::browser::value::plain_text;
use crate::browser::{Driver, Heard, Host, PageCode, PostHogOnPage};
use crate::event::PageAddress;
use crate::outbox::{Monotonic, Wall};
use crate::tracker::{Input, Moment, Person};
pub use configuration::Configuration;

/// The tracker of one page. Any method may be called from inside a method of the page's side: what it says is done behind what
/// is going on.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Engine {
    driver: &'static Driver,
    /// When the next call was made, where that was earlier.
    given: core::cell::RefCell<Option<Moment>>,
}

#[wasm_bindgen]
impl Engine {
    /// Makes the tracker with the checked options. It does nothing before `start`.
    #[wasm_bindgen(constructor)]
    pub fn new(configuration: &Configuration, host: Host) -> Self {
        let options = configuration.read();
        let is_own = configuration.identity() == "own";
        let posthog = (!is_own).then(|| PostHogOnPage::new(&options.api_key, configuration.posthog()));
        let code = PageCode { posthog, hooks: configuration.hooks(), is_team_enabled: configuration.is_team_enabled() };
        let driver = Driver::new(options, host, code);
        Self { driver, given: core::cell::RefCell::default() }
    }

    /// Starts the tracker; on a page that is only prerendered it waits for somebody who sees it.
    pub fn start(&self) {
        self.driver.start();
    }

    /// The browser says something.
    pub fn hear(&self, heard: Heard, id: u32, value: JsValue) {
        self.driver.hear(heard, id, value);
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
        self.driver.with(|tracker, _| tracker.keep_error(&error));
    }

    /// The next call happens when it is made.
    pub fn now(&self) {
        self.given.take();
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
}

/// Test builds only: kills every tracker of this page that meets `needle`.
#[cfg(feature = "planted-trap")]
#[wasm_bindgen(js_name = plantTrap)]
pub fn plant_trap(needle: &str) {
    crate::browser::planted_trap::plant(needle);
}
