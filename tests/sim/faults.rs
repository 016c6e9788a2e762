//! Faults: what may go wrong in a run. Each run draws a few of them, because a run in which everything fails at once finds
//! less than many in which a few things do.

use crate::chance::Chance;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    // What happens to pages and to the browser.
    KilledTab,
    KilledBrowser,
    Crash,
    Frozen,
    Cached,
    Hung,
    Trap,
    Sleep,
    LateTimers,
    ClockJump,
    // What happens to storage.
    Blocked,
    Full,
    Cleared,
    ForeignClear,
    ForeignWrites,
    Torn,
    SlowStorage,
    // What happens to the lock.
    StuckLock,
    StolenLock,
    // What happens on the way.
    LostRequest,
    LostAnswer,
    Twice,
    Hanging,
    Redirect,
    WebPage,
    ServerError,
    TooManyRequests,
    QuotaLimited,
    Unauthorised,
    Refusing,
    LostBeacon,
    // What is special about events and teams.
    Poison,
    Forbidden,
    Large,
    Burst,
    Narrow,
    GateFlips,
    /// A source is slow, or does not answer at all.
    GateSilence,
    /// What a source answers is no answer: a failed flag, a mark of the quota, a group that is missing.
    GateErrs,
}

impl Fault {
    pub(crate) const ALL: [Self; 39] = [
        Self::KilledTab,
        Self::KilledBrowser,
        Self::Crash,
        Self::Frozen,
        Self::Cached,
        Self::Hung,
        Self::Trap,
        Self::Sleep,
        Self::LateTimers,
        Self::ClockJump,
        Self::Blocked,
        Self::Full,
        Self::Cleared,
        Self::ForeignClear,
        Self::ForeignWrites,
        Self::Torn,
        Self::SlowStorage,
        Self::StuckLock,
        Self::StolenLock,
        Self::LostRequest,
        Self::LostAnswer,
        Self::Twice,
        Self::Hanging,
        Self::Redirect,
        Self::WebPage,
        Self::ServerError,
        Self::TooManyRequests,
        Self::QuotaLimited,
        Self::Unauthorised,
        Self::Refusing,
        Self::LostBeacon,
        Self::Poison,
        Self::Forbidden,
        Self::Large,
        Self::Burst,
        Self::Narrow,
        Self::GateFlips,
        Self::GateSilence,
        Self::GateErrs,
    ];
}

/// The faults that a run draws from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Faults(u64);

impl Faults {
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn of(faults: &[Fault]) -> Self {
        Self(faults.iter().fold(0, |set, fault| set | 1 << *fault as u64))
    }

    /// About a fifth of all, at times half or nearly none.
    pub(crate) fn some(chance: &mut Chance) -> Self {
        let percent = *chance.pick(&[8, 20, 20, 45]);
        let drawn: Vec<Fault> = Fault::ALL.into_iter().filter(|_| chance.percent(percent)).collect();
        Self::of(&drawn)
    }

    pub(crate) fn has(self, fault: Fault) -> bool {
        self.0 & 1 << fault as u64 != 0
    }

    pub(crate) fn list(self) -> Vec<Fault> {
        Fault::ALL.into_iter().filter(|fault| self.has(*fault)).collect()
    }
}
