//! A capture that returns has written a record, or has counted a drop. The record says whether the page knew by then
//! that its team is tracked, and whether the event goes at once.

use posthog_booking_tracker::engine::Input;

use super::Finding;
use crate::accounts;
use crate::tasks::Task;
use crate::world::World;

pub(crate) fn check(world: &mut World, task: &Task) -> Finding {
    let Input::Captured(new) = &task.input else { return Ok(()) };
    let dropped: u32 = accounts::drops(task).map(|(_, count)| count).sum();
    let Some(uuid) = task.captured.first() else {
        return if dropped > 0 { Ok(()) } else { Err(format!("page {} took an event and wrote nothing", task.page)) };
    };
    let fact = world.book.find(uuid).ok_or("no such event")?;
    let held = new.team.is_some() && new.open.is_none();
    if (&fact.team, fact.held, fact.must_send) != (&new.team, held, new.must_send) {
        let (team, held, must_send) = (&fact.team, fact.held, fact.must_send);
        return Err(format!("{new:?} is recorded as of team {team:?}, held {held}, must-send {must_send}"));
    }
    let origin = world.origin.borrow();
    let kept = origin.truth.contains_key(&fact.key) || task.removals.iter().any(|removal| removal.uuid == *uuid);
    if fact.stored && !kept { Err(format!("{uuid} was stored and is gone when its capture returns")) } else { Ok(()) }
}
