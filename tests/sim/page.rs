//! A page of the origin: its engine, its clock, what it has under way and what it was told.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use posthog_booking_tracker::outbox::{Config, Input, LockAnswer, Outbox, Outcome};

use crate::parcel::Parcel;
use crate::storage::{PageId, PageStore};
use crate::team_gate::{GateNews, PageGate, TeamGate};

/// What the project of all these pages is called in storage keys.
pub(crate) const PROJECT: &str = "sim";
/// The team of pages that are configured for one.
pub(crate) const OWN_TEAM: &str = "42";

/// How a page is at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    Live,
    /// Suspended in the background, or in the middle of a task that does not end.
    Frozen,
    /// In the back/forward cache.
    Cached,
    /// Its renderer hangs; like frozen, but the visitor is still there.
    Hung,
    Dead,
}

/// What the world has for a page to do in one task.
#[derive(Debug, Clone)]
pub(crate) enum Job {
    /// The tracker is there.
    Start,
    /// The page knows who the raw record of this key is about.
    Seal(String),
    /// The alarm of this number went off.
    Wake(u64),
    Finish {
        request: u32,
        outcome: Outcome,
    },
    /// The page's side hears something of a gate.
    Gate(GateNews),
    Lock(LockAnswer),
    LockLost,
    /// The mirror was read.
    Mirrored(Vec<(String, String)>),
    Say(Input),
}

/// A request of this page that the engine has heard nothing of.
#[derive(Debug, Clone)]
pub(crate) struct UnderWay {
    pub(crate) parcel: Rc<Parcel>,
    pub(crate) keepalive: bool,
    /// It failed in the leave of its page, which takes that for a delivery until it comes back.
    pub(crate) failed_in_leave: bool,
}

#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) id: PageId,
    pub(crate) gate: PageGate,
    pub(crate) team_gate: TeamGate,
    /// `None` while its tracker has not come.
    pub(crate) tracker: Option<Outbox<PageStore>>,
    /// Counts the engines of this page.
    pub(crate) engine: u32,
    /// Who its visitor is.
    pub(crate) person: String,
    pub(crate) life: Life,
    pub(crate) hidden: bool,
    /// Whether it was told that it is left, and not that it is back.
    pub(crate) left: bool,
    pub(crate) shut_down: bool,
    pub(crate) opened: u64,
    /// What the device had slept when the page was opened.
    pub(crate) slept: u64,
    pub(crate) clock_zero: u64,
    pub(crate) wake: Option<u64>,
    pub(crate) alarm: u64,
    /// What its engine was told last of each team: an answer, or that nobody knows.
    pub(crate) told_of: BTreeMap<String, Option<bool>>,
    pub(crate) under_way: BTreeMap<u32, UnderWay>,
    /// The bytes of exits since the page was left.
    pub(crate) exit_bytes: usize,
    pub(crate) backlog: Vec<Job>,
    /// What the engine believes of the lock.
    pub(crate) holds_lock: bool,
    pub(crate) asks_lock: bool,
    /// The uuids of which this engine was told that the server has them.
    pub(crate) told: BTreeSet<String>,
    /// The keys of raw records of this engine, each with the event as it will be sealed.
    pub(crate) raw: BTreeMap<String, String>,
}

impl Page {
    pub(crate) fn new(id: PageId, gate: PageGate, opened: u64) -> Self {
        Self {
            id,
            gate,
            team_gate: TeamGate::default(),
            tracker: None,
            engine: 1,
            person: format!("visitor-{id}"),
            life: Life::Live,
            hidden: false,
            left: false,
            shut_down: false,
            opened,
            slept: 0,
            clock_zero: 0,
            wake: None,
            alarm: 0,
            told_of: BTreeMap::new(),
            under_way: BTreeMap::new(),
            exit_bytes: 0,
            backlog: Vec::new(),
            holds_lock: false,
            asks_lock: false,
            told: BTreeSet::new(),
            raw: BTreeMap::new(),
        }
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.life != Life::Dead
    }

    /// Whether it can take a task now.
    pub(crate) fn is_running(&self) -> bool {
        self.life == Life::Live
    }

    /// What this page's engine can know of a team's gate. What no team gates is always open.
    pub(crate) fn was_told(&self, team: Option<&str>) -> Option<bool> {
        team.map_or(Some(true), |team| self.told_of.get(team).copied().flatten())
    }

    /// The bytes of keepalive requests that nobody has answered.
    pub(crate) fn keepalive_bytes(&self) -> usize {
        self.under_way.values().filter(|sent| sent.keepalive).map(|sent| sent.parcel.bytes).sum()
    }

    /// A fresh engine knows nothing of what the last one had under way.
    pub(crate) fn forget_engine(&mut self) {
        self.engine += 1;
        self.wake = None;
        self.alarm += 1;
        self.told_of.clear();
        self.under_way.clear();
        self.holds_lock = false;
        self.asks_lock = false;
        self.told.clear();
        self.backlog.clear();
        self.raw.clear();
        self.shut_down = false;
        self.left = false;
    }
}

/// The defaults of the wrapper.
pub(crate) fn config() -> Config {
    Config {
        project: PROJECT.to_owned(),
        flush_at: 20,
        flush_interval_ms: 10_000,
        max_retries: 10,
        request_timeout_ms: 10_000,
    }
}
