//! Cutting text at single bytes, and numbers as text. The searchers of the standard library do more, and cost over 2 KB in
//! the browser build.

/// What stands before and after the first `separator`, an ASCII character; all and nothing, where there is none.
pub(crate) fn cut(text: &str, separator: u8) -> (&str, &str) {
    match text.bytes().position(|byte| byte == separator) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, ""),
    }
}

/// Appends a whole number in base 36 (digits, then small letters), as JavaScript's `toString(36)` writes it.
pub(crate) fn push_base36(out: &mut String, number: u64) {
    if number >= 36 {
        push_base36(out, number / 36);
    }
    let digit = (number % 36) as usize;
    out.push_str(&"0123456789abcdefghijklmnopqrstuvwxyz"[digit..=digit]);
}

/// Reads a number in base 36; `None` where `text` is none or names more than 64 bits.
pub(crate) fn base36(text: &str) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.bytes().try_fold(0_u64, |number, byte| {
        let digit = char::from(byte).to_digit(36)?;
        number.checked_mul(36)?.checked_add(digit.into())
    })
}

/// Where `needle` begins in `text` first; `None`, where it does not stand in it.
pub(crate) fn find(text: &str, needle: &str) -> Option<usize> {
    text.as_bytes().windows(needle.len()).position(|window| window == needle.as_bytes())
}

/// The value of a form's field (`application/x-www-form-urlencoded`): `+` is a space, `%` and two digits are a byte.
pub(crate) fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let digit = |place: usize| char::from(*bytes.get(place)?).to_digit(16);
        let decoded = match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => Some((high * 16 + low) as u8),
            _ => None,
        };
        at += if decoded.is_some() { 3 } else { 1 };
        out.push(decoded.unwrap_or(if *byte == b'+' { b' ' } else { *byte }));
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Appends a text as the value of a form's field, as `URLSearchParams` writes it.
pub(crate) fn push_percent_encoded(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'*' | b'-' | b'.' | b'_') {
            out.push(char::from(byte));
        } else if byte == b' ' {
            out.push_str("+");
        } else {
            out.push_str("%");
            for digit in [byte >> 4, byte & 0xf] {
                out.push_str(&"0123456789ABCDEF"[usize::from(digit)..=usize::from(digit)]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_largest_number_has_thirteen_digits() {
        let mut out = String::new();
        push_base36(&mut out, u64::MAX);
        assert_eq!(out, "3w5e11264sgsf");
    }

    #[test]
    fn a_text_is_cut_at_the_first_separator() {
        assert_eq!(cut("a:b:c", b':'), ("a", "b:c"));
        assert_eq!(cut("abc", b':'), ("abc", ""));
    }

    proptest! {
        #[test]
        fn prop_a_number_is_read_as_it_was_written(number: u64) {
            let mut out = String::new();
            push_base36(&mut out, number);
            prop_assert_eq!(base36(&out), Some(number));
        }
    }
}
