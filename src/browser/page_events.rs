//! The events by which a browser tells a page that it is left, seen again or connected again.
//!
//! On a navigation Chromium fires `pagehide` before `visibilitychange`; when a tab is switched or an app goes to the background, only the
//! latter comes. Never `unload` or `beforeunload`: they make a page ineligible for the back/forward cache.

use std::cell::RefCell;

use js_sys::Function;
use wasm_bindgen::prelude::*;
use web_sys::EventTarget;

use super::value::member;
use super::web::page;
use super::{Heard, Host};

/// What a page listens to.
#[derive(Debug, Default)]
pub(super) struct PageEvents {
    listeners: RefCell<Vec<(EventTarget, &'static str, Function)>>,
}

fn document() -> EventTarget {
    member(&page(), "document").unchecked_into()
}

/// Whether nobody has seen the page yet, and perhaps nobody ever will (Prerendering Revamped; Chromium).
pub(super) fn is_prerendering() -> bool {
    member(&document(), "prerendering").is_truthy()
}

/// Whether the page is seen.
pub(super) fn is_seen() -> bool {
    member(&document(), "visibilityState") != "hidden"
}

/// Listens for the moment in which somebody sees the page.
pub(super) fn await_activation(host: &Host) {
    let hearer = host.hearer(Heard::Activated, 0);
    let _ = document().add_event_listener_with_callback("prerenderingchange", &hearer);
}

impl PageEvents {
    /// Listens until `stop`. From then on a denial in another tab is that tab's to do: what is stored is removed there.
    pub(super) fn listen(&self, host: &Host) {
        let window: EventTarget = page().into();
        let document = document();
        let events = [
            (&window, "storage", Heard::Stored),
            (&window, "pagehide", Heard::Leaving),
            (&window, "pageshow", Heard::Returned),
            (&document, "resume", Heard::Returned),
            (&window, "online", Heard::Online),
            (&document, "visibilitychange", Heard::Visibility),
        ];
        for (target, name, heard) in events {
            let hearer = host.hearer(heard, 0);
            let _ = target.add_event_listener_with_callback(name, &hearer);
            self.listeners.borrow_mut().push((target.clone(), name, hearer));
        }
    }

    /// Listens no more.
    pub(super) fn stop(&self) {
        for (target, name, hearer) in self.listeners.take() {
            let _ = target.remove_event_listener_with_callback(name, &hearer);
        }
    }
}
