//! After a definite "no" neither store keeps a record that this page has captured for that team (DESIGN §6).

use posthog_booking_tracker::engine::Input;

use super::Finding;
use crate::tasks::Task;
use crate::world::World;

pub(crate) fn check(world: &mut World, task: &Task) -> Finding {
    let Input::GateAnswered { team, open: Some(false) } = &task.input else { return Ok(()) };
    let page = &world.pages[task.page];
    let origin = world.origin.borrow();
    for fact in &world.book.facts {
        let own = fact.page == page.id && fact.engine == page.engine;
        if !own || fact.team.as_deref() != Some(team) || world.server.has(&fact.uuid) {
            continue;
        }
        // Where storage is blocked, what an earlier setting let in cannot be removed either.
        let stored = fact.stored && origin.truth.contains_key(&fact.key);
        let mirrored = origin.mirror.will_hold(&fact.key);
        if stored || mirrored {
            return Err(format!("{} of shut team {team} is left: stored {stored}, mirrored {mirrored}", fact.key));
        }
    }
    Ok(())
}
