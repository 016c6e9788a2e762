//! The writer. Whatever it writes is whole, and every reader of JSON takes it.

use super::{Object, Value};

/// Writes an object: the text of what `write` puts into it.
///
/// # Example
/// ```
/// use posthog_booking_tracker::event::json::{Value, object};
/// let properties = Value::read(r#"{"note":"\ud83d"}"#)?;
/// let text = object(&mut |event| {
///     event.text("event", "booking \"x\"");
///     event.value("properties", properties);
///     event.object("$set", &mut |set| set.boolean("returning", true));
/// });
/// assert_eq!(text, r#"{"event":"booking \"x\"","properties":{"note":"\ufffd"},"$set":{"returning":true}}"#);
/// # Ok::<(), posthog_booking_tracker::event::json::Flaw>(())
/// ```
pub fn object(write: &mut dyn FnMut(&mut ObjectWriter<'_>)) -> String {
    let mut out = String::new();
    push_object(&mut out, write);
    out
}

fn push_object(out: &mut String, write: &mut dyn FnMut(&mut ObjectWriter<'_>)) {
    out.push_str("{");
    write(&mut ObjectWriter { out, is_empty: true });
    out.push_str("}");
}

/// An object that is being written, member by member. Nobody looks whether a name comes twice.
#[derive(Debug)]
pub struct ObjectWriter<'a> {
    out: &'a mut String,
    is_empty: bool,
}

impl ObjectWriter<'_> {
    /// Adds a text.
    pub fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        push_text(self.out, text);
    }

    /// Adds a whole number.
    pub fn integer(&mut self, name: &str, number: i64) {
        self.name(name);
        push_integer(self.out, number);
    }

    /// Adds a boolean.
    pub fn boolean(&mut self, name: &str, value: bool) {
        self.name(name);
        self.out.push_str(if value { "true" } else { "false" });
    }

    /// Adds a value that was read before, with U+FFFD for each lone surrogate. It is nested one level deeper here.
    pub fn value(&mut self, name: &str, value: Value<'_>) {
        self.name(name);
        self.out.push_str(&value.well_formed());
    }

    /// Adds an object that is kept.
    pub fn kept(&mut self, name: &str, object: &Object) {
        self.name(name);
        self.out.push_str(object.text());
    }

    /// Adds an object.
    pub fn object(&mut self, name: &str, write: &mut dyn FnMut(&mut ObjectWriter<'_>)) {
        self.name(name);
        push_object(self.out, write);
    }

    fn name(&mut self, name: &str) {
        if !self.is_empty {
            self.out.push_str(",");
        }
        self.is_empty = false;
        push_text(self.out, name);
        self.out.push_str(":");
    }
}

/// Appends a text in quotes, with escapes for what may not stand between them.
///
/// # Example
/// ```
/// let mut out = String::new();
/// posthog_booking_tracker::event::json::push_text(&mut out, "a \"b\"\n");
/// assert_eq!(out, r#""a \"b\"\n""#);
/// ```
pub fn push_text(out: &mut String, text: &str) {
    out.push_str("\"");
    let mut copied = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..=0xf => "\\u000",
            0x10..=0x1f => "\\u001",
            _ => continue,
        };
        out.push_str(&text[copied..at]);
        copied = at + 1;
        out.push_str(escape);
        if escape.len() > 2 {
            push_digit(out, usize::from(byte & 0xf));
        }
    }
    out.push_str(&text[copied..]);
    out.push_str("\"");
}

/// A text as JSON writes it: see [`push_text`].
pub(in crate::event) fn quoted(text: &str) -> String {
    let mut out = String::new();
    push_text(&mut out, text);
    out
}

/// Appends a whole number.
pub(crate) fn push_integer(out: &mut String, number: i64) {
    if number < 0 {
        out.push_str("-");
    }
    push_decimal(out, number.unsigned_abs());
}

fn push_decimal(out: &mut String, number: u64) {
    if number >= 10 {
        push_decimal(out, number / 10);
    }
    push_digit(out, (number % 10) as usize);
}

fn push_digit(out: &mut String, digit: usize) {
    out.push_str(&"0123456789abcdef"[digit..=digit]);
}
