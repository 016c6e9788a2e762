//! A page of the origin: its tracker, its clock, what it has under way and what it was told.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use posthog_booking_tracker::outbox::{LockAnswer, Outcome};
use posthog_booking_tracker::tracker::{Call, Input, PostHogVisitor, Tracker};

use crate::consent::Word;
use crate::facade::Facade;
use crate::knowledge::{Asked, Heard};
use crate::parcel::Parcel;
use crate::storage::{PageId, PageStore};
use crate::tab::Beside;
use crate::task::Told;

/// What the project of all these pages is called in storage keys.
pub(crate) const PROJECT: &str = "sim";
/// The team of pages that are configured for one.
pub(crate) const OWN_TEAM: &str = "42";

/// Where a page's answers about teams come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PageGate {
    /// From sources that can be asked about every team. Events that name none are tracked.
    Asks,
    /// From its configuration, which speaks for its own team.
    OwnTeam(bool),
    /// From nowhere: events that name no team are tracked.
    Absent,
}

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
    /// The alarm of this number went off.
    Wake(u64),
    Finish {
        request: u32,
        outcome: Outcome,
    },
    Lock(LockAnswer),
    LockLost,
    Say(Input),
    /// The task is over in which it has read flags.
    TaskEnd,
    Call(Box<Call>),
    /// posthog-js has come.
    PostHogComes,
    /// The page looks at a flag, and PostHog is told that its visitor has met it.
    ReadFlag(&'static str),
}

/// A request of this page that its tracker has heard nothing of.
#[derive(Debug, Clone)]
pub(crate) struct UnderWay {
    pub(crate) parcel: Rc<Parcel>,
    pub(crate) keepalive: bool,
    /// It failed in the leave of its page, which takes that for a delivery until it comes back.
    pub(crate) failed_in_leave: bool,
}

/// A posthog-js on the page.
#[derive(Debug, Default)]
pub(crate) struct Beneath {
    /// Whether the page has one, or is configured as if it had.
    pub(crate) is_shared: bool,
    /// Who it says is on the page, once it has come.
    pub(crate) visitor: Option<PostHogVisitor>,
}

#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) id: PageId,
    pub(crate) gate: PageGate,
    pub(crate) hooks: u32,
    pub(crate) beside: Beside,
    pub(crate) beneath: Beneath,
    /// `None` while it has no tracker.
    pub(crate) tracker: Option<Tracker<PageStore>>,
    /// What takes its calls meanwhile.
    pub(crate) facade: Facade,
    /// Counts the instances of this page.
    pub(crate) instance: u32,
    pub(crate) life: Life,
    pub(crate) hidden: bool,
    /// Whether nobody sees it yet, and what happens there has not.
    pub(crate) is_prerendered: bool,
    /// Whether it shows other pages that it lives.
    pub(crate) is_present: bool,
    /// Whether its tracker hears what happens to the page; not after its shutdown.
    pub(crate) is_listening: bool,
    /// Whether it was told that it is left, and not that it is back.
    pub(crate) left: bool,
    pub(crate) shut_down: bool,
    pub(crate) opened: u64,
    /// What the device had slept when the page was opened.
    pub(crate) slept: u64,
    pub(crate) clock_zero: u64,
    pub(crate) wake: Option<u64>,
    pub(crate) alarm: u64,
    /// The team of the page at the moment; empty, where it has none.
    pub(crate) team: String,
    /// What its tracker says of each team.
    pub(crate) told_of: BTreeMap<String, Option<bool>>,
    /// What this page has asked, and what it was answered.
    pub(crate) asked: BTreeMap<u32, Asked>,
    pub(crate) heard: Vec<Heard>,
    /// Whether nothing holds its calls any more.
    pub(crate) is_released: bool,
    /// What the visitor has said of its consent, as this page knows.
    pub(crate) word: Word,
    /// Whose page this is, by the stretches of the people of this world.
    pub(crate) stretch: usize,
    /// The session of the last event of its visitor.
    pub(crate) session: Option<String>,
    /// Sessions that were begun for other visitors than its own.
    pub(crate) of_others: BTreeSet<String>,
    pub(crate) under_way: BTreeMap<u32, UnderWay>,
    /// The bytes of exits since the page was left.
    pub(crate) exit_bytes: usize,
    pub(crate) backlog: Vec<Job>,
    /// What the tracker believes of the lock.
    pub(crate) holds_lock: bool,
    pub(crate) asks_lock: bool,
    /// The uuids of which this instance was told that the server has them.
    pub(crate) told: BTreeSet<String>,
    /// Calls that wait until the visitor has agreed, or sees the page, with the numbers of their events, and when they were made.
    pub(crate) held: Vec<(Call, Option<u64>, u64)>,
    /// Whether one of them has everything given up that waits.
    pub(crate) awaits_purge: bool,
    /// Whether flags were read in the task of the page that goes on.
    pub(crate) awaits_task_end: bool,
    /// What it was told that it has asked last.
    pub(crate) answered: Option<Told>,
    /// The flags that PostHog was told of since the visitor is who it is, each with its value.
    pub(crate) met: BTreeSet<(usize, String)>,
}

