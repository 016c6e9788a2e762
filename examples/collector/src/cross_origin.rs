//! What the ingest port tells browsers of other origins, on preflights and on every answer.

use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_HEADERS, ORIGIN, VARY,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method};

/// PostHog mirrors what it is asked, allows credentials, sets no max-age and exposes no header.
#[derive(Debug)]
pub(crate) struct CrossOrigin {
    origin: Option<HeaderValue>,
    requested_headers: Option<HeaderValue>,
    preflight: bool,
}

impl CrossOrigin {
    pub(crate) fn of(request: &Parts) -> Self {
        Self {
            origin: request.headers.get(ORIGIN).cloned(),
            requested_headers: request.headers.get(ACCESS_CONTROL_REQUEST_HEADERS).cloned(),
            preflight: request.method == Method::OPTIONS,
        }
    }

    pub(crate) fn dress(self, answer: &mut HeaderMap) {
        answer.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        answer.insert(
            VARY,
            HeaderValue::from_static("origin, access-control-request-method, access-control-request-headers"),
        );
        if let Some(origin) = self.origin {
            answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        }
        if !self.preflight {
            return;
        }
        answer.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET,POST,OPTIONS"));
        if let Some(requested) = self.requested_headers {
            answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, requested);
        }
    }
}
