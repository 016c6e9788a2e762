//! The hooks of the page (`beforeSend`), which see every event before it is stored.

use js_sys::{Error, Function, Object as JsObject};
use wasm_bindgen::prelude::*;

use super::value::{is_given, is_listed, member, method, object_of, parsed, plain_text};
use crate::tracker::HookAnswer;

/// Shows an event to a hook; the page's code runs in this.
pub(crate) fn run(hook: &Function, event: &str) -> HookAnswer {
    // A copy, so that what identifies the event, and what the page has passed, are not the hook's to change.
    match hook.call1(&JsValue::UNDEFINED, &parsed(event)) {
        Ok(returned) if is_given(&returned) => read(&returned).unwrap_or_else(HookAnswer::Failed),
        Ok(_) => HookAnswer::Dropped,
        Err(error) => HookAnswer::Failed(words_of(&error)),
    }
}

/// What is wrong with what a hook has given back.
const NO_EVENT: &str = "TypeError: what it gives back is no event";

/// Reads what a hook gives back.
fn read(returned: &JsValue) -> Result<HookAnswer, String> {
    if !returned.is_object() {
        return Err(NO_EVENT.to_owned());
    }
    let get = |name: &str| {
        js_sys::Reflect::get(&JsObject::from(returned.clone()), &name.into()).map_err(|error| words_of(&error))
    };
    let name = get("event")?.as_string().filter(|name| !name.trim().is_empty());
    let name = name.ok_or_else(|| NO_EVENT.to_owned())?;
    let object = |value: JsValue| is_given(&value).then(|| object_of(&value));
    let (properties, set, set_once) = (get("properties")?, get("$set")?, get("$set_once")?);
    if properties.is_object() && !is_listed(&properties) {
        return Err("TypeError: its properties cannot be read".to_owned());
    }
    Ok(HookAnswer::Kept { name, properties: object_of(&properties), set: object(set), set_once: object(set_once) })
}

/// An error in the words of the console.
fn words_of(error: &JsValue) -> String {
    match error.dyn_ref::<Error>() {
        Some(error) => method(error, "toString", &[])
            .as_ref()
            .and_then(JsValue::as_string)
            .unwrap_or_else(|| "an error".to_owned()),
        None if error.is_object() => {
            let (name, message) = (member(error, "name"), member(error, "message"));
            match (name.as_string(), message.as_string()) {
                (Some(name), Some(message)) => [&name, ": ", &message].concat(),
                _ => "an error".to_owned(),
            }
        }
        None => plain_text(error),
    }
}
