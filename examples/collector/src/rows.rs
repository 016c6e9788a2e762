//! The event rows in SQLite, merged by the key on which PostHog merges its own.

use std::path::Path;

use rusqlite::types::Type;
use rusqlite::{Connection, Statement, params};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::clock_skew::TimeClaim;
use crate::event::{Batch, Event};
use crate::moment::Moment;

type Object = Map<String, Value>;

/// The unique key is PostHog's sorting key: rows agree on all five or stay apart.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS rows (
        seq INTEGER PRIMARY KEY,
        token TEXT NOT NULL,
        day INTEGER NOT NULL,
        event TEXT NOT NULL,
        distinct_id TEXT NOT NULL,
        uuid TEXT NOT NULL,
        timestamp INTEGER NOT NULL,
        sent_timestamp TEXT,
        received_at INTEGER NOT NULL,
        copies INTEGER NOT NULL,
        path TEXT NOT NULL,
        beacon INTEGER NOT NULL,
        properties TEXT NOT NULL,
        person_set TEXT,
        person_set_once TEXT,
        UNIQUE (token, day, event, distinct_id, uuid)
    )";

/// The first copy stays as it is, further ones are only counted.
const STORE: &str = "
    INSERT INTO rows (token, day, event, distinct_id, uuid, timestamp, sent_timestamp, received_at, copies, path,
        beacon, properties, person_set, person_set_once)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1, ?9, ?10, ?11, ?12, ?13)
    ON CONFLICT (token, day, event, distinct_id, uuid) DO UPDATE SET copies = copies + 1
    RETURNING *";

/// An event as PostHog would show it, with the number of copies that came over the wire.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Row {
    pub(crate) seq: i64,
    pub(crate) event: String,
    pub(crate) uuid: String,
    pub(crate) distinct_id: String,
    /// Corrected by the timestamp rules.
    pub(crate) timestamp: Moment,
    /// The client's own text.
    pub(crate) sent_timestamp: Option<String>,
    pub(crate) received_at: Moment,
    pub(crate) copies: u64,
    pub(crate) token: String,
    pub(crate) path: String,
    pub(crate) beacon: bool,
    pub(crate) properties: Object,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) set: Option<Object>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) set_once: Option<Object>,
}

/// How a batch came in, which is the same for all its events.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reception<'a> {
    pub(crate) at: Moment,
    pub(crate) sent_at: Option<Moment>,
    pub(crate) path: &'a str,
    pub(crate) beacon: bool,
}

#[derive(Debug)]
pub(crate) struct Rows {
    connection: Connection,
}

impl Rows {
    pub(crate) fn open(file: Option<&Path>) -> rusqlite::Result<Self> {
        let connection = match file {
            Some(file) => Connection::open(file)?,
            None => Connection::open_in_memory()?,
        };
        connection.execute_batch(SCHEMA)?;
        Ok(Self { connection })
    }

    /// Stores a batch as a whole and returns the rows it made or counted up, in its own order.
    pub(crate) fn store(&mut self, batch: &Batch, reception: &Reception<'_>) -> rusqlite::Result<Vec<Row>> {
        let transaction = self.connection.transaction()?;
        let rows = {
            let mut statement = transaction.prepare_cached(STORE)?;
            let store = |event| store_event(&mut statement, &batch.token, event, reception);
            batch.events.iter().map(store).collect::<rusqlite::Result<Vec<_>>>()?
        };
        transaction.commit()?;
        Ok(rows)
    }

    /// Every row in order of first arrival.
    pub(crate) fn all(&self) -> rusqlite::Result<Vec<Row>> {
        let mut statement = self.connection.prepare_cached("SELECT * FROM rows ORDER BY seq")?;
        statement.query_map([], read)?.collect()
    }

    pub(crate) fn clear(&mut self) -> rusqlite::Result<()> {
        self.connection.execute("DELETE FROM rows", []).map(drop)
    }
}

fn store_event(
    statement: &mut Statement<'_>,
    token: &str,
    event: &Event,
    reception: &Reception<'_>,
) -> rusqlite::Result<Row> {
    let claim = TimeClaim {
        timestamp: event.timestamp.as_deref(),
        offset: event.offset,
        sent_at: reception.sent_at,
        ignore_sent_at: event.ignores_sent_at(),
    };
    let timestamp = claim.resolve(reception.at);
    statement.query_row(
        params![
            token,
            timestamp.utc_day(),
            event.name,
            event.distinct_id,
            event.uuid.to_string(),
            timestamp.millis(),
            event.timestamp,
            reception.at.millis(),
            reception.path,
            reception.beacon,
            text_of(&event.properties),
            person_update(event, "$set", event.set.as_ref()).as_ref().map(text_of),
            person_update(event, "$set_once", event.set_once.as_ref()).as_ref().map(text_of),
        ],
        read,
    )
}

