//! The edge of the browser, as far as it is Rust: one small file for each browser fact that the engine's next line
//! depends on, and the driver that drains the engine.
//!
//! What answers later (requests, beacons, timers, page events) lives on the page's side, in `js/src/page-side.ts`, where
//! the keel uses the same code; [`page_side`] is the door to it. Measured: the same in web-sys, closures and promises
//! costs 4 KB of brotli more (ARCHITECTURE.md, "Decisions").

mod clock;
mod driver;
mod entropy;
mod page;
mod page_side;
mod storage;

#[cfg(feature = "planted-trap")]
pub mod planted_trap;

pub use clock::{monotonic, wall};
pub use driver::Driver;
pub use entropy::entropy;
pub use page_side::PageSide;
pub use storage::{LocalStore, key_in_hand, record_put};
