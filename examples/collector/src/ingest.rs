//! The ingest port's service: reads a request whole, lets the collector decide it, and delivers the verdict.

use std::fmt;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{CONTENT_TYPE, HeaderName, ORIGIN};
use axum::http::request::Parts;
use axum::response::Response;
use hyper::Request;
use hyper::body::Incoming;

use crate::collector::{Collector, Delivery};
use crate::cross_origin::CrossOrigin;
use crate::exchange::{Arrival, Verdict};
use crate::moment::Moment;

/// Above every route's limit, so that a body over the limit is still read to its end: a client that is cut short
/// while it uploads sees a network error instead of the 413.
const READ_LIMIT: usize = 64 * 1024 * 1024;

/// The error that makes hyper close a connection without an answer.
#[derive(Debug)]
pub(crate) struct ConnectionCut;

impl fmt::Display for ConnectionCut {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the connection is closed without an answer")
    }
}

impl std::error::Error for ConnectionCut {}

/// Answers one request, or cuts its connection.
pub(crate) async fn answer(collector: &Collector, request: Request<Incoming>) -> Result<Response, ConnectionCut> {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(Body::new(body), READ_LIMIT).await.map_err(|_| ConnectionCut)?;
    let delivery = collector.receive(&arrival(&parts, bytes));
    let mut answer = deliver(collector, delivery).await?;
    CrossOrigin::of(&parts).dress(answer.headers_mut());
    Ok(answer)
}

fn arrival(parts: &Parts, bytes: Bytes) -> Arrival {
    let header = |name: HeaderName| parts.headers.get(name)?.to_str().ok().map(ToOwned::to_owned);
    Arrival {
        at: Moment::now(),
        method: parts.method.clone(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        content_type: header(CONTENT_TYPE),
        origin: header(ORIGIN),
        bytes,
    }
}

/// Waits for what the verdict asks for. A client that leaves in between ends the wait, since hyper drops this future.
async fn deliver(collector: &Collector, delivery: Delivery) -> Result<Response, ConnectionCut> {
    let verdict = match delivery {
        Delivery::Now(verdict) => verdict,
        Delivery::AfterReset(mut reset) => {
            // A closed channel means that the collector is gone, which ends the wait as well.
            let _ = reset.changed().await;
            Verdict::Cut
        }
        Delivery::AfterRelease(verdict, mut released) => {
            let _ = released.changed().await;
            verdict
        }
    };
    match verdict {
        Verdict::Answer(answer) => Ok(answer),
        Verdict::Hold(answer, seq) => {
            collector.answered(seq, answer.status().as_u16());
            Ok(answer)
        }
        Verdict::Cut | Verdict::Hang => Err(ConnectionCut),
    }
}
