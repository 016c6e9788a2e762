//! captured + adopted = confirmed + waiting + settled elsewhere + dropped, after every input. Of what waits the gate
//! holds some, and none where every team of which there are events is known to be tracked.

use posthog_booking_tracker::person::ConsentState;

use super::Finding;
use crate::faults::Fault;
use crate::task::Task;
use crate::world::World;

pub(crate) fn check(world: &mut World, task: &Task) -> Finding {
    let page = &world.pages[task.page];
    let mut gated = world.book.facts.iter().filter(|fact| fact.teams().any(|team| page.was_told(team) != Some(true)));
    let is_granted = task.is == ConsentState::Granted && !page.is_prerendered;
    // An answer that a clock has left in the future comes back to mind with time, and nobody is told.
    let may_return = world.faults.has(Fault::ClockJump);
    let held_max = if gated.next().is_some() || !is_granted || may_return { task.after.waiting } else { 0 };
    if task.after.balances() && task.after.held <= held_max {
        Ok(())
    } else {
        Err(format!("page {}: {:?}, held at most {held_max}", task.page, task.after))
    }
}
