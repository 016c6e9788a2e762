//! Records of a newer format or of another project belong to other trackers of the origin: nobody else writes or
//! removes them until they have expired.

use posthog_booking_tracker::outbox::RECORD_AGE_MAX_MS;

use super::Finding;
use crate::book::captured_of;
use crate::page::PROJECT;
use crate::storage::Op;
use crate::task::Task;
use crate::world::World;

pub(crate) fn check(world: &mut World, task: &Task) -> Finding {
    for op in &task.ops {
        let (Op::Put { key, .. } | Op::Remove { key }) = op else { continue };
        let is_expired = world.wall().saturating_sub(captured_of(key)) > RECORD_AGE_MAX_MS;
        // Whoever gives up everything of a project gives up what its newer versions have stored as well.
        let is_given_up =
            task.is_erasing() && key.split(':').nth(2) == Some(PROJECT) && matches!(op, Op::Remove { .. });
        if world.foreign.contains_key(key) && !is_expired && !is_given_up {
            return Err(format!("page {} did {op:?}", task.page));
        }
    }
    Ok(())
}
