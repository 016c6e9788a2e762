//! The ledger: what became of every event of this page, in memory.
//!
//! `captured + adopted = confirmed + waiting + dropped + settled elsewhere`, always (DESIGN §5).

use serde::Serialize;

/// Why an event was given up. Closed: an event is never lost for a reason that is not here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DropReason {
    /// A definite answer says that the team is not tracked.
    GateShut,
    /// Nothing can open the gate and `ungated` is "ignore".
    Ungated,
    /// The event has no name, or its properties are no JSON object.
    Invalid,
    /// The event alone is over 32 KB, or the server says that it alone is too large.
    TooLarge,
    /// The server refuses this one event as malformed.
    Rejected,
    /// It was older than 7 days.
    Expired,
    /// A bound on storage was reached and this was the oldest that is not must-send.
    Evicted,
    /// The stored text was cut off or changed by somebody else.
    Torn,
    /// A record with the same uuid is there already.
    Duplicate,
    /// It was captured after `shutdown()`.
    ShutDown,
}

/// How many events were dropped, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dropped {
    gate_shut: u32,
    ungated: u32,
    invalid: u32,
    too_large: u32,
    rejected: u32,
    expired: u32,
    evicted: u32,
    torn: u32,
    duplicate: u32,
    shut_down: u32,
}

impl Dropped {
    /// The count for one reason.
    #[must_use]
    pub fn count(mut self, reason: DropReason) -> u32 {
        *self.counter(reason)
    }

    /// The count over all reasons.
    #[must_use]
    pub fn total(self) -> u32 {
        let Self { gate_shut, ungated, invalid, too_large, rejected, expired, evicted, torn, duplicate, shut_down } =
            self;
        gate_shut + ungated + invalid + too_large + rejected + expired + evicted + torn + duplicate + shut_down
    }

    fn counter(&mut self, reason: DropReason) -> &mut u32 {
        match reason {
            DropReason::GateShut => &mut self.gate_shut,
            DropReason::Ungated => &mut self.ungated,
            DropReason::Invalid => &mut self.invalid,
            DropReason::TooLarge => &mut self.too_large,
            DropReason::Rejected => &mut self.rejected,
            DropReason::Expired => &mut self.expired,
            DropReason::Evicted => &mut self.evicted,
            DropReason::Torn => &mut self.torn,
            DropReason::Duplicate => &mut self.duplicate,
            DropReason::ShutDown => &mut self.shut_down,
        }
    }
}

/// The public counters of one page, in whole events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// Captured on this page, whatever became of them.
    pub captured: u32,
    /// Found in storage, left by earlier pages.
    pub adopted: u32,
    /// Confirmed by PostHog.
    pub confirmed: u32,
    /// Stored, in memory, held by the gate or under way.
    pub waiting: u32,
    /// Removed by another page, which settled them.
    pub settled_elsewhere: u32,
    /// Given up, by reason.
    pub dropped: Dropped,
}

impl Stats {
    pub(super) fn drop_one(&mut self, reason: DropReason) {
        *self.dropped.counter(reason) += 1;
    }

    /// Whether every event is accounted for exactly once.
    #[must_use]
    pub fn balances(&self) -> bool {
        self.captured + self.adopted == self.confirmed + self.waiting + self.settled_elsewhere + self.dropped.total()
    }
}
