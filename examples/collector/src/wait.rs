//! Waiting for counts: the long poll by which a test learns that something arrived, without ever sleeping.

use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokio::time::{Instant, timeout_at};

use crate::collector::Collector;
use crate::tally::Stats;

const DEFAULT_LIMIT: Duration = Duration::from_secs(30);
const LONGEST_LIMIT: Duration = Duration::from_secs(60 * 60);

/// The query of `GET /wait`: counts to reach, all of them, within a time.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wait {
    conditions: Vec<(String, u64)>,
    limit: Duration,
}

#[derive(Serialize)]
struct Answer {
    ok: bool,
    #[serde(flatten)]
    stats: Stats,
}

impl Wait {
    /// Reads the query. A misspelt condition is an error, since nothing would wait for it.
    pub(crate) fn parse(query: &str) -> Result<Self, String> {
        let mut wait = Self { conditions: Vec::new(), limit: DEFAULT_LIMIT };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let number: u64 = value.parse().map_err(|_| format!("{name}={value}: not a number"))?;
            if name == "limitMs" {
                wait.limit = Duration::from_millis(number).min(LONGEST_LIMIT);
            } else {
                wait.conditions.push((name.into_owned(), number));
            }
        }
        Ok(wait)
    }

    fn is_met(&self, stats: &Stats) -> Result<bool, String> {
        let mut met = true;
        for (name, least) in &self.conditions {
            let count = stats.count(name).ok_or_else(|| format!("{name} is not counted"))?;
            met &= count >= *least;
        }
        Ok(met)
    }

    /// Answers when every condition is met, or at the limit.
    pub(crate) async fn on(&self, collector: &Collector) -> Result<Response, String> {
        let mut revision = collector.revision();
        let deadline = Instant::now() + self.limit;
        loop {
            let stats = collector.stats();
            if self.is_met(&stats)? {
                return Ok(Json(Answer { ok: true, stats }).into_response());
            }
            if !matches!(timeout_at(deadline, revision.changed()).await, Ok(Ok(()))) {
                let stats = collector.stats();
                return Ok((StatusCode::REQUEST_TIMEOUT, Json(Answer { ok: false, stats })).into_response());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]

    use super::*;
    use crate::tally::Tally;

    #[test]
    fn reads_conditions_and_the_limit() {
        let wait = Wait::parse("received=2&limitMs=50&copies=3").unwrap();
        assert_eq!(wait.conditions, [("received".to_owned(), 2), ("copies".to_owned(), 3)]);
        assert_eq!(wait.limit, Duration::from_millis(50));
        assert!(Wait::parse("received=two").is_err());
    }

    #[test]
    fn every_condition_has_to_be_met() {
        let mut tally = Tally::default();
        tally.requests = 2;
        tally.preflights = 1;
        let is_met = |query: &str| Wait::parse(query).unwrap().is_met(&tally.stats());
        assert_eq!(is_met(""), Ok(true));
        assert_eq!(is_met("requests=2&preflights=1"), Ok(true));
        assert_eq!(is_met("requests=2&preflights=2"), Ok(false));
        assert!(is_met("requests=9&recieved=0").is_err());
    }
}
