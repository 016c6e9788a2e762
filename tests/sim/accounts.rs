//! The accounts: what became of the records that a task removed, and whether there was a cause for it in the world.

use posthog_booking_tracker::outbox::{
    DropReason, EVENT_BYTES_MAX, HOLD_MAX_MS, Input, NewEvent, Outcome, RECORD_AGE_MAX_MS, STORED_BYTES_MAX,
    UNREACHED_RECORDS_MAX,
};

use crate::book::{Fact, captured_of, uuid_of};
use crate::page::Page;
use crate::storage::{Op, is_record_key};
use crate::tasks::Task;
use crate::world::World;

/// Why a record was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The server has it and has told this page.
    Confirmed,
    /// The engine counts a drop, and the cause was real.
    Dropped(DropReason),
    /// It was the second record of one event.
    Repeated,
    /// Nothing in the world speaks for it.
    None,
}

#[derive(Debug, Clone)]
pub(crate) struct Removal {
    pub(crate) uuid: String,
    pub(crate) cause: Cause,
}

/// Whether an answer says that the server has the events: a 2xx that is PostHog's, which the edge has looked at.
pub(crate) fn confirms(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Answered { status: 200..=299, .. })
}

/// The drops that a task counted, with how many of each.
pub(crate) fn drops(task: &Task) -> impl Iterator<Item = (DropReason, u32)> {
    DropReason::ALL.into_iter().filter_map(|reason| {
        let count = task.after.dropped(reason).saturating_sub(task.before.dropped(reason));
        (count > 0).then_some((reason, count))
    })
}

/// Finds the cause of every removal of a task, and excuses what was dropped for a real one.
pub(crate) fn settle(world: &mut World, task: &Task) -> Vec<Removal> {
    let mut removals = Vec::new();
    for (at, op) in task.ops.iter().enumerate() {
        let Op::Remove { key } = op else { continue };
        // What is written again was removed to make room for its seal.
        let written = |op: &Op| matches!(op, Op::Put { key: written, .. } if written == key);
        if !is_record_key(key) || task.ops[at..].iter().any(written) {
            continue;
        }
        let uuid = uuid_of(key);
        let Some(fact) = world.book.find(uuid) else { continue };
        let cause = if fact.key == *key { cause(world, task, fact) } else { Cause::Repeated };
        if let Cause::Dropped(reason) = cause {
            world.book.excuse(uuid, reason.code());
        }
        removals.push(Removal { uuid: uuid.to_owned(), cause });
    }
    excuse_unstored(world, task);
    excuse_noted(world, task);
    removals
}

fn cause(world: &World, task: &Task, fact: &Fact) -> Cause {
    let page = &world.pages[task.page];
    let heard = drops(task).map(|(reason, _)| reason).find(|reason| is_real(world, task, page, fact, *reason));
    match heard {
        Some(reason) => Cause::Dropped(reason),
        None if page.told.contains(&fact.uuid) => Cause::Confirmed,
        None => Cause::None,
    }
}

/// Whether there is a cause to drop this event for this reason.
fn is_real(world: &World, task: &Task, page: &Page, fact: &Fact, reason: DropReason) -> bool {
    match reason {
        DropReason::GateShut => page.was_told(fact.team.as_deref()) == Some(false),
        DropReason::GateUnknown => is_held_too_long(world, page, fact),
        DropReason::Rejected => fact.is_poisoned && is_refused_alone(task, fact, 400),
        DropReason::TooLarge => {
            is_refused_alone(task, fact, 413) || fact.body().is_none_or(|body| body.len() > EVENT_BYTES_MAX)
        }
        DropReason::Forbidden => may_be_forbidden(fact),
        DropReason::Expired => world.wall().saturating_sub(captured_of(&fact.key)) > RECORD_AGE_MAX_MS,
        DropReason::Evicted => is_crowded(world, task),
        DropReason::Torn => fact.torn,
        DropReason::Purged => task.input == Input::Purged,
        _ => false,
    }
}

/// Whether nobody knew of its team when an event was captured, more than 24 hours ago, and its engine was told last that nobody
/// knows. One that was told nothing yet cannot say that of a team: it has just asked, or will in the same breath. What the page
/// learns it tells at once; only an answer that the clock has left in the future comes back to mind with time, untold.
pub(crate) fn is_held_too_long(world: &World, page: &Page, fact: &Fact) -> bool {
    let late = world.wall().saturating_sub(fact.captured_wall) > HOLD_MAX_MS;
    let told_so = fact.team.as_ref().is_some_and(|team| page.told_of.get(team) == Some(&None));
    fact.held && late && told_so
}

/// Whether something refuses this event, and takes others; or did so again and again, which nobody can tell apart.
fn may_be_forbidden(fact: &Fact) -> bool {
    fact.is_forbidden || fact.refused_alone >= 3
}

fn is_refused_alone(task: &Task, fact: &Fact, expected: u16) -> bool {
    task.answered.as_ref().is_some_and(|(parcel, outcome)| {
        let refused = matches!(outcome, Outcome::Answered { status, .. } if *status == expected);
        refused && parcel.events.len() == 1 && parcel.events[0].uuid == fact.uuid
    })
}

