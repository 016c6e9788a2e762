//! Events as PostHog takes them: their JSON text, read and written.
//!
//! Like the [`engine`](crate::engine), this module decides and does nothing: no clock, no randomness, no IO, no JavaScript
//! value.

#![forbid(unsafe_code)]

pub mod json;
mod whole;

pub use whole::whole_event;
