//! What a hook of the page drops, or fails for, is never written by that page; what hooks keep has passed all of them, and is
//! identified as before.

use super::Finding;
use crate::hooks::SEEN;
use crate::scene::API_KEY;
use crate::storage::{Op, is_record_key};
use crate::task::Task;
use crate::world::World;

pub(crate) fn check(world: &mut World, task: &Task) -> Finding {
    for shown in task.shown.iter().filter(|shown| !shown.is_kept) {
        let is_its = |op: &&Op| matches!(op, Op::Put { key, .. } if is_record_key(key) && key.ends_with(&shown.uuid));
        if let Some(op) = task.ops.iter().find(is_its) {
            return Err(format!("a hook of page {} has dropped what it stores: {op:?}", task.page));
        }
    }
    let has_hooks = world.pages[task.page].hooks > 0;
    for event in task.events_written(world) {
        let properties = &event["properties"];
        if has_hooks && properties[SEEN] != true {
            return Err(format!("no hook of page {} was shown {event}", task.page));
        }
        if properties["token"] != API_KEY || properties["distinct_id"] != event["distinct_id"] {
            return Err(format!("{event} claims to be somebody else's"));
        }
    }
    Ok(())
}
