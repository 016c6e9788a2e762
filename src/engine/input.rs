//! What can happen to the engine. Time and entropy come with every input, in [`Now`](super::Now).

use super::{LockAnswer, Outcome};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input {
    /// The engine has just been made. Must come first, once.
    Started(Handover),
    /// The page captures an event.
    Captured(NewEvent),
    /// What is known of a team now: the answer to [`Output::AskGate`](super::Output::AskGate), and each later one. `None` where
    /// nobody has said, which is told again whenever nobody could be reached.
    GateAnswered {
        /// The team.
        team: String,
        /// Whether it is tracked.
        open: Option<bool>,
    },
    /// What became of a request that [`Output::Send`](super::Output::Send) named.
    SendFinished {
        /// The request.
        request: u32,
        /// Its end.
        outcome: Outcome,
    },
    /// What came of asking for the drain lock ([`Output::AskLock`](super::Output::AskLock)).
    LockAnswered(LockAnswer),
    /// The drain lock that this page held was taken from it.
    LockLost,
    /// What the mirror of storage holds, a line each: the key of a record, a space and its value, which is whole. Comes once,
    /// some time after the start; never, where there is no mirror. A browser that was killed may have lost the record itself.
    Mirrored(String),
    /// Nobody sees the page any more, but it lives on (`visibilitychange` to hidden).
    Hidden,
    /// The page is being left (`pagehide`).
    Leaving,
    /// The page is seen again (`visibilitychange` to visible, `pageshow` from the back/forward cache).
    Returned,
    /// The browser says that there is a network again.
    Online,
    /// The time that [`Output::WakeAt`](super::Output::WakeAt) named has come.
    Woke,
    /// Everything that waits is given up: the visitor has withdrawn consent, or hands the device over to somebody else.
    Purged,
    /// The page wants everything sent now.
    FlushRequested,
    /// The page wants everything sent and nothing taken any more.
    ShutDown,
}

/// An event that the page captures, with everything that it is sent with: the page knows who its visitor is, also while
/// there is no engine (`js/src/event.ts`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// The storage key of the record that it becomes ([`record_key`](super::record_key)).
    pub key: String,
    /// What it is called, for notices.
    pub name: String,
    /// The event as it is sent: the text of a JSON object, at which nobody here looks.
    pub body: String,
    /// The team whose gate must be open, as a text without control characters; `None`, where no gate holds the event.
    pub team: Option<String>,
    /// What is known of that team.
    pub open: Option<bool>,
    /// Whether it goes at once: a page is usually left right after it, or money depends on it.
    pub must_send: bool,
}

/// What the keel hands over to a new engine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Handover {
    /// The records that this page has captured already: a line each of the storage key and, where storage did not take
    /// the record, a space and its value.
    pub records: String,
    /// The uuids of records that have killed an engine, a line each; they are left alone.
    pub quarantined: String,
}
