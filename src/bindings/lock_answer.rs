//! What came of asking for the drain lock, as JavaScript says it.
#![expect(missing_docs, reason = "wasm-bindgen adds a variant and functions that it does not document")]

use wasm_bindgen::prelude::*;

/// What came of asking for the drain lock.
#[wasm_bindgen]
#[derive(Debug, Clone, Copy)]
pub enum LockAnswer {
    /// This page holds it, and no other page of this origin is alive.
    Granted = "granted",
    /// This page holds it, and others are alive.
    GrantedBeside = "granted_beside",
    /// Another page holds it.
    Refused = "refused",
    /// This browser has no Web Locks.
    Missing = "missing",
    /// This page held it, and it was taken away.
    Lost = "lost",
}
