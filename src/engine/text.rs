//! Cutting text at single bytes. The searchers of the standard library do more, and cost over 2 KB in the browser build.

/// The lines of a text, without empty ones.
///
/// # Example
/// ```
/// assert_eq!(posthog_booking_tracker::engine::lines("a\n\nb").collect::<Vec<_>>(), ["a", "b"]);
/// ```
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    core::iter::from_fn(move || {
        while !rest.is_empty() {
            let (line, after) = cut(rest, b'\n');
            rest = after;
            if !line.is_empty() {
                return Some(line);
            }
        }
        None
    })
}

/// What stands before and after the first `separator`; all and nothing, where there is none.
pub(super) fn cut(text: &str, separator: u8) -> (&str, &str) {
    match text.bytes().position(|byte| byte == separator) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, ""),
    }
}
