//! Pages that replay one journal, in every order in which they may come to it: one page has noted events and is left, two others are
//! opened one after the other, as far apart as the pauses that matter, and each event makes one row.

use std::collections::BTreeSet;

use crate::page::PageGate;
use crate::runs;
use crate::script::{Script, Step};
use crate::world::World;

/// How long after the first page has noted something the second is opened, and after that the third: before and behind the time at which
/// entries are replayed, the settling of the lock, and what it takes a write to be seen.
const PAUSES: [u64; 9] = [0, 1, 15, 25, 2_400, 4_990, 5_010, 5_300, 61_000];

/// Who plays: the page that has noted them comes to its tracker after all, or is left for good.
const OWN_COMES: [bool; 2] = [false, true];

fn script(second: u64, third: u64, own_comes: bool) -> Script {
    let mut steps = vec![
        Step::OpenWithout(PageGate::Asks),
        Step::Capture(0, "booking_started"),
        Step::Capture(0, "booking_completed"),
        Step::Capture(0, "payment_failed"),
    ];
    if !own_comes {
        steps.push(Step::Close(0));
    }
    steps.extend([Step::Wait(second), Step::Open(PageGate::Asks), Step::Wait(third), Step::Open(PageGate::Asks)]);
    if own_comes {
        steps.push(Step::Start(0));
    }
    steps.push(Step::Wait(10_000));
    steps
}

/// One row for each of the three events.
fn rows(world: &World) -> usize {
    let uuids: BTreeSet<&str> = world.server.rows.keys().map(|key| key.uuid.as_str()).collect();
    uuids.len().max(world.server.rows.len())
}

#[test]
fn an_entry_makes_one_row_in_whatever_order_pages_come_to_replay_it() {
    let mut played = 0;
    for own_comes in OWN_COMES {
        for (second, third) in PAUSES.iter().flat_map(|second| PAUSES.map(|third| (*second, third))) {
            for seed in 0..3 {
                let script = || script(second, third, own_comes);
                let (world, verdict) = runs::play_journal(seed, script(), false);
                played += 1;
                if verdict.is_err() || rows(&world) != 3 {
                    let (world, verdict) = runs::play_journal(seed, script(), true);
                    let what = format!("seed {seed}, pauses {second} and {third}, own tracker {own_comes}");
                    let rows = rows(&world);
                    panic!("{rows} rows, {verdict:?}\n{}\n{what}", world.trace.unwrap_or_default().join("\n"));
                }
            }
        }
    }
    println!("{played} interleavings");
}
