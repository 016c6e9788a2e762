//! The edge of the browser: the driver that drains the tracker, what is read for it before each input, and one file for each thing that
//! a browser has: storage, the mirror in IndexedDB, the Web Lock, requests, page events. What must outlive an instance of the module is
//! the host's (`js/src/instance.ts`).

mod cookie;
mod drain_lock;
mod driver;
mod facts;
mod heard;
mod hooks;
mod host;
mod mirror;
mod page_events;
mod page_options;
mod posthog;
mod requests;
mod storage;
mod tasks;
pub(crate) mod value;
mod web;

pub(crate) use web::say;

#[cfg(feature = "planted-trap")]
pub mod planted_trap;

pub use driver::{Captured, Driver};
pub use heard::Heard;
pub use host::Host;
pub(crate) use host::gate_word;
use mirror::Mirror;
pub(crate) use page_options::{PageCode, PageOptions};
pub(crate) use posthog::PostHogOnPage;
