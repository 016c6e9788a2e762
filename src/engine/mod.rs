//! The engine: everything the tracker decides, and nothing it does.
//!
//! This module has no clock, no randomness, no IO and no JavaScript value. An event is a text that it keeps and passes on, and
//! that it looks into only where somebody else may have damaged it ([`event`](crate::event)). What happens comes in as an
//! [`Input`] together with the time and fresh entropy ([`Now`]); what has to be done comes out as [`Output`]s. Storage is the
//! one exception: its answer changes the next line, so it is a synchronous port, [`Store`].
//!
//! **Every mutation is followed by a complete drain:** call [`Tracker::handle`] once, then
//! [`Tracker::take_outputs`].

#![forbid(unsafe_code)]

mod answer;
mod backoff;
mod config;
mod delivery;
mod drain;
mod entropy;
mod gate;
mod input;
mod ledger;
mod outbox;
mod output;
mod reach;
mod record;
#[cfg(feature = "broken-engines")]
mod sabotage;
mod store;
mod time;
mod tracker;

pub use answer::Outcome;
pub use backoff::{BACKOFF_FIRST_MS, BACKOFF_MAX_MS, PROBE_INTERVAL_MS, RETRY_AFTER_MAX_MS, backoff_ms};
pub use config::{
    BATCH_BYTES_MAX, BATCH_EVENTS_MAX, Config, EVENT_BYTES_MAX, EXIT_BYTES_MAX, RECORD_AGE_MAX_MS, RECORDS_MAX,
    STORED_BYTES_MAX,
};
pub use drain::{
    ADOPTION_AGE_BESIDE_MS, ADOPTION_AGE_MIN_MS, ALONE_MARGIN_MS, FRESH_AGE_MAX_MS, LOCK_PATIENCE_MS, LOCK_RETRY_MS,
    LOCK_SETTLE_MS, LockAnswer, SEAL_AGE_MAX_MS,
};
pub use entropy::Entropy;
pub use gate::HOLD_MAX_MS;
pub use input::{Input, NewEvent};
pub use ledger::{DropReason, Stats};
pub use output::{Notice, Output};
pub use reach::{UNREACHED_PAGES_MAX, UNREACHED_RECORDS_MAX};
pub use record::{KEY_PREFIX, RECORD_FORMAT, noun_key, record_key};
#[cfg(feature = "broken-engines")]
pub use sabotage::Sabotage;
pub use store::{MemoryStore, Store, StoreError, TabStore};
pub use time::{Monotonic, Now, Wall};
pub use tracker::Tracker;
