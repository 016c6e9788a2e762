//! The surface that JavaScript sees: parse, call, convert. No logic.

mod configuration;
mod page_calls;
mod read_out;

use wasm_bindgen::prelude::*;

use crate::browser::value::{member, plain_text, text_of};
use crate::browser::{Driver, Heard};
use crate::event::PageAddress;
use crate::outbox::{Monotonic, Wall};
use crate::tracker::{Input, Moment, Person};
pub use configuration::{Configuration, HandedOver};

/// The tracker of one page. Any method may be called from inside a method of the page's side: what it says is done behind what
/// is going on.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Engine {
    driver: &'static Driver,
    /// When the next call was made, where that was earlier.
    given: core::cell::RefCell<Option<Moment>>,
}

impl Engine {
    fn of(driver: &'static Driver) -> Self {
        Self { driver, given: core::cell::RefCell::default() }
    }
}

#[wasm_bindgen]
impl Engine {
    /// Starts the tracker; on a page that is only prerendered it waits for somebody who sees it.
    pub fn start(&self) {
        self.driver.start();
    }

    /// The browser says something.
    pub fn hear(&self, heard: Heard, id: u32, value: JsValue) {
        self.driver.hear(heard, id, value);
    }

    /// The next call happened then, as the facade has kept it (`js/src/waiting-calls.ts`): its time, place and uuid, and, where it has an
    /// entry of the journal, whom that is about.
    pub fn at(&self, call: &JsValue) {
        let number = |name| member(call, name).as_f64().unwrap_or_default() as u64;
        let text = |name| member(call, name).as_string();
        let said = || text_of(&member(call, "identity")).unwrap_or_default();
        let visitor = text("key").filter(|key| !key.is_empty()).and_then(|_| text("visitor"));
        self.given.replace(Some(Moment {
            captured: Wall(number("ms")),
            sequence: number("sequence"),
            monotonic: Monotonic(number("monotonicMs")),
            address: PageAddress::reduce(&text("href").unwrap_or_default(), &text("referrer").unwrap_or_default()),
            uuid: text("uuid"),
            person: visitor.and_then(|visitor| Person::read(&visitor, &said())),
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
