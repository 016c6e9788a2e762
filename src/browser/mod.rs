//! The edge of the browser: the driver that drains the tracker, what is read for it before each input, and the doors to the page's
//! side (`js/src/page-side.ts` and its neighbours).

mod driver;
mod facts;
mod hooks;
mod page_side;
mod posthog;
mod storage;
pub(crate) mod value;

#[cfg(feature = "planted-trap")]
pub mod planted_trap;

pub use driver::{Captured, Driver};
pub use page_side::PageSide;
pub(crate) use posthog::PostHogOnPage;
