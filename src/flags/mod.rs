//! PostHog's feature flags, and the team gate, which one of them may decide: what is known, how long it holds, and when to ask
//! again.
//!
//! Nothing here asks anybody: what is to be asked comes out as a [`Question`], and its answer goes in again.

#![forbid(unsafe_code)]

mod answer;
mod cache;
mod feature_flags;
mod gate;
mod request;

pub use answer::{Flag, FlagValue, FlagsAnswer};
pub use cache::{FLAGS_AGE_MAX_MS, FlagCache, MetFlag};
pub use feature_flags::{
    FLAG_CALLS_MAX, FLAGS_DEBOUNCE_MS, FLAGS_REFRESH_MS, FeatureFlags, FlagsBootstrap, FlagsNews, FlagsVisitor,
};
pub use gate::{
    Admission, FIRST_ID, GATE_STALE_MAX_MS, GATE_TEAMS_MAX, GateNews, GateNow, GateSource, TeamGate, TeamGateOptions,
    Ungated, known_teams,
};
pub use request::{FLAGS_RETRY_MS, FlagsProject};

use crate::outbox::Monotonic;

/// Something that somebody outside has to be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// The page's callback, whether a team is tracked.
    Callback {
        /// Names the question.
        id: u32,
        /// The team.
        team: String,
    },
    /// A server, for a JSON value: by GET, or by POST where there is a body.
    Json {
        /// Names the question.
        id: u32,
        /// The address.
        url: String,
        /// The text of a JSON object.
        body: Option<String>,
    },
}

/// What came of asking a server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JsonAnswer {
    /// The HTTP status; 0, where no answer came.
    pub status: u16,
    /// The text of the body.
    pub text: String,
    /// Whether the answer was given up, because it took too long.
    pub is_late: bool,
}

impl JsonAnswer {
    /// Whether the server has answered with 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..=299).contains(&self.status)
    }
}

/// The earlier of two times, where there are any.
fn earlier(one: Option<Monotonic>, other: Option<Monotonic>) -> Option<Monotonic> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
