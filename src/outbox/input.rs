//! What can happen to the outbox. Time and entropy come with every input, in [`Now`](super::Now).

use super::{LockAnswer, Outcome};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input {
    /// The outbox has just been made. Must come once, and first; only [`Leaving`](Self::Leaving) may come before, where the page is left.
    Started {
        /// The uuids of records that a module has trapped on. This outbox leaves them alone.
        quarantined: Vec<String>,
    },
    /// The page captures an event.
    Captured(NewEvent),
    /// The page knows for certain now who one of its raw records is about. A key that is none of theirs is ignored: its
    /// record has been settled or given up.
    Sealed {
        /// The storage key of the record.
        key: String,
        /// The event as it is sent.
        body: String,
    },
    /// The edge has composed an event from what another page of this browser noted in its journal, on
    /// [`Output::ReplayJournal`](super::Output::ReplayJournal). It is always sealed, and counts as adopted.
    Replayed(NewEvent),
    /// The journal holds entries of other pages that are too young yet: the outbox looks again after this time.
    LookAgain {
        /// After how many ms.
        in_ms: u64,
    },
    /// A record that a module has trapped on may be tried again.
    RetryQuarantined {
        /// Its uuid.
        uuid: String,
    },
    /// What is known of a team now: the answer to [`Output::AskGate`](super::Output::AskGate), and each later one. `None` if
    /// nobody knows; it is repeated each time that the sources could not be reached.
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
    /// What the mirror of storage holds: the keys of records and their values, damaged or not. Comes once, some time after
    /// the start; never, where there is no mirror. A browser that was killed may have lost the record itself.
    Mirrored(Vec<(String, String)>),
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
    /// Whether the visitor agrees to sending, from now on. Until this input comes, the outbox assumes so.
    ConsentChanged {
        /// Whether the visitor agrees.
        is_granted: bool,
    },
    /// Everything that waits is given up: the visitor has withdrawn consent, or hands the device over to somebody else.
    Purged,
    /// The page wants everything sent now.
    FlushRequested,
    /// The page wants everything sent and nothing taken any more.
    ShutDown,
}

/// An event that the page captures, with everything that it is sent with: the page knows who its visitor is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// The storage key of the record that it becomes ([`record_key`](super::record_key)).
    pub key: String,
    /// What it is called, for notices.
    pub name: String,
    /// The event as it is sent: the text of a JSON object, which its page has just written. Nobody here looks at it before it
    /// has lain in storage.
    pub body: String,
    /// The team whose gate must be open, `None`, where no gate holds the event.
    pub team: Option<String>,
    /// What is known of that team.
    pub open: Option<bool>,
    /// Whether it goes at once: a page is usually left right after it, or money depends on it.
    pub must_send: bool,
    /// Whether the mirror alone has to keep it for now: of what the tracker adds by itself, a page may make many at once.
    pub mirror_only: bool,
    /// Whether this is how it is sent, for ever. Otherwise its record is raw: the page may still change who it is about, and
    /// nobody here sends it before [`Input::Sealed`].
    pub sealed: bool,
}
