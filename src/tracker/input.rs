//! What can happen to the tracker, and what it is told with everything that happens.

use crate::event::json::Object;
use crate::event::{PageAddress, VisitorKind};
use crate::flags::JsonAnswer;
use std::rc::Rc;

use crate::outbox::{LockAnswer, Monotonic, Outcome, Wall};

use super::Person;

/// What the edge has read before something happens: the core has no clock, no randomness and no page.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The wall clock.
    pub wall: Wall,
    /// The monotonic clock.
    pub monotonic: Monotonic,
    /// 128 random bits, fresh for each input; from a cryptographic source, unless the page has broken that.
    pub entropy: u128,
    /// `location.href`.
    pub href: String,
    /// `document.referrer`.
    pub referrer: String,
    /// Whether the page is seen.
    pub is_seen: bool,
    /// Whether the browser asks every page not to track its visitor (Do Not Track).
    pub asks_dnt: bool,
    /// The same by Global Privacy Control.
    pub asks_gpc: bool,
    /// What the browser says of itself on every event; empty, where it has not been asked yet ([`Output::ReadEnvironment`](super::Output::ReadEnvironment)).
    pub environment: Rc<Object>,
    /// Who visits the page, as its browser says.
    pub visitor_kind: VisitorKind,
    /// What posthog-js says, where it is on the page and is asked.
    pub posthog: Option<PostHog>,
}

/// What posthog-js says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PostHog {
    /// Who is on the page; `None`, where it says nothing that can be used.
    pub visitor: Option<PostHogVisitor>,
    /// The values of its feature flags.
    pub flags: Object,
    /// Whether the visitor has told it not to capture.
    pub is_opted_out: bool,
}

/// Who is on the page, as posthog-js says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PostHogVisitor {
    /// The id of the person.
    pub distinct_id: String,
    /// What stands for the browser.
    pub device_id: String,
    /// Whether the person is known.
    pub is_identified: bool,
    /// Whether PostHog keeps a profile of the person already.
    pub has_profile: bool,
    /// The session; empty, where it has none.
    pub session_id: String,
    /// The window.
    pub window_id: String,
    /// The groups that the person belongs to, key by type.
    pub groups: Object,
}

/// When and where a call was made that is done now or later.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moment {
    /// When, by the wall clock; unique on its page.
    pub captured: Wall,
    /// As which call of its page.
    pub sequence: u64,
    /// When, by the monotonic clock.
    pub monotonic: Monotonic,
    /// Where the page was.
    pub address: PageAddress,
    /// The uuid of the event that the call makes, where it has one already.
    pub uuid: Option<String>,
    /// Who its event is about, where that is settled already.
    pub person: Option<Person>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input {
    /// The tracker has just been made. Must come first, once.
    Started {
        /// Whether nobody sees the page yet, and perhaps never will.
        is_prerendering: bool,
    },
    /// Somebody sees a page that was only prerendered.
    Activated,
    /// Nobody sees the page any more, but it lives on (`visibilitychange` to hidden).
    Hidden,
    /// The page is being left (`pagehide`).
    Leaving,
    /// The page is seen again (`visibilitychange` to visible, `pageshow` from the back/forward cache, `resume`).
    Returned,
    /// The browser says that there is a network again.
    Online,
    /// The time that [`Output::WakeAt`](super::Output::WakeAt) named has come.
    Woke,
    /// Another tab, or another tracker of this page, has changed what is stored under this key; under any, where `None`.
    Stored {
        /// The key.
        key: Option<String>,
    },
    /// What a hook of the page has made of an event that [`Output::Hook`](super::Output::Hook) has shown it.
    Hooked {
        /// Names the event.
        id: u32,
        /// What it has made of it.
        answer: HookAnswer,
    },
    /// The page's callback has said whether a team is tracked, or has failed to.
    CallbackAnswered {
        /// Names the question.
        id: u32,
        /// Its answer.
        is_open: Option<bool>,
    },
    /// A server has answered a question.
    JsonAnswered {
        /// Names the question.
        id: u32,
        /// Its answer.
        answer: JsonAnswer,
    },
    /// What became of a request that [`Output::Send`](super::Output::Send) named.
    SendFinished {
        /// The request.
        request: u32,
        /// Its end.
        outcome: Outcome,
    },
    /// What came of asking for the drain lock.
    LockAnswered(LockAnswer),
    /// The drain lock that this page held was taken from it.
    LockLost,
    /// The browser has said what it says of itself: from now on it is among the [`Facts`].
    EnvironmentRead,
    /// The task of the page is over that an [`Output::AwaitTaskEnd`](super::Output::AwaitTaskEnd) was of.
    TaskEnded,
    /// What the mirror holds: the keys of records and their values.
    Mirrored(Vec<(String, String)>),
    /// A record that the module of another version has trapped on may be tried again, alone.
    RetryQuarantined(String),
    /// The page wants everything sent now.
    FlushRequested,
    /// The page wants everything sent and nothing taken any more.
    ShutDown,
}

/// What a hook of the page has made of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookAnswer {
    /// It goes on, changed or not.
    Kept {
        /// What it is called.
        name: String,
        /// What is said of it.
        properties: Object,
        /// Properties of the person that are set.
        set: Option<Object>,
        /// Properties of the person that are set where they have no value.
        set_once: Option<Object>,
    },
    /// It does not want it.
    Dropped,
    /// It has failed: why, in the words of the console.
    Failed(String),
}
