//! What a page passes, whatever it is: read without harm, as JSON text.
//!
//! A page may pass what throws when it is looked at: a getter, a `toJSON`, a proxy. So everything here catches, and of an object only
//! what fails is lost.

use js_sys::{Array, BigInt, Date, Function, JSON, JsString, Reflect};
use wasm_bindgen::prelude::*;

use crate::event::json::{Object, Value};

/// The deepest nesting of properties; an event around them is two levels more, and readers of JSON have their limits.
const DEPTH_MAX: usize = 62;

// Functions that JavaScript calls for each member: a closure of Rust brings 6 KB of module along. Old libraries give texts, numbers and
// arrays a `toJSON` that gives JSON text (Prototype 1.6), and pages give dates one that says local time: there, what is in the object is
// taken instead. Only where that is so: it costs five times as much.
#[wasm_bindgen(inline_js = r#"
let seen, isPlain;
const isUntouched = () => {
    const { toJSON } = Date.prototype;
    if (toJSON !== seen) {
        seen = toJSON;
        isPlain = JSON.stringify(new Date(0)) === '"1970-01-01T00:00:00.000Z"';
    }
    return isPlain && ![].toJSON && !''.toJSON && !(0).toJSON;
};
export const careful = (value) =>
    JSON.stringify(value, function (name, member) {
        const own = this[name];
        if (typeof own === 'bigint') return String(own);
        if (own instanceof Date) return isNaN(own) ? null : own.toISOString();
        return /^(string|number)$/.test(typeof own) || Array.isArray(own) ? own : member;
    });
export const stringify = (value) => (isUntouched() ? JSON.stringify(value) : careful(value));
"#)]
extern "C" {
    #[wasm_bindgen(catch)]
    fn careful(value: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch)]
    fn stringify(value: &JsValue) -> Result<JsValue, JsValue>;
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = Array, js_name = isArray, catch)]
    fn array_is_array(value: &JsValue) -> Result<bool, JsValue>;

    #[wasm_bindgen(js_name = String, catch)]
    fn text_of_any(value: &JsValue) -> Result<JsString, JsValue>;

    // Asks for the array's iterator, which may be the page's.
    #[wasm_bindgen(js_namespace = Array, js_name = from, catch)]
    fn array_of(value: &JsValue) -> Result<Array, JsValue>;

    #[wasm_bindgen(js_namespace = Object, js_name = keys, catch)]
    pub(super) fn keys(object: &JsValue) -> Result<Array, JsValue>;
}

/// The names of an object's own members; none, where it does not want to be listed.
pub(crate) fn names_of(object: &JsValue) -> Vec<JsValue> {
    keys(object).map(|names| names.iter().collect()).unwrap_or_default()
}

/// Whether an object lets its members be listed.
pub(crate) fn is_listed(object: &JsValue) -> bool {
    keys(object).is_ok()
}

/// A member of whatever the page has passed; undefined, where it cannot be read.
pub(crate) fn member(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &JsValue::from_str(name)).unwrap_or_default()
}

/// What a method gives; nothing, where there is no such method or it throws.
pub(crate) fn method(object: &JsValue, name: &str, args: &[JsValue]) -> Option<JsValue> {
    let method: Function = member(object, name).dyn_into().ok()?;
    Reflect::apply(&method, object, &args.iter().collect::<Array>()).ok()
}

/// An object with these members.
pub(crate) fn object_with(members: &[(&str, &JsValue)]) -> js_sys::Object {
    let object = js_sys::Object::new();
    for (name, value) in members {
        let _ = Reflect::set(&object, &JsValue::from_str(name), value);
    }
    object
}

/// Whether a value is truthy.
pub(crate) fn is_given(value: &JsValue) -> bool {
    value.is_truthy()
}

/// An id as text: empty for none, `None` for what is no id.
pub(crate) fn id_of(value: &JsValue) -> Option<String> {
    if value.is_undefined() || value.is_null() {
        return Some(String::new());
    }
    if value.is_bigint() {
        return BigInt::from(value.clone()).to_string(10).ok().map(String::from);
    }
    value.as_string().or_else(|| value.as_f64().map(|_| plain_text(value)))
}

/// Whatever the page has passed, as text; `None`, where it does not want to be one.
pub(crate) fn any_text(value: &JsValue) -> Option<String> {
    value.as_string().or_else(|| text_of_any(value).ok().and_then(|text| JsValue::from(text).as_string()))
}

/// The same; empty, where it does not want to be one.
pub(crate) fn plain_text(value: &JsValue) -> String {
    any_text(value).unwrap_or_default()
}

