//! What the browser can say to a tracker.
#![expect(missing_docs, reason = "wasm-bindgen adds a variant and functions that it does not document")]

use wasm_bindgen::prelude::*;

/// What the browser says to a tracker.
#[wasm_bindgen]
#[derive(Debug, Clone, Copy)]
pub enum Heard {
    /// Something that was waited for has come.
    Resumed = "resumed",
    /// Something that was waited for has failed.
    Rejected = "rejected",
    /// The time is over.
    Woke = "woke",
    /// The page is being left.
    Leaving = "leaving",
    /// The page is seen again, or lives again.
    Returned = "returned",
    /// The page is seen from now on, or not any more.
    Visibility = "visibility",
    /// There is a network again.
    Online = "online",
    /// Somebody sees a page that was only prerendered.
    Activated = "activated",
    /// Another tab has changed what is stored.
    Stored = "stored",
    /// The mirror has to be let go, or was taken away.
    MirrorGone = "mirrorGone",
}
