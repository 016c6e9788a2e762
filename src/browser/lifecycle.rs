//! The events by which a browser tells a page that it is left, seen again or connected again.
//!
//! On a navigation Chromium fires `pagehide` before `visibilitychange`; when a tab is switched or an app goes to the
//! background, only the latter comes. Never `unload` or `beforeunload`: they make a page ineligible for the back/forward
//! cache.

use std::rc::Rc;

use js_sys::Function;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{EventTarget, VisibilityState};

use super::driver::Driver;
use crate::engine::Input;

/// A listener that is removed when it is dropped.
#[derive(Debug)]
struct Listener {
    target: EventTarget,
    name: &'static str,
    function: Function,
}

impl Listener {
    fn add(
        driver: &Rc<Driver>,
        target: &EventTarget,
        name: &'static str,
        input: fn() -> Option<Input>,
    ) -> Option<Self> {
        let weak = Rc::downgrade(driver);
        let closure = Closure::<dyn FnMut()>::new(move || {
            if let (Some(driver), Some(input)) = (weak.upgrade(), input()) {
                driver.enter(input);
            }
        });
        let function = driver.callbacks().guard(closure.into_js_value().unchecked_ref());
        target.add_event_listener_with_callback(name, &function).ok()?;
        Some(Self { target: target.clone(), name, function })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.target.remove_event_listener_with_callback(self.name, &self.function);
    }
}

/// The listeners of one engine.
#[derive(Debug, Default)]
pub(crate) struct Lifecycle {
    listeners: Vec<Listener>,
}

impl Lifecycle {
    /// Listens until it is dropped.
    pub(crate) fn listen(driver: &Rc<Driver>) -> Self {
        let mut listeners = Vec::new();
        if let Some(window) = web_sys::window() {
            listeners.extend(Listener::add(driver, &window, "pagehide", || Some(Input::Leaving)));
            listeners.extend(Listener::add(driver, &window, "pageshow", || Some(Input::Returned)));
            listeners.extend(Listener::add(driver, &window, "online", || Some(Input::Online)));
            if let Some(document) = window.document() {
                listeners.extend(Listener::add(driver, &document, "visibilitychange", visibility));
            }
        }
        Self { listeners }
    }

    /// Stops listening.
    pub(crate) fn stop(&mut self) {
        self.listeners.clear();
    }
}

fn visibility() -> Option<Input> {
    let document = web_sys::window()?.document()?;
    Some(if document.visibility_state() == VisibilityState::Hidden { Input::Hidden } else { Input::Returned })
}
