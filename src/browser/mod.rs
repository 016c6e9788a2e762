//! The edge of the browser, as far as it is Rust: the driver that drains the engine, and the doors to the page's side.
//!
//! What only JavaScript can do (storage, requests, beacons, timers, page events) stands in `js/src/page-side.ts` and its
//! neighbours. Measured: the same through web-sys, closures and promises costs over 4 KB of brotli more.

mod clock;
mod driver;
mod entropy;
mod page_side;
mod storage;

#[cfg(feature = "planted-trap")]
pub mod planted_trap;

pub use driver::Driver;
pub use page_side::PageSide;
