//! JSON as text: what the engine reads and writes without ever building a tree of values.
//!
//! Event properties cross into the engine as the text of `JSON.stringify` and leave it as slices of that text, so a
//! scanner that finds member boundaries and a writer that escapes strings are all that is needed. `serde_json` would
//! cost 17 to 28 KB of brotli in the browser bundle; it is the oracle in the host tests instead (`oracle.rs`).

#[cfg(test)]
mod oracle;
mod scan;
mod write;

pub use scan::{copy, members, string};
pub use write::{ObjectWriter, push_base36, push_decimal, push_string};

/// Deepest nesting of arrays and objects that is accepted. PostHog's own pipeline flattens far earlier; the bound
/// keeps the recursion of the scanner within a browser's small WebAssembly stack.
pub const DEPTH_MAX: u32 = 64;

/// Why a text is not taken as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum JsonError {
    /// The text is cut off, follows another grammar, or holds a number that no double can represent.
    Malformed,
    /// Arrays and objects are nested deeper than [`DEPTH_MAX`].
    TooDeep,
}
