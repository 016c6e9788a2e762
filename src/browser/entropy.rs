//! Randomness for the jitter of waits.

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    // Every browser that runs WebAssembly has it, in insecure contexts too.
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn get_random_values(bytes: &mut [u8]);
}

/// 128 bits from `crypto.getRandomValues`.
pub(crate) fn entropy() -> u128 {
    let mut bytes = [0; 16];
    get_random_values(&mut bytes);
    u128::from_le_bytes(bytes)
}
