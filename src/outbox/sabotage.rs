//! Trackers that are broken on purpose, each in one way, so that the simulator can show that it would notice.
//!
//! Only the feature `broken-trackers` builds them in; without it every question here is a constant `false`.

/// One way to lose an event, to count it twice, or to break a promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sabotage {
    /// Records are removed when they are sent, before anybody has confirmed them.
    RemoveBeforeConfirm,
    /// A confirmation removes as many records as it covers, from the front of the queue.
    AcknowledgeByPosition,
    /// An event that is sent again says that it happened now.
    RestampOnRetry,
    /// A body that is too large is dropped whole.
    DropOnTooLarge,
    /// What earlier pages left stays where it is.
    ForgetAdoption,
    /// A new holder of the lock reads storage at once.
    TrustStaleRead,
    /// A failed attempt is written into the record.
    EditRecordInPlace,
    /// The lock is kept when the page is left.
    HoldLockOverPagehide,
    /// A web page is taken for a confirmation.
    TrustWebPage,
    /// Nobody has opened the gate, and the event leaves.
    SendThroughUnknownGate,
    /// What nobody has opened the gate for is given up.
    GiveUpOnUnknownGate,
    /// A body that the browser has taken over counts as confirmed.
    ConfirmByBeacon,
    /// What is dropped is removed from localStorage only.
    ForgetMirrorOnPurge,
    /// What is given up stays in storage.
    KeepStoredOnPurge,
    /// A raw record is sent before it is sealed.
    SendRaw,
    /// Every event is about who is on the page when it is composed.
    ComposeWithPresentPerson,
    /// Who takes over the device after a reset is taken for the last visitor.
    KeepIdAfterReset,
    /// What the visitor has not agreed to yet is stored.
    StoreWhilePending,
    /// What is denied in another tab is not heard of.
    MissDenialElsewhere,
    /// It is not noted which flags the visitor has met.
    ForgetMetFlags,
    /// Whoever replays an entry of a journal gives its event a uuid of its own.
    ReplayWithoutUuid,
    /// A session goes on for as long as its page lives.
    NeverRenewSession,
    /// What a hook drops is kept.
    IgnoreHookDrop,
    /// The outbox never hears that a team is not tracked.
    MissShutGate,
    /// The page is about the team that it was opened with, whatever it says.
    KeepTeamOfStart,
}

impl Sabotage {
    /// All of them.
    pub const ALL: [Self; 25] = [
        Self::RemoveBeforeConfirm,
        Self::AcknowledgeByPosition,
        Self::RestampOnRetry,
        Self::DropOnTooLarge,
        Self::ForgetAdoption,
        Self::TrustStaleRead,
        Self::EditRecordInPlace,
        Self::HoldLockOverPagehide,
        Self::TrustWebPage,
        Self::SendThroughUnknownGate,
        Self::GiveUpOnUnknownGate,
        Self::ConfirmByBeacon,
        Self::ForgetMirrorOnPurge,
        Self::KeepStoredOnPurge,
        Self::SendRaw,
        Self::ComposeWithPresentPerson,
        Self::KeepIdAfterReset,
        Self::StoreWhilePending,
        Self::MissDenialElsewhere,
        Self::ForgetMetFlags,
        Self::ReplayWithoutUuid,
        Self::NeverRenewSession,
        Self::IgnoreHookDrop,
        Self::MissShutGate,
        Self::KeepTeamOfStart,
    ];
}
