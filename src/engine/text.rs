//! Cutting text at single bytes. The searchers of the standard library do more, and cost over 2 KB in the browser build.

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

/// What stands before and after the first `separator`; all and nothing, where there is none.
pub(super) fn cut(text: &str, separator: u8) -> (&str, &str) {
    match text.bytes().position(|byte| byte == separator) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, ""),
    }
}
