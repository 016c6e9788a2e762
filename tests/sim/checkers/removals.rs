//! A record is removed only when the server has the event and has told this page so, or for a counted reason.

use super::Finding;
use crate::accounts::Cause;
use crate::task::Task;
use crate::world::World;

pub(crate) fn check(world: &mut World, task: &Task) -> Finding {
    for removal in &task.removals {
        let uuid = &removal.uuid;
        match removal.cause {
            Cause::Confirmed if !world.server.has(uuid) => {
                return Err(format!("page {} removed {uuid} as confirmed, and the server has no row", task.page));
            }
            Cause::None => {
                let has = world.server.has(uuid);
                return Err(format!("page {} removed {uuid} although nobody had told it so; row: {has}", task.page));
            }
            Cause::Confirmed | Cause::Dropped(_) | Cause::Erased | Cause::Repeated => {}
        }
    }
    Ok(())
}
