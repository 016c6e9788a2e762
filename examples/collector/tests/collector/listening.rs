//! Refusing connections and listening again on the same port.

#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use serde_json::json;

use crate::process::{Collector, envelope};

#[tokio::test]
async fn refuses_while_off_and_listens_again_on_the_same_port() {
    let collector = Collector::start();
    collector.send("/e/", envelope("a", 1)).await.unwrap();
    collector.order("/listen", json!({"on": false})).await;
    // Off twice is off.
    collector.order("/listen", json!({"on": false})).await;
    assert!(collector.send("/e/", envelope("a", 2)).await.unwrap_err().is_connect());

    collector.order("/listen", json!({"on": true})).await;
    collector.order("/listen", json!({"on": true})).await;
    assert_eq!(collector.send("/e/", envelope("a", 2)).await.unwrap().status(), 200);
    assert_eq!(collector.wait("received=2").await["requests"], 2);
}

#[tokio::test]
async fn open_connections_are_cut_off() {
    let collector = Collector::start();
    collector.order("/faults", json!({"kind": "hang"})).await;
    let hanging = collector.send("/e/", envelope("a", 1));
    let closing = async {
        collector.wait("requests=1").await;
        collector.order("/listen", json!({"on": false})).await;
    };
    let (answer, ()) = tokio::join!(hanging, closing);
    assert!(answer.is_err());
}

#[tokio::test]
async fn idle_connections_are_cut_off() {
    let collector = Collector::start();
    let pooled = reqwest::Client::new();
    let url = format!("{}/e/", collector.ingest);
    pooled.post(&url).body(envelope("a", 1)).send().await.unwrap().bytes().await.unwrap();
    collector.order("/listen", json!({"on": false})).await;
    assert!(pooled.post(&url).body(envelope("a", 2)).send().await.is_err());
    assert_eq!(collector.get("/stats").await["requests"], 1);
}
