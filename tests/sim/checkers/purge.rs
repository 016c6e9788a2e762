//! After a definite "no" neither store keeps a record that this page has captured for that team, nor after any answer
//! one that nobody has said anything of for 24 hours; after a purge, as when the visitor opts out, none that it held.

use posthog_booking_tracker::outbox::{DropReason, Input};

use super::Finding;
use crate::accounts;
use crate::storage::{Op, is_record_key};
use crate::tasks::Task;
use crate::world::World;

pub(crate) fn check(world: &mut World, task: &Task) -> Finding {
    if task.input == Input::Purged {
        return check_purge(task);
    }
    let Input::GateAnswered { team, open } = &task.input else { return Ok(()) };
    let page = &world.pages[task.page];
    let origin = world.origin.borrow();
    for fact in &world.book.facts {
        let own = fact.page == page.id && fact.engine == page.engine;
        let is_shut = *open == Some(false) && fact.team.as_ref() == Some(team);
        let given_up = is_shut || accounts::is_held_too_long(world, page, fact);
        if !own || !given_up || world.server.has(&fact.uuid) {
            continue;
        }
        // Where storage is blocked, what an earlier setting let in cannot be removed either.
        let stored = fact.stored && origin.truth.contains_key(&fact.key);
        let mirrored = origin.mirror.will_hold(&fact.key);
        // Given up before, it may have been brought back by a page that read the mirror a moment too early.
        let is_done = world.book.excused[..task.excused_before].contains(&fact.uuid);
        if (stored || mirrored) && !is_done {
            let what = if is_shut { "of a shut team" } else { "held for too long" };
            let (key, team) = (&fact.key, &fact.team);
            return Err(format!("{key} of {team:?}, {what}, is left: stored {stored}, mirrored {mirrored}"));
        }
    }
    Ok(())
}

/// Every record that is given up is removed, in both stores by one call, and none is held any more. What the page does not
/// hold (a quarantined record) its wrapper erases.
fn check_purge(task: &Task) -> Finding {
    let removed = task.ops.iter().filter(|op| matches!(op, Op::Remove { key } if is_record_key(key))).count() as u32;
    let given_up = task.after.dropped(DropReason::Purged) - task.before.dropped(DropReason::Purged);
    if task.after.waiting > 0 || removed != given_up {
        let waiting = task.after.waiting;
        return Err(format!("page {} gives up {given_up}, removes {removed} and holds {waiting}", task.page));
    }
    Ok(())
}
