//! The value of a record as the format says it, independently of the tracker:
//! `<marks>⇥<team>⇥<event>`, with a tabulator between its parts.

use serde_json::Value;

/// A record's value, read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordValue<'a> {
    /// Whether nobody changes the event any more.
    pub(crate) sealed: bool,
    /// Whether nobody knew of its team when the event was captured.
    pub(crate) held: bool,
    pub(crate) must_send: bool,
    pub(crate) team: Option<&'a str>,
    /// The event as it is sent.
    pub(crate) body: &'a str,
}

impl<'a> RecordValue<'a> {
    /// Reads a value; `None` where it is damaged or written by somebody else.
    pub(crate) fn read(value: &'a str) -> Option<Self> {
        let parts: Vec<&str> = value.split('\t').collect();
        let [marks, team, body] = parts[..] else { return None };
        let event: Value = serde_json::from_str(body).ok()?;
        let is_named = event["event"].as_str().is_some_and(|name| !name.is_empty());
        let sealed = marks.contains('s');
        (is_named && sealed != marks.contains('r')).then(|| Self {
            sealed,
            held: marks.contains('h'),
            must_send: marks.contains('m'),
            team: Some(team).filter(|team| !team.is_empty()),
            body,
        })
    }
}

/// A value without the marks of the pages on which its event was refused alone.
pub(crate) fn without_refusals(value: &str) -> String {
    match value.split_once('\t') {
        Some((marks, rest)) => format!("{}\t{rest}", marks.replace('f', "")),
        None => value.to_owned(),
    }
}
