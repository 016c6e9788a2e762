//! Who events are about: the visitor's identity, its session, what is said of it on every event, and whether it may be tracked.
//!
//! Each noun keeps what this page knows and stores it once that is allowed; none knows of another. They meet in the tracker.

#![forbid(unsafe_code)]

mod consent;
mod identity;
mod session;
mod stored;
mod super_properties;

pub use consent::{Consent, ConsentChange, ConsentState};
pub use identity::{Identity, IdentityBootstrap, IdentityKeeper};
pub use session::{
    SESSION_AHEAD_MAX_MS, SESSION_IDLE_MAX_MS, SESSION_LENGTH_MAX_MS, SESSION_WRITE_INTERVAL_MS, Session, SessionIds,
};
pub use stored::{EDITS_MAX, Stored, StoredState};
pub use super_properties::SuperProperties;
