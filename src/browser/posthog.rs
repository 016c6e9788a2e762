//! A posthog-js on the same page: what it says, read before each input, and what it is told. Whatever the page has put in its place,
//! nothing here throws: this tracker's own visitor is better than none.

use std::cell::{Cell, RefCell};

use js_sys::Reflect;
use wasm_bindgen::prelude::*;

use super::value::{member, method, names_of, object_of, plain_text};
use crate::event::is_legal_distinct_id;
use crate::tracker::{PostHog, PostHogCall, PostHogVisitor};

/// The posthog-js of one project.
#[derive(Debug)]
pub(crate) struct PostHogOnPage {
    api_key: String,
    /// The instance that the page has passed. Undefined: look at `window.posthog` and the instances that it holds.
    named: JsValue,
    found: RefCell<Option<JsValue>>,
    /// What was said before it was there.
    untold: RefCell<Vec<PostHogCall>>,
    is_looking: Cell<bool>,
}

/// So much is passed on to a posthog-js that comes late, the newest of it.
const UNTOLD_MAX: usize = 20;

impl PostHogOnPage {
    pub(crate) fn new(api_key: &str, named: JsValue) -> Self {
        Self {
            api_key: api_key.to_owned(),
            named,
            found: RefCell::default(),
            untold: RefCell::default(),
            is_looking: Cell::new(false),
        }
    }

    /// What it says now, once it has heard what it has missed; nothing, where there is none. Asking for the visitor makes it keep a session,
    /// so it is asked for that only where `may_know`.
    pub(crate) fn read(&self, may_know: bool) -> Option<PostHog> {
        // What is looked at may be the page's own code, which may call the tracker, which would look at it.
        if self.is_looking.replace(true) {
            return None;
        }
        let said = self.instance().map(|instance| self.said_by(&instance, may_know));
        self.is_looking.set(false);
        said
    }

    fn said_by(&self, instance: &JsValue, may_know: bool) -> PostHog {
        if !may_know {
            return PostHog { is_opted_out: is_opted_out(instance), ..PostHog::default() };
        }
        for call in self.untold.take() {
            tell(instance, &call);
        }
        PostHog {
            visitor: visitor_of(instance),
            flags: property(instance, "$enabled_feature_flags").map(|flags| object_of(&flags)).unwrap_or_default(),
            is_opted_out: is_opted_out(instance),
        }
    }

    /// Tells it something, now or when it has come.
    pub(crate) fn tell(&self, call: PostHogCall) {
        if let Some(instance) = self.instance() {
            return tell(&instance, &call);
        }
        let mut untold = self.untold.borrow_mut();
        let too_many = (untold.len() + 1).saturating_sub(UNTOLD_MAX);
        untold.drain(..too_many);
        untold.push(call);
    }

    fn instance(&self) -> Option<JsValue> {
        let found = self.found.borrow().clone();
        // Nothing is borrowed while the page's own code may run.
        found.or_else(|| {
            let found = self.candidates().into_iter().find(|candidate| self.is_ours(candidate));
            self.found.replace(found.clone());
            found
        })
    }

    fn candidates(&self) -> Vec<JsValue> {
        if !self.named.is_undefined() {
            return vec![self.named.clone()];
        }
        let on_page = member(&js_sys::global(), "posthog");
        if !on_page.is_truthy() {
            return Vec::new();
        }
        let others: Vec<JsValue> =
            names_of(&on_page).into_iter().filter_map(|name| Reflect::get(&on_page, &name).ok()).collect();
        [vec![on_page], others].concat()
    }

    fn is_ours(&self, candidate: &JsValue) -> bool {
        let token = member(&member(candidate, "config"), "token");
        member(candidate, "__loaded").as_bool() == Some(true) && token.as_string().as_deref() == Some(&self.api_key)
    }
}

fn tell(instance: &JsValue, call: &PostHogCall) {
    let _ = match call {
        PostHogCall::Identify(id) => method(instance, "identify", &[JsValue::from_str(id)]),
        PostHogCall::Reset { is_new_device } => method(instance, "reset", &[JsValue::from_bool(*is_new_device)]),
    };
}

fn visitor_of(instance: &JsValue) -> Option<PostHogVisitor> {
    let sessions = member(instance, "sessionManager");
    let ids = if is_absent(&sessions) {
        JsValue::UNDEFINED
    } else {
        method(&sessions, "checkAndGetSessionAndWindowId", &[JsValue::TRUE])?
    };
    let id = |name| member(&ids, name).as_string().unwrap_or_default();
    let distinct_id = method(instance, "get_distinct_id", &[])?.as_string().filter(|id| is_legal_distinct_id(id))?;
    let get_groups = member(instance, "getGroups");
    let groups = if is_absent(&get_groups) { JsValue::UNDEFINED } else { method(instance, "getGroups", &[])? };
    Some(PostHogVisitor {
        distinct_id,
        device_id: plain_text(
            &property(instance, "$device_id").filter(|id| !is_absent(id)).unwrap_or_else(|| "".into()),
        ),
        is_identified: property(instance, "$user_state")?.as_string().as_deref() == Some("identified"),
        has_profile: property(instance, "$epp")?.as_bool() == Some(true),
        session_id: id("sessionId"),
        window_id: id("windowId"),
        groups: object_of(&groups),
    })
}

/// Whether the visitor has told it not to capture. That it waits to be told otherwise is no such answer.
fn is_opted_out(instance: &JsValue) -> bool {
    if member(instance, "get_explicit_consent_status").is_truthy() {
        let status = method(instance, "get_explicit_consent_status", &[]);
        return status.and_then(|status| status.as_string()).as_deref() == Some("denied");
    }
    let is_opted_out = method(instance, "has_opted_out_capturing", &[]);
    is_opted_out.and_then(|is| is.as_bool()) == Some(true)
}

fn property(instance: &JsValue, name: &str) -> Option<JsValue> {
    method(instance, "get_property", &[JsValue::from_str(name)])
}

fn is_absent(value: &JsValue) -> bool {
    value.is_undefined() || value.is_null()
}
