//! A value: a slice of text that is known to be whole.

use std::borrow::Cow;

use super::scan::Scanner;
use super::{Flaw, escape};

/// One whole JSON value, as it stands in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value<'a> {
    raw: &'a str,
}

impl Default for Value<'_> {
    /// `null`.
    fn default() -> Self {
        Self { raw: "null" }
    }
}

impl<'a> Value<'a> {
    /// Reads a text that holds one value, and nothing else but white space.
    ///
    /// # Errors
    /// [`Flaw`], where it holds none.
    ///
    /// # Example
    /// ```
    /// use posthog_booking_tracker::event::json::{Flaw, Value};
    /// assert_eq!(Value::read(" [1, 2] ")?.raw(), "[1, 2]");
    /// assert_eq!(Value::read("[1, 2"), Err(Flaw::Malformed));
    /// assert_eq!(Value::read(&"[".repeat(65)), Err(Flaw::TooDeep));
    /// # Ok::<(), Flaw>(())
    /// ```
    pub fn read(text: &'a str) -> Result<Self, Flaw> {
        let mut scanner = Scanner::new(text);
        let start = scanner.place();
        let end = scanner.value()?;
        if scanner.place() == text.len() { Ok(Self { raw: &text[start..end] }) } else { Err(Flaw::Malformed) }
    }

    /// A value that stands in a text which this module has written.
    pub(super) fn of_writer(raw: &'a str) -> Self {
        Self { raw }
    }

    /// The value as it stands in its text.
    #[must_use]
    pub fn raw(self) -> &'a str {
        self.raw
    }

    /// The value as every reader of JSON takes it: U+FFFD stands for each lone surrogate.
    ///
    /// # Example
    /// ```
    /// use posthog_booking_tracker::event::json::Value;
    /// assert_eq!(Value::read(r#"["\ud83d", "\ud83d\ude00"]"#)?.well_formed(), r#"["\ufffd", "\ud83d\ude00"]"#);
    /// # Ok::<(), posthog_booking_tracker::event::json::Flaw>(())
    /// ```
    #[must_use]
    pub fn well_formed(self) -> String {
        escape::well_formed(self.raw)
    }

    /// The members of an object, in their order; `None`, where this is no object.
    ///
    /// # Example
    /// ```
    /// use posthog_booking_tracker::event::json::Value;
    /// let value = Value::read(r#"{"a": [1], "\u0062": "x"}"#)?;
    /// let seen: Vec<_> = value.members().into_iter().flatten().map(|(name, value)| (name.text(), value.raw())).collect();
    /// assert_eq!(seen, [(Some("a".into()), "[1]"), (Some("b".into()), "\"x\"")]);
    /// assert!(Value::read("[1]")?.members().is_none());
    /// # Ok::<(), posthog_booking_tracker::event::json::Flaw>(())
    /// ```
    #[must_use]
    pub fn members(self) -> Option<Members<'a>> {
        let mut scanner = Scanner::new(self.raw);
        scanner.take(b'{').then_some(Members { text: self.raw, scanner })
    }

    /// The items of an array, in their order; none, where this is no array.
    ///
    /// # Example
    /// ```
    /// use posthog_booking_tracker::event::json::Value;
    /// let items: Vec<_> = Value::read("[1, [2], null]")?.items().map(|item| item.raw()).collect();
    /// assert_eq!(items, ["1", "[2]", "null"]);
    /// assert_eq!(Value::read("7")?.items().count(), 0);
    /// # Ok::<(), posthog_booking_tracker::event::json::Flaw>(())
    /// ```
    pub fn items(self) -> impl Iterator<Item = Self> {
        let Self { raw } = self;
        let mut scanner = Scanner::new(raw);
        let is_array = scanner.take(b'[');
        core::iter::from_fn(move || {
            scanner.take(b',');
            let start = scanner.place();
            // The array is whole, so its end is where there is no value.
            let end = if is_array { scanner.value().ok()? } else { return None };
            Some(Self { raw: &raw[start..end] })
        })
    }

    /// The text that this is, without quotes and escapes; `None`, where it is none. Lone surrogates are read as U+FFFD.
    ///
    /// # Example
    /// ```
    /// use posthog_booking_tracker::event::json::Value;
    /// assert_eq!(Value::read(r#""caf\u00e9""#)?.text().as_deref(), Some("café"));
    /// assert_eq!(Value::read("12")?.text(), None);
    /// # Ok::<(), posthog_booking_tracker::event::json::Flaw>(())
    /// ```
    #[must_use]
    pub fn text(self) -> Option<Cow<'a, str>> {
        self.raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).map(escape::decoded)
    }

    /// The whole number that this is; `None`, where it is none, is written with a point or an exponent, or needs more than 64
    /// bits.
    ///
    /// # Example
    /// ```
    /// use posthog_booking_tracker::event::json::Value;
    /// assert_eq!(Value::read("-1767323045678")?.integer(), Some(-1_767_323_045_678));
    /// assert_eq!(Value::read("1.5")?.integer(), None);
    /// # Ok::<(), posthog_booking_tracker::event::json::Flaw>(())
    /// ```
    #[must_use]
    pub fn integer(self) -> Option<i64> {
        self.raw.parse().ok()
    }

    /// The number that this is; `None`, where it is none. It brings the standard library's reader of doubles into a build, which
    /// [`integer`](Self::integer) does not.
    ///
    /// # Example
    /// ```
    /// use posthog_booking_tracker::event::json::Value;
    /// assert_eq!(Value::read("2.5e1")?.number(), Some(25.0));
    /// assert_eq!(Value::read("\"1\"")?.number(), None);
    /// # Ok::<(), posthog_booking_tracker::event::json::Flaw>(())
    /// ```
    #[must_use]
    pub fn number(self) -> Option<f64> {
        // No other value begins with what a number does, and the parser takes every number of JSON.
        let is_number = self.raw.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        is_number.then(|| self.raw.parse().ok()).flatten()
    }

    /// The boolean that this is; `None`, where it is none.
    ///
    /// # Example
    /// ```
    /// use posthog_booking_tracker::event::json::Value;
    /// assert_eq!(Value::read("true")?.boolean(), Some(true));
    /// assert_eq!(Value::read("null")?.boolean(), None);
    /// # Ok::<(), posthog_booking_tracker::event::json::Flaw>(())
    /// ```
    #[must_use]
    pub fn boolean(self) -> Option<bool> {
        match self.raw {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }
}

/// The members of an object, in their order: name and value. One that is named twice comes twice. A name is a text like any
/// other, so that only who asks for it without its escapes pays for that.
#[derive(Debug, Clone)]
pub struct Members<'a> {
    text: &'a str,
    /// Behind the bracket that opens the object, or behind a member.
    scanner: Scanner<'a>,
}

impl Default for Members<'_> {
    /// Those of an empty object.
    fn default() -> Self {
        Self { text: "}", scanner: Scanner::new("}") }
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (Value<'a>, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let Self { text, scanner } = self;
        scanner.take(b',');
        let name = scanner.place();
        // The object is whole, so its end is where this is none.
        let name = &text[name..scanner.text().ok()?];
        scanner.expect(b':').ok()?;
        let value = scanner.place();
        let value = &text[value..scanner.value().ok()?];
        Some((Value { raw: name }, Value { raw: value }))
    }
}
