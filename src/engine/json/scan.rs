//! The scanner: validates JSON text, finds the members of an object, decodes strings.

use super::{DEPTH_MAX, JsonError};

/// Calls `each` with the name (escapes resolved) and the untouched text of the value of every member of the object that
/// `text` holds, in order.
///
/// # Errors
/// [`JsonError`] where the text is no object, is malformed or goes on after the object. Members before the malformed
/// part have been passed already, so a caller who must not act on half a text collects first.
///
/// # Example
/// ```
/// use posthog_booking_tracker::engine::json::members;
/// let mut seen = Vec::new();
/// members(r#"{"a": [1], "b": "x"}"#, &mut |name, raw| seen.push((name.to_owned(), raw.to_owned())))?;
/// assert_eq!(seen, [("a".to_owned(), "[1]".to_owned()), ("b".to_owned(), "\"x\"".to_owned())]);
/// # Ok::<(), posthog_booking_tracker::engine::json::JsonError>(())
/// ```
pub fn members(text: &str, each: &mut dyn FnMut(&str, &str)) -> Result<(), JsonError> {
    let mut scanner = Scanner::new(text);
    scanner.white_space();
    scanner.expect(b'{')?;
    scanner.white_space();
    let mut more = !scanner.take(b'}');
    while more {
        let name = scanner.at;
        scanner.string()?;
        let name = &text[name..scanner.at];
        scanner.colon()?;
        let start = scanner.at;
        scanner.value(1)?;
        each(&string(name).unwrap_or_default(), &text[start..scanner.at]);
        more = scanner.next_item(b'}')?;
    }
    scanner.end()
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
pub fn string(raw: &str) -> Option<String> {
    let mut scanner = Scanner::new(raw);
    scanner.string().ok()?;
    if scanner.at != raw.len() {
        return None;
    }
    decode_escapes(&raw[1..raw.len() - 1])
}

/// Length of `\uXXXX`.
const ESCAPE_LENGTH: usize = 6;

fn decode_escapes(inner: &str) -> Option<String> {
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(backslash) = rest.bytes().position(|byte| byte == b'\\') {
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
            Some(b'{') => self.container(depth, b'}'),
            Some(b'[') => self.container(depth, b']'),
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

    fn container(&mut self, depth: u32, close: u8) -> Result<(), JsonError> {
        if depth >= DEPTH_MAX {
            return Err(JsonError::TooDeep);
        }
        self.at += 1;
        self.white_space();
        let mut more = !self.take(close);
        while more {
            if close == b'}' {
                self.string()?;
                self.colon()?;
            }
            self.value(depth + 1)?;
            more = self.next_item(close)?;
        }
        Ok(())
    }

    /// Goes on to the next item of a container; `false` at its end.
    fn next_item(&mut self, close: u8) -> Result<bool, JsonError> {
        self.white_space();
        if self.take(close) {
            return Ok(false);
        }
        self.expect(b',')?;
        self.white_space();
        Ok(true)
    }

    fn colon(&mut self) -> Result<(), JsonError> {
        self.white_space();
        self.expect(b':')?;
        self.white_space();
        Ok(())
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
