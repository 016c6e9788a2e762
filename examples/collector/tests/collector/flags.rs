//! The `/flags` endpoint as a client sees it.

#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use serde_json::{Value, json};

use crate::process::{Collector, envelope};

async fn ask(collector: &Collector, request: &Value) -> Value {
    let answer = collector.send("/flags/?v=2", request.to_string()).await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

#[tokio::test]
async fn answers_what_was_set_by_group_and_filter() {
    let collector = Collector::start();
    let request = json!({"token": "t", "distinct_id": "d", "groups": {"team": "42"}, "flag_keys": ["tracking"]});
    assert_eq!(ask(&collector, &request).await["flags"], json!({}));

    let flags = json!({"tracking": {"groups": {"team": ["42"]}}, "other": true});
    collector.order("/flags", json!({"flags": flags, "errorsWhileComputingFlags": true})).await;
    let answer = ask(&collector, &request).await;
    assert_eq!(answer["errorsWhileComputingFlags"], true);
    assert!(answer["requestId"].is_string());
    let expected = json!({"tracking": {
        "key": "tracking", "enabled": true, "variant": null,
        "reason": {"code": "condition_match", "condition_index": 0},
        "metadata": {"id": 1, "version": 1, "description": null, "payload": null, "has_experiment": false},
    }});
    assert_eq!(answer["flags"], expected);

    let without_groups = ask(&collector, &json!({"token": "t", "distinct_id": "d"})).await;
    assert_eq!(without_groups["flags"]["tracking"]["reason"]["code"], "no_group_type");
    assert_eq!(without_groups["flags"]["other"]["enabled"], true);
    assert_eq!(collector.send("/flags/?v=2", "{}").await.unwrap().status(), 401);
    assert_eq!(collector.wait("flagRequests=4").await["requests"], 4);
}

#[tokio::test]
async fn faults_reach_flags_only_by_their_path() {
    let collector = Collector::start();
    let request = json!({"token": "t", "distinct_id": "d"});
    collector.order("/faults", json!({"kind": "status", "status": 500})).await;
    ask(&collector, &request).await;
    collector.order("/faults", json!({"kind": "status", "status": 504, "path": "/flags"})).await;
    assert_eq!(collector.send("/flags", request.to_string()).await.unwrap().status(), 504);
    assert_eq!(collector.send("/e/", envelope("a", 1)).await.unwrap().status(), 500);
    ask(&collector, &request).await;
}
