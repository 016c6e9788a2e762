//! Every kind of scripted fault, seen from the client and in what was stored.

#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use serde_json::{Value, json};

use crate::process::{Collector, envelope};

/// Status and fault of every logged request.
async fn log(collector: &Collector) -> Vec<(Value, Value)> {
    let requests = collector.get("/requests").await;
    let entry = |request: &Value| (request["status"].clone(), request["fault"].clone());
    requests.as_array().unwrap().iter().map(entry).collect()
}

#[tokio::test]
async fn status_stores_nothing_and_carries_retry_after() {
    let collector = Collector::start();
    let fault = json!({"kind": "status", "status": 429, "retryAfter": "2", "body": "slow down", "count": 2});
    collector.order("/faults", fault).await;
    for _ in 0..2 {
        let answer = collector.send("/e/", envelope("a", 1)).await.unwrap();
        assert_eq!(answer.status(), 429);
        assert_eq!(answer.headers()["retry-after"], "2");
        assert_eq!(answer.text().await.unwrap(), "slow down");
    }
    assert_eq!(collector.send("/e/", envelope("a", 1)).await.unwrap().status(), 200);
    let stats = collector.get("/stats").await;
    assert_eq!((&stats["copies"], &stats["faultsMet"], &stats["refusedBodies"]), (&json!(1), &json!(2), &json!(0)));
    let faulty = (json!(429), json!("status"));
    assert_eq!(log(&collector).await, [faulty.clone(), faulty, (json!(200), Value::Null)]);
    assert_eq!(collector.get("/requests").await[0]["events"], 1);
}

#[tokio::test]
async fn html_is_a_200_that_stores_nothing() {
    let collector = Collector::start();
    collector.order("/faults", json!({"kind": "html"})).await;
    let answer = collector.send("/e/", envelope("a", 1)).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(answer.text().await.unwrap().starts_with("<!doctype html>"));
    assert_eq!(collector.get("/events").await, json!([]));
}

#[tokio::test]
async fn redirect_leads_to_a_page_that_stores_nothing() {
    let collector = Collector::start();
    collector.order("/faults", json!({"kind": "redirect"})).await;
    let answer = collector.send("/e/", envelope("a", 1)).await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["location"]), (302, &"/moved".parse().unwrap()));
    let moved = collector.client.get(format!("{}/moved", collector.ingest)).send().await.unwrap();
    assert_eq!(moved.status(), 200);

    collector.order("/faults", json!({"kind": "redirect", "location": "/elsewhere"})).await;
    let answer = collector.send("/e/", envelope("a", 1)).await.unwrap();
    assert_eq!(answer.headers()["location"], "/elsewhere");
    assert_eq!(collector.get("/events").await, json!([]));
}

#[tokio::test]
async fn cut_stores_and_closes_without_an_answer() {
    let collector = Collector::start();
    collector.order("/faults", json!({"kind": "cut"})).await;
    assert!(collector.send("/e/", envelope("a", 1)).await.is_err());
    let stats = collector.wait("received=1").await;
    assert_eq!(stats["requests"], 1);
    assert_eq!(log(&collector).await, [(Value::Null, json!("cut"))]);
    collector.send("/e/", envelope("a", 1)).await.unwrap();
    assert_eq!(collector.wait("copies=2").await["received"], 1);
}

#[tokio::test]
async fn hang_stores_nothing_and_ends_with_the_reset() {
    let collector = Collector::start();
    collector.order("/faults", json!({"kind": "hang"})).await;
    let hanging = collector.send("/e/", envelope("a", 1));
    let watching = async {
        collector.wait("requests=1").await;
        assert_eq!(log(&collector).await, [(Value::Null, json!("hang"))]);
        assert_eq!(collector.get("/events").await, json!([]));
        collector.order("/reset", json!({})).await;
    };
    let (answer, ()) = tokio::join!(hanging, watching);
    assert!(answer.is_err());
}

#[tokio::test]
async fn hold_stores_at_once_and_answers_after_the_release() {
    let collector = Collector::start();
    collector.order("/faults", json!({"kind": "hold"})).await;
    let held = collector.send("/e/", envelope("a", 1));
    let watching = async {
        collector.wait("received=1").await;
        assert_eq!(log(&collector).await, [(Value::Null, json!("hold"))]);
        collector.order("/release", json!({})).await;
    };
    let (answer, ()) = tokio::join!(held, watching);
    assert_eq!(answer.unwrap().status(), 200);
    assert_eq!(log(&collector).await, [(json!(200), json!("hold"))]);
}

#[tokio::test]
async fn reset_lets_held_answers_go() {
    let collector = Collector::start();
    collector.order("/faults", json!({"kind": "hold"})).await;
    let held = collector.send("/e/", envelope("a", 1));
    let resetting = async {
        collector.wait("received=1").await;
        collector.order("/reset", json!({})).await;
    };
    let (answer, ()) = tokio::join!(held, resetting);
    assert_eq!(answer.unwrap().status(), 200);
    assert_eq!(log(&collector).await, []);
}

#[tokio::test]
async fn faults_wait_in_line_and_can_be_cleared() {
    let collector = Collector::start();
    collector.order("/faults", json!({"kind": "status", "status": 500})).await;
    collector.order("/faults", json!({"kind": "status", "status": 503, "count": -1})).await;
    for status in [500, 503, 503] {
        assert_eq!(collector.send("/e/", envelope("a", 1)).await.unwrap().status(), status);
    }
    collector.client.delete(format!("{}/faults", collector.control)).send().await.unwrap();
    assert_eq!(collector.send("/e/", envelope("a", 1)).await.unwrap().status(), 200);
}
