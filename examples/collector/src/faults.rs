//! Scripted faults: what goes wrong with the next requests, in the order in which it was asked for.

use std::collections::VecDeque;

use axum::http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

/// What a proxy serves that knows nothing of ingestion: the page of its own application.
const APP_PAGE: &str = "<!doctype html><html lang=\"en\"><title>Some app</title><div id=\"root\"></div></html>";

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum Fault {
    /// Answer with this status and store nothing.
    Status { status: u16, retry_after: Option<String>, body: Option<String> },
    /// Answer 200 with an HTML page and store nothing.
    Html,
    /// Answer 302 and store nothing.
    Redirect { location: Option<String> },
    /// Store as usual, then close the connection without an answer.
    Cut,
    /// Store nothing and never answer.
    Hang,
    /// Store as usual and answer after the release.
    Hold,
}

/// The body of `POST /faults`.
#[derive(Debug, Deserialize)]
pub(crate) struct FaultOrder {
    #[serde(flatten)]
    fault: Fault,
    /// How many requests meet it, -1 for all until the faults are cleared.
    #[serde(default = "once")]
    count: i64,
    path: Option<String>,
}

const fn once() -> i64 {
    1
}

impl Fault {
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::Html => "html",
            Self::Redirect { .. } => "redirect",
            Self::Cut => "cut",
            Self::Hang => "hang",
            Self::Hold => "hold",
        }
    }

    /// The answer that takes the place of the collector's own, for the kinds that have one.
    pub(crate) fn answer(&self) -> Option<Response> {
        self.try_answer()
            .map(|answer| answer.unwrap_or_else(|reason| (StatusCode::INTERNAL_SERVER_ERROR, reason).into_response()))
    }

    fn try_answer(&self) -> Option<Result<Response, String>> {
        match self {
            Self::Status { status, retry_after, body } => {
                Some(status_answer(*status, retry_after.as_deref(), body.as_deref()))
            }
            Self::Html => Some(Ok(Html(APP_PAGE).into_response())),
            Self::Redirect { location } => Some(redirect(location.as_deref().unwrap_or("/moved"))),
            Self::Cut | Self::Hang | Self::Hold => None,
        }
    }
}

fn status_answer(status: u16, retry_after: Option<&str>, body: Option<&str>) -> Result<Response, String> {
    let code = StatusCode::from_u16(status)
        .ok()
        .filter(|code| !code.is_informational())
        .ok_or_else(|| format!("status {status} is no final status"))?;
    let body = body.unwrap_or("scripted fault");
    let mut answer = (code, body.to_owned()).into_response();
    if body.starts_with(['{', '[']) {
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    if let Some(retry_after) = retry_after {
        answer.headers_mut().insert(RETRY_AFTER, header_value(retry_after)?);
    }
    Ok(answer)
}

fn redirect(location: &str) -> Result<Response, String> {
    Ok((StatusCode::FOUND, [(LOCATION, header_value(location)?)]).into_response())
}

fn header_value(text: &str) -> Result<HeaderValue, String> {
    HeaderValue::from_str(text).map_err(|_| format!("{text:?} is no header value"))
}

#[derive(Debug)]
struct Queued {
    fault: Fault,
    /// None: until the faults are cleared.
    left: Option<u64>,
    path: Option<String>,
}

#[derive(Debug, Default)]
pub(crate) struct FaultQueue {
    queue: VecDeque<Queued>,
}

impl FaultQueue {
    /// Queues a fault behind those there are. The error says what in the order makes no sense.
    pub(crate) fn add(&mut self, order: FaultOrder) -> Result<(), String> {
        if let Some(answer) = order.fault.try_answer() {
            answer?;
        }
        let left = match order.count {
            -1 => None,
            count if count > 0 => Some(count.unsigned_abs()),
            count => return Err(format!("count {count} is neither positive nor -1")),
        };
        self.queue.push_back(Queued { fault: order.fault, left, path: order.path });
        Ok(())
    }

    /// Takes the first fault meant for this request. Without a path of its own, a fault is meant for capture routes.
    pub(crate) fn take(&mut self, path: &str, captures: bool) -> Option<Fault> {
        let meant = |queued: &Queued| match &queued.path {
            Some(prefix) => path.starts_with(prefix.as_str()),
            None => captures,
        };
        let index = self.queue.iter().position(meant)?;
        let queued = self.queue.get_mut(index)?;
        let fault = queued.fault.clone();
        if let Some(left) = &mut queued.left {
            *left -= 1;
            if *left == 0 {
                self.queue.remove(index);
            }
        }
        Some(fault)
    }

    pub(crate) fn clear(&mut self) {
        self.queue.clear();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]

    use serde_json::{Value, json};

    use super::*;

    fn add(queue: &mut FaultQueue, order: Value) -> Result<(), String> {
        queue.add(serde_json::from_value(order).unwrap())
    }

    fn kinds(queue: &mut FaultQueue, path: &str, captures: bool, requests: usize) -> Vec<&'static str> {
        (0..requests).map(|_| queue.take(path, captures).map_or("none", |fault| fault.kind())).collect()
    }

    #[test]
    fn first_in_first_out_with_counts() {
        let mut queue = FaultQueue::default();
        add(&mut queue, json!({"kind": "status", "status": 503, "retryAfter": "2", "count": 2})).unwrap();
        add(&mut queue, json!({"kind": "cut"})).unwrap();
        assert_eq!(kinds(&mut queue, "/e/", true, 4), ["status", "status", "cut", "none"]);
    }

    #[test]
    fn minus_one_lasts_until_cleared() {
        let mut queue = FaultQueue::default();
        add(&mut queue, json!({"kind": "html", "count": -1})).unwrap();
        assert_eq!(kinds(&mut queue, "/e/", true, 3), ["html"; 3]);
        queue.clear();
        assert_eq!(kinds(&mut queue, "/e/", true, 1), ["none"]);
    }

    #[test]
    fn paths_choose_and_capture_is_the_default() {
        let mut queue = FaultQueue::default();
        add(&mut queue, json!({"kind": "hang", "path": "/flags"})).unwrap();
        add(&mut queue, json!({"kind": "hold"})).unwrap();
        assert_eq!(kinds(&mut queue, "/e/", true, 2), ["hold", "none"]);
        assert_eq!(kinds(&mut queue, "/flags/", false, 2), ["hang", "none"]);
    }

    #[test]
    fn refuses_orders_that_make_no_sense() {
        let mut queue = FaultQueue::default();
        for order in [
            json!({"kind": "status", "status": 100}),
            json!({"kind": "status", "status": 1000}),
            json!({"kind": "status", "status": 503, "retryAfter": "2\n"}),
            json!({"kind": "redirect", "location": "\u{1}"}),
            json!({"kind": "cut", "count": 0}),
            json!({"kind": "cut", "count": -2}),
        ] {
            assert!(add(&mut queue, order.clone()).is_err(), "{order}");
        }
        assert!(queue.queue.is_empty());
    }
}
