//! No event leaves through a gate that is not known to be open for its team on that page.

use super::Finding;
use crate::task::Task;
use crate::world::World;

pub(crate) fn check(world: &mut World, task: &Task) -> Finding {
    let may = |team: Option<&str>| team.is_none_or(|team| world.may_be_open(task.page, team));
    for sent in &task.sent {
        for event in &sent.parcel.events {
            let Some(fact) = world.book.of(event) else { continue };
            if !fact.teams().any(may) {
                return Err(format!("{} of team {:?} leaves by page {}", event.uuid, fact.team, task.page));
            }
        }
    }
    Ok(())
}
