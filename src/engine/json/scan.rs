//! The scanner: validates JSON text, finds the members of an object, decodes strings.

use std::borrow::Cow;

use super::{DEPTH_MAX, JsonError};

/// One member of an object: its decoded name and the untouched text of its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member<'a> {
    /// The name, with escapes resolved.
    pub name: Cow<'a, str>,
    /// The value as it stands in the text, without surrounding white space.
    pub raw: &'a str,
}

/// Iterates over the members of one object; made by [`members`].
///
/// After an error the iteration ends. Members seen before a malformed part have been yielded already, so a caller who
/// must not act on half a text collects first.
#[derive(Debug)]
pub struct Members<'a> {
    scanner: Scanner<'a>,
    state: MembersState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MembersState {
    First,
    Next,
    Done,
}

/// Starts reading the members of the object that `text` holds.
///
/// # Errors
/// The iterator yields [`JsonError`] where the text is no object, is malformed or goes on after the object.
///
/// # Example
/// ```
/// use posthog_booking_tracker::engine::json::members;
/// let names: Vec<String> = members(r#"{"a": [1], "b": "x"}"#)
///     .map(|member| member.map(|member| member.name.into_owned()))
///     .collect::<Result<_, _>>()?;
/// assert_eq!(names, ["a", "b"]);
/// # Ok::<(), posthog_booking_tracker::engine::json::JsonError>(())
/// ```
#[must_use]
pub fn members(text: &str) -> Members<'_> {
    Members { scanner: Scanner::new(text), state: MembersState::First }
}

impl<'a> Iterator for Members<'a> {
    type Item = Result<Member<'a>, JsonError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.state == MembersState::Done {
            return None;
        }
        let member = self.advance();
        if !matches!(member, Ok(Some(_))) {
            self.state = MembersState::Done;
        }
        member.transpose()
    }
}

impl<'a> Members<'a> {
    fn advance(&mut self) -> Result<Option<Member<'a>>, JsonError> {
        let scanner = &mut self.scanner;
        scanner.white_space();
        if self.state == MembersState::First {
            scanner.expect(b'{')?;
            scanner.white_space();
            self.state = MembersState::Next;
            if scanner.take(b'}') {
                return scanner.end().map(|()| None);
            }
        } else if scanner.take(b'}') {
            return scanner.end().map(|()| None);
        } else {
            scanner.expect(b',')?;
            scanner.white_space();
        }
        let name_start = scanner.at;
        scanner.string()?;
        let name = string(&scanner.text[name_start..scanner.at]).ok_or(JsonError::Malformed)?;
        scanner.white_space();
        scanner.expect(b':')?;
        scanner.white_space();
        let start = scanner.at;
        scanner.value(1)?;
        Ok(Some(Member { name, raw: &scanner.text[start..scanner.at] }))
    }
}

/// Appends the one JSON value that `text` holds to `out`, with lone surrogate escapes rewritten as `\ufffd`.
///
/// What this appends is valid JSON for every reader: `JSON.stringify` writes a lone surrogate of a JavaScript string as
/// an escape that strict readers, PostHog's capture service among them, refuse for the whole body.
///
/// # Errors
/// [`JsonError`]; `out` may then hold a part of the value and should be thrown away.
///
/// # Example
/// ```
/// use posthog_booking_tracker::engine::json::copy;
/// let mut out = String::new();
/// copy(r#"["\ud800", 1e3]"#, &mut out)?;
/// assert_eq!(out, r#"["\ufffd", 1e3]"#);
/// # Ok::<(), posthog_booking_tracker::engine::json::JsonError>(())
/// ```
pub fn copy(text: &str, out: &mut String) -> Result<(), JsonError> {
    let mut scanner = Scanner::new(text);
    scanner.white_space();
    let start = scanner.at;
    scanner.value(0)?;
    let value_end = scanner.at;
    scanner.end()?;
    let mut copied = start;
    for lone in &scanner.lone_surrogates {
        out.push_str(&text[copied..*lone]);
        out.push_str("\\ufffd");
        copied = lone + ESCAPE_LENGTH;
    }
    out.push_str(&text[copied..value_end]);
    Ok(())
}

/// Decodes the JSON string `raw` (quotes included); `None` where it is none. Lone surrogates become U+FFFD.
///
/// # Example
/// ```
/// use posthog_booking_tracker::engine::json::string;
/// assert_eq!(string(r#""caf\u00e9""#).as_deref(), Some("café"));
/// assert_eq!(string("12"), None);
/// ```
#[must_use]
pub fn string(raw: &str) -> Option<Cow<'_, str>> {
    let mut scanner = Scanner::new(raw);
    scanner.string().ok()?;
    if scanner.at != raw.len() {
        return None;
    }
    let inner = &raw[1..raw.len() - 1];
    if !inner.contains('\\') {
        return Some(Cow::Borrowed(inner));
    }
    decode_escapes(inner).map(Cow::Owned)
}

