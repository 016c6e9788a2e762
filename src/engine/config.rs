//! What the page configures, and every bound that it does not.

use super::json;

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
}

impl Config {
    /// Reads the JSON object that the wrapper writes after it has checked every option: `apiKey`, `flushAt`,
    /// `flushInterval`, `maxRetries`, `requestTimeout`. What is missing is empty or zero.
    ///
    /// # Example
    /// ```
    /// use posthog_booking_tracker::engine::Config;
    /// let config = Config::parse(r#"{"apiKey":"phc_demo","flushAt":20}"#);
    /// assert_eq!((config.api_key.as_str(), config.flush_at), ("phc_demo", 20));
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut config =
            Self { api_key: String::new(), flush_at: 0, flush_interval_ms: 0, max_retries: 0, request_timeout_ms: 0 };
        let _ = json::members(text, &mut |name, raw| match name {
            "apiKey" => config.api_key = json::string(raw).unwrap_or_default(),
            "flushAt" => config.flush_at = whole(raw) as usize,
            "flushInterval" => config.flush_interval_ms = whole(raw),
            "maxRetries" => config.max_retries = whole(raw) as u32,
            "requestTimeout" => config.request_timeout_ms = whole(raw),
            _ => {}
        });
        config
    }
}

/// The whole number at the start of `raw`.
fn whole(raw: &str) -> u64 {
    raw.bytes()
        .map_while(|digit| char::from(digit).to_digit(10))
        .fold(0, |number: u64, digit| number.saturating_mul(10).saturating_add(digit.into()))
}
