//! Sessions and windows by PostHog's rules, over all tabs of the origin.

use super::Finding;
use crate::task::{Task, What};
use crate::world::World;

pub(crate) fn check(world: &mut World, task: &Task) -> Finding {
    let events = task.events_written(world);
    // What was captured before, there or on another page, may be of a session that is over.
    if !matches!(task.what, What::Call(..)) || task.is_late {
        task.events_stored(world).iter().for_each(|event| world.note_session(event));
        return Ok(());
    }
    if events.is_empty() {
        world.note_activity();
    }
    for event in events {
        world.judge_session(task.page, &event).map_err(|story| format!("page {}: {story}", task.page))?;
    }
    Ok(())
}
