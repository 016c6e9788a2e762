//! The arguments of the page's constructor call: reads them without harm, each option once.

use js_sys::{Array, Function, Reflect};
use wasm_bindgen::prelude::*;

use super::posthog::PostHogOnPage;
use super::value::{array_from, id_of, is_array, keys, member, object_of};
use super::web::page;
use crate::configuration::{Given, GivenOptions, Url};
use crate::event::json::Object;

/// What a page has passed.
#[derive(Debug)]
pub(crate) struct PageOptions {
    api_key: JsValue,
    options: JsValue,
    /// The options that were read, by their names.
    read: Vec<(&'static str, JsValue)>,
}

/// The page's own code that a tracker calls.
#[derive(Debug)]
pub(crate) struct PageCode {
    /// A posthog-js on the same page, where it says who the visitor is.
    pub(crate) posthog: Option<PostHogOnPage>,
    /// See every event before it is stored.
    pub(crate) hooks: Vec<Function>,
    /// Says whether a team is tracked.
    pub(crate) is_team_enabled: JsValue,
}

impl PageOptions {
    pub(crate) fn new(api_key: &JsValue, options: &JsValue) -> Self {
        Self { api_key: api_key.clone(), options: options.clone(), read: Vec::new() }
    }

    /// The code that stands in the options.
    pub(crate) fn code(&self, posthog: Option<PostHogOnPage>) -> PageCode {
        let hooks = self.value("beforeSend");
        let hooks = if is_array(&hooks) { array_from(&hooks).unwrap_or_default() } else { Array::of1(&hooks) };
        PageCode {
            posthog,
            hooks: hooks.iter().filter_map(|hook| hook.dyn_into().ok()).collect(),
            is_team_enabled: self.value("isTeamEnabled"),
        }
    }

    /// An option that was read.
    pub(crate) fn value(&self, name: &str) -> JsValue {
        self.read.iter().find(|(other, _)| *other == name).map(|(_, value)| value.clone()).unwrap_or_default()
    }
}

impl GivenOptions for PageOptions {
    fn api_key(&self) -> Given {
        given(&self.api_key)
    }

    fn names(&self) -> Option<Vec<String>> {
        if self.options.is_undefined() || self.options.is_null() {
            return Some(Vec::new());
        }
        if !self.options.is_object() || is_array(&self.options) {
            return None;
        }
        let names = keys(&self.options).ok()?;
        Some(names.iter().filter_map(|name| name.as_string()).collect())
    }

    fn option(&mut self, name: &'static str) -> Given {
        if !self.options.is_object() {
            return Given::Absent;
        }
        let Ok(value) = Reflect::get(&self.options, &JsValue::from_str(name)) else { return Given::Unreadable };
        let given = given(&value);
        self.read.push((name, value));
        given
    }

    fn text_of_id(&self, name: &'static str) -> Option<String> {
        id_of(&self.value(name))
    }

    fn object(&self, name: &'static str) -> Object {
        object_of(&self.value(name))
    }

    fn url(&self, text: &str, is_relative: bool) -> Option<Url> {
        // A test of a configuration may run where there is no page.
        let base = if is_relative { member(&member(&page(), "location"), "href").as_string() } else { None };
        let base = base.or_else(|| is_relative.then(|| "http://localhost".to_owned()));
        let url = match base {
            Some(base) => web_sys::Url::new_with_base(text, &base),
            None => web_sys::Url::new(text),
        };
        let url = url.ok()?;
        Some(Url { href: url.href(), protocol: url.protocol(), origin: url.origin(), pathname: url.pathname() })
    }
}

fn given(value: &JsValue) -> Given {
    if value.is_undefined() {
        Given::Absent
    } else if value.is_null() {
        Given::Null
    } else if let Some(is_on) = value.as_bool() {
        Given::Boolean(is_on)
    } else if let Some(number) = value.as_f64() {
        Given::Number(number)
    } else if let Some(text) = value.as_string() {
        Given::Text(text)
    } else if value.is_function() {
        Given::Function
    } else if !value.is_object() {
        Given::Other
    } else if is_array(value) {
        functions(value)
    } else if let Some(url) = value.dyn_ref::<web_sys::Url>() {
        Given::Url(url.href())
    } else {
        Given::Object
    }
}

fn functions(array: &JsValue) -> Given {
    let Some(items) = array_from(array) else { return Given::Other };
    if items.iter().all(|item| item.is_function()) { Given::Functions(items.length()) } else { Given::Other }
}
