//! One request and what becomes of it: routing, faults, validation, storage and the answer, all in one step.

use std::path::Path;

use axum::Json;
use axum::body::Bytes;
use axum::http::{Method, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use serde_json::json;

use crate::body::EncodedBody;
use crate::event::Batch;
use crate::faults::{Fault, FaultQueue};
use crate::flags::FlagBoard;
use crate::moment::Moment;
use crate::pages::PageBoard;
use crate::refusal::Refusal;
use crate::requests::{LoggedRequest, RequestLog};
use crate::rows::{Reception, Row, Rows};
use crate::shape::Shape;
use crate::tally::Tally;

const MIB: usize = 1024 * 1024;
const SENT_AT_EARLIEST: Moment = Moment::from_millis(1_577_836_800_000); // 2020-01-01
const MOVED_PAGE: &str = "<!doctype html><html lang=\"en\"><title>Moved</title><p>Nothing is stored here.</html>";

/// A request to the ingest port, read whole.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) at: Moment,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) content_type: Option<String>,
    pub(crate) origin: Option<String>,
    pub(crate) bytes: Bytes,
}

/// How the connection is to go on.
#[derive(Debug)]
pub(crate) enum Verdict {
    Answer(Response),
    Cut,
    Hang,
    /// The answer waits for the release. The number is that of the logged request.
    Hold(Response, u64),
}

/// Everything the collector keeps. Whoever holds it decides a request alone and at once.
#[derive(Debug)]
pub(crate) struct Book {
    pub(crate) rows: Rows,
    pub(crate) tally: Tally,
    pub(crate) requests: RequestLog,
    pub(crate) faults: FaultQueue,
    pub(crate) flags: FlagBoard,
    pub(crate) pages: PageBoard,
    pub(crate) max_body_bytes: Option<usize>,
    pub(crate) quota_limited: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
    Capture { limit: usize },
    Flags,
    Moved,
    Unknown,
}

impl Route {
    fn of(path: &str) -> Self {
        match path.strip_suffix('/').unwrap_or(path) {
            "/e" | "/i/v0/e" | "/capture" => Self::Capture { limit: 2 * MIB },
            "/batch" => Self::Capture { limit: 20 * MIB },
            "/flags" => Self::Flags,
            "/moved" => Self::Moved,
            _ => Self::Unknown,
        }
    }

    const fn limit(self) -> usize {
        match self {
            Self::Capture { limit } => limit,
            Self::Flags | Self::Moved | Self::Unknown => 2 * MIB,
        }
    }

    const fn captures(self) -> bool {
        matches!(self, Self::Capture { .. })
    }
}

impl Arrival {
    fn parameter(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    fn is_beacon(&self) -> bool {
        self.parameter("beacon").as_deref() == Some("1")
    }

    /// The send time in the query, in milliseconds. PostHog ignores one that would be before 2020.
    fn sent_at(&self) -> Option<Moment> {
        let text = self.parameter("sent_at").or_else(|| self.parameter("_"))?;
        let sent_at = Moment::from_millis(text.parse().ok()?);
        (sent_at >= SENT_AT_EARLIEST).then_some(sent_at)
    }

    fn decode(&self, limit: usize) -> Result<String, Refusal> {
        EncodedBody {
            bytes: &self.bytes,
            content_type: self.content_type.as_deref().unwrap_or_default(),
            compression: self.parameter("compression").as_deref(),
            limit,
        }
        .decode()
    }
}

/// A body as far as it could be read, for the log and for storing.
struct Reading {
    text: Result<String, Refusal>,
    shape: Result<Shape, Refusal>,
}

impl Reading {
    fn of(arrival: &Arrival, limit: usize) -> Self {
        let text = arrival.decode(limit);
        let shape = text.as_deref().map_err(Clone::clone).and_then(Shape::read);
        Self { text, shape }
    }
}

impl Book {
    pub(crate) fn open(file: Option<&Path>) -> rusqlite::Result<Self> {
        let rows = Rows::open(file)?;
        let tally = Tally::of(&rows.all()?);
        Ok(Self {
            rows,
            tally,
            requests: RequestLog::default(),
            faults: FaultQueue::default(),
            flags: FlagBoard::default(),
            pages: PageBoard::default(),
            max_body_bytes: None,
            quota_limited: Vec::new(),
        })
    }

    pub(crate) fn reset(&mut self) -> rusqlite::Result<()> {
        self.rows.clear()?;
        self.tally = Tally::default();
        self.requests.clear();
        self.faults.clear();
        self.flags = FlagBoard::default();
        self.pages.clear();
        self.max_body_bytes = None;
        self.quota_limited.clear();
        Ok(())
    }

