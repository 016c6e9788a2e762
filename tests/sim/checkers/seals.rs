//! A sealed event never changes: every stored version and every copy on the wire is the same text, and `sent_at` alone
//! is fresh; nor does what the record says of its team and of its haste.

use super::Finding;
use crate::book::uuid_of;
use crate::storage::{Op, is_record_key};
use crate::tasks::Task;
use crate::world::World;

pub(crate) fn check(world: &mut World, task: &Task) -> Finding {
    for op in &task.ops {
        let Op::Put { key, value, .. } = op else { continue };
        // An engine writes no other records than sealed ones.
        if is_record_key(key) {
            look_at_record(world, key, value)?;
        }
    }
    let wall = world.wall();
    for sent in &task.sent {
        if sent.parcel.sent_at_ms != wall {
            return Err(format!("sent_at is {} at {wall}", sent.parcel.sent_at_ms));
        }
        for event in &sent.parcel.events {
            let fact = world.book.of(event).ok_or(format!("nobody has captured {}", event.text))?;
            match fact.body() {
                Some(body) if body == event.text => {}
                Some(body) => return Err(format!("sealed as {body}, sent as {}", event.text)),
                None => return Err(format!("{} is sent before it is sealed in storage", event.uuid)),
            }
        }
    }
    Ok(())
}

fn look_at_record(world: &mut World, key: &str, value: &str) -> Finding {
    let fact = world.book.find_mut(uuid_of(key)).ok_or(format!("nobody has captured {key}"))?;
    let marks = format!("s{}{}", if fact.held { "h" } else { "" }, if fact.must_send { "m" } else { "" });
    let team = fact.team.as_deref().unwrap_or_default();
    if !value.starts_with(&format!("{marks}\t{team}\t{{")) {
        return Err(format!("captured with the marks {marks} for the team {team:?}, sealed as {value}"));
    }
    let sealed = fact.sealed.get_or_insert_with(|| value.to_owned());
    if sealed == value {
        return Ok(());
    }
    Err(format!("stored as {sealed}, then as {value}"))
}
