//! After a definite "no" neither store keeps a record that this page has captured for that team, nor after any answer
//! one that nobody has said anything of for 24 hours; after a purge, as when the visitor opts out, none that it held.

use posthog_booking_tracker::outbox::DropReason;
use posthog_booking_tracker::person::ConsentState;
use posthog_booking_tracker::tracker::Output;

use super::Finding;
use crate::accounts;
use crate::keys::journal_prefix;
use crate::page::PROJECT;
use crate::storage::is_record_key;
use crate::task::Task;
use crate::world::World;

pub(crate) fn check(world: &mut World, task: &Task) -> Finding {
    if task.purges {
        return check_purge(world, task);
    }
    for output in &task.outputs {
        if let Output::TellTeam { team, is_open } = output {
            check_team(world, task, team, *is_open)?;
        }
    }
    Ok(())
}

fn check_team(world: &World, task: &Task, team: &str, open: Option<bool>) -> Finding {
    let page = &world.pages[task.page];
    let origin = world.origin.borrow();
    for fact in &world.book.facts {
        let own = fact.page == page.id && fact.instance == page.instance && page.is_alive();
        let is_team = fact.team.as_deref() == Some(team);
        let is_shut = open == Some(false) && is_team;
        let given_up = is_shut || open.is_none() && is_team && accounts::is_held_too_long(world, page, fact);
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

/// Every record and every entry of the project that the page sees is removed, and it holds none any more but what it has captured
/// since.
fn check_purge(world: &World, task: &Task) -> Finding {
    let given_up = task.dropped(DropReason::Purged);
    let is_written = |key: &str| task.written.iter().any(|uuid| key.ends_with(uuid.as_str()));
    let is_left = |key: &&String| {
        let is_ours = key.split(':').nth(2) == Some(PROJECT);
        is_ours && (is_record_key(key) || key.starts_with(&journal_prefix())) && !is_written(key)
    };
    let origin = world.origin.borrow();
    let left = origin.view(task.page).and_then(|view| view.keys().find(is_left).cloned());
    let is_granted = task.is == ConsentState::Granted;
    if let Some(key) = left.filter(|_| is_granted && !origin.is_blocked(task.page)) {
        return Err(format!("page {} gives up {given_up}, and {key} is left", task.page));
    }
    if task.after.waiting as usize > task.written.len() {
        return Err(format!("page {} gives up {given_up} and holds {}", task.page, task.after.waiting));
    }
    Ok(())
}
