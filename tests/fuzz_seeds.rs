//! What the fuzzer starts from, and what it has found: each file of `fuzz/seeds` is checked as the fuzzer does.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, missing_docs, reason = "a test states its expectations by failing")]

#[path = "../fuzz/checks.rs"]
mod checks;

/// Checks every seed of a target.
fn check_all(target: &str, check: fn(&[u8])) {
    let folder = format!("{}/fuzz/seeds/{target}", env!("CARGO_MANIFEST_DIR"));
    let seeds: Vec<_> = std::fs::read_dir(folder).unwrap().map(|seed| seed.unwrap().path()).collect();
    assert!(!seeds.is_empty());
    for seed in seeds {
        println!("{}", seed.display());
        check(&std::fs::read(seed).unwrap());
    }
}

#[test]
fn the_scanner_takes_what_serde_takes() {
    check_all("scan", checks::scan);
}

#[test]
fn what_is_written_is_read_by_serde() {
    check_all("write", checks::write);
}

#[test]
fn an_event_is_sent_where_posthog_takes_it() {
    check_all("event", checks::event);
}

#[test]
fn what_is_kept_of_flags_is_read_again() {
    check_all("flags", checks::flags);
}

#[test]
fn an_entry_of_the_journal_makes_one_event_at_most() {
    check_all("journal", checks::journal);
}

#[test]
fn whatever_is_stored_of_the_visitor_an_event_is_sent() {
    check_all("stored", checks::stored);
}
