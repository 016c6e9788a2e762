//! A capture that returns has written a record, or has counted a drop. The record says whether the page knew by then
//! that its team is tracked, and whether the event goes at once.

use posthog_booking_tracker::outbox::Input;

use super::Finding;
use crate::accounts;
use crate::book::uuid_of;
use crate::storage::Op;
use crate::tasks::Task;
use crate::world::World;

pub(crate) fn check(world: &mut World, task: &Task) -> Finding {
    let (new, is_own) = match &task.input {
        Input::Captured(new) => (new, true),
        Input::Replayed(new) => (new, false),
        _ => return Ok(()),
    };
    let counted = (task.after.captured - task.before.captured, task.after.adopted - task.before.adopted);
    if is_own && counted.0 != 1 || !is_own && (counted.0 != 0 || counted.1 == 0) {
        return Err(format!("page {} counts {counted:?} for {new:?}", task.page));
    }
    let dropped: u32 = accounts::drops(task).map(|(_, count)| count).sum();
    let uuid = uuid_of(&new.key);
    let written = task.ops.iter().any(|op| matches!(op, Op::Put { key, .. } if *key == new.key));
    // Another page may have replayed it first.
    let found = !is_own && world.origin.borrow().view(task.page).is_some_and(|view| view.contains_key(&new.key));
    if !written && !found {
        return if dropped > 0 { Ok(()) } else { Err(format!("page {} took an event and wrote nothing", task.page)) };
    }
    let fact = world.book.find(uuid).ok_or("no such event")?;
    if !is_own {
        return Ok(());
    }
    // What two pages find in a journal, each a moment before it sees the other's record, they may know different things of.
    let held = if fact.journal.is_some() { fact.held } else { new.team.is_some() && new.open.is_none() };
    if (&fact.team, fact.held, fact.must_send) != (&new.team, held, new.must_send) {
        let (team, held, must_send) = (&fact.team, fact.held, fact.must_send);
        return Err(format!("{new:?} is recorded as of team {team:?}, held {held}, must-send {must_send}"));
    }
    let origin = world.origin.borrow();
    let kept = origin.truth.contains_key(&fact.key) || task.removals.iter().any(|removal| removal.uuid == uuid);
    if fact.stored && !kept { Err(format!("{uuid} was stored and is gone when its capture returns")) } else { Ok(()) }
}
