//! Escapes in texts: what they stand for, and lone surrogates, which stand for nothing.

use std::borrow::Cow;

/// How long `\uXXXX` is.
const UNIT_LENGTH: usize = 6;

/// What an escape stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Escape {
    /// The character; none for a lone surrogate.
    pub(super) character: Option<char>,
    /// How many bytes it takes in the text.
    pub(super) length: usize,
}

/// Reads the escape at the start of `bytes`; `None`, where JSON has no such escape.
pub(super) fn read(bytes: &[u8]) -> Option<Escape> {
    let character = match bytes.get(1)? {
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        byte @ (b'"' | b'\\' | b'/') => char::from(*byte),
        _ => return read_unit(bytes),
    };
    Some(Escape { character: Some(character), length: 2 })
}

/// The same for one by code unit, or by two that belong together.
fn read_unit(bytes: &[u8]) -> Option<Escape> {
    let high = unit(bytes)?;
    if (0xd800..0xdc00).contains(&high)
        && let Some(low @ 0xdc00..0xe000) = bytes.get(UNIT_LENGTH..).and_then(unit)
    {
        let character = char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
        return Some(Escape { character, length: 2 * UNIT_LENGTH });
    }
    Some(Escape { character: char::from_u32(high), length: UNIT_LENGTH })
}

/// The code unit that `bytes` begin with, as `\uXXXX`.
fn unit(bytes: &[u8]) -> Option<u32> {
    let digits = bytes.get(..UNIT_LENGTH)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |unit, digit| Some(unit * 16 + char::from(*digit).to_digit(16)?))
}

/// The text that stands between quotes in JSON, without its escapes; U+FFFD for each lone surrogate.
pub(super) fn decoded(inside: &str) -> Cow<'_, str> {
    rewritten(inside, true)
}

/// A JSON text in which U+FFFD stands for each lone surrogate.
pub(super) fn well_formed(json: &str) -> Cow<'_, str> {
    rewritten(json, false)
}

/// A text without its escapes (`decode`), or with all but those of lone surrogates.
fn rewritten(text: &str, decode: bool) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut out = String::new();
    let mut copied = 0;
    let mut at = 0;
    while at < bytes.len() {
        let escape = if bytes[at] == b'\\' { read(&bytes[at..]) } else { None };
        let Some(Escape { character, length }) = escape else {
            at += 1;
            continue;
        };
        if decode || character.is_none() {
            out.push_str(&text[copied..at]);
            if decode {
                out.push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
            } else {
                out.push_str("\\ufffd");
            }
            copied = at + length;
        }
        at += length;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}
