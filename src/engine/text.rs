//! Cutting text at single bytes, and numbers as text. The searchers of the standard library do more, and cost over 2 KB in
//! the browser build.

/// The lines of a text, without empty ones.
///
/// # Example
/// ```
/// assert_eq!(posthog_booking_tracker::engine::lines("a\n\nb"), ["a", "b"]);
/// ```
#[must_use]
pub fn lines(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(line) = next_line(&mut rest) {
        if !line.is_empty() {
            found.push(line.to_owned());
        }
    }
    found
}

/// Whether a line of `text` is `start`, or starts with it and a space.
pub(super) fn has_line(text: &str, start: &str) -> bool {
    let mut rest = text;
    while let Some(line) = next_line(&mut rest) {
        if cut(line, b' ').0 == start {
            return true;
        }
    }
    false
}

/// Cuts the first line off `rest`.
pub(super) fn next_line<'a>(rest: &mut &'a str) -> Option<&'a str> {
    if rest.is_empty() {
        return None;
    }
    let (line, after) = cut(rest, b'\n');
    *rest = after;
    Some(line)
}

/// What stands before and after the first `separator`, an ASCII character; all and nothing, where there is none.
///
/// # Example
/// ```
/// assert_eq!(posthog_booking_tracker::engine::cut("a:b:c", b':'), ("a", "b:c"));
/// ```
#[must_use]
pub fn cut(text: &str, separator: u8) -> (&str, &str) {
    match text.bytes().position(|byte| byte == separator) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, ""),
    }
}

/// Appends a whole number in base 36 (digits, then small letters), as JavaScript's `toString(36)` writes it.
pub(super) fn push_base36(out: &mut String, number: u64) {
    if number >= 36 {
        push_base36(out, number / 36);
    }
    let digit = (number % 36) as usize;
    out.push_str(&"0123456789abcdefghijklmnopqrstuvwxyz"[digit..=digit]);
}

/// Reads a number in base 36; `None` where `text` is none or names more than 64 bits.
pub(super) fn base36(text: &str) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.bytes().try_fold(0_u64, |number, byte| {
        let digit = char::from(byte).to_digit(36)?;
        number.checked_mul(36)?.checked_add(digit.into())
    })
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

    proptest! {
        #[test]
        fn prop_a_number_is_read_as_it_was_written(number: u64) {
            let mut out = String::new();
            push_base36(&mut out, number);
            prop_assert_eq!(base36(&out), Some(number));
        }

        #[test]
        fn prop_lines_are_those_of_the_standard_library(text in "[a\n ]*") {
            let expected: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
            prop_assert_eq!(lines(&text), expected);
        }
    }
}
