//! The simulator (DESIGN §9.2): one seed drives many pages of one origin, storage as browsers have it, its mirror, the lock,
//! the network and a server, through faults and healing. `SIM_SEED=n` replays one seed with its trace, `SIM_MINUTES=n` plays
//! fresh seeds for so long.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test states its expectations by failing"
)]

mod accounts;
mod book;
mod chance;
mod checkers;
mod driver;
mod faults;
mod healing;
mod keel;
mod lifecycle;
mod locks;
mod mirror;
mod network;
mod page;
mod parcel;
mod runs;
#[cfg(feature = "broken-engines")]
mod sabotages;
mod script;
mod server;
mod storage;
mod strangers;
mod tasks;
mod world;

use std::time::{Duration, Instant, SystemTime};

/// With so many seeds every script dies at every call: what the disk has kept and how late views are differs.
const CRASH_ROUNDS: u64 = 4;

/// How many seeds every run of the tests plays.
const FIXED_SEEDS: u64 = 3_000;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}")))
}

#[test]
fn the_fixed_seeds_keep_every_promise() {
    if let Some(seed) = number("SIM_SEED") {
        let story = runs::replay(seed);
        println!("{story}");
        assert!(story.contains("passes with"), "seed {seed} fails");
        return;
    }
    let begun = Instant::now();
    let (played, failure) = runs::play_seeds(0, &|seed| seed >= FIXED_SEEDS);
    println!("{played} seeds in {:?}", begun.elapsed());
    assert!(failure.is_none(), "{}", failure.unwrap_or_default());
}

#[test]
fn fresh_seeds_for_so_many_minutes() {
    let Some(minutes) = number("SIM_MINUTES") else {
        println!("SIM_MINUTES is not set");
        return;
    };
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let first = now.as_millis() as u64;
    println!("the first seed is {first}");
    let end = Instant::now() + Duration::from_secs(minutes * 60);
    let (played, failure) = runs::play_seeds(first, &|_| Instant::now() >= end);
    println!("{played} seeds");
    assert!(failure.is_none(), "{}", failure.unwrap_or_default());
}

#[test]
fn a_crash_after_any_storage_call_of_a_script_loses_nothing() {
    let mut played = 0;
    for script in 0..script::ALL.len() {
        for round in 0..CRASH_ROUNDS {
            let (world, verdict) = runs::play_crash(script, round, 0, false, true);
            assert!(verdict.is_ok(), "{}", runs::report("no crash", &world, &verdict.unwrap_err()));
            let calls = world.origin.borrow().calls;
            for (call, browser) in (1..=calls).flat_map(|call| [(call, false), (call, true)]) {
                played += 1;
                if runs::play_crash(script, round, call, browser, false).1.is_err() {
                    let (world, verdict) = runs::play_crash(script, round, call, browser, true);
                    let what = format!("script {script}, round {round}, call {call}, browser {browser}");
                    panic!("{}", runs::report(&what, &world, &verdict.unwrap_err()));
                }
            }
        }
    }
    println!("{played} crash points");
}