impl Page {
    pub(crate) fn new(id: PageId, gate: PageGate, beside: Beside, opened: u64) -> Self {
        Self {
            id,
            gate,
            hooks: 0,
            beside,
            beneath: Beneath::default(),
            tracker: None,
            facade: Facade::default(),
            instance: 1,
            life: Life::Live,
            hidden: false,
            is_prerendered: false,
            is_present: false,
            is_listening: true,
            left: false,
            shut_down: false,
            opened,
            slept: 0,
            clock_zero: 0,
            wake: None,
            alarm: 0,
            team: if matches!(gate, PageGate::OwnTeam(_)) { OWN_TEAM.to_owned() } else { String::new() },
            told_of: BTreeMap::new(),
            asked: BTreeMap::new(),
            heard: Vec::new(),
            is_released: false,
            word: Word::default(),
            stretch: 0,
            session: None,
            of_others: BTreeSet::new(),
            under_way: BTreeMap::new(),
            exit_bytes: 0,
            backlog: Vec::new(),
            holds_lock: false,
            asks_lock: false,
            told: BTreeSet::new(),
            held: Vec::new(),
            awaits_purge: false,
            awaits_task_end: false,
            answered: None,
            met: BTreeSet::new(),
        }
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.life != Life::Dead
    }

    /// Whether it can take a task now.
    pub(crate) fn is_running(&self) -> bool {
        self.life == Life::Live
    }

    /// What this page's tracker says of a team's gate. What no team gates is always open.
    pub(crate) fn was_told(&self, team: Option<&str>) -> Option<bool> {
        team.map_or(Some(true), |team| self.told_of.get(team).copied().flatten())
    }

    /// The bytes of keepalive requests that nobody has answered.
    pub(crate) fn keepalive_bytes(&self) -> usize {
        self.under_way.values().filter(|sent| sent.keepalive).map(|sent| sent.parcel.bytes).sum()
    }

    /// What names this page in the entries of the journal.
    pub(crate) fn name(&self) -> String {
        format!("page-{}-{}", self.id, self.instance)
    }

    /// A fresh instance knows nothing of what the last one had under way.
    pub(crate) fn forget_instance(&mut self) {
        self.instance += 1;
        self.tracker = None;
        self.facade = Facade::default();
        self.is_present = false;
        self.is_listening = true;
        self.wake = None;
        self.alarm += 1;
        self.told_of.clear();
        self.asked.clear();
        self.heard.clear();
        self.under_way.clear();
        self.holds_lock = false;
        self.asks_lock = false;
        self.told.clear();
        self.backlog.clear();
        self.held.clear();
        self.awaits_purge = false;
        self.awaits_task_end = false;
        self.met.clear();
        self.shut_down = false;
        self.left = false;
        self.is_released = false;
    }
}