/// What PostHog applies to the person: the property of that name, with the event's root field merged over it.
fn person_update(event: &Event, key: &str, root: Option<&Object>) -> Option<Object> {
    let in_properties = event.properties.get(key).and_then(Value::as_object);
    match (in_properties, root) {
        (None, None) => None,
        (Some(object), None) | (None, Some(object)) => Some(object.clone()),
        (Some(under), Some(over)) => {
            let mut merged = under.clone();
            merged.extend(over.clone());
            Some(merged)
        }
    }
}

fn text_of(object: &Object) -> String {
    Value::Object(object.clone()).to_string()
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let object = |column: &str| -> rusqlite::Result<Option<Object>> {
        let text: Option<String> = row.get(column)?;
        let parsed = text.map(|text| serde_json::from_str(&text)).transpose();
        parsed.map_err(|error| {
            let index = row.as_ref().column_index(column).unwrap_or_default();
            rusqlite::Error::FromSqlConversionFailure(index, Type::Text, Box::new(error))
        })
    };
    Ok(Row {
        seq: row.get("seq")?,
        event: row.get("event")?,
        uuid: row.get("uuid")?,
        distinct_id: row.get("distinct_id")?,
        timestamp: Moment::from_millis(row.get("timestamp")?),
        sent_timestamp: row.get("sent_timestamp")?,
        received_at: Moment::from_millis(row.get("received_at")?),
        copies: row.get::<_, i64>("copies")?.unsigned_abs(),
        token: row.get("token")?,
        path: row.get("path")?,
        beacon: row.get("beacon")?,
        properties: object("properties")?.unwrap_or_default(),
        set: object("person_set")?,
        set_once: object("person_set_once")?,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]

    use serde_json::json;

    use super::*;
    use crate::shape::Shape;

    const UUID: &str = "0190b5a0-0000-7000-8000-000000000001";

    fn event() -> Value {
        json!({
            "event": "booking_started", "distinct_id": "d", "uuid": UUID,
            "timestamp": "2026-06-15T23:59:59.990Z", "properties": {"n": 1},
        })
    }

    fn with(change: Value) -> Value {
        let mut event = event();
        let (Value::Object(event_members), Value::Object(changes)) = (&mut event, change) else {
            return event;
        };
        event_members.extend(changes);
        event
    }

    fn store(rows: &mut Rows, token: &str, event: &Value, sent_at: Option<&str>) -> Row {
        let shape = Shape::read(&json!({"token": token, "batch": [event]}).to_string()).unwrap();
        let reception = Reception {
            at: Moment::parse("2026-06-16T00:00:10.000Z").unwrap(),
            sent_at: sent_at.and_then(Moment::parse),
            path: "/e/",
            beacon: false,
        };
        rows.store(&Batch::validate(shape).unwrap(), &reception).unwrap().remove(0)
    }

    #[test]
    fn the_first_copy_is_kept_and_further_ones_are_counted() {
        let mut rows = Rows::open(None).unwrap();
        assert_eq!(store(&mut rows, "t", &event(), None).copies, 1);
        let second = store(&mut rows, "t", &with(json!({"properties": {"n": 2}})), None);
        assert_eq!((second.seq, second.copies), (1, 2));
        assert_eq!(second.properties["n"], 1);
        assert_eq!(rows.all().unwrap(), [second]);
    }

    #[test]
    fn each_member_of_the_key_keeps_rows_apart() {
        let mut rows = Rows::open(None).unwrap();
        store(&mut rows, "t", &event(), None);
        store(&mut rows, "other", &event(), None);
        store(&mut rows, "t", &with(json!({"event": "booking_failed"})), None);
        store(&mut rows, "t", &with(json!({"distinct_id": "e"})), None);
        store(&mut rows, "t", &with(json!({"uuid": "0190b5a0-0000-7000-8000-000000000002"})), None);
        // The same day, another time: no new row.
        store(&mut rows, "t", &with(json!({"timestamp": "2026-06-15T00:00:00Z"})), None);
        // The day of the corrected timestamp counts, here moved over midnight by 10 ms of skew.
        store(&mut rows, "t", &event(), Some("2026-06-16T00:00:09.990Z"));
        let copies: Vec<_> = rows.all().unwrap().iter().map(|row| row.copies).collect();
        assert_eq!(copies, [2, 1, 1, 1, 1, 1]);
    }

    #[test]
    fn person_updates_come_from_the_root_and_the_properties() {
        let mut rows = Rows::open(None).unwrap();
        let event = with(json!({"$set": {"a": 1}, "properties": {"$set": {"a": 0, "b": 2}, "$set_once": {"c": 3}}}));
        let row = store(&mut rows, "t", &event, None);
        assert_eq!(Value::from(row.set.unwrap()), json!({"a": 1, "b": 2}));
        assert_eq!(Value::from(row.set_once.unwrap()), json!({"c": 3}));
    }

    #[test]
    fn clear_forgets_every_row() {
        let mut rows = Rows::open(None).unwrap();
        store(&mut rows, "t", &event(), None);
        rows.clear().unwrap();
        assert_eq!(rows.all().unwrap(), []);
        assert_eq!(store(&mut rows, "t", &event(), None).copies, 1);
    }
}
