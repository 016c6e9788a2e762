//! Why a body is refused: the status and the text that PostHog answers with.

use std::fmt;

use axum::http::StatusCode;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Undecodable(String),
    Unparsable(String),
    EmptyBatch,
    MissingEventName,
    MissingDistinctId,
    InvalidUuid(String),
    InvalidCookielessMode,
    NoToken,
    MultipleTokens,
    InvalidToken(&'static str),
    TooLarge {
        limit: usize,
    },
    /// Not the client's fault: the row could not be written. PostHog answers a retryable sink error with 503.
    Storage(String),
}

impl Refusal {
    pub(crate) const fn status(&self) -> StatusCode {
        match self {
            Self::Undecodable(_)
            | Self::Unparsable(_)
            | Self::EmptyBatch
            | Self::MissingEventName
            | Self::MissingDistinctId
            | Self::InvalidUuid(_)
            | Self::InvalidCookielessMode => StatusCode::BAD_REQUEST,
            Self::NoToken | Self::MultipleTokens | Self::InvalidToken(_) => StatusCode::UNAUTHORIZED,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Storage(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undecodable(reason) => write!(out, "failed to decode request: {reason}"),
            Self::Unparsable(reason) => write!(out, "failed to parse request: {reason}"),
            Self::EmptyBatch => out.write_str("request holds no event"),
            Self::MissingEventName => out.write_str("event submitted with an empty event name"),
            Self::MissingDistinctId => out.write_str("event submitted without a distinct_id"),
            Self::InvalidUuid(text) => write!(out, "event submitted with an invalid uuid: {text}"),
            Self::InvalidCookielessMode => out.write_str("event submitted with an invalid cookieless mode"),
            Self::NoToken => out.write_str("event submitted without an api_key"),
            Self::MultipleTokens => out.write_str("batch submitted with inconsistent api_key values"),
            Self::InvalidToken(reason) => write!(out, "API key is not valid: {reason}"),
            Self::TooLarge { limit } => write!(out, "payload is larger than {limit} bytes"),
            Self::Storage(reason) => write!(out, "failed to store: {reason}"),
        }
    }
}
