//! Trackers that are broken on purpose: the simulator notices each of them, and by the checker that is meant to. A test
//! that has never been seen red proves nothing.

use std::collections::BTreeMap;

use posthog_booking_tracker::outbox::Sabotage;

use crate::faults::{Fault, Faults};
use crate::runs;

/// How many runs a broken tracker may survive.
const RUNS_MAX: u64 = 600;
/// So many catches stand in the table.
const CATCHES: usize = 5;

/// The faults in which each of them is looked for, and the checker that has to catch it first.
fn hunt(way: Sabotage) -> (&'static [Fault], &'static str) {
    match way {
        Sabotage::RemoveBeforeConfirm => (&[Fault::LostRequest], "removal"),
        Sabotage::AcknowledgeByPosition => (&[Fault::ServerError], "removal"),
        Sabotage::RestampOnRetry => (&[Fault::ServerError], "seal"),
        Sabotage::DropOnTooLarge => (&[Fault::Narrow, Fault::Large], "reason"),
        Sabotage::ForgetAdoption => (&[Fault::KilledTab], "liveness"),
        Sabotage::TrustStaleRead => (&[], "copies"),
        Sabotage::EditRecordInPlace => (&[Fault::LostAnswer], "seal"),
        Sabotage::HoldLockOverPagehide => (&[Fault::Cached], "lock"),
        Sabotage::TrustWebPage => (&[Fault::WebPage], "removal"),
        Sabotage::SendThroughUnknownGate => (&[Fault::GateSilence], "gate"),
        Sabotage::GiveUpOnUnknownGate => (&[Fault::GateSilence], "reason"),
        Sabotage::ConfirmByBeacon => (&[Fault::LostBeacon], "removal"),
        Sabotage::ForgetMirrorOnPurge => (&[Fault::Blocked, Fault::GateFlips], "purge"),
        Sabotage::KeepStoredOnPurge => (&[], "purge"),
        Sabotage::SendRaw => (&[], "seal"),
        Sabotage::ComposeWithPresentPerson => (&[Fault::KilledTab], "person"),
        Sabotage::KeepIdAfterReset => (&[], "cause"),
        Sabotage::StoreWhilePending => (&[], "consent"),
        Sabotage::MissDenialElsewhere => (&[], "consent"),
        Sabotage::ForgetMetFlags => (&[], "flag"),
        Sabotage::ReplayWithoutUuid => (&[Fault::KilledTab], "once"),
        Sabotage::NeverRenewSession => (&[], "session"),
        Sabotage::IgnoreHookDrop => (&[], "hook"),
        Sabotage::MissShutGate => (&[Fault::GateFlips], "gate"),
        Sabotage::KeepTeamOfStart => (&[], "capture"),
        _ => (&[], ""),
    }
}

#[test]
fn every_broken_tracker_is_caught_by_the_checker_that_is_meant_to() {
    for way in Sabotage::ALL {
        let (faults, wanted) = hunt(way);
        let mut caught: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        for seed in 0..RUNS_MAX {
            if let (_, Err(violation)) = runs::play_with(seed, Faults::of(faults), Some(way), false) {
                caught.entry(violation.checker).or_default().push(seed);
                if caught.values().map(Vec::len).sum::<usize>() >= CATCHES {
                    break;
                }
            }
        }
        println!("{way:?} → {caught:?}");
        assert!(caught.contains_key(wanted), "{way:?} is caught by {caught:?}, not by {wanted:?}");
        // The same worlds with an intact tracker are in order, so it is the breakage that was caught.
        for seed in caught.values().flatten() {
            let verdict = runs::play_with(*seed, Faults::of(faults), runs::INTACT, false).1;
            assert!(verdict.is_ok(), "seed {seed} with an intact tracker: {verdict:?}");
        }
    }
}
