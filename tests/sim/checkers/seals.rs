//! A sealed event never changes: every stored version and every copy on the wire is the same text, and `sent_at` alone
//! is fresh; nor does what the record says of its team and of its haste.

use super::Finding;
use crate::book::{body_of, uuid_of};
use crate::record::RecordValue;
use crate::storage::{Op, is_record_key};
use crate::tasks::Task;
use crate::world::World;

pub(crate) fn check(world: &mut World, task: &Task) -> Finding {
    for (at, op) in task.ops.iter().enumerate() {
        let Op::Put { key, value, .. } = op else { continue };
        // Other pages see what a task leaves.
        let overwritten = |op: &Op| matches!(op, Op::Put { key: written, .. } if written == key);
        if is_record_key(key) && !task.ops[at + 1..].iter().any(overwritten) {
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
                Some(_) if fact.came_back_raw => {}
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
    let record = RecordValue::read(value).ok_or(format!("no record: {value}"))?;
    let marks = (record.must_send, record.team);
    if marks != (fact.must_send, fact.team.as_deref()) || fact.journal.is_none() && record.held != fact.held {
        return Err(format!("captured as {fact:?}, stored as {value}"));
    }
    if fact.came_back_raw {
        return Ok(());
    }
    if !record.sealed {
        // A record is raw until somebody seals it, and never again; as long as it is, it is what was captured.
        let same = fact.raw.as_deref() == Some(value) && fact.sealed.is_none();
        return if same { Ok(()) } else { Err(format!("stored raw as {value}, sealed as {:?}", fact.sealed)) };
    }
    let sealed = fact.sealed.get_or_insert_with(|| value.to_owned());
    // Who replays a journal says of its team what he knows.
    if sealed == value || fact.journal.is_some() && body_of(sealed) == Some(record.body) {
        return Ok(());
    }
    Err(format!("stored as {sealed}, then as {value}"))
}
