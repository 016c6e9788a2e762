//! A sealed event never changes: every stored version and every copy on the wire is the same text, and `sent_at` alone
//! is fresh; nor does what the record says of its team and of its haste.

use super::Finding;
use crate::book::{body_of, uuid_of};
use crate::parcel::WireEvent;
use crate::record::{RecordValue, without_refusals};
use crate::storage::{Op, is_record_key};
use crate::task::Task;
use crate::world::World;

pub(crate) fn check(world: &mut World, task: &Task) -> Finding {
    for (at, op) in task.ops.iter().enumerate() {
        let Op::Put { key, value, .. } = op else { continue };
        if world.foreign.contains_key(key) {
            continue;
        }
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
            if fact.made.iter().any(|made| body_of(made) == Some(&*event.text)) {
                continue;
            }
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
    // Each page that is refused alone marks it at most once.
    let plain = without_refusals(value);
    if value.len() - plain.len() > fact.refused_alone as usize {
        return Err(format!("refused alone {} times, stored as {value}", fact.refused_alone));
    }
    let value = &*plain;
    let record = RecordValue::read(value).ok_or(format!("no record: {value}"))?;
    let marks = (record.must_send, record.team);
    let known = (fact.must_send, fact.team.as_deref());
    if fact.journal.is_none() && (marks != known || record.held != fact.held) {
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
    // Who replays a journal says of its team what he knows, and in his own words what surrounds the event.
    if sealed == value || fact.journal.is_some() && is_same_row(body_of(sealed), record.body) {
        return Ok(());
    }
    Err(format!("stored as {sealed}, then as {value}"))
}

/// Whether two texts of one event make one row.
fn is_same_row(one: Option<&str>, other: &str) -> bool {
    let read = |text: &str| WireEvent::read(text).ok();
    match (one.and_then(read), read(other)) {
        (Some(one), Some(other)) => one.row() == other.row(),
        _ => false,
    }
}
