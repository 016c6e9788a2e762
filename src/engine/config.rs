//! What the page configures, and every bound that it does not.

/// At most this many records wait in storage for one origin.
pub const RECORDS_MAX: usize = 1_000;

/// At most this many bytes of storage, two for each UTF-16 unit of key and value.
pub const STORED_BYTES_MAX: usize = 512 * 1024;

/// The largest sealed event, in bytes of UTF-8.
pub const EVENT_BYTES_MAX: usize = 32 * 1024;

/// Records older than this are removed unsent: 7 days.
pub const RECORD_AGE_MAX_MS: u64 = 7 * 24 * 3_600_000;

/// The most events in one request.
pub const BATCH_EVENTS_MAX: usize = 500;

/// The most bytes in the body of one request.
pub const BATCH_BYTES_MAX: usize = 500 * 1024;

/// The most bytes that leave in keepalive requests and beacons at a time. Browsers share 64 KiB between all of a
/// document's unanswered ones, and count request headers (Fetch standard; measured in Chromium).
pub const EXIT_BYTES_MAX: usize = 60_000;

/// Everything that the page decides, checked by the edge before it gets here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The project key, `phc_…`.
    pub api_key: String,
    /// This many waiting records start a delivery.
    pub flush_at: usize,
    /// A record that is not must-send waits at most this long.
    pub flush_interval_ms: u64,
    /// So many failures in a row, then one probe each five minutes.
    pub max_retries: u32,
    /// A request without an answer after this time counts as failed.
    pub request_timeout_ms: u64,
    /// Where the team gate gets its answers.
    pub gate: GateSource,
    /// What happens to events that no gate can answer for.
    pub ungated: Ungated,
}

/// Where answers about a team come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GateSource {
    /// Nowhere: [`Ungated`] decides.
    Absent,
    /// The page has said it for its own team (empty where it named none).
    Constant {
        /// The team that the page is configured for, or empty.
        team: String,
        /// Whether it is tracked.
        open: bool,
    },
    /// The page answers for each team when asked.
    Callback,
}

/// What happens to events without a team, and to all events where there is no gate source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ungated {
    /// They are dropped and counted; one warning says so.
    Ignore,
    /// They are tracked.
    Track,
}
