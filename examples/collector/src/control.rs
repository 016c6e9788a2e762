//! The control port: what tests and the demo ask, script and reset.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, RawQuery, Request, State};
use axum::http::header::{ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::collector::Collector;
use crate::faults::FaultOrder;
use crate::flags::FlagBoard;
use crate::inspector;
use crate::listener::IngestListener;
use crate::pages::{PageReport, REPORT_BYTES_MAX};
use crate::wait::Wait;

#[derive(Clone)]
struct Desk {
    collector: Arc<Collector>,
    ingest: Arc<IngestListener>,
}

/// Why an order is not carried out.
struct Failure(StatusCode, String);

type Outcome = Result<Response, Failure>;

#[derive(Deserialize)]
struct ListenOrder {
    on: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LimitsOrder {
    max_body_bytes: Option<usize>,
}

#[derive(Deserialize)]
struct QuotaOrder {
    limited: Vec<String>,
}

pub(crate) fn router(collector: Arc<Collector>, ingest: Arc<IngestListener>) -> Router {
    Router::new()
        .route("/", get(inspector::page))
        .route("/inspector.css", get(inspector::style))
        .route("/inspector.js", get(inspector::script))
        .route("/stream", get(stream))
        .route("/events", get(events))
        .route("/requests", get(requests))
        .route("/page-stats", get(pages).post(hear_page).layer(DefaultBodyLimit::max(REPORT_BYTES_MAX)))
        .route("/stats", get(stats))
        .route("/wait", get(wait))
        .route("/faults", post(add_fault).delete(clear_faults))
        .route("/listen", post(listen))
        .route("/limits", post(limits))
        .route("/quota", post(quota))
        .route("/flags", post(flags))
        .route("/release", post(release))
        .route("/reset", post(reset))
        .layer(middleware::from_fn(open_to_every_origin))
        .with_state(Desk { collector, ingest })
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"error": self.1}))).into_response()
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }
}

fn nonsense(reason: impl ToString) -> Failure {
    Failure(StatusCode::BAD_REQUEST, reason.to_string())
}

/// Reads an order whatever its content type, so that a page can send it as a simple request.
fn order<T: DeserializeOwned>(body: &Bytes) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(nonsense)
}

fn done() -> Response {
    Json(json!({"ok": true})).into_response()
}

async fn open_to_every_origin(request: Request, next: Next) -> Response {
    let mut answer = match *request.method() {
        Method::OPTIONS => StatusCode::NO_CONTENT.into_response(),
        _ => next.run(request).await,
    };
    for (name, value) in [
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, DELETE, OPTIONS"),
        (ACCESS_CONTROL_ALLOW_HEADERS, "content-type"),
    ] {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}

async fn stream(State(desk): State<Desk>) -> Response {
    inspector::stream(&desk.collector).into_response()
}

async fn events(State(desk): State<Desk>) -> Outcome {
    let rows = desk.collector.book().rows.all()?;
    Ok(Json(rows).into_response())
}

async fn requests(State(desk): State<Desk>) -> Response {
    Json(desk.collector.book().requests.entries()).into_response()
}

async fn pages(State(desk): State<Desk>) -> Response {
    Json(desk.collector.book().pages.pages()).into_response()
}

async fn hear_page(State(desk): State<Desk>, body: Bytes) -> Outcome {
    desk.collector.hear(order::<PageReport>(&body)?);
    Ok(done())
}

async fn stats(State(desk): State<Desk>) -> Response {
    Json(desk.collector.stats()).into_response()
}

async fn wait(State(desk): State<Desk>, RawQuery(query): RawQuery) -> Outcome {
    let wait = Wait::parse(query.as_deref().unwrap_or_default()).map_err(nonsense)?;
    wait.on(&desk.collector).await.map_err(nonsense)
}

async fn add_fault(State(desk): State<Desk>, body: Bytes) -> Outcome {
    let fault: FaultOrder = order(&body)?;
    desk.collector.book().faults.add(fault).map_err(nonsense)?;
    Ok(done())
}

async fn clear_faults(State(desk): State<Desk>) -> Response {
    desk.collector.book().faults.clear();
    done()
}

async fn listen(State(desk): State<Desk>, body: Bytes) -> Outcome {
    if order::<ListenOrder>(&body)?.on {
        desk.ingest.open().await?;
    } else {
        desk.ingest.close().await?;
    }
    Ok(done())
}

async fn limits(State(desk): State<Desk>, body: Bytes) -> Outcome {
    desk.collector.book().max_body_bytes = order::<LimitsOrder>(&body)?.max_body_bytes;
    Ok(done())
}

async fn quota(State(desk): State<Desk>, body: Bytes) -> Outcome {
    desk.collector.book().quota_limited = order::<QuotaOrder>(&body)?.limited;
    Ok(done())
}

async fn flags(State(desk): State<Desk>, body: Bytes) -> Outcome {
    desk.collector.book().flags = order::<FlagBoard>(&body)?;
    Ok(done())
}

async fn release(State(desk): State<Desk>) -> Response {
    desk.collector.release();
    done()
}

async fn reset(State(desk): State<Desk>) -> Outcome {
    desk.collector.reset()?;
    Ok(done())
}
