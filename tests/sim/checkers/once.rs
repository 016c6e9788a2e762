//! One row for each event: PostHog merges copies that agree in event, distinct_id, uuid and UTC day (the sorting key of
//! its table `sharded_events`). Two days are the stated limit of a clock that jumped or a skew around midnight, and
//! then the timestamp on the wire is still the same.

use std::collections::BTreeMap;

use super::Finding;
use crate::world::World;

pub(crate) fn check(world: &World) -> Finding {
    let mut first = BTreeMap::new();
    for (key, row) in &world.server.rows {
        let Some(fact) = world.book.find(&key.uuid) else {
            return Err(format!("a row of an event that nobody captured: {key:?}"));
        };
        if fact.came_back_raw {
            continue;
        }
        if row.timestamps.len() > 1 {
            return Err(format!("{} has {} timestamps", key.uuid, row.timestamps.len()));
        }
        let same = (key.name.clone(), key.distinct_id.clone(), row.timestamps.clone());
        let earlier = first.entry(key.uuid.clone()).or_insert_with(|| same.clone());
        if *earlier != same {
            return Err(format!("{} counts twice: {earlier:?} and {same:?}", key.uuid));
        }
    }
    Ok(())
}
