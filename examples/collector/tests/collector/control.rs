//! The control port: waiting, resetting, the live stream, the page, the file and the end of the process.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test may panic")]

use std::process::Command;

use serde_json::{Value, json};

use crate::process::{Collector, envelope};

#[tokio::test]
async fn wait_answers_as_soon_as_every_count_is_reached() {
    let collector = Collector::start();
    let sending = async {
        for number in 1..=3 {
            collector.send("/e/", envelope("a", number)).await.unwrap();
        }
    };
    let (stats, ()) = tokio::join!(collector.wait("received=3&requests=3&copies=3"), sending);
    assert_eq!(stats["names"], json!({"a": 3}));
}

#[tokio::test]
async fn wait_gives_up_at_its_limit_and_refuses_what_is_not_counted() {
    let collector = Collector::start();
    let wait = async |query: &str| {
        let answer = collector.client.get(format!("{}/wait?{query}", collector.control)).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let (status, answer) = wait("received=1&limitMs=30").await;
    assert_eq!((status, &answer["ok"], &answer["received"]), (408, &json!(false), &json!(0)));
    assert_eq!(wait("recieved=1").await.0, 400);
}

#[tokio::test]
async fn reset_forgets_everything_that_was_sent_and_set() {
    let collector = Collector::start();
    collector.send("/e/", envelope("a", 1)).await.unwrap();
    collector.order("/limits", json!({"maxBodyBytes": 1})).await;
    collector.order("/quota", json!({"limited": ["events"]})).await;
    collector.order("/flags", json!({"flags": {"f": true}})).await;
    collector.order("/faults", json!({"kind": "cut", "count": -1})).await;
    collector.order("/reset", json!({})).await;
    assert_eq!(collector.get("/events").await, json!([]));
    assert_eq!(collector.get("/requests").await, json!([]));

    let answer = collector.send("/e/", envelope("a", 1)).await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap(), json!({"status": "Ok"}));
    let flags = collector.send("/flags/", r#"{"token":"t","distinct_id":"d"}"#).await.unwrap();
    assert_eq!(flags.json::<Value>().await.unwrap()["flags"], json!({}));
    assert_eq!(collector.wait("received=1").await["copies"], 1);
}

#[tokio::test]
async fn the_stream_tells_of_rows_copies_and_resets() {
    let collector = Collector::start();
    let mut stream = collector.client.get(format!("{}/stream", collector.control)).send().await.unwrap();
    assert!(stream.headers()["content-type"].to_str().unwrap().starts_with("text/event-stream"));
    assert_eq!(stream.headers()["access-control-allow-origin"], "*");
    collector.send("/e/", envelope("a", 1)).await.unwrap();
    collector.send("/e/", envelope("a", 1)).await.unwrap();
    collector.order("/reset", json!({})).await;

    let mut text = String::new();
    while !text.contains("event: reset") {
        let Some(chunk) = stream.chunk().await.unwrap() else { panic!("the stream ended: {text}") };
        text.push_str(&String::from_utf8_lossy(&chunk));
    }
    let rows: Vec<_> = text.split("\n\n").filter(|message| message.starts_with("data: ")).collect();
    assert_eq!(rows.len(), 2);
    for (row, copies) in rows.iter().zip([1, 2]) {
        let row: Value = serde_json::from_str(row.trim_start_matches("data: ")).unwrap();
        assert_eq!((&row["event"], &row["copies"]), (&json!("a"), &json!(copies)));
    }
    // One for the start and one for each copy; that of the reset may be there already.
    let before_reset = text.split("event: reset").next().unwrap();
    assert_eq!(before_reset.matches("event: stats").count(), 3);
}

#[tokio::test]
async fn pages_tell_what_they_hold_and_drop() {
    let collector = Collector::start();
    let mut stream = collector.client.get(format!("{}/stream", collector.control)).send().await.unwrap();
    let report = |number: u64, held: u64| {
        let dropped = json!({"gate_shut": 2, "expired": 0});
        let stats = json!({"captured": 3, "confirmed": 0, "waiting": held, "held": held, "dropped": dropped,
            "teams": {"42": "unknown"}});
        json!({"page": "p", "number": number, "path": "/", "team": "42", "stats": stats}).to_string()
    };
    // As a page sends it: a simple request to another origin.
    for (number, held) in [(2, 1), (1, 9)] {
        let url = format!("{}/page-stats", collector.control);
        let answer = collector.client.post(url).header("content-type", "text/plain").body(report(number, held));
        let answer = answer.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["access-control-allow-origin"], "*");
    }
    let pages = collector.get("/page-stats").await;
    assert_eq!(pages.as_array().unwrap().len(), 1);
    assert_eq!(
        (&pages[0]["held"], &pages[0]["gate"], &pages[0]["hasLeft"]),
        (&json!(1), &json!("unknown"), &json!(false))
    );
    assert_eq!(pages[0]["dropped"], json!({"gate_shut": 2}));

    let long = "x".repeat(20_000);
    let too_long = collector.client.post(format!("{}/page-stats", collector.control)).body(long).send().await.unwrap();
    assert_eq!(too_long.status(), 413);
    collector.order("/reset", json!({})).await;
    assert_eq!(collector.get("/page-stats").await, json!([]));

    let mut text = String::new();
    while !text.contains("event: reset") {
        let Some(chunk) = stream.chunk().await.unwrap() else { panic!("the stream ended: {text}") };
        text.push_str(&String::from_utf8_lossy(&chunk));
    }
    assert_eq!(text.matches("event: pages").count(), 1);
}

#[tokio::test]
async fn the_page_and_its_files_are_served() {
    let collector = Collector::start();
    for (target, content_type) in
        [("/", "text/html"), ("/inspector.css", "text/css"), ("/inspector.js", "text/javascript")]
    {
        let answer = collector.client.get(format!("{}{target}", collector.control)).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with(content_type));
    }
}

#[tokio::test]
async fn orders_that_make_no_sense_are_refused() {
    let collector = Collector::start();
    for (target, order) in [
        ("/faults", json!({"kind": "flood"})),
        ("/faults", json!({"kind": "status"})),
        ("/listen", json!({})),
        ("/flags", json!({"flags": {"f": {"enabeld": true}}})),
        ("/page-stats", json!({"page": "p"})),
    ] {
        let answer = collector.client.post(format!("{}{target}", collector.control)).json(&order).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{target} {order}");
        assert!(answer.json::<Value>().await.unwrap()["error"].is_string());
    }
}

#[tokio::test]
async fn rows_in_a_file_outlive_the_process() {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("rows-{}.db", std::process::id()));
    let path = file.to_str().unwrap();
    let first = Collector::start_with(&["--db", path]);
    first.send("/e/", envelope("booking_started", 1)).await.unwrap();
    drop(first);
    let second = Collector::start_with(&["--db", path]);
    second.send("/e/", envelope("booking_started", 1)).await.unwrap();
    let stats = second.get("/stats").await;
    assert_eq!((&stats["received"], &stats["copies"]), (&json!(1), &json!(2)));
    drop(second);
    std::fs::remove_file(file).unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn a_signal_ends_the_process_in_order() {
    for signal in ["-INT", "-TERM"] {
        let mut collector = Collector::start();
        // A stream that is open must not keep the process alive.
        let stream = collector.client.get(format!("{}/stream", collector.control)).send().await.unwrap();
        let sent = Command::new("kill").args([signal, &collector.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        assert_eq!(collector.child.wait().unwrap().code(), Some(0), "{signal}");
        drop(stream);
    }
}
