//! The log of what came over the wire: one entry for each request to the ingest port, whatever became of it.

use serde::Serialize;

use crate::moment::Moment;

/// Enough of a body to see what was sent. The rows hold the events whole.
const LONGEST_BODY: usize = 64 * 1024;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LoggedRequest {
    /// Counts on over a reset, so that an answer still held cannot be taken for that of a later request.
    pub(crate) seq: u64,
    pub(crate) at: Moment,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    /// None while no answer was sent.
    pub(crate) status: Option<u16>,
    pub(crate) fault: Option<&'static str>,
    pub(crate) events: usize,
    pub(crate) bytes: usize,
    pub(crate) content_type: Option<String>,
    pub(crate) origin: Option<String>,
    pub(crate) body: String,
}

#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    entries: Vec<LoggedRequest>,
    last_seq: u64,
}

impl RequestLog {
    /// Appends the entry and gives it its number.
    pub(crate) fn append(&mut self, mut entry: LoggedRequest) -> u64 {
        self.last_seq += 1;
        entry.seq = self.last_seq;
        entry.body.truncate(entry.body.floor_char_boundary(LONGEST_BODY));
        self.entries.push(entry);
        self.last_seq
    }

    /// Notes the status of an answer that was held. The entry may have been cleared in between.
    pub(crate) fn answered(&mut self, seq: u64, status: u16) {
        if let Some(entry) = self.entries.iter_mut().rfind(|entry| entry.seq == seq) {
            entry.status = Some(status);
        }
    }

    pub(crate) fn entries(&self) -> &[LoggedRequest] {
        &self.entries
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }
}
