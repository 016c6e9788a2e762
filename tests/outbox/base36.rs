//! Numbers as they stand in keys, written independently of the code that is tested.

/// The digits of a number in base 36.
pub(crate) fn base36(mut number: u64) -> String {
    let mut digits = Vec::new();
    while number > 0 || digits.is_empty() {
        digits.push(char::from_digit((number % 36) as u32, 36).unwrap());
        number /= 36;
    }
    digits.into_iter().rev().collect()
}
