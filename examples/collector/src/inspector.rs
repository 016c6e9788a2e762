//! The inspector page and the live stream of server-sent events that feeds it.

use std::convert::Infallible;

use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::{Stream, StreamExt};

use crate::collector::{Collector, News};

const PAGE: &str = include_str!("inspector/page.html");
const STYLE: &str = include_str!("inspector/style.css");
const SCRIPT: &str = include_str!("inspector/script.js");

/// The page shows what came from the network, so nothing but its own two files may run or be loaded.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'";

pub(crate) async fn page() -> Response {
    let headers = [(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, POLICY)];
    (headers, PAGE).into_response()
}

pub(crate) async fn style() -> Response {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE).into_response()
}

pub(crate) async fn script() -> Response {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], SCRIPT).into_response()
}

pub(crate) fn stream(collector: &Collector) -> Sse<impl Stream<Item = Result<Event, Infallible>> + use<>> {
    let (first, news) = collector.follow();
    let following = BroadcastStream::new(news).map(|news| news.unwrap_or_else(|_| News::lagged()));
    let messages = tokio_stream::once(first).chain(following);
    Sse::new(messages.map(|news| Ok(sent(news)))).keep_alive(KeepAlive::default())
}

fn sent(news: News) -> Event {
    let event = match news.name {
        Some(name) => Event::default().event(name),
        None => Event::default(),
    };
    event.data(news.data)
}
