//! What can happen to the engine. Time and entropy come with every input, in [`Now`](super::Now).

use super::json;
use super::{LockAnswer, Outcome};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input {
    /// The engine has just been made. Must come first, once.
    Started(Handover),
    /// The page captures an event.
    Captured(NewEvent),
    /// The page knows who its visitor is.
    Identified {
        /// The person's id.
        distinct_id: String,
        /// The page's own team, if any.
        team: Option<String>,
    },
    /// The page has an address, another one than before.
    Moved(Page),
    /// The answer to [`Output::AskGate`](super::Output::AskGate): definite, or `None` where none could be had.
    GateAnswered {
        /// The team that was asked for.
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
    /// What the mirror of storage holds, a line each: the key of a record, a space and its value. Comes once, some time
    /// after the start; never, where there is no mirror. A browser that was killed may have lost the record itself.
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
    /// The page wants everything sent now.
    FlushRequested,
    /// The page wants everything sent and nothing taken any more.
    ShutDown,
}

/// An event that the page captures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// The event's name.
    pub name: String,
    /// The text of a JSON object.
    pub properties: String,
    /// The team whose gate decides, where the event or the page names one.
    pub team: Option<String>,
}

/// Where events happen. Both addresses are reduced by the edge (`js/src/page-address.ts`), before anything is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The page's address, empty where it has none that may be told.
    pub url: String,
    /// Where the visitor came from, empty where nothing is known.
    pub referrer: String,
}

/// What the keel hands over to a new engine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Handover {
    /// The records that this page has captured already: a line each of the storage key and, where storage did not take
    /// the record, a space and its value.
    pub records: String,
    /// The uuids of records that have killed an engine, a line each; they are left alone.
    pub quarantined: String,
    /// Whether this page has made the stored identity, so that it may be removed again with the last trace.
    pub minted: bool,
}

impl Handover {
    /// Reads the members `records`, `quarantined` and `minted` of a JSON object; what is missing is empty.
    ///
    /// # Example
    /// ```
    /// use posthog_booking_tracker::engine::Handover;
    /// assert!(Handover::parse(r#"{"minted":true}"#).minted);
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut handover = Self::default();
        let _ = json::members(text, &mut |name, raw| match name {
            "records" => handover.records = json::string(raw).unwrap_or_default(),
            "quarantined" => handover.quarantined = json::string(raw).unwrap_or_default(),
            "minted" => handover.minted = raw == "true",
            _ => {}
        });
        handover
    }
}