/// A plain copy of an object's own members. What cannot be read or written is left out; what is no object has none.
pub(crate) fn object_of(value: &JsValue) -> Object {
    if !value.is_object() || is_array(value) {
        return Object::default();
    }
    // A `toJSON` of its class would say what it likes of the whole.
    let to_json = Reflect::get(value, &JsValue::from_str("toJSON"));
    let is_own = |name: &JsValue| name.as_string().as_deref() == Some("toJSON");
    let is_asked = to_json.is_ok_and(|to_json| to_json.is_undefined() || names_of(value).iter().any(is_own));
    match text_of(value).filter(|_| is_asked) {
        Some(text) if !is_deep(&text) => match Object::read(&text) {
            Some(object) if has_error(&object) => by_members(value),
            object => object.unwrap_or_default(),
        },
        _ => by_members(value),
    }
}

/// Whether a value is an array. A revoked proxy counts as one, so that nothing of it is read.
pub(super) fn is_array(value: &JsValue) -> bool {
    array_is_array(value).unwrap_or(true)
}

/// An object whose members are read one by one, so that only what fails is lost. A BigInt becomes its text, an Error its message.
fn by_members(value: &JsValue) -> Object {
    let mut object = Object::default();
    for name in names_of(value) {
        let Ok(member) = Reflect::get(value, &name) else { continue };
        let Some(name) = name.as_string() else { continue };
        let message =
            if name == "error" && member.is_object() { self::member(&member, "message") } else { JsValue::UNDEFINED };
        let member = if message.is_string() { message } else { member };
        if let Some(text) = text_of(&member).filter(|text| depth(text) < DEPTH_MAX)
            && let Ok(value) = Value::read(&text)
        {
            object.set(&name, value);
        }
    }
    object
}

/// The JSON text of a value, in which a BigInt is its text; `None`, where JSON has no word for it, or it cannot be written.
pub(crate) fn text_of(value: &JsValue) -> Option<String> {
    // Asking for each member costs more, so only what fails is asked.
    stringify(value).or_else(|_| careful(value)).ok()?.as_string()
}

/// Whether the member `error` is an object. It may be an Error, whose JSON is `{}`.
fn has_error(object: &Object) -> bool {
    object.get("error").is_some_and(|error| error.raw().starts_with('{'))
}

/// Whether a JSON text is nested too deeply.
fn is_deep(text: &str) -> bool {
    depth(text) > DEPTH_MAX
}

/// How deep arrays and objects are nested in a JSON text.
fn depth(text: &str) -> usize {
    let (mut open, mut most) = (0_usize, 0);
    let (mut is_text, mut is_escaped) = (false, false);
    for byte in text.bytes() {
        if is_text {
            is_text = byte != b'"' || is_escaped;
            is_escaped = byte == b'\\' && !is_escaped;
        } else {
            match byte {
                b'"' => is_text = true,
                b'{' | b'[' => open += 1,
                b'}' | b']' => open = open.saturating_sub(1),
                _ => {}
            }
            most = most.max(open);
        }
    }
    most
}

/// The items of whatever has some; nothing, where it does not want to say them.
pub(crate) fn array_from(value: &JsValue) -> Option<Array> {
    array_of(value).ok()
}

/// The texts of an array.
pub(crate) fn texts_of(value: &JsValue) -> Vec<String> {
    if !is_array(value) {
        return Vec::new();
    }
    array_from(value).unwrap_or_default().iter().filter_map(|item| item.as_string()).collect()
}

/// The ISO text of a time that a caller gives; `None`, where it is none or its year has not four digits, which not everybody reads.
pub(crate) fn time_of(value: &JsValue) -> Option<String> {
    let ms = if value.is_object() {
        let get_time: Function = member(value, "getTime").dyn_into().ok()?;
        get_time.call0(value).ok()?
    } else {
        value.clone()
    };
    // Anything else would be asked for its value, and may throw.
    if !ms.is_string() && ms.as_f64().is_none() {
        return None;
    }
    let date = Date::new(&ms);
    let year = date.get_utc_full_year();
    let is_time = !date.get_time().is_nan() && date.get_time().abs() < 8.64e15;
    (is_time && year <= 9_999 && date.get_time() >= YEAR_ZERO_MS).then(|| String::from(date.to_iso_string()))
}

/// The first millisecond of the year 0, of which the years before are written with a sign.
const YEAR_ZERO_MS: f64 = -62_167_219_200_000.0;

/// A JSON text as the page's own value.
pub(crate) fn parsed(text: &str) -> JsValue {
    JSON::parse(text).unwrap_or_default()
}
