//! An event is dropped only for a reason whose cause was there: too large only where it alone was, forbidden only where
//! something refuses it and nothing else.

use super::Finding;
use crate::accounts;
use crate::task::Task;
use crate::world::World;

pub(crate) fn check(world: &mut World, task: &Task) -> Finding {
    for (reason, count) in accounts::drops(task) {
        let causes = accounts::causes(world, task, reason);
        if count > causes {
            return Err(format!("page {} drops {count} as {reason:?}, and there are {causes} causes", task.page));
        }
    }
    Ok(())
}
