//! Nothing is stored and nothing sent without consent: not before the visitor has agreed, and not once a page can have heard of a
//! denial. What was denied is gone from the page, and from storage.

use posthog_booking_tracker::person::ConsentState;
use posthog_booking_tracker::tracker::Output;

use super::Finding;
use crate::consent::consent_key;
use crate::page::PROJECT;
use crate::people::number_of;
use crate::storage::{Op, PageId};
use crate::task::Task;
use crate::world::World;

/// Whether this stores something else than the visitor's answer.
fn is_stored(op: &Op) -> bool {
    match op {
        Op::Put { key, .. } => *key != consent_key(),
        Op::TabPut { .. } => true,
        Op::Remove { .. } | Op::Read => false,
    }
}

pub(crate) fn check(world: &mut World, task: &Task) -> Finding {
    let may = [task.was, task.is].contains(&ConsentState::Granted) && !world.pages[task.page].is_prerendered;
    if !may {
        if let Some(op) = task.ops.iter().find(|op| is_stored(op)) {
            return Err(format!("page {} is {:?} and does {op:?}", task.page, task.is));
        }
        let is_sent = |output: &&Output| matches!(output, Output::Send { .. } | Output::Exit { .. } | Output::Ask(_));
        if let Some(output) = task.outputs.iter().find(is_sent) {
            return Err(format!("page {} is {:?} and wants {output:?}", task.page, task.is));
        }
    }
    for event in task.events_written(world) {
        // What was called before a denial was denied, whatever the visitor has said since.
        if number_of(&event).is_some_and(|number| !world.people.is_expected(number)) {
            return Err(format!("page {} records what was denied: {event}", task.page));
        }
    }
    if task.is == ConsentState::Denied && task.after.waiting > 0 {
        return Err(format!("page {} is denied, and {} events wait there", task.page, task.after.waiting));
    }
    // What was there when the page heard of the denial is gone.
    if task.is == ConsentState::Denied && task.was != ConsentState::Denied {
        let origin = world.origin.borrow();
        let is_left = |key: &&String| key.split(':').nth(2) == Some(PROJECT) && **key != consent_key();
        if origin.is_blocked(task.page) {
            return Ok(());
        }
        if let Some(key) = origin.view(task.page).and_then(|view| view.keys().find(is_left)) {
            return Err(format!("page {} has heard of a denial, and {key} is left", task.page));
        }
    }
    Ok(())
}

/// What is denied is not under way any more.
pub(crate) fn check_page(world: &mut World, task: &Task) -> Finding {
    let page = &world.pages[task.page];
    if task.is == ConsentState::Denied && !page.under_way.is_empty() && !page.is_prerendered {
        return Err(format!("page {} is denied, and {} requests are under way", page.id, page.under_way.len()));
    }
    Ok(())
}

/// The same for a page that has no tracker.
pub(crate) fn check_facade(world: &mut World, page: PageId, ops: &[Op]) -> Finding {
    if world.consent_of(page) == ConsentState::Granted {
        return Ok(());
    }
    match ops.iter().find(|op| is_stored(op)) {
        Some(op) => Err(format!("page {page} without a tracker does {op:?}")),
        None => Ok(()),
    }
}
