//! Ingestion: encodings, answers, limits and cross-origin headers.

#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::Method;
use serde_json::{Value, json};

use crate::process::{Collector, envelope};

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn every_route_takes_events_with_and_without_the_slash() {
    let collector = Collector::start();
    let routes = ["/e/", "/e", "/i/v0/e/", "/i/v0/e", "/batch/", "/batch", "/capture/", "/capture"];
    for (number, route) in (1..).zip(routes) {
        let answer = collector.send(route, envelope("booking_started", number)).await.unwrap();
        assert_eq!(answer.status(), 200, "{route}");
        assert_eq!(answer.headers()["content-type"], "application/json");
        assert_eq!(answer.json::<Value>().await.unwrap(), json!({"status": "Ok"}));
    }
    assert_eq!(collector.send("/other/", "{}").await.unwrap().status(), 404);
    let rows = collector.get("/events").await;
    let paths: Vec<_> = rows.as_array().unwrap().iter().map(|row| row["path"].as_str().unwrap()).collect();
    assert_eq!(paths, routes);
}

#[tokio::test]
async fn a_row_shows_what_was_sent_and_counts_its_copies() {
    let collector = Collector::start();
    let body = gzip(&envelope("booking_started", 1));
    assert_eq!(collector.send("/e/?compression=gzip-js", body.clone()).await.unwrap().status(), 200);
    let beacon = collector.send("/e/?compression=gzip-js&beacon=1", body).await.unwrap();
    assert_eq!(beacon.status(), 204);
    assert_eq!(beacon.text().await.unwrap(), "");

    let stats = collector.wait("received=1&copies=2&requests=2").await;
    assert_eq!(stats["copiesPerEvent"], 2.0);
    assert_eq!(stats["funnel"], json!({"attempts": 1, "started": 1, "completed": 0, "failed": 0}));
    let mut row = collector.get("/events").await[0].take();
    assert!(row["receivedAt"].take().is_string());
    let expected = json!({
        "seq": 1, "event": "booking_started", "uuid": "0190b5a0-0000-7000-8000-000000000001",
        "distinctId": "visitor", "timestamp": "2026-01-02T03:04:05.678Z",
        "sentTimestamp": "2026-01-02T03:04:05.678Z", "receivedAt": null, "copies": 2, "token": "phc_test",
        "path": "/e/", "beacon": false, "properties": {"attemptId": "attempt-1"},
    });
    assert_eq!(row, expected);
}

#[tokio::test]
async fn the_request_log_shows_the_decoded_body() {
    let collector = Collector::start();
    let text = envelope("booking_started", 1);
    let body = gzip(&text);
    let bytes = body.len();
    collector.send("/e/?compression=gzip-js", body).await.unwrap();
    let mut logged = collector.get("/requests").await[0].take();
    assert!(logged["at"].take().is_string());
    let expected = json!({
        "seq": 1, "at": null, "method": "POST", "path": "/e/", "query": "compression=gzip-js", "status": 200,
        "fault": null, "events": 1, "bytes": bytes, "contentType": "text/plain", "origin": null, "body": text,
    });
    assert_eq!(logged, expected);
}

#[tokio::test]
async fn refused_bodies_are_counted_and_leave_no_row() {
    let collector = Collector::start();
    let cases = [
        ("not json".to_owned(), 400),
        (r#"{"api_key":"phc_test","batch":[]}"#.to_owned(), 400),
        (r#"{"api_key":"phc_test","batch":[{"event":"a"}]}"#.to_owned(), 400),
        (r#"{"event":"a","distinct_id":"d"}"#.to_owned(), 401),
        (r#"{"api_key":"phx_secret","event":"a","distinct_id":"d"}"#.to_owned(), 401),
    ];
    for (body, status) in cases {
        let answer = collector.send("/e/", body.clone()).await.unwrap();
        assert_eq!(answer.status(), status, "{body}");
        assert!(!answer.text().await.unwrap().is_empty());
    }
    let stats = collector.get("/stats").await;
    assert_eq!((&stats["refusedBodies"], &stats["received"]), (&json!(5), &json!(0)));
}

#[tokio::test]
async fn limits_differ_by_route_and_can_be_lowered() {
    let collector = Collector::start();
    let padded = |size: usize| format!("{}{}", envelope("a", 1), " ".repeat(size));
    let status = async |route: &str, size: usize| collector.send(route, padded(size)).await.unwrap().status().as_u16();
    let mib = 1024 * 1024;
    assert_eq!(status("/e/", 2 * mib).await, 413);
    assert_eq!(status("/batch/", 2 * mib).await, 200);
    assert_eq!(status("/batch/", 20 * mib).await, 413);

    collector.order("/limits", json!({"maxBodyBytes": 1000})).await;
    assert_eq!(status("/e/", 1000).await, 413);
    assert_eq!(status("/e/", 10).await, 200);
    collector.order("/limits", json!({"maxBodyBytes": null})).await;
    assert_eq!(status("/e/", 1000).await, 200);
}

#[tokio::test]
async fn over_the_quota_events_are_dropped_with_a_mark() {
    let collector = Collector::start();
    collector.order("/quota", json!({"limited": ["events"]})).await;
    let answer = collector.send("/e/", envelope("a", 1)).await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap(), json!({"status": "Ok", "quota_limited": ["events"]}));
    assert_eq!(collector.get("/events").await, json!([]));
    collector.order("/quota", json!({"limited": []})).await;
    collector.send("/e/", envelope("a", 1)).await.unwrap();
    collector.wait("received=1").await;
}

#[tokio::test]
async fn preflights_are_answered_counted_and_kept_apart_from_requests() {
    let collector = Collector::start();
    // A fault that waits is not for a preflight.
    collector.order("/faults", json!({"kind": "status", "status": 503})).await;
    let answer = collector
        .client
        .request(Method::OPTIONS, format!("{}/e/", collector.ingest))
        .header("origin", "https://shop.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type,x-custom")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let headers = answer.headers();
    assert_eq!(headers["access-control-allow-origin"], "https://shop.example");
    assert_eq!(headers["access-control-allow-credentials"], "true");
    assert_eq!(headers["access-control-allow-headers"], "content-type,x-custom");
    for method in ["GET", "POST", "OPTIONS"] {
        assert!(headers["access-control-allow-methods"].to_str().unwrap().contains(method));
    }
    assert!(!headers.contains_key("access-control-max-age"));
    let stats = collector.get("/stats").await;
    assert_eq!((&stats["preflights"], &stats["requests"]), (&json!(1), &json!(0)));
}

#[tokio::test]
async fn every_answer_is_open_to_the_origin_that_asked() {
    let collector = Collector::start();
    let status = async |target: &str, body: &'static str| {
        let url = format!("{}{target}", collector.ingest);
        let request = collector.client.post(url).header("origin", "https://shop.example").body(body);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.headers()["access-control-allow-origin"], "https://shop.example", "{target}");
        assert_eq!(answer.headers()["access-control-allow-credentials"], "true", "{target}");
        assert!(!answer.headers().contains_key("access-control-expose-headers"), "{target}");
        answer.status().as_u16()
    };
    assert_eq!(status("/e/", r#"{"token":"t","event":"a","distinct_id":"d"}"#).await, 200);
    assert_eq!(status("/e/", "nonsense").await, 400);
    assert_eq!(status("/flags/?v=2", r#"{"token":"t","distinct_id":"d"}"#).await, 200);
    assert_eq!(status("/nowhere", "").await, 404);
    collector.order("/faults", json!({"kind": "status", "status": 503})).await;
    assert_eq!(status("/e/", "{}").await, 503);
}
