//! A task: one input or call of one page, and all that came of it.

use std::rc::Rc;

use posthog_booking_tracker::outbox::{DropReason, Outcome, Stats};
use posthog_booking_tracker::person::ConsentState;
use posthog_booking_tracker::tracker::{Call, Input, Output};
use serde_json::Value;

use crate::accounts::Removal;
use crate::book::{body_of, uuid_of};
use crate::hooks::Shown;
use crate::parcel::Parcel;
use crate::people::About;
use crate::storage::{Op, PageId, is_record_key};
use crate::world::World;

/// What a tracker is told: something that happened, or a call with the number of its event; or what it is asked.
#[derive(Debug, Clone)]
pub(crate) enum What {
    Input(Input),
    Call(Call, Option<u64>),
    AskFlag(&'static str),
    AskVisitor,
}

/// What a page was told that has asked.
#[derive(Debug, Clone)]
pub(crate) enum Told {
    /// Whether it is known what the flags are.
    Flag(bool),
    /// Who is on the page.
    Visitor(String),
}

/// A body that left the page in a task.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    /// `None` for an exit.
    pub(crate) request: Option<u32>,
    pub(crate) keepalive: bool,
    pub(crate) parcel: Rc<Parcel>,
}

/// One input or call and all that came of it.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) page: PageId,
    pub(crate) what: What,
    /// The request that an answer in this task was about, with what it carried.
    pub(crate) answered: Option<(Rc<Parcel>, Outcome)>,
    pub(crate) ops: Vec<Op>,
    pub(crate) outputs: Vec<Output>,
    /// What hooks of the page were shown.
    pub(crate) shown: Vec<Shown>,
    pub(crate) sent: Vec<Sent>,
    pub(crate) removals: Vec<Removal>,
    pub(crate) before: Stats,
    pub(crate) after: Stats,
    /// What the page can know of its teams behind it.
    pub(crate) teams: Vec<(String, Option<bool>)>,
    /// The uuids of events that were written for the first time in this task.
    pub(crate) written: Vec<String>,
    /// What the page had to take for the visitor's consent before and behind it.
    pub(crate) was: ConsentState,
    pub(crate) is: ConsentState,
    /// Whether it does what was called before: what a facade has kept, or what has waited for consent.
    pub(crate) is_late: bool,
    /// Whether the visitor has denied since the page was told something last.
    pub(crate) is_news_of_denial: bool,
    /// Whether what waits was to be given up: a call that this task did says so.
    pub(crate) purges: bool,
    /// Whether the page held the lock when the task began.
    pub(crate) locked: bool,
    /// Whether the page learns in it that the visitor has agreed.
    pub(crate) is_released: bool,
    /// Whom the events of the tracker's own have to be about that it makes of calls.
    pub(crate) about: Option<About>,
    /// How many events need not arrive for what came before.
    pub(crate) excused_before: usize,
}

impl Task {
    /// Whether what waits is given up in this task.
    pub(crate) fn is_erasing(&self) -> bool {
        self.purges || self.is == ConsentState::Denied || self.is_news_of_denial
    }

    pub(crate) fn input(&self) -> Option<&Input> {
        if let What::Input(input) = &self.what { Some(input) } else { None }
    }

    /// The events whose records were written in this task for the first time, as they were written first.
    pub(crate) fn events_written(&self, world: &World) -> Vec<Value> {
        let mut events = Vec::new();
        for uuid in &self.written {
            let is_its = |op: &&Op| matches!(op, Op::Put { key, .. } if uuid_of(key) == uuid && is_record_key(key));
            if let Some(Op::Put { key, value, .. }) = self.ops.iter().find(is_its)
                && !world.foreign.contains_key(key)
            {
                events.extend(body_of(value).and_then(|body| serde_json::from_str(body).ok()));
            }
        }
        events
    }

    /// The events of all records that were written in this task.
    pub(crate) fn events_stored(&self, world: &World) -> Vec<Value> {
        let records = self.ops.iter().filter_map(|op| match op {
            Op::Put { key, value, .. } if is_record_key(key) && !world.foreign.contains_key(key) => body_of(value),
            _ => None,
        });
        records.filter_map(|body| serde_json::from_str(body).ok()).collect()
    }

    /// How many were given up for a reason in this task.
    pub(crate) fn dropped(&self, reason: DropReason) -> u32 {
        self.after.dropped(reason).saturating_sub(self.before.dropped(reason))
    }
}
