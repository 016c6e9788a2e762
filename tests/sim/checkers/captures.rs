//! A capture that returns has written a record, is held until the visitor agrees, or has counted a drop. The record says whether the
//! page knew by then that its team is tracked, and whether the event goes at once.

use posthog_booking_tracker::event::is_must_send;
use posthog_booking_tracker::tracker::Call;

use super::Finding;
use crate::accounts;
use crate::page::PageGate;
use crate::task::{Task, What};
use crate::world::World;

pub(crate) fn check(world: &mut World, task: &Task) -> Finding {
    let What::Call(Call::Capture(capture), number) = &task.what else { return Ok(()) };
    let page = &world.pages[task.page];
    if page.is_prerendered {
        return Ok(());
    }
    let counted = task.after.captured - task.before.captured;
    if counted != 1 {
        return Err(format!("page {} counts {counted} for {capture:?}", task.page));
    }
    let dropped: u32 = accounts::drops(task).map(|(_, count)| count).sum();
    let fact = world.book.facts.iter().rev().find(|fact| fact.number.is_some() && fact.number == *number);
    let is_new = |uuid: &String| fact.is_some_and(|fact| fact.uuid == *uuid);
    let Some(fact) = fact.filter(|_| task.written.iter().any(is_new)) else {
        let is_known = fact.is_some_and(|fact| fact.journal.is_some());
        let is_held = task.after.waiting > task.before.waiting;
        let is_settled = dropped > 0 || is_held || is_known;
        return if is_settled { Ok(()) } else { Err(format!("page {} took an event and wrote nothing", task.page)) };
    };
    let named = capture.properties.get("teamId").and_then(|team| Some(team.text()?.into_owned()));
    // A page without a gate tracks every team, as one that none gates.
    let is_gated = page.gate != PageGate::Absent;
    let team = Some(named.unwrap_or_else(|| page.team.clone())).filter(|team| is_gated && !team.is_empty());
    let held = team.as_ref().is_some_and(|team| page.was_told(Some(team)).is_none());
    let must_send = is_must_send(capture.name.as_deref().unwrap_or_default()) || capture.options.send_instantly;
    // What was called before is of the team that the page had then.
    if !task.is_late && (&fact.team, fact.held, fact.must_send) != (&team, held, must_send) {
        let (team, held, must_send) = (&fact.team, fact.held, fact.must_send);
        return Err(format!("{capture:?} is recorded as of team {team:?}, held {held}, must-send {must_send}"));
    }
    let origin = world.origin.borrow();
    let kept = origin.truth.contains_key(&fact.key) || task.removals.iter().any(|removal| removal.uuid == fact.uuid);
    let uuid = &fact.uuid;
    if fact.stored && !kept { Err(format!("{uuid} was stored and is gone when its capture returns")) } else { Ok(()) }
}
