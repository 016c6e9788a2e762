//! A running collector and the requests that every test sends to it.

#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use reqwest::{Client, Response};
use serde_json::{Value, json};

pub(crate) struct Collector {
    pub(crate) child: Child,
    pub(crate) ingest: String,
    pub(crate) control: String,
    pub(crate) client: Client,
}

impl Collector {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        let mut child =
            Command::new(env!("CARGO_BIN_EXE_collector")).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let addresses: Value = serde_json::from_str(&line).unwrap();
        let address = |name: &str| addresses[name].as_str().unwrap().to_owned();
        Self {
            child,
            ingest: address("ingest"),
            control: address("control"),
            // Without a pool every request has a connection of its own, and none is repeated behind the test's back.
            client: Client::builder()
                .pool_max_idle_per_host(0)
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap(),
        }
    }

    pub(crate) async fn send(&self, target: &str, body: impl Into<reqwest::Body>) -> reqwest::Result<Response> {
        let url = format!("{}{target}", self.ingest);
        self.client.post(url).header("content-type", "text/plain").body(body).send().await
    }

    pub(crate) async fn get(&self, target: &str) -> Value {
        let answer = self.client.get(format!("{}{target}", self.control)).send().await.unwrap();
        answer.json().await.unwrap()
    }

    pub(crate) async fn order(&self, target: &str, order: Value) {
        let answer = self.client.post(format!("{}{target}", self.control)).json(&order).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{target} {order}");
    }

    /// Waits for counts and fails where they are not reached.
    pub(crate) async fn wait(&self, conditions: &str) -> Value {
        let answer = self.get(&format!("/wait?limitMs=20000&{conditions}")).await;
        assert_eq!(answer["ok"], true, "{conditions}: {answer}");
        answer
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        // A collector that a test has ended already cannot be killed again.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An envelope with one event whose uuid ends in this number.
pub(crate) fn envelope(event: &str, number: u32) -> String {
    json!({
        "api_key": "phc_test",
        "batch": [{
            "event": event,
            "uuid": format!("0190b5a0-0000-7000-8000-{number:012}"),
            "distinct_id": "visitor",
            "timestamp": "2026-01-02T03:04:05.678Z",
            "properties": {"attemptId": "attempt-1"},
        }],
    })
    .to_string()
}
