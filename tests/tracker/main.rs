//! Stories of the whole tracker on the host: what a page calls and what happens to it, and what comes of that.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test states its expectations by failing")]

#[path = "../outbox/base36.rs"]
mod base36;
mod gates;
mod journal;
mod leaving;
mod options;
mod page;
mod people;
mod random;
mod reasons;
mod sessions;
