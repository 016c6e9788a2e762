//! Who sends: the pages of one origin take turns under one Web Lock, the drain lock.
//!
//! The lock saves second copies, nothing else: safety and liveness never rest on it. A page that cannot have it goes on
//! without after a while. It does not order storage between processes either: in 22 of 25 hand-overs the next holder
//! still read what the last one had removed (Chromium 156), so a new holder waits a moment before it reads.

use super::Monotonic;

/// How long a new holder waits until it reads storage. Stale reads were measured up to 5 ms, none after 20 ms.
pub const LOCK_SETTLE_MS: u64 = 20;

/// A page that was refused asks again after this time, and up to twice as long, by chance.
pub const LOCK_RETRY_MS: u64 = 250;

/// A page that is refused for this long, or gets no answer, stops waiting: the holder may hang.
pub const LOCK_PATIENCE_MS: u64 = 10_000;

/// A page counts as alone for what was captured this long before it was told so. Another page may live and not have
/// shown it yet: the first lock of a page took up to 85 ms (measured in Chromium 156).
pub const ALONE_MARGIN_MS: u64 = 100;

/// Without the lock, a record of another page is adopted when it is this old: its page had the time to send it.
pub const ADOPTION_AGE_MIN_MS: u64 = 60_000;

/// Under the lock, and beside other living pages, a record is adopted when it is this old: while it is younger, its page
/// may send it without the lock.
pub const ADOPTION_AGE_BESIDE_MS: u64 = 5_000;

/// A page sends its own records without the lock while they are younger than this; older ones under the lock, because
/// another page may have adopted them. The difference to [`ADOPTION_AGE_BESIDE_MS`] is time for the answer.
pub const FRESH_AGE_MAX_MS: u64 = 2_500;

/// A raw record that is older than this is sealed as it is, also by its own page: another page may be adopting it. The difference
/// to [`ADOPTION_AGE_BESIDE_MS`] is time for other pages to see what this one has stored.
pub const SEAL_AGE_MAX_MS: u64 = 4_000;

/// What came of asking for the drain lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockAnswer {
    /// This page holds it, until it is released or lost, and no other page of this origin is alive.
    Granted,
    /// This page holds it, and others are alive.
    GrantedBeside,
    /// Another page holds it.
    Refused,
    /// This browser has no Web Locks.
    Missing,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// May be asked for from this time on; until then, where `spared`, this page does without.
    Free { ask_at: Monotonic, spared: bool },
    /// Asked for at this time, not answered.
    Asked { at: Monotonic },
    /// Held; to be used from this time on. At the time `alone`, where it is given, no other page was alive.
    Held { from: Monotonic, alone: Option<Monotonic> },
    /// Not to be had in this browser.
    Missing,
}

/// The drain lock, as this page sees it.
#[derive(Debug)]
pub(super) struct Drain {
    state: State,
    /// How often it was refused in a row.
    refusals: u64,
}

impl Drain {
    pub(super) fn new() -> Self {
        Self { state: State::Free { ask_at: Monotonic(0), spared: false }, refusals: 0 }
    }

    /// How old another page's record must be for this page to adopt it, where it may do so now at all.
    pub(super) fn adoption_age_ms(&self, now: Monotonic) -> Option<u64> {
        match self.state {
            // Who comes to live beside this page later captures later.
            State::Held { from, alone } if from <= now => {
                Some(alone.map_or(ADOPTION_AGE_BESIDE_MS, |alone| now.0.saturating_sub(alone.0) + ALONE_MARGIN_MS))
            }
            State::Missing => Some(ADOPTION_AGE_MIN_MS),
            State::Free { ask_at, spared: true } if now < ask_at => Some(ADOPTION_AGE_MIN_MS),
            State::Asked { at } if at + LOCK_PATIENCE_MS <= now => Some(ADOPTION_AGE_MIN_MS),
            _ => None,
        }
    }

    /// Whether to ask for the lock now; it counts as asked for from here on.
    pub(super) fn ask(&mut self, now: Monotonic) -> bool {
        let asks = matches!(self.state, State::Free { ask_at, .. } if ask_at <= now);
        if asks {
            self.state = State::Asked { at: now };
        }
        asks
    }

    /// Notes what came of it.
    pub(super) fn answer(&mut self, answer: LockAnswer, now: Monotonic, settle_ms: u64, jitter: u64) {
        self.state = match answer {
            LockAnswer::Missing => State::Missing,
            LockAnswer::Granted | LockAnswer::GrantedBeside => {
                self.refusals = 0;
                let alone = (answer == LockAnswer::Granted).then_some(now);
                State::Held { from: now + settle_ms, alone }
            }
            LockAnswer::Refused => {
                self.refusals += 1;
                // One and a half times the shortest wait is the mean one.
                let spared = self.refusals * LOCK_RETRY_MS * 3 / 2 >= LOCK_PATIENCE_MS;
                State::Free { ask_at: now + LOCK_RETRY_MS + jitter % LOCK_RETRY_MS, spared }
            }
        };
    }

    /// When this page can go on: at once, at a time, or when an answer comes.
    pub(super) fn next_turn(&self, now: Monotonic) -> Option<Monotonic> {
        match self.state {
            State::Free { ask_at, .. } => Some(ask_at),
            State::Held { from, .. } => Some(from),
            State::Missing => Some(now),
            State::Asked { at } => Some(at + LOCK_PATIENCE_MS),
        }
    }

    /// Whether the lock has been asked for and cannot be used yet.
    pub(super) fn is_pending(&self, now: Monotonic) -> bool {
        match self.state {
            State::Asked { at } => at + LOCK_PATIENCE_MS > now,
            State::Held { from, .. } => from > now,
            State::Free { .. } | State::Missing => false,
        }
    }

    /// Whether the lock was refused and will be asked for again, without which this page does not go on.
    pub(super) fn is_refused(&self, now: Monotonic) -> bool {
        matches!(self.state, State::Free { ask_at, spared: false } if ask_at > now)
    }

    /// Whether this page holds the lock, usable or not.
    pub(super) fn is_held(&self) -> bool {
        matches!(self.state, State::Held { .. })
    }

    /// The lock is let go, or somebody has taken it, or the page is left: whatever came before counts no more.
    pub(super) fn free(&mut self, now: Monotonic) {
        self.refusals = 0;
        if self.is_held() || matches!(self.state, State::Asked { .. }) {
            self.state = State::Free { ask_at: now, spared: false };
        }
    }
}
