//! The counts: events, copies, requests and the booking funnel, kept up to date as things arrive.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;
use serde_json::Value;

use crate::rows::Row;

#[derive(Debug, Default)]
pub(crate) struct Tally {
    received: u64,
    copies: u64,
    pub(crate) requests: u64,
    pub(crate) flag_requests: u64,
    pub(crate) preflights: u64,
    pub(crate) refused_bodies: u64,
    pub(crate) faults_met: u64,
    names: BTreeMap<String, u64>,
    attempts: HashSet<String>,
    started: HashSet<String>,
    completed: HashSet<String>,
    failed: HashSet<String>,
}

/// The answer of `GET /stats`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Stats {
    received: u64,
    copies: u64,
    copies_per_event: f64,
    requests: u64,
    flag_requests: u64,
    preflights: u64,
    refused_bodies: u64,
    faults_met: u64,
    names: BTreeMap<String, u64>,
    funnel: Funnel,
}

/// Distinct attempts at a booking, by the events they reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Funnel {
    attempts: usize,
    started: usize,
    completed: usize,
    failed: usize,
}

impl Tally {
    /// The counts of rows that an earlier run left in a file.
    pub(crate) fn of(rows: &[Row]) -> Self {
        let mut tally = Self::default();
        for row in rows {
            tally.add_event(row);
            tally.copies += row.copies;
        }
        tally
    }

    /// Counts one copy that was stored as this row.
    pub(crate) fn add_copy(&mut self, row: &Row) {
        if row.copies == 1 {
            self.add_event(row);
        }
        self.copies += 1;
    }

    fn add_event(&mut self, row: &Row) {
        self.received += 1;
        *self.names.entry(row.event.clone()).or_default() += 1;
        let stage = match row.event.as_str() {
            "booking_started" => &mut self.started,
            "booking_completed" => &mut self.completed,
            "booking_failed" => &mut self.failed,
            _ => return,
        };
        let attempt = match row.properties.get("attemptId") {
            None | Some(Value::Null) => row.uuid.clone(),
            Some(Value::String(id)) => id.clone(),
            Some(other) => other.to_string(),
        };
        stage.insert(attempt.clone());
        self.attempts.insert(attempt);
    }

    pub(crate) fn stats(&self) -> Stats {
        Stats {
            received: self.received,
            copies: self.copies,
            copies_per_event: self.copies_per_event(),
            requests: self.requests,
            flag_requests: self.flag_requests,
            preflights: self.preflights,
            refused_bodies: self.refused_bodies,
            faults_met: self.faults_met,
            names: self.names.clone(),
            funnel: Funnel {
                attempts: self.attempts.len(),
                started: self.started.len(),
                completed: self.completed.len(),
                failed: self.failed.len(),
            },
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    fn copies_per_event(&self) -> f64 {
        if self.received == 0 {
            return 0.0;
        }
        self.copies as f64 / self.received as f64
    }
}

impl Stats {
    /// The count of that name, for those a client may wait on.
    pub(crate) fn count(&self, name: &str) -> Option<u64> {
        match name {
            "received" => Some(self.received),
            "copies" => Some(self.copies),
            "requests" => Some(self.requests),
            "flagRequests" => Some(self.flag_requests),
            "preflights" => Some(self.preflights),
            "refusedBodies" => Some(self.refused_bodies),
            "faultsMet" => Some(self.faults_met),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::moment::Moment;

    fn row(event: &str, uuid: &str, attempt: &Value, copies: u64) -> Row {
        let mut properties = serde_json::Map::new();
        properties.insert("attemptId".to_owned(), attempt.clone());
        Row {
            seq: 1,
            event: event.to_owned(),
            uuid: uuid.to_owned(),
            distinct_id: "d".to_owned(),
            timestamp: Moment::EPOCH,
            sent_timestamp: None,
            received_at: Moment::EPOCH,
            copies,
            token: "t".to_owned(),
            path: "/e/".to_owned(),
            beacon: false,
            properties,
            set: None,
            set_once: None,
        }
    }

    #[test]
    fn the_funnel_counts_attempts_once() {
        let mut tally = Tally::default();
        tally.add_copy(&row("booking_started", "1", &json!("a"), 1));
        tally.add_copy(&row("booking_started", "2", &json!("a"), 1));
        tally.add_copy(&row("booking_completed", "3", &json!("a"), 1));
        tally.add_copy(&row("booking_completed", "3", &json!("a"), 2));
        tally.add_copy(&row("booking_started", "4", &Value::Null, 1));
        tally.add_copy(&row("booking_failed", "5", &Value::Null, 1));
        tally.add_copy(&row("$pageview", "6", &json!("b"), 1));
        let stats = tally.stats();
        assert_eq!((stats.received, stats.copies), (6, 7));
        assert_eq!(stats.funnel, Funnel { attempts: 3, started: 2, completed: 1, failed: 1 });
        assert_eq!(stats.names["booking_started"], 3);
    }

    #[test]
    fn rows_of_an_earlier_run_count_with_all_their_copies() {
        let rows = [row("a", "1", &Value::Null, 3), row("a", "2", &Value::Null, 1)];
        let stats = Tally::of(&rows).stats();
        assert_eq!((stats.received, stats.copies), (2, 4));
        assert!((stats.copies_per_event - 2.0).abs() < f64::EPSILON);
    }

    #[test]
    fn nothing_received_is_no_division_by_zero() {
        assert!(Tally::default().stats().copies_per_event.abs() < f64::EPSILON);
    }
}
