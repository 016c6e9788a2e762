//! No event is about a person that its page was not about when it captured, whoever makes and seals its record; and no page is about
//! somebody else without a cause.

use serde_json::Value;

use super::Finding;
use crate::book::body_of;
use crate::storage::{Op, is_record_key};
use crate::task::{Task, What};
use crate::world::World;

/// What a page captures itself.
pub(crate) fn check_own(world: &mut World, task: &Task) -> Finding {
    if matches!(task.what, What::Call(..)) { check(world, task) } else { Ok(()) }
}

/// What it makes of what was captured before, there or on other pages.
pub(crate) fn check_others(world: &mut World, task: &Task) -> Finding {
    if matches!(task.what, What::Call(..)) { Ok(()) } else { check(world, task) }
}

fn check(world: &mut World, task: &Task) -> Finding {
    for op in &task.ops {
        let Op::Put { key, value, .. } = op else { continue };
        if !is_record_key(key) || world.foreign.contains_key(key) {
            continue;
        }
        let event: Value = serde_json::from_str(body_of(value).unwrap_or_default()).unwrap_or_default();
        world.people.judge(&event).map_err(|story| format!("page {}: {story}", task.page))?;
    }
    Ok(())
}
