//! Escapes in texts: what they stand for, and lone surrogates, which stand for nothing.

use std::borrow::Cow;

/// How many bytes an escape of one code unit takes, such as `\u00e9`.
const UNIT_LENGTH: usize = 6;

/// What stands in place of a lone surrogate, in as many bytes.
const REPLACEMENT: &[u8; UNIT_LENGTH] = b"\\ufffd";

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

/// The code unit of the escape that `bytes` begin with, such as `\u00e9`.
fn unit(bytes: &[u8]) -> Option<u32> {
    let digits = bytes.get(..UNIT_LENGTH)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |unit, digit| Some(unit * 16 + char::from(*digit).to_digit(16)?))
}

/// The text that stands between quotes in JSON, without its escapes; U+FFFD for each lone surrogate.
pub(super) fn decoded(inside: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = inside;
    while let Some(at) = rest.bytes().position(|byte| byte == b'\\')
        && let Some(escape) = read(&rest.as_bytes()[at..])
    {
        out.push_str(&rest[..at]);
        out.push(escape.character.unwrap_or(char::REPLACEMENT_CHARACTER));
        rest = &rest[at + escape.length..];
    }
    // No escape stands for nothing.
    if out.is_empty() {
        return Cow::Borrowed(inside);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// A JSON text in which U+FFFD stands for each lone surrogate.
pub(super) fn well_formed(json: &str) -> String {
    let mut bytes = json.as_bytes().to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let escape = if bytes[at] == b'\\' { read(&bytes[at..]) } else { None };
        if let Some(Escape { character: None, .. }) = escape {
            bytes[at..].iter_mut().zip(REPLACEMENT).for_each(|(byte, instead)| *byte = *instead);
        }
        at += escape.map_or(1, |escape| escape.length);
    }
    // Only whole escapes have been replaced, so this is text as before.
    String::from_utf8(bytes).unwrap_or_default()
}