    /// Decides one request and returns the rows that it made or counted up.
    pub(crate) fn exchange(&mut self, arrival: &Arrival) -> (Verdict, Vec<Row>) {
        let route = Route::of(&arrival.path);
        let fault = match arrival.method {
            Method::POST => self.faults.take(&arrival.path, route.captures()),
            _ => None,
        };
        let limit = self.max_body_bytes.map_or(route.limit(), |bytes| bytes.min(route.limit()));
        let reading = Reading::of(arrival, limit);
        let mut entry = logged(arrival, route, &reading, fault.as_ref());
        self.count(&arrival.method, route, fault.is_some());

        let (answer, rows) = match (&fault, fault.as_ref().and_then(Fault::answer)) {
            (_, Some(instead)) => (instead, Vec::new()),
            (Some(Fault::Hang), None) => return (self.log_hang(entry), Vec::new()),
            _ => self.process(route, arrival, reading),
        };
        let verdict = match fault {
            Some(Fault::Cut) => {
                self.requests.append(entry);
                Verdict::Cut
            }
            Some(Fault::Hold) => Verdict::Hold(answer, self.requests.append(entry)),
            _ => {
                entry.status = Some(answer.status().as_u16());
                self.requests.append(entry);
                Verdict::Answer(answer)
            }
        };
        (verdict, rows)
    }

    fn log_hang(&mut self, entry: LoggedRequest) -> Verdict {
        self.requests.append(entry);
        Verdict::Hang
    }

    fn count(&mut self, method: &Method, route: Route, faulty: bool) {
        if method == Method::OPTIONS {
            self.tally.preflights += 1;
            return;
        }
        self.tally.requests += 1;
        self.tally.flag_requests += u64::from(route == Route::Flags);
        self.tally.faults_met += u64::from(faulty);
    }

    fn process(&mut self, route: Route, arrival: &Arrival, reading: Reading) -> (Response, Vec<Row>) {
        if arrival.method == Method::OPTIONS {
            return (StatusCode::OK.into_response(), Vec::new());
        }
        let outcome = match route {
            Route::Moved => return (Html(MOVED_PAGE).into_response(), Vec::new()),
            Route::Unknown => return (StatusCode::NOT_FOUND.into_response(), Vec::new()),
            _ if arrival.method != Method::POST => {
                return ((StatusCode::BAD_REQUEST, "only POST is read here").into_response(), Vec::new());
            }
            Route::Capture { .. } => self.capture(arrival, reading),
            Route::Flags => reading
                .text
                .and_then(|text| self.flags.answer(&text))
                .map(|answer| (Json(answer).into_response(), Vec::new())),
        };
        outcome.unwrap_or_else(|refusal| {
            self.tally.refused_bodies += 1;
            ((refusal.status(), refusal.to_string()).into_response(), Vec::new())
        })
    }

    fn capture(&mut self, arrival: &Arrival, reading: Reading) -> Result<(Response, Vec<Row>), Refusal> {
        let shape = reading.shape?;
        let reception = Reception {
            at: arrival.at,
            sent_at: shape.sent_at.or_else(|| arrival.sent_at()),
            path: &arrival.path,
            beacon: arrival.is_beacon(),
        };
        let batch = Batch::validate(shape)?;
        let mut rows = Vec::new();
        // Over its quota PostHog drops the events and answers as if nothing were wrong.
        if !self.quota_limited.iter().any(|resource| resource == "events") {
            rows = self.rows.store(&batch, &reception).map_err(|error| Refusal::Storage(error.to_string()))?;
        }
        for row in &rows {
            self.tally.add_copy(row);
        }
        Ok((self.success(reception.beacon), rows))
    }

    fn success(&self, beacon: bool) -> Response {
        if beacon {
            return StatusCode::NO_CONTENT.into_response();
        }
        let mut answer = json!({"status": "Ok"});
        if !self.quota_limited.is_empty() {
            answer["quota_limited"] = json!(self.quota_limited);
        }
        Json(answer).into_response()
    }
}

fn logged(arrival: &Arrival, route: Route, reading: &Reading, fault: Option<&Fault>) -> LoggedRequest {
    let events = match &reading.shape {
        Ok(shape) if route.captures() => shape.events.len(),
        _ => 0,
    };
    let undecoded = || String::from_utf8_lossy(&arrival.bytes).into_owned();
    LoggedRequest {
        seq: 0,
        at: arrival.at,
        method: arrival.method.to_string(),
        path: arrival.path.clone(),
        query: arrival.query.clone(),
        status: None,
        fault: fault.map(Fault::kind),
        events,
        bytes: arrival.bytes.len(),
        content_type: arrival.content_type.clone(),
        origin: arrival.origin.clone(),
        body: reading.text.as_ref().map_or_else(|_| undecoded(), Clone::clone),
    }
}
