//! JSON as text: read and written without ever building a tree of values.
//!
//! What is read is a slice of the text that holds it ([`Value`]), and is read again where somebody wants to know more. That is
//! all an event needs, of which most is passed on as it came. `serde_json` would cost a page 17 to 28 KB of brotli; the tests
//! and the fuzzer hold this module against it instead (`oracle.rs`, `fuzz/`).
//!
//! Two things are stricter than JSON, because readers are whom a body has to get past: how deep arrays and objects are nested
//! ([`DEPTH_MAX`]), and how large a number is, which a double has to hold. One is more lenient: a lone surrogate, half a
//! character, is read as U+FFFD, and [`Value::well_formed`] writes it as that.

mod escape;
mod object;
#[cfg(test)]
mod oracle;
mod scan;
mod value;
mod write;

pub use object::{Object, ObjectMembers, layered};
pub use value::{Members, Value};
pub(crate) use write::push_integer;
pub(in crate::event) use write::quoted;
pub use write::{ObjectWriter, object, push_text};

/// How deep arrays and objects are nested at most. Readers of JSON have their limits, and the bound keeps this one's memory
/// in bounds.
pub const DEPTH_MAX: usize = 64;

/// Why a text is not taken as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flaw {
    /// The text is cut off, follows another grammar, goes on behind its end, or holds a number that no double can.
    Malformed,
    /// Arrays and objects are nested deeper than [`DEPTH_MAX`].
    TooDeep,
}
