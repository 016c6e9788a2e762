//! Cleaning: takes personal data out of the properties that are known to hold some, before anything is stored.

use super::address::{DIRECT, reduce_address};
use super::emails::replace_emails;
use super::json::{Object, Value, quoted};

/// Cleans what a page says of an event: e-mail addresses in `error` are replaced, and the addresses in `$current_url` and
/// `$referrer` are reduced. An `error` that is no text any more, once its e-mail addresses are replaced, is left out.
///
/// # Example
/// ```
/// use posthog_booking_tracker::event::{clean, json::Object};
/// let mut properties = Object::read(r#"{"error":"ask ada@lovelace.org"}"#).unwrap_or_default();
/// clean(&mut properties);
/// assert_eq!(properties.text(), r#"{"error":"ask [email]"}"#);
/// ```
pub fn clean(properties: &mut Object) {
    clean_member(properties, "error", clean_error);
    for name in ["$current_url", "$referrer"] {
        clean_member(properties, name, clean_address);
    }
}

/// Puts what `clean` makes of a member in its place; where it makes nothing of it, the member goes.
fn clean_member(properties: &mut Object, name: &str, clean: fn(Value<'_>) -> Option<String>) {
    let Some(value) = properties.get(name) else { return };
    let Some(cleaned) = clean(value) else { return properties.remove(name) };
    if cleaned == value.raw() {
        return;
    }
    match Value::read(&cleaned) {
        Ok(value) => properties.set(name, value),
        Err(_) => properties.remove(name),
    }
}

fn clean_error(value: Value<'_>) -> Option<String> {
    Some(match value.text() {
        Some(text) => quoted(&replace_emails(&text)),
        None => replace_emails(value.raw()),
    })
}

fn clean_address(value: Value<'_>) -> Option<String> {
    Some(match value.text() {
        Some(text) if text != DIRECT => quoted(&reduce_address(&text)),
        _ => value.raw().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(given: &str) -> String {
        let mut properties = Object::read(given).unwrap_or_default();
        clean(&mut properties);
        properties.text().to_owned()
    }

    #[test]
    fn errors_and_addresses_are_cleaned_and_nothing_else() {
        let cases = [
            (r#"{"note":"ada@lovelace.org"}"#, r#"{"note":"ada@lovelace.org"}"#),
            (r#"{"error":{"to":["ada@lovelace.org"]}}"#, r#"{"error":{"to":["[email]"]}}"#),
            (r#"{"error":null}"#, r#"{"error":null}"#),
            // The backslash of an escape is no part of an address, so what is left is no JSON.
            (r#"{"a":1,"error":["\nada@lovelace.org"]}"#, r#"{"a":1}"#),
            (
                r#"{"$current_url":"https://b.example/?email=x","$referrer":"$direct"}"#,
                r#"{"$current_url":"https://b.example/","$referrer":"$direct"}"#,
            ),
            (r#"{"$referrer":7,"$current_url":"/redacted"}"#, r#"{"$referrer":7,"$current_url":""}"#),
        ];
        for (given, expected) in cases {
            assert_eq!(cleaned(given), expected);
        }
    }
}
