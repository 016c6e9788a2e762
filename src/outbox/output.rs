//! What the outbox wants done. The edge drains these after every input.

use super::{DropReason, Monotonic};

/// Something the edge must do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Output {
    /// Send these events in one body and report its end by [`Input::SendFinished`](super::Input::SendFinished).
    Send {
        /// Names the request.
        request: u32,
        /// The events, with commas between them.
        events: String,
        /// Whether the request has to outlive the page. Its body is small enough for that.
        keepalive: bool,
    },
    /// Give up this request, whose time is over. Nothing is reported any more.
    Abort {
        /// The request.
        request: u32,
    },
    /// Hand these events to the browser for sending after the page is gone: by beacon, or by a keepalive request where
    /// the beacon is refused. Nothing is reported.
    Exit {
        /// The events, with commas between them.
        events: String,
    },
    /// Call [`Input::Woke`](super::Input::Woke) at this time, and not at any earlier named one; never, where `None`.
    WakeAt(Option<Monotonic>),
    /// Records of this team wait here: report what is known of it, and every change from now on, by
    /// [`Input::GateAnswered`](super::Input::GateAnswered).
    AskGate {
        /// The team.
        team: String,
    },
    /// Ask for the drain lock, without waiting for it, and report what came of it by
    /// [`Input::LockAnswered`](super::Input::LockAnswered). The lock is one for all pages of an origin and a project.
    AskLock,
    /// Let the drain lock go.
    ReleaseLock,
    /// The sentinel is missing or not the one that this page knows: storage was never used, or somebody has cleared it.
    StorageCleared,
    /// Other pages may have noted events in their journals while they had no tracker: report those of entries that are at
    /// least this old by [`Input::Replayed`](super::Input::Replayed), remove each entry when that has been handled, and have
    /// the outbox look again for younger ones by [`Input::LookAgain`](super::Input::LookAgain).
    ReplayJournal {
        /// How old an entry must be.
        age_min_ms: u64,
    },
    /// The flush or shutdown that was asked for is over: all is sent, or what is left cannot be sent now.
    Settled,
    /// Something that the people who run the page may want to read.
    Notice {
        /// What it is.
        notice: Notice,
        /// The name of the event that it is about, empty where it is about none.
        event: String,
    },
}

/// Something worth saying. The edge owns the sentences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// The server refuses the project key. Said once.
    Unauthorised,
    /// The host answers with a web page: a proxy in between serves its own application. Said once.
    WebPage,
    /// The host redirects. Said once.
    Redirected,
    /// An event was dropped.
    Dropped(DropReason),
}

impl Notice {
    /// The stable code of the notice; that of the reason, where an event was dropped.
    ///
    /// # Example
    /// ```
    /// assert_eq!(posthog_booking_tracker::outbox::Notice::WebPage.code(), "web_page");
    /// ```
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Unauthorised => "unauthorised",
            Self::WebPage => "web_page",
            Self::Redirected => "redirected",
            Self::Dropped(reason) => reason.code(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test states its expectations by failing")]

    use super::*;

    #[test]
    fn the_page_knows_every_code() {
        let codes: Vec<String> = serde_json::from_str(include_str!("../../tests/fixtures/notice-codes.json")).unwrap();
        let others = [Notice::Unauthorised, Notice::WebPage, Notice::Redirected];
        let notices = DropReason::ALL.into_iter().map(Notice::Dropped).chain(others);
        assert_eq!(codes, notices.map(Notice::code).collect::<Vec<_>>());
    }
}