/// Whether a bound of the outbox can have been reached: by number where nothing was ever confirmed, or by bytes.
pub(crate) fn is_crowded(world: &World, task: &Task) -> bool {
    // One task may bring in everything that other pages have left.
    let new = task.after.adopted + task.after.captured - task.before.adopted - task.before.captured;
    // What it has removed again was there when it evicted.
    let removed = task.ops.iter().filter_map(|op| if let Op::Remove { key } = op { Some(key) } else { None });
    let removed = removed.filter_map(|key| world.book.find(uuid_of(key))?.sealed.as_ref());
    let bytes = stored_bytes(world, task) + 2 * removed.map(String::len).sum::<usize>();
    (task.before.waiting + new) as usize >= UNREACHED_RECORDS_MAX || bytes > STORED_BYTES_MAX / 8
}

/// What of this project and of others the page sees in storage, in bytes.
pub(crate) fn stored_bytes(world: &World, task: &Task) -> usize {
    let origin = world.origin.borrow();
    let view = origin.view(task.page);
    let units = |(key, value): (&String, &String)| 2 * (crate::storage::units(key) + crate::storage::units(value));
    view.map_or(0, |view| view.iter().filter(|(key, _)| is_record_key(key)).map(units).sum())
}

/// Events that storage never took are dropped without a removal that could be seen, or by one that the mirror sees alone.
fn excuse_unstored(world: &mut World, task: &Task) {
    let refused = task
        .answered
        .as_ref()
        .filter(|(parcel, _)| parcel.events.len() == 1)
        .map(|(parcel, _)| parcel.events[0].uuid.clone());
    for (reason, count) in drops(task) {
        let page = &world.pages[task.page];
        let removed = task.ops.iter().filter(|op| matches!(op, Op::Remove { key } if is_record_key(key))).count();
        let chosen: Vec<String> = world
            .book
            .facts
            .iter()
            .filter(|fact| fact.excuse.is_none() && !fact.stored && fact.page == page.id && fact.engine == page.engine)
            .filter(|fact| match reason {
                DropReason::Evicted => removed < count as usize && is_crowded(world, task),
                DropReason::Rejected | DropReason::TooLarge => refused.as_ref() == Some(&fact.uuid),
                _ => is_real(world, task, page, fact, reason),
            })
            .map(|fact| fact.uuid.clone())
            .collect();
        for uuid in chosen {
            world.book.excuse(&uuid, reason.code());
        }
    }
}

/// What comes out of a journal and is dropped was never stored as a record.
fn excuse_noted(world: &mut World, task: &Task) {
    let (Input::Captured(new) | Input::Replayed(new)) = &task.input else { return };
    let Some(fact) = world.book.find(uuid_of(&new.key)).filter(|fact| fact.journal.is_some()) else { return };
    let page = &world.pages[task.page];
    let real = |reason: DropReason| match reason {
        DropReason::ShutDown => page.shut_down,
        _ => is_real(world, task, page, fact, reason),
    };
    // A bound that it brought the page to may have cost another event.
    let heard = drops(task).map(|(reason, _)| reason).find(|reason| *reason != DropReason::Evicted && real(*reason));
    if let Some(reason) = heard {
        world.book.excuse(uuid_of(&new.key), reason.code());
    }
}

/// The most drops for this reason that the input of a task can be the cause of.
pub(crate) fn causes(world: &World, task: &Task, reason: DropReason) -> u32 {
    let page = &world.pages[task.page];
    let captures = u32::from(matches!(task.input, Input::Captured(_) | Input::Replayed(_)));
    let refusal = |expected: u16| {
        u32::from(task.answered.as_ref().is_some_and(|(parcel, outcome)| {
            parcel.events.len() == 1 && matches!(outcome, Outcome::Answered { status, .. } if *status == expected)
        }))
    };
    let any = |yes: bool| if yes { u32::MAX } else { 0 };
    match reason {
        DropReason::GateShut => any(page.told_of.values().any(|open| *open == Some(false))),
        DropReason::GateUnknown => {
            world.book.facts.iter().filter(|fact| is_held_too_long(world, page, fact)).count() as u32
        }
        DropReason::TooLarge => {
            let large = match &task.input {
                Input::Captured(event) | Input::Replayed(event) => event.body.len() > EVENT_BYTES_MAX,
                Input::Sealed { body, .. } => body.len() > EVENT_BYTES_MAX,
                _ => false,
            };
            u32::from(large) + refusal(413)
        }
        DropReason::Rejected => {
            let poisoned =
                task.answered.as_ref().is_some_and(|(parcel, _)| parcel.events.iter().any(|event| event.is_poisoned));
            if poisoned { refusal(400) } else { 0 }
        }
        DropReason::Forbidden => world.book.facts.iter().filter(|fact| may_be_forbidden(fact)).count() as u32,
        DropReason::Expired => {
            any(world.book.facts.iter().any(|fact| world.wall().saturating_sub(fact.captured_wall) > RECORD_AGE_MAX_MS))
        }
        DropReason::Evicted => any(is_crowded(world, task)),
        DropReason::Torn => world.torn,
        // Such an event is given up before it comes here.
        DropReason::Ungated | DropReason::NoConsent | DropReason::BeforeSend => 0,
        DropReason::Purged => any(task.input == Input::Purged),
        // It came out of a journal, whose entry came back with a browser that was killed, or is seen gone late.
        DropReason::Duplicate => {
            let noted = |new: &NewEvent| world.book.find(uuid_of(&new.key)).is_some_and(|fact| fact.journal.is_some());
            u32::from(matches!(&task.input, Input::Captured(new) | Input::Replayed(new) if noted(new)))
        }
        // No page of the simulator captures under a key that is not its own, and none of its records kills an engine.
        DropReason::Invalid | DropReason::Quarantined => 0,
        DropReason::ShutDown => {
            if page.shut_down {
                captures
            } else {
                0
            }
        }
    }
}
