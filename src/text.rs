//! Cutting text at single bytes, and numbers as text. The searchers of the standard library do more, and cost over 2 KB in
//! the browser build.

/// What stands before and after the first `separator`, an ASCII character; all and nothing, where there is none.
pub(super) fn cut(text: &str, separator: u8) -> (&str, &str) {
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
