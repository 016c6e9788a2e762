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
/// document's unanswered ones, and count request headers (Fetch standard; measured in Chromium 156).
pub const EXIT_BYTES_MAX: usize = 60_000;

/// Everything that the page decides, checked by the edge before it gets here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// How the project is called in storage keys, e.g. `1plaeh8`: a hash of its key, in base 36 (`js/src/storage-keys.ts`).
    pub project: String,
    /// This many waiting records start a delivery.
    pub flush_at: usize,
    /// A record that is not must-send waits at most this long.
    pub flush_interval_ms: u64,
    /// So many failures in a row, then one probe each five minutes.
    pub max_retries: u32,
    /// A request without an answer after this time counts as failed.
    pub request_timeout_ms: u64,
}
