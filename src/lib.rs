//! The booking tracker for PostHog that loses no event.
//!
//! One core, many edges: [`tracker`] and what meets in it decide and do nothing, the edge of the browser does and decides nothing. What an
//! event is, is read and written by [`event`]. The web crates are dependencies of the browser target only, so that this crate
//! builds for a host at all is the proof that both are pure.
//!
//! ```text
//! page ─► js/ (wrapper) ─► bindings ─► browser (driver) ─► tracker ─► Output ─► browser ─► js/ (the page's side)
//! ```
#![deny(missing_docs)]

pub mod configuration;
pub mod event;
pub mod flags;
pub mod outbox;
pub mod person;
mod text;
pub mod tracker;

#[cfg(target_arch = "wasm32")]
pub mod bindings;
#[cfg(target_arch = "wasm32")]
pub mod browser;

// The module's machine code is what a page waits for: this allocator is 2 KB of brotli smaller than the default one. It
// searches a list of free blocks, which is short here: a page holds some hundred records.
// SAFETY: a module without atomics has one thread.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: lol_alloc::AssumeSingleThreaded<lol_alloc::FreeListAllocator> =
    unsafe { lol_alloc::AssumeSingleThreaded::new(lol_alloc::FreeListAllocator::new()) };
