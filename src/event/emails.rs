//! E-mail addresses that hide in error messages and page addresses.

/// What stands in the place of an e-mail address.
pub const EMAIL_PLACEHOLDER: &str = "[email]";

/// The longest local part of an address, RFC 5321 §4.5.3.1.1. Without a bound a long word would be searched again from each
/// `%40` in it.
const LOCAL_LENGTH_MAX: usize = 64;

/// Replaces every e-mail address in `text`, also percent-encoded ones (`ada%40lovelace.org`), by
/// [`EMAIL_PLACEHOLDER`].
///
/// An address is a run of letters, digits and `._%+-` (any character beyond ASCII counts as a letter), then `@` or
/// `%40`, then a domain of at least two labels of which the last starts with two letters. A version such as `pkg@1.2.3`
/// is left alone.
///
/// # Example
/// ```
/// use posthog_booking_tracker::event::replace_emails;
/// assert_eq!(replace_emails("no host is free, ask ada@lovelace.org"), "no host is free, ask [email]");
/// assert_eq!(replace_emails("left-pad@1.3.0 not found"), "left-pad@1.3.0 not found");
/// ```
#[must_use]
pub fn replace_emails(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::new();
    let mut copied = 0;
    let mut at = 0;
    while at < bytes.len() {
        let separator = separator_length(&bytes[at..]);
        if separator == 0 {
            at += 1;
            continue;
        }
        let local = local_start(text, copied, at);
        let domain = domain_length(&bytes[at + separator..]);
        if local < at && domain > 0 {
            out.push_str(&text[copied..local]);
            out.push_str(EMAIL_PLACEHOLDER);
            copied = at + separator + domain;
            at = copied;
        } else {
            at += separator;
        }
    }
    out.push_str(&text[copied..]);
    out
}

fn separator_length(bytes: &[u8]) -> usize {
    if bytes.starts_with(b"@") { 1 } else { encoded_length(bytes, b"40") }
}

/// Length of an encoded character at the start of `bytes`, percent-encoded as often as it may be, 0 where there is none.
fn encoded_length(bytes: &[u8], digits: &[u8]) -> usize {
    if !bytes.starts_with(b"%") {
        return 0;
    }
    let mut at = 1;
    while bytes[at..].starts_with(b"25") {
        at += 2;
    }
    if bytes[at..].get(..2).is_some_and(|found| found.eq_ignore_ascii_case(digits)) { at + 2 } else { 0 }
}

/// Where the local part begins that ends before `end`, not before `from`; `end`, where there is none.
fn local_start(text: &str, from: usize, end: usize) -> usize {
    let local =
        text.as_bytes()[from..end].iter().rev().take(LOCAL_LENGTH_MAX).take_while(|byte| is_local(**byte)).count();
    // The bound may fall into the middle of a character.
    (end - local..end).find(|start| text.is_char_boundary(*start)).unwrap_or(end)
}

fn is_local(byte: u8) -> bool {
    is_letter(byte) || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-')
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte >= 0x80
}

/// Length of the longest domain at the start of `bytes`, 0 where there is none.
fn domain_length(bytes: &[u8]) -> usize {
    let mut length = 0;
    let mut start = 0;
    loop {
        let rest = &bytes[start..];
        let label = rest.iter().take_while(|byte| is_letter(**byte) || byte.is_ascii_digit() || **byte == b'-').count();
        let letters = rest.iter().take_while(|byte| is_letter(**byte)).count();
        if start > 0 && letters >= 2 {
            length = start + letters;
        }
        let rest = &rest[label..];
        let dot = if rest.starts_with(b".") { 1 } else { encoded_length(rest, b"2E") };
        start += label + dot;
        if label == 0 || dot == 0 {
            return length;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test states its expectations by failing")]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_fixture_holds() {
        let fixture: Vec<(String, String)> =
            serde_json::from_str(include_str!("../../tests/fixtures/emails.json")).unwrap();
        assert!(fixture.len() > 10);
        for (text, replaced) in fixture {
            assert_eq!(replace_emails(&text), replaced);
        }
    }

    #[test]
    fn a_local_part_is_bounded_between_characters() {
        let long = format!("{}@ada.org", "ä".repeat(40));
        assert_eq!(replace_emails(&long), format!("{}[email]", "ä".repeat(8)));
        let many = "%40".repeat(200_000);
        assert_eq!(replace_emails(&many), many);
    }

    proptest! {
        #[test]
        fn prop_a_plain_address_never_survives(before in ".{0,10}", local in "[a-z0-9._+]{1,8}", domain in "[a-z0-9]{1,6}\\.[a-z]{2,4}", after in "( .{0,10})?") {
            let address = format!("{local}@{domain}");
            let out = replace_emails(&format!("{before} {address}{after}"));
            prop_assert!(!out.contains(&address), "{out}");
        }

        #[test]
        fn prop_text_without_an_at_is_untouched(text in "[^@%]*") {
            prop_assert_eq!(replace_emails(&text), text.as_str());
        }

        #[test]
        fn prop_replacing_twice_changes_nothing(text in ".*") {
            let once = replace_emails(&text);
            prop_assert_eq!(replace_emails(&once), once);
        }
    }
}