/// Reads `true` or `false`; `None` for any other value.
///
/// # Example
/// ```
/// use posthog_booking_tracker::engine::json::boolean;
/// assert_eq!(boolean("true"), Some(true));
/// assert_eq!(boolean("\"true\""), None);
/// ```
#[must_use]
pub fn boolean(raw: &str) -> Option<bool> {
    match raw {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// Length of `\uXXXX`.
const ESCAPE_LENGTH: usize = 6;

fn decode_escapes(inner: &str) -> Option<String> {
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(backslash) = rest.find('\\') {
        out.push_str(&rest[..backslash]);
        let escape = &rest[backslash..];
        let kind = *escape.as_bytes().get(1)?;
        if kind != b'u' {
            out.push(match kind {
                b'b' => '\u{8}',
                b'f' => '\u{c}',
                b'n' => '\n',
                b'r' => '\r',
                b't' => '\t',
                other => char::from(other),
            });
            rest = &escape[2..];
            continue;
        }
        let unit = code_unit(escape.as_bytes())?;
        let (character, length) = match low_surrogate_after(unit, &escape.as_bytes()[ESCAPE_LENGTH..]) {
            Some(low) => (0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00), 2 * ESCAPE_LENGTH),
            None => (unit, ESCAPE_LENGTH),
        };
        out.push(char::from_u32(character).unwrap_or(char::REPLACEMENT_CHARACTER));
        rest = &escape[length..];
    }
    out.push_str(rest);
    Some(out)
}

/// The low surrogate that follows the high surrogate `unit`, where `after` starts with one.
fn low_surrogate_after(unit: u32, after: &[u8]) -> Option<u32> {
    if !(0xd800..0xdc00).contains(&unit) {
        return None;
    }
    code_unit(after).filter(|low| (0xdc00..0xe000).contains(low))
}

/// The code unit of an escape `\uXXXX` at the start of `bytes`.
fn code_unit(bytes: &[u8]) -> Option<u32> {
    if bytes.first() != Some(&b'\\') || bytes.get(1) != Some(&b'u') {
        return None;
    }
    let mut unit = 0;
    for index in 2..ESCAPE_LENGTH {
        unit = unit * 16 + char::from(*bytes.get(index)?).to_digit(16)?;
    }
    Some(unit)
}

#[derive(Debug)]
struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// Where lone surrogate escapes start, in rising order.
    lone_surrogates: Vec<usize>,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0, lone_surrogates: Vec::new() }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.take(byte) { Ok(()) } else { Err(JsonError::Malformed) }
    }

    fn white_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn end(&mut self) -> Result<(), JsonError> {
        self.white_space();
        if self.at == self.text.len() { Ok(()) } else { Err(JsonError::Malformed) }
    }

    fn value(&mut self, depth: u32) -> Result<(), JsonError> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'{') => self.container(depth, b'}', Self::named_value),
            Some(b'[') => self.container(depth, b']', Self::value),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &str) -> Result<(), JsonError> {
        if !self.text[self.at..].starts_with(word) {
            return Err(JsonError::Malformed);
        }
        self.at += word.len();
        Ok(())
    }

    fn container(
        &mut self,
        depth: u32,
        close: u8,
        item: fn(&mut Self, u32) -> Result<(), JsonError>,
    ) -> Result<(), JsonError> {
        if depth >= DEPTH_MAX {
            return Err(JsonError::TooDeep);
        }
        self.at += 1;
        self.white_space();
        if self.take(close) {
            return Ok(());
        }
        loop {
            item(self, depth + 1)?;
            self.white_space();
            if self.take(close) {
                return Ok(());
            }
            self.expect(b',')?;
            self.white_space();
        }
    }

    fn named_value(&mut self, depth: u32) -> Result<(), JsonError> {
        self.string()?;
        self.white_space();
        self.expect(b':')?;
        self.white_space();
        self.value(depth)
    }

    fn string(&mut self) -> Result<(), JsonError> {
        self.expect(b'"')?;
        loop {
            match self.peek() {
                None | Some(0..=0x1f) => return Err(JsonError::Malformed),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                Some(_) => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        let bytes = &self.text.as_bytes()[self.at..];
        match bytes.get(1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            _ => {
                let unit = code_unit(bytes).ok_or(JsonError::Malformed)?;
                if low_surrogate_after(unit, &bytes[ESCAPE_LENGTH..]).is_some() {
                    self.at += ESCAPE_LENGTH;
                } else if (0xd800..0xe000).contains(&unit) {
                    self.lone_surrogates.push(self.at);
                }
                self.at += ESCAPE_LENGTH;
            }
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<&'a str, JsonError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(JsonError::Malformed) } else { Ok(&self.text[start..self.at]) }
    }

    fn number(&mut self) -> Result<(), JsonError> {
        self.take(b'-');
        let integer = self.digits()?;
        if integer.len() > 1 && integer.starts_with('0') {
            return Err(JsonError::Malformed);
        }
        let fraction = if self.take(b'.') { self.digits()? } else { "" };
        let mut exponent = 0_i64;
        if self.take(b'e') || self.take(b'E') {
            let negative = self.take(b'-');
            if !negative {
                self.take(b'+');
            }
            for digit in self.digits()?.bytes() {
                exponent = (exponent * 10 + i64::from(digit - b'0')).min(EXPONENT_CAP);
            }
            if negative {
                exponent = -exponent;
            }
        }
        if fits_double(integer, fraction, exponent) { Ok(()) } else { Err(JsonError::Malformed) }
    }
}

/// Exponents are counted up to here only, so that a text of a million digits cannot overflow the counter.
const EXPONENT_CAP: i64 = 1_000_000_000;

/// The significant digits of the largest double, 1.7976931348623157e308.
const LARGEST_DOUBLE: &[u8] = b"17976931348623157";

/// Whether the decimal number is within the range of a double; readers refuse a body in which one is not.
fn fits_double(integer: &str, fraction: &str, exponent: i64) -> bool {
    let mut digits = integer.bytes().chain(fraction.bytes());
    let Some(leading_zeros) = digits.position(|digit| digit != b'0') else {
        return true;
    };
    let magnitude = integer.len() as i64 - leading_zeros as i64 + exponent;
    if magnitude != 309 {
        return magnitude < 309;
    }
    let significant = integer.bytes().chain(fraction.bytes()).skip(leading_zeros).chain(std::iter::repeat(b'0'));
    significant.take(LARGEST_DOUBLE.len()).cmp(LARGEST_DOUBLE.iter().copied()).is_le()
}
