//! No event leaves through a gate that is not known to be open for its team on that page.

use super::Finding;
use crate::tasks::Task;
use crate::world::World;

pub(crate) fn check(world: &mut World, task: &Task) -> Finding {
    let page = &world.pages[task.page];
    for sent in &task.sent {
        for event in &sent.parcel.events {
            let team = world.book.of(event).and_then(|fact| fact.team.as_deref());
            if page.was_told(team) != Some(true) {
                return Err(format!("{} of team {team:?} leaves by page {}, {:?}", event.uuid, page.id, page.told_of));
            }
        }
    }
    Ok(())
}
