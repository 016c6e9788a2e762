//! What a page configures, as JavaScript sees it.

use js_sys::Array;
use wasm_bindgen::prelude::*;

use super::Engine;
use crate::browser::value::{object_of, object_with};
use crate::browser::{Driver, Host, PageOptions, PostHogOnPage, say};
use crate::configuration::{Finding, Reading, read, spoken};
use crate::tracker::IdentitySource;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("configuration.d.ts");

#[wasm_bindgen]
extern "C" {
    /// What the facade has heard before there was a tracker.
    #[wasm_bindgen(typescript_type = "HandedOver")]
    pub type HandedOver;
}

/// What was read of a page's configuration.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Configuration {
    page: PageOptions,
    reading: Reading,
}

#[wasm_bindgen]
impl Configuration {
    /// Reads what the page has passed to its constructor.
    #[wasm_bindgen(constructor)]
    pub fn new(api_key: &JsValue, options: &JsValue) -> Self {
        let mut page = PageOptions::new(api_key, options);
        let reading = read(&mut page);
        Self { page, reading }
    }

    /// Whether it turns the tracker off.
    #[wasm_bindgen(js_name = isOff)]
    pub fn is_off(&self) -> bool {
        self.reading.options.is_none()
    }

    /// What is wrong.
    #[wasm_bindgen(unchecked_return_type = "Finding[]")]
    pub fn findings(&self) -> JsValue {
        let findings = self.reading.findings.iter().map(|Finding { code, option, level, message }| {
            object_with(&[
                ("code", &code.code().into()),
                ("option", &option.into()),
                ("level", &level.word().into()),
                ("message", &message.into()),
            ])
        });
        findings.collect::<Array>().into()
    }

    /// Says what is wrong on the console; with `isVerbose` or the option `debug` also that the key is missing.
    pub fn say(&self, #[wasm_bindgen(js_name = isVerbose)] is_verbose: bool) {
        for (level, text) in spoken(&self.reading.findings, is_verbose || self.reading.is_verbose) {
            say(level.method(), &text);
        }
    }

    /// Makes the tracker, once; it does nothing before `start`. Nothing, where it is off.
    pub fn open(&mut self, handed_over: &HandedOver, host: Host) -> Option<Engine> {
        let options = self.reading.options.take()?.with_handed_over(&object_of(handed_over));
        let is_own = options.identity == IdentitySource::Own;
        let posthog = (!is_own).then(|| PostHogOnPage::new(&options.api_key, self.page.posthog()));
        Some(Engine::of(Driver::new(options, host, self.page.code(posthog))))
    }
}
