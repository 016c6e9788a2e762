//! Randomness for ids and jitter.

/// 128 bits from `crypto.getRandomValues`. Where a page has taken that away, `Math.random` has to do: an id has to be
/// unique, not secret.
#[must_use]
pub fn entropy() -> u128 {
    let mut bytes = [0; 16];
    let filled = web_sys::window()
        .and_then(|window| window.crypto().ok())
        .and_then(|crypto| crypto.get_random_values_with_u8_array(&mut bytes).ok());
    if filled.is_none() {
        for byte in &mut bytes {
            *byte = (js_sys::Math::random() * 256.0) as u8;
        }
    }
    u128::from_le_bytes(bytes)
}
