//! The accounts: what became of the records that a task removed, and whether there was a cause for it in the world.

use posthog_booking_tracker::outbox::{
    DropReason, EVENT_BYTES_MAX, HOLD_MAX_MS, Outcome, RECORD_AGE_MAX_MS, STORED_BYTES_MAX, UNREACHED_RECORDS_MAX,
};
use posthog_booking_tracker::person::ConsentState;

use crate::book::{Fact, captured_of, uuid_of};
use crate::faults::Fault;
use crate::page::Page;
use crate::storage::{Op, PageId, is_record_key};
use crate::task::{Task, What};
use crate::world::World;

/// Why a record was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The server has it and has told this page.
    Confirmed,
    /// The tracker counts a drop, and the cause was real.
    Dropped(DropReason),
    /// Everything that lies in storage is given up.
    Erased,
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
    DropReason::ALL.into_iter().map(|reason| (reason, task.dropped(reason))).filter(|(_, count)| *count > 0)
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
        match cause {
            Cause::Dropped(reason) => world.book.excuse(uuid, reason.code()),
            Cause::Erased => world.book.excuse(uuid, "erased"),
            _ => {}
        }
        removals.push(Removal { uuid: uuid.to_owned(), cause });
    }
    excuse_unstored(world, task);
    excuse_noted(world, task);
    removals
}

fn cause(world: &World, task: &Task, fact: &Fact) -> Cause {
    let page = &world.pages[task.page];
    let heard = drops(task).map(|(reason, _)| reason).find(|reason| is_real(world, task, fact, *reason));
    match heard {
        Some(reason) => Cause::Dropped(reason),
        None if page.told.contains(&fact.uuid) => Cause::Confirmed,
        None if task.is_erasing() || is_denied(page, fact) => Cause::Erased,
        None => Cause::None,
    }
}

/// Whether the event was captured before a denial that the page knows of, wherever a copy of it has survived.
fn is_denied(page: &Page, fact: &Fact) -> bool {
    u64::from_str_radix(page.word.denied(), 36).is_ok_and(|denied_at| captured_of(&fact.key) <= denied_at)
}

/// Whether there is a cause to drop this event for this reason.
fn is_real(world: &World, task: &Task, fact: &Fact, reason: DropReason) -> bool {
    let page = &world.pages[task.page];
    match reason {
        DropReason::GateShut => fact.teams().flatten().any(|team| world.may_be_shut(task.page, team)),
        DropReason::GateUnknown => is_held_too_long(world, page, fact),
        DropReason::Rejected => fact.is_poisoned && is_refused_alone(task, fact, 400),
        DropReason::TooLarge => {
            is_refused_alone(task, fact, 413) || fact.body().is_none_or(|body| body.len() > EVENT_BYTES_MAX)
        }
        DropReason::Forbidden => may_be_forbidden(fact),
        DropReason::Expired => world.wall().abs_diff(captured_of(&fact.key)) > RECORD_AGE_MAX_MS,
        DropReason::Evicted => is_crowded(world, task),
        DropReason::Torn => fact.torn,
        DropReason::Purged => task.is_erasing(),
        DropReason::BeforeSend => task.shown.iter().any(|shown| shown.uuid == fact.uuid && !shown.is_kept),
        DropReason::ShutDown => page.shut_down,
        _ => false,
    }
}

/// Whether nobody knew of its team when an event was captured, more than 24 hours ago, and its tracker says that nobody knows.
pub(crate) fn is_held_too_long(world: &World, page: &Page, fact: &Fact) -> bool {
    let late = world.wall().saturating_sub(fact.captured_wall) > HOLD_MAX_MS;
    // Behind a clock that has jumped, and after a day of sleep, what a page was told is too old, or not said yet.
    let is_forgotten = world.faults.has(Fault::ClockJump) || world.faults.has(Fault::Sleep);
    let is_unknown = fact.teams().flatten().any(|team| is_forgotten || page.was_told(Some(team)).is_none());
    // What lies in a journal has no record yet that says so.
    let is_noted = fact.journal.is_some() && fact.sealed.is_none();
    // What another page has delivered may lie in memory here, as it was when this page took it over.
    let is_copy = world.server.has(&fact.uuid);
    (fact.held || is_noted || is_copy) && late && is_unknown
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
            .filter(|fact| fact.excuse.is_none() && !fact.stored && is_held_by(page, fact))
            .filter(|fact| match reason {
                DropReason::Evicted => removed < count as usize && is_crowded(world, task),
                DropReason::Rejected | DropReason::TooLarge => refused.as_ref() == Some(&fact.uuid),
                _ => is_real(world, task, fact, reason),
            })
            .map(|fact| fact.uuid.clone())
            .collect();
        for uuid in chosen {
            world.book.excuse(&uuid, reason.code());
        }
    }
}

