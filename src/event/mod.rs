//! Events as PostHog takes them: what one says, and its JSON text, read and written.
//!
//! Like the [`outbox`](crate::outbox), this module decides and does nothing: no clock, no randomness, no IO, no JavaScript
//! value.

#![forbid(unsafe_code)]

mod address;
mod attempt;
mod bot;
mod clean;
mod compose;
mod distinct_id;
mod emails;
mod environment;
mod iso_time;
pub mod json;
mod user_agent;
mod uuid;
mod whole;

pub use address::{DIRECT, PageAddress, QUERY_KEYS, reduce_address};
pub use attempt::{AttemptNow, Attempts};
pub use bot::VisitorKind;
pub use clean::clean;
pub use compose::{CaptureOptions, Draft, Event, Surroundings, Who, is_must_send, library, own};
pub use distinct_id::{id_text, is_legal_distinct_id};
pub use emails::{EMAIL_PLACEHOLDER, replace_emails};
pub use environment::Environment;
pub use iso_time::{is_iso_time, iso_time};
pub use user_agent::UserAgent;
pub use uuid::{UUID_LENGTH, is_uuid, uuid_ms, uuid_v7};
pub use whole::whole_event;
