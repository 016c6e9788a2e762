//! Delivery: the requests under way, when the next one may start, and how much one may carry.

use super::Monotonic;
use super::answer::{Outcome, Verdict};
use super::backoff::{PROBE_INTERVAL_MS, backoff_ms};
use super::config::{BATCH_EVENTS_MAX, EXIT_BYTES_MAX};
use super::ledger::DropReason;
use super::waiting::Record;

/// After the first answer that says "quota": one minute, as posthog-js mutes.
const QUOTA_FIRST_MS: u64 = 60_000;

/// After each further one: an hour.
const QUOTA_NEXT_MS: u64 = 3_600_000;

/// A request that has not been answered.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) id: u32,
    pub(super) deadline: Monotonic,
    pub(super) keepalive: bool,
    /// Whether it went out with the page's leave, so that nobody will hear its answer.
    exit: bool,
    bytes: usize,
    /// How many events it went out with; a gate that has shut since may have taken some of them back.
    events: usize,
}

/// What the end of a request asks of its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settlement {
    /// Remove them.
    Confirmed,
    /// Keep them.
    Kept,
    /// Keep them, unless there is only one: drop it for this reason.
    Halved(DropReason),
}

#[derive(Debug)]
pub(super) struct Delivery {
    requests: Vec<Request>,
    last_id: u32,
    /// Failures in a row; any confirmation ends the row.
    failures: u32,
    quota_answers: u32,
    /// So many events were refused alone (403) since one has passed.
    suspects: usize,
    not_before: Monotonic,
    batch_events: usize,
    max_retries: u32,
    request_timeout_ms: u64,
    /// The project key was refused: nothing is sent by this page any more.
    stopped: bool,
    /// Nothing was ever confirmed from this browser, and this page has made its one attempt.
    resigned: bool,
}

impl Delivery {
    pub(super) fn new(max_retries: u32, request_timeout_ms: u64) -> Self {
        Self {
            requests: Vec::new(),
            last_id: 0,
            failures: 0,
            quota_answers: 0,
            suspects: 0,
            not_before: Monotonic(0),
            batch_events: BATCH_EVENTS_MAX,
            max_retries,
            request_timeout_ms,
            stopped: false,
            resigned: false,
        }
    }

    /// Whether an ordinary delivery may start now: one at a time, not before the backoff is over.
    pub(super) fn may_start(&self, now: Monotonic) -> bool {
        !self.is_stopped() && self.requests.is_empty() && self.not_before <= now
    }

