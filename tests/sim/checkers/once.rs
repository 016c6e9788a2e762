//! One row for each event: PostHog merges copies that agree in event, distinct_id, uuid and UTC day (the sorting key of
//! its table `sharded_events`). Two days are the stated limit of a clock that jumped or a skew around midnight, and
//! then the timestamp on the wire is still the same.

use std::collections::BTreeMap;

use super::Finding;
use crate::book::Fact;
use crate::task::Task;
use crate::world::World;

/// Whoever makes a record of an event makes the same one.
pub(crate) fn check_task(world: &mut World, task: &Task) -> Finding {
    for uuid in &task.written {
        let number = world.book.find(uuid).and_then(|fact| fact.number);
        let is_same = |fact: &&Fact| fact.number.is_some() && fact.number == number && fact.uuid != *uuid;
        if let Some(other) = world.book.facts.iter().find(is_same) {
            return Err(format!("page {} records one event as {uuid} that is {} already", task.page, other.uuid));
        }
    }
    Ok(())
}

pub(crate) fn check(world: &World) -> Finding {
    let mut first = BTreeMap::new();
    let mut uuids: BTreeMap<u64, &str> = BTreeMap::new();
    for (key, row) in &world.server.rows {
        let Some(fact) = world.book.find(&key.uuid) else {
            return Err(format!("a row of an event that nobody captured: {key:?}"));
        };
        if let Some(number) = fact.number {
            let uuid = *uuids.entry(number).or_insert(&key.uuid);
            if uuid != key.uuid {
                return Err(format!("one event has two rows, {uuid} and {}", key.uuid));
            }
        }
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
