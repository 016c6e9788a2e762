//! captured + adopted = confirmed + waiting + settled elsewhere + dropped, after every input. Of what waits the gate
//! holds some, and none where every team of which there are events is known to be tracked.

use super::Finding;
use crate::tasks::Task;
use crate::world::World;

pub(crate) fn check(world: &mut World, task: &Task) -> Finding {
    let page = &world.pages[task.page];
    let mut gated = world.book.facts.iter().filter(|fact| page.was_told(fact.team.as_deref()) != Some(true));
    let held_max = if gated.next().is_some() { task.after.waiting } else { 0 };
    if task.after.balances() && task.after.held <= held_max {
        Ok(())
    } else {
        Err(format!("page {}: {:?}", task.page, task.after))
    }
}
