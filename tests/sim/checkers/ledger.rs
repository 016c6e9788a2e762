//! captured + adopted = confirmed + waiting + settled elsewhere + dropped, after every input (DESIGN §5).

use super::Finding;
use crate::tasks::Task;
use crate::world::World;

pub(crate) fn check(_world: &mut World, task: &Task) -> Finding {
    if task.after.balances() { Ok(()) } else { Err(format!("page {}: {:?}", task.page, task.after)) }
}
