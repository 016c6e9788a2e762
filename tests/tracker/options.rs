//! How a tracker is set up that a test does not want to be special.

use posthog_booking_tracker::flags::TeamGateOptions;
use posthog_booking_tracker::outbox::Config;
use posthog_booking_tracker::tracker::Options;

/// The options of a page of this project, with the defaults of the package. Every team is tracked.
pub(crate) fn options(project: &str) -> Options {
    Options {
        api_key: "phc_test".to_owned(),
        host: "https://posthog.test".to_owned(),
        outbox: Config {
            project: project.to_owned(),
            flush_at: 20,
            flush_interval_ms: 10_000,
            max_retries: 10,
            request_timeout_ms: 10_000,
        },
        gate: TeamGateOptions { project: project.to_owned(), constant: Some(true), ..TeamGateOptions::default() },
        page: "this-page".to_owned(),
        version: "1".to_owned(),
        ..Options::default()
    }
}
