//! The outbox as one page drives it: stories through its public door, with a clock that the test moves, a store that it
//! can break, and answers that it writes itself.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test states its expectations by failing"
)]

mod answers;
mod base36;
mod bodies;
mod capture;
mod clocks;
mod consent;
mod flush;
mod gate;
mod journal;
mod leaving;
mod mirror;
mod page;
mod random;
mod reach;
mod reasons;
mod sealing;
mod start;
mod storage;
mod torn;
mod turns;
