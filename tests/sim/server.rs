//! PostHog: takes bodies, moves each timestamp by the server's time less `sent_at`, as its capture server does, and
//! keeps a row for each event, distinct_id, uuid and UTC day, by which its table `sharded_events` merges copies. In
//! front of it, a proxy with a limit and a taste.

use std::collections::BTreeMap;

use posthog_booking_tracker::outbox::Outcome;

use crate::parcel::Parcel;

const DAY_MS: i64 = 24 * 3_600_000;
pub(crate) const OK: &str = r#"{"status":"Ok"}"#;

/// What rows are merged by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowKey {
    pub(crate) uuid: String,
    pub(crate) name: String,
    pub(crate) distinct_id: String,
    pub(crate) day: i64,
}

/// The rows that one key has merged.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) copies: u32,
    /// The timestamps as the pages wrote them.
    pub(crate) timestamps: Vec<u64>,
}

#[derive(Debug, Default)]
pub(crate) struct Server {
    pub(crate) rows: BTreeMap<RowKey, Row>,
    /// The largest body that is taken.
    pub(crate) bytes_max: Option<usize>,
}

impl Server {
    /// What an honest server makes of a body that arrives at `now`.
    pub(crate) fn take(&mut self, parcel: &Parcel, now: u64) -> Outcome {
        if self.bytes_max.is_some_and(|max| parcel.bytes > max) {
            return Outcome::of(413, "", "");
        }
        if parcel.events.iter().any(|event| event.is_forbidden) {
            return Outcome::of(403, "", "<html>request blocked</html>");
        }
        if parcel.events.iter().any(|event| event.is_poisoned) {
            return Outcome::of(400, "", r#"{"type":"validation_error"}"#);
        }
        for event in &parcel.events {
            let skew = now as i64 - parcel.sent_at_ms as i64;
            let day = (event.timestamp_ms as i64 + skew).div_euclid(DAY_MS);
            let key = RowKey {
                uuid: event.uuid.clone(),
                name: event.name.clone(),
                distinct_id: event.distinct_id.clone(),
                day,
            };
            let row = self.rows.entry(key).or_insert(Row { copies: 0, timestamps: Vec::new() });
            row.copies += 1;
            if !row.timestamps.contains(&event.timestamp_ms) {
                row.timestamps.push(event.timestamp_ms);
            }
        }
        Outcome::of(200, "", OK)
    }

    pub(crate) fn rows_of(&self, uuid: &str) -> impl Iterator<Item = (&RowKey, &Row)> {
        let from = RowKey { uuid: uuid.to_owned(), name: String::new(), distinct_id: String::new(), day: i64::MIN };
        self.rows.range(from..).take_while(move |(key, _)| key.uuid == uuid)
    }

    pub(crate) fn has(&self, uuid: &str) -> bool {
        self.rows_of(uuid).next().is_some()
    }
}
