//! What the tracker wants done. The edge drains these after every input.

use crate::flags::Question;
use crate::outbox::Monotonic;
use crate::person::ConsentState;

/// Something the edge must do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Output {
    /// The page has captured an event: what it is identified by and called.
    Captured {
        /// The uuid.
        uuid: String,
        /// The name.
        name: String,
    },
    /// Show an event to a hook of the page and report what it makes of it by [`Input::Hooked`](super::Input::Hooked), before
    /// anything else happens.
    Hook {
        /// Names the event.
        id: u32,
        /// The hook, by its place among those of the page.
        place: u32,
        /// The event, the text of a JSON object.
        event: String,
    },
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
    /// Hand these events to the browser for sending after the page is gone.
    Exit {
        /// The events, with commas between them.
        events: String,
    },
    /// Ask somebody, and report the answer by [`Input::CallbackAnswered`](super::Input::CallbackAnswered) or
    /// [`Input::JsonAnswered`](super::Input::JsonAnswered).
    Ask(Question),
    /// Call [`Input::Woke`](super::Input::Woke) at this time, and not at any earlier named one; never, where `None`.
    WakeAt(Option<Monotonic>),
    /// Ask for the drain lock, without waiting for it, and report what came of it by
    /// [`Input::LockAnswered`](super::Input::LockAnswered).
    AskLock,
    /// Let the drain lock go.
    ReleaseLock,
    /// The stores are in use from now on: other pages may see that this one lives.
    Opened {
        /// Whether the mirror may be made before the first record is stored.
        opens_mirror: bool,
    },
    /// Ask the browser what it says of itself, and report that this is known by
    /// [`Input::EnvironmentRead`](super::Input::EnvironmentRead): something is to be made that tells of it.
    ReadEnvironment,
    /// Report by [`Input::TaskEnded`](super::Input::TaskEnded) when the page's code is done that runs now.
    AwaitTaskEnd,
    /// Read the mirror, and report what it holds by [`Input::Mirrored`](super::Input::Mirrored); nothing, where there is none.
    ReadMirror,
    /// Report this record by [`Input::RetryQuarantined`](super::Input::RetryQuarantined), in a task of its own.
    TryLater(String),
    /// Remove the project's records from the mirror, or nothing, and the whole mirror where nothing is left in it.
    EraseMirror {
        /// Whether the records are removed.
        erases_records: bool,
        /// Whether there may be something in it, so that one that is not open is opened for this.
        is_used: bool,
    },
    /// Tell posthog-js something, as soon as it is there.
    TellPostHog(PostHogCall),
    /// Tell the page's listeners what is known of a team.
    TellTeam {
        /// The team.
        team: String,
        /// Whether it is tracked.
        is_open: Option<bool>,
    },
    /// Tell the page's listeners of the feature flags.
    TellFlags,
    /// Tell the page's listeners of a change of consent.
    TellConsent(ConsentState),
    /// Whoever has asked for flags by this ticket or an earlier one need not wait any more.
    FlagsSettled(u32),
    /// The flush that was asked for is over: all is sent, or what is left cannot be sent now.
    Flushed,
    /// The shutdown that was asked for is over.
    IsShutDown,
    /// Tell the other trackers of this page that something is stored under this key.
    TellNear(String),
    /// Say something on the console.
    Say {
        /// How loud.
        level: Level,
        /// What.
        text: String,
    },
}

/// A call of posthog-js.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostHogCall {
    /// Names the visitor.
    Identify(String),
    /// Somebody else uses the page.
    Reset {
        /// Whether the browser counts as another one.
        is_new_device: bool,
    },
}

/// How loud something is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// `console.error`.
    Error,
    /// `console.warn`.
    Warn,
    /// `console.debug`.
    Debug,
}

impl Level {
    /// The method of the console.
    #[must_use]
    pub fn method(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Debug => "debug",
        }
    }
}
