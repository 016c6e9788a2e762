//! The ledger: what became of every event of this page, in memory.
//!
//! `captured + adopted = confirmed + waiting + dropped + settled elsewhere`, after every input.

/// Why an event was given up. Closed: an event is never lost for a reason that is not here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropReason {
    /// A definite answer says that the team is not tracked.
    GateShut,
    /// Nobody has said within 24 hours whether the team is tracked.
    GateUnknown,
    /// The key of its record is none of this project's; the page gives this reason for an event without a name as well.
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
    /// Something in front of the server has refused this one event alone (403) on three pages, and taken others there.
    Forbidden,
    /// Consent was withdrawn, or the page was reset for another visitor, before it was sent.
    Purged,
    /// Its record has killed a tracker, was left alone since, and was older than 7 days.
    Quarantined,
    /// Nothing can say whether its team is tracked, and the page ignores such events.
    Ungated,
    /// The visitor has not agreed to be tracked.
    NoConsent,
    /// A hook of the page did not want it, or went wrong.
    BeforeSend,
    /// The visitor is a crawler, or a browser that a program drives, and the page ignores such visitors.
    Bot,
}

impl DropReason {
    /// Every reason.
    pub const ALL: [Self; 17] = [
        Self::GateShut,
        Self::GateUnknown,
        Self::Invalid,
        Self::TooLarge,
        Self::Rejected,
        Self::Expired,
        Self::Evicted,
        Self::Torn,
        Self::Duplicate,
        Self::ShutDown,
        Self::Forbidden,
        Self::Purged,
        Self::Quarantined,
        Self::Ungated,
        Self::NoConsent,
        Self::BeforeSend,
        Self::Bot,
    ];

    /// The stable code of the reason.
    ///
    /// # Example
    /// ```
    /// assert_eq!(posthog_booking_tracker::outbox::DropReason::GateShut.code(), "gate_shut");
    /// ```
    #[must_use]
    pub fn code(self) -> &'static str {
        CODES[self as usize]
    }
}

/// The codes, in the order of [`DropReason::ALL`].
const CODES: [&str; DropReason::ALL.len()] = [
    "gate_shut",
    "gate_unknown",
    "invalid",
    "too_large",
    "rejected",
    "expired",
    "evicted",
    "torn",
    "duplicate",
    "shut_down",
    "forbidden",
    "purged",
    "quarantined",
    "ungated",
    "no_consent",
    "before_send",
    "bot",
];

/// The public counters of one page, in whole events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Captured on this page, whatever became of them.
    pub captured: u32,
    /// Found in storage, left by earlier pages.
    pub adopted: u32,
    /// Confirmed by PostHog.
    pub confirmed: u32,
    /// Stored, in memory, held by the gate or under way.
    pub waiting: u32,
    /// Of those that wait, how many are held.
    pub held: u32,
    /// Removed by another page, which settled them.
    pub settled_elsewhere: u32,
    /// Given up, by reason, in the order of [`DropReason::ALL`].
    pub(crate) dropped: [u32; DropReason::ALL.len()],
}

impl Stats {
    /// How many were given up for this reason.
    #[must_use]
    pub fn dropped(&self, reason: DropReason) -> u32 {
        self.dropped[reason as usize]
    }

    /// How many were given up.
    #[must_use]
    pub fn dropped_total(&self) -> u32 {
        self.dropped.iter().sum()
    }

    pub(crate) fn drop_one(&mut self, reason: DropReason) {
        self.dropped[reason as usize] += 1;
    }

    /// Whether every event is accounted for exactly once.
    #[must_use]
    pub fn balances(&self) -> bool {
        let settled = self.confirmed + self.waiting + self.settled_elsewhere + self.dropped_total();
        self.captured + self.adopted == settled
    }
}
