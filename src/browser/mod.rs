//! The edge of the browser: one small file for each browser fact, and the driver that drains the engine.
//!
//! Nothing here decides anything about events. Everything that the browser calls back runs under the page's guard
//! ([`page_callbacks`]), so that a trap inside WebAssembly never surfaces as an error of the page.

mod beacon;
mod clock;
mod driver;
mod entropy;
mod fetch;
mod lifecycle;
mod page;
mod page_callbacks;
mod storage;
mod wake_timer;

#[cfg(feature = "planted-trap")]
pub mod planted_trap;

pub use beacon::send_beacon;
pub use clock::{monotonic, wall};
pub use driver::Driver;
pub use entropy::entropy;
pub use page_callbacks::PageCallbacks;
pub use storage::{LocalStore, key_in_hand, record_put};
