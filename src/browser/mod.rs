//! The edge of the browser: the driver that drains the tracker, what is read for it before each input, and one file for each thing that
//! a browser has: storage, the mirror in IndexedDB, the Web Lock, requests, page events. What must outlive an instance of the module is
//! the host's (`js/src/instance.ts`).

mod drain_lock;
mod driver;
mod facts;
mod heard;
mod hooks;
mod host;
mod mirror;
mod page_events;
mod posthog;
mod requests;
mod storage;
mod tasks;
pub(crate) mod value;
mod web;

#[cfg(feature = "planted-trap")]
pub mod planted_trap;

pub(crate) use driver::PageCode;
pub use driver::{Captured, Driver};
pub use heard::Heard;
pub use host::Host;
use mirror::Mirror;
pub(crate) use posthog::PostHogOnPage;