fn is_held_by(page: &Page, fact: &Fact) -> bool {
    fact.page == page.id && fact.instance == page.instance
}

/// What comes out of a journal and is dropped was never stored as a record; what lies in it is given up with everything else.
fn excuse_noted(world: &mut World, task: &Task) {
    for op in &task.ops {
        let Op::Remove { key } = op else { continue };
        let Some(fact) = world.book.find(uuid_of(key)) else { continue };
        let is_entry = fact.journal.as_ref() == Some(key);
        if !is_entry || fact.sealed.is_some() && world.exists(fact) {
            continue;
        }
        // A bound that it brought the page to may have cost another event.
        let is_cause = |reason: &DropReason| *reason != DropReason::Evicted && is_real(world, task, fact, *reason);
        let heard = drops(task).map(|(reason, _)| reason).find(is_cause);
        let uuid = fact.uuid.clone();
        match heard {
            Some(reason) => world.book.excuse(&uuid, reason.code()),
            None if task.is_erasing() => world.book.excuse(&uuid, "erased"),
            None => {}
        }
    }
    excuse_own_noted(world, task);
}

/// What the page itself has noted, and its tracker gives up when it comes.
fn excuse_own_noted(world: &mut World, task: &Task) {
    let What::Call(_, Some(number)) = &task.what else { return };
    let Some(fact) = world.book.facts.iter().find(|fact| fact.number == Some(*number) && fact.journal.is_some()) else {
        return;
    };
    let is_cause = |reason: &DropReason| *reason != DropReason::Evicted && is_real(world, task, fact, *reason);
    let heard = drops(task).map(|(reason, _)| reason).find(is_cause);
    if let (Some(reason), None) = (heard, &fact.sealed) {
        let uuid = fact.uuid.clone();
        world.book.excuse(&uuid, reason.code());
    }
}

/// The most drops for this reason that a task can be the cause of.
pub(crate) fn causes(world: &World, task: &Task, reason: DropReason) -> u32 {
    let page = &world.pages[task.page];
    let new = (task.after.captured + task.after.adopted) - (task.before.captured + task.before.adopted);
    let refusal = |expected: u16| {
        u32::from(task.answered.as_ref().is_some_and(|(parcel, outcome)| {
            parcel.events.len() == 1 && matches!(outcome, Outcome::Answered { status, .. } if *status == expected)
        }))
    };
    let any = |yes: bool| if yes { u32::MAX } else { 0 };
    match reason {
        DropReason::GateShut => any(may_any_be_shut(world, task.page)),
        DropReason::GateUnknown => {
            world.book.facts.iter().filter(|fact| is_held_too_long(world, page, fact)).count() as u32
        }
        DropReason::TooLarge => {
            let is_large = |fact: &Fact| fact.body().is_some_and(|body| body.len() > EVENT_BYTES_MAX);
            let adopted = world.book.facts.iter().filter(|fact| is_large(fact)).count() as u32;
            // One that is too large for a record is never written.
            let released = if task.is_released { task.before.waiting } else { 0 };
            refusal(413) + adopted + if world.faults.has(Fault::Large) { new + released } else { 0 }
        }
        DropReason::Rejected => {
            let poisoned =
                task.answered.as_ref().is_some_and(|(parcel, _)| parcel.events.iter().any(|event| event.is_poisoned));
            if poisoned { refusal(400) } else { 0 }
        }
        DropReason::Forbidden => world.book.facts.iter().filter(|fact| may_be_forbidden(fact)).count() as u32,
        DropReason::Expired => {
            any(world.book.facts.iter().any(|fact| world.wall().abs_diff(fact.captured_wall) > RECORD_AGE_MAX_MS))
        }
        DropReason::Evicted => any(is_crowded(world, task)),
        DropReason::Torn => world.torn,
        DropReason::Purged => any(task.is_erasing()),
        // What was called before somebody saw the page is done in its order: some of it before the visitor agreed.
        DropReason::NoConsent => any([task.was, task.is].contains(&ConsentState::Denied) || task.is_news_of_denial),
        DropReason::BeforeSend => task.shown.iter().filter(|shown| !shown.is_kept).count() as u32,
        // It came out of a journal, whose entry came back with a browser that was killed, or is seen gone late.
        DropReason::Duplicate => any(world.book.facts.iter().any(|fact| fact.journal.is_some())),
        DropReason::ShutDown => any(page.shut_down),
        // Every page of the simulator tracks what no gate holds, names its events, and has none that kills an instance.
        DropReason::Ungated | DropReason::Invalid | DropReason::Quarantined | DropReason::Bot => 0,
    }
}

fn may_any_be_shut(world: &World, page: PageId) -> bool {
    ["1", "2", crate::page::OWN_TEAM].iter().any(|team| world.may_be_shut(page, team))
}