    /// Whether anything may be sent at all, leaving included.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped || self.resigned
    }

    /// Whether the server, or something in front of it, refuses everything.
    pub(super) fn is_refused(&self) -> bool {
        self.stopped
    }

    /// So many events were refused alone since one has passed.
    pub(super) fn suspects(&self) -> usize {
        self.suspects
    }

    /// Nothing is sent by this page any more.
    pub(super) fn stop(&mut self) {
        self.stopped = true;
    }

    /// Nothing is sent by this page until there is a network again, or the page wishes it.
    pub(super) fn resign(&mut self) {
        self.resigned = true;
    }

    pub(super) fn is_idle(&self) -> bool {
        self.requests.is_empty()
    }

    pub(super) fn not_before(&self) -> Monotonic {
        self.not_before
    }

    /// How many events one ordinary body may carry.
    pub(super) fn batch_events(&self) -> usize {
        self.batch_events
    }

    /// How many bytes of events may leave in keepalive requests and beacons beside what is under way.
    pub(super) fn exit_bytes(&self) -> usize {
        let under_way: usize =
            self.requests.iter().filter(|request| request.keepalive).map(|request| request.bytes).sum();
        EXIT_BYTES_MAX.saturating_sub(under_way + ENVELOPE_BYTES_MAX)
    }

    /// The number of the next request.
    pub(super) fn next_id(&mut self) -> u32 {
        self.last_id += 1;
        self.last_id
    }

    /// Registers the request that was numbered last, for so many `bytes` of so many `events`, and says whether it is a
    /// keepalive one.
    pub(super) fn start(&mut self, now: Monotonic, bytes: usize, events: usize, exit: bool) -> bool {
        let keepalive = bytes <= self.exit_bytes() + ENVELOPE_BYTES_MAX;
        let deadline = now + self.request_timeout_ms;
        self.requests.push(Request { id: self.last_id, deadline, keepalive, exit, bytes, events });
        keepalive
    }

    /// Notes that a request has ended, and says how many events it went out with; `None`, where it was given up before.
    pub(super) fn end(&mut self, id: u32) -> Option<usize> {
        let place = self.requests.iter().position(|request| request.id == id)?;
        Some(self.requests.remove(place).events)
    }

    /// A request whose time is over.
    pub(super) fn overdue(&self, now: Monotonic) -> Option<u32> {
        self.requests.iter().find(|request| request.deadline <= now && !request.exit).map(|request| request.id)
    }

    pub(super) fn next_deadline(&self) -> Option<Monotonic> {
        self.requests.iter().filter(|request| !request.exit).map(|request| request.deadline).min()
    }

    /// Takes a request for one that went out with the page's leave.
    pub(super) fn count_as_exit(&mut self, id: u32) {
        for request in &mut self.requests {
            request.exit |= request.id == id;
        }
    }

    /// Something that nobody has answered.
    pub(super) fn next_request(&self) -> Option<u32> {
        self.requests.first().map(|request| request.id)
    }

    /// Something that went out with the page's leave.
    pub(super) fn next_exit(&self) -> Option<u32> {
        self.requests.iter().find(|request| request.exit).map(|request| request.id)
    }

    pub(super) fn is_keepalive(&self, id: u32) -> bool {
        self.requests.iter().any(|request| request.id == id && request.keepalive)
    }

    /// Gives the requests of a page that comes back a whole timeout more, since it could not hear their answers.
    pub(super) fn extend_deadlines(&mut self, now: Monotonic) {
        for request in &mut self.requests {
            request.deadline = now + self.request_timeout_ms;
        }
    }

    /// Draws the consequences of an outcome for the next delivery, and says what it means for the records.
    pub(super) fn settle(&mut self, outcome: Outcome, events: usize, now: Monotonic, jitter: u64) -> Settlement {
        match outcome.verdict() {
            Verdict::Confirmed => {
                self.failures = 0;
                self.quota_answers = 0;
                self.suspects = 0;
                self.not_before = now;
                self.batch_events = (self.batch_events * 2).min(BATCH_EVENTS_MAX);
                Settlement::Confirmed
            }
            Verdict::Split(reason) => {
                self.batch_events = if events > 1 { events / 2 } else { BATCH_EVENTS_MAX };
                if events == 1 && reason == DropReason::Forbidden {
                    // What refuses it may refuse everything, so the next body is a single other event.
                    self.batch_events = 1;
                    self.suspects += 1;
                    self.back_off(0, now, jitter);
                }
                Settlement::Halved(reason)
            }
            Verdict::Unauthorised => {
                self.stopped = true;
                Settlement::Kept
            }
            Verdict::QuotaLimited => {
                self.not_before = now + if self.quota_answers == 0 { QUOTA_FIRST_MS } else { QUOTA_NEXT_MS };
                self.quota_answers += 1;
                Settlement::Kept
            }
            Verdict::Later { retry_after_ms } => {
                self.back_off(retry_after_ms, now, jitter);
                Settlement::Kept
            }
        }
    }

    fn back_off(&mut self, retry_after_ms: u64, now: Monotonic, jitter: u64) {
        self.failures = self.failures.saturating_add(1);
        let wait = if self.is_out_of_retries() { PROBE_INTERVAL_MS } else { backoff_ms(self.failures, jitter) };
        self.not_before = now + wait.max(retry_after_ms);
    }

    fn is_out_of_retries(&self) -> bool {
        self.failures > self.max_retries
    }

    /// Something gives hope (a new event, a network, a visitor): where only probes are left, one may go now.
    pub(super) fn probe(&mut self, now: Monotonic) {
        if self.is_out_of_retries() {
            self.not_before = now;
        }
    }

    /// Ends a backoff at the page's own wish, or because there is a network again.
    pub(super) fn retry_now(&mut self, now: Monotonic) {
        self.resigned = false;
        self.not_before = now;
    }
}

/// The events that `request` carries, in the order of capture, with commas between them.
pub(super) fn batch(records: &[Record], request: u32) -> String {
    let mut out = String::new();
    for record in records.iter().filter(|record| record.request == request) {
        if !out.is_empty() {
            out.push_str(",");
        }
        out.push_str(record.value.body());
    }
    out
}

/// More than the bytes of a body that are not events, which the edge adds: the project key, at most 64 characters, and the
/// time of the attempt.
pub(super) const ENVELOPE_BYTES_MAX: usize = 192;
