//! Reads the two arguments that a page passes to the constructor, each option once. Nothing here throws, whatever they are.

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

    /// The functions and the instance that the options name.
    pub(crate) fn code(&self, posthog: Option<PostHogOnPage>) -> PageCode {
        let hooks = self.value("beforeSend");
        let hooks = if is_array(&hooks) { array_from(&hooks).unwrap_or_default() } else { Array::of1(&hooks) };
        PageCode {
            posthog,
            hooks: hooks.iter().filter_map(|hook| hook.dyn_into().ok()).collect(),
            is_team_enabled: self.value("isTeamEnabled"),
        }
    }

    /// The posthog-js instance that the page names; undefined, where it names none.
    pub(crate) fn posthog(&self) -> JsValue {
        let posthog = self.value("posthog");
        if posthog.is_object() || posthog.is_function() { posthog } else { JsValue::UNDEFINED }
    }

    /// An option that was read.
    fn value(&self, name: &str) -> JsValue {
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
        let hooks = if name == "beforeSend" && is_array(&value) { functions_of(&value) } else { None };
        let (given, value) = match hooks {
            // The page's array may say something else of its items the next time.
            Some(hooks) => (Given::Functions(hooks.length()), hooks.into()),
            None => (given(&value), value),
        };
        self.read.push((name, value));
        given
    }

    fn text_of_id(&self, name: &'static str) -> Option<String> {
        id_of(&self.value(name))
    }

    fn member(&self, name: &'static str, member: &str) -> Given {
        let value = Reflect::get(&self.value(name), &JsValue::from_str(member));
        value.map_or(Given::Unreadable, |value| given(&value))
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
        // A page may have replaced the members of its class.
        let url = JsValue::from(url.ok()?);
        let text = |name| member(&url, name).as_string();
        Some(Url {
            href: text("href")?,
            protocol: text("protocol")?,
            origin: text("origin")?,
            pathname: text("pathname")?,
        })
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
        functions_of(value).map_or(Given::Array, |functions| Given::Functions(functions.length()))
    } else {
        Given::Object
    }
}

/// The functions of an array; `None`, where it has anything else. A hole is none.
fn functions_of(array: &JsValue) -> Option<Array> {
    let items = array_from(array)?;
    let is_one = |item: &JsValue| item.is_function() || item.is_undefined();
    items.iter().all(|item| is_one(&item)).then(|| items.iter().filter(JsValue::is_function).collect())
}
