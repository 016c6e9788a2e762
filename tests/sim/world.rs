//! The world: one origin with its pages, storage, lock and network, one device with its clocks, one server, and a queue of
//! what happens next. Everything in it follows from the seed.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::rc::Rc;

use posthog_booking_tracker::tracker::Input;

use crate::book::{Book, Fact};
use crate::chance::Chance;
use crate::faults::{Fault, Faults};
use crate::knowledge::{Asking, Sources};
use crate::locks::{Holder, Locks};
use crate::network::{Flight, Weather};
use crate::page::{Job, Page};
use crate::people::People;
use crate::scene::Scene;
use crate::server::Server;
use crate::storage::{Origin, PageId, PageStore};
use crate::visits::Visits;

/// 2026-03-10T12:00:00Z: noon, so that short runs stay within a UTC day.
pub(crate) const START: u64 = 1_773_144_000_000;

/// Where every page is.
pub(crate) const HREF: &str = "https://book.test/ada?utm_source=mail";

/// A page that asks to be woken again and again would never let time pass.
const STEPS_MAX: u64 = 60_000;

/// What a checker has found.
#[derive(Debug, Clone)]
pub(crate) struct Violation {
    pub(crate) checker: &'static str,
    pub(crate) story: String,
}

pub(crate) type Verdict = Result<(), Violation>;

/// Something that happens at its time.
#[derive(Debug, Clone)]
pub(crate) enum Happening {
    /// The world does something random, and goes on doing so this many times.
    Act(u32),
    Task {
        page: PageId,
        instance: u32,
        job: Job,
    },
    /// A question gets to whom it was asked of.
    Asked {
        page: PageId,
        instance: u32,
        id: u32,
        asking: Asking,
    },
    /// A request gets to the server.
    Arrival(usize),
    LockAsked {
        page: PageId,
        instance: u32,
    },
    LockReleased {
        page: PageId,
        instance: u32,
    },
    /// The page reads the mirror.
    MirrorRead {
        page: PageId,
        instance: u32,
    },
    /// A page that was left is gone.
    Gone(PageId),
    /// The renderer of a page that died lets go of the lock.
    LockFreed(PageId),
    /// The next step of a script.
    Step(usize),
}

#[derive(Debug)]
struct Entry {
    at: u64,
    number: u64,
    happening: Happening,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.number) == (other.at, other.number)
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

pub(crate) struct World {
    pub(crate) chance: Chance,
    pub(crate) faults: Faults,
    /// True time, which nobody but the server has.
    pub(crate) now: u64,
    /// How far the device's clock is off.
    pub(crate) wall_skew: i64,
    /// How long the device has slept, and whether its monotonic clocks slept as well.
    pub(crate) slept: u64,
    pub(crate) clocks_sleep: bool,
    queue: BinaryHeap<Reverse<Entry>>,
    numbers: u64,
    pub(crate) steps: u64,
    pub(crate) origin: Rc<RefCell<Origin>>,
    pub(crate) pages: Vec<Page>,
    pub(crate) locks: Locks,
    /// The spans in which a page held the lock, for the count of copies.
    pub(crate) lock_spans: Vec<(PageId, u64, u64)>,
    pub(crate) flights: Vec<Flight>,
    pub(crate) weather: Weather,
    pub(crate) server: Server,
    /// The truth about each team.
    pub(crate) gates: BTreeMap<String, bool>,
    pub(crate) sources: Sources,
    pub(crate) scene: Scene,
    pub(crate) people: People,
    pub(crate) visits: Visits,
    /// Who the posthog-js of this browser has stored.
    pub(crate) posthog_id: String,
    /// How often PostHog was told of a flag.
    pub(crate) flags_met: usize,
    /// How often a hook has kept an event away.
    pub(crate) hooked: usize,
    /// How often a visitor has denied.
    pub(crate) denials: usize,
    pub(crate) book: Book,
    /// Numbers the captured events.
    pub(crate) captures: u64,
    pub(crate) forbidden_left: u32,
    pub(crate) tabs_max: usize,
    /// Whether the tabs of this run do little else than contend for the lock.
    pub(crate) contends: bool,
    pub(crate) blocked: bool,
    pub(crate) quota: Option<usize>,
    /// How many torn records the world has made.
    pub(crate) torn: u32,
    /// Records of other projects and versions, which nobody may touch until they have expired.
    pub(crate) foreign: BTreeMap<String, String>,
    pub(crate) is_healed: bool,
    /// When somebody cleared storage last. What is cleared in the moment of a record or of another
    /// clearing may go unseen, a stated limit.
    pub(crate) cleared_at: Option<u64>,
    pub(crate) script: Vec<crate::script::Step>,
    /// What a crash point of the script kills.
    pub(crate) crash_kills_browser: bool,
    pub(crate) trace: Option<Vec<String>>,
    #[cfg(feature = "broken-trackers")]
    pub(crate) sabotage: Option<posthog_booking_tracker::outbox::Sabotage>,
}

impl World {
    pub(crate) fn new(seed: u64, faults: Faults) -> Self {
        let mut chance = Chance::new(seed);
        let delay = if faults.has(Fault::SlowStorage) { (0, 90) } else { (1, 15) };
        let origin = Origin::new(START, delay);
        let weather = Weather::of(faults, &mut chance);
        let scene = Scene::of(&mut chance);
        let mut world = Self {
            faults,
            now: START,
            wall_skew: 0,
            slept: 0,
            clocks_sleep: chance.percent(50),
            queue: BinaryHeap::new(),
            numbers: 0,
            steps: 0,
            origin: Rc::new(RefCell::new(origin)),
            pages: Vec::new(),
            locks: Locks { missing: false, holder: Holder::Nobody },
            lock_spans: Vec::new(),
            flights: Vec::new(),
            weather,
            server: Server::default(),
            gates: BTreeMap::new(),
            sources: Sources::default(),
            scene,
            people: People::default(),
            visits: Visits::default(),
            posthog_id: String::new(),
            flags_met: 0,
            hooked: 0,
            denials: 0,
            book: Book::default(),
            captures: 0,
            forbidden_left: 3,
            tabs_max: 4,
            contends: false,
            blocked: false,
            quota: None,
            torn: 0,
            foreign: BTreeMap::new(),
            is_healed: false,
            cleared_at: None,
            script: Vec::new(),
            crash_kills_browser: false,
            trace: None,
            #[cfg(feature = "broken-trackers")]
            sabotage: None,
            chance,
        };
        world.set_scene();
        world
    }

    /// What differs from run to run although nothing fails.
    fn set_scene(&mut self) {
        for team in ["1", "2", crate::page::OWN_TEAM] {
            let open = !self.faults.has(Fault::GateFlips) || self.chance.percent(70);
            self.gates.insert(team.to_owned(), open);
        }
        if self.faults != Faults::NONE {
            self.locks.missing = self.chance.percent(15);
            self.wall_skew = *self.chance.pick(&[0, 0, 1_500, -700_000, 3_600_000, -40_000_000]);
        }
        if self.faults.has(Fault::Narrow) {
            self.server.bytes_max = Some(self.chance.between(3_000, 30_000) as usize);
        }
        if self.faults.has(Fault::StuckLock) && self.chance.percent(30) {
            self.locks.holder = Holder::Stranger;
        }
        self.blocked = self.faults.has(Fault::Blocked) && self.chance.percent(50);
    }

    pub(crate) fn wall(&self) -> u64 {
        (self.now as i64 + self.wall_skew) as u64
    }

    /// The monotonic clock of a page.
    pub(crate) fn monotonic(&self, page: PageId) -> u64 {
        let page = &self.pages[page];
        let slept = if self.clocks_sleep { self.slept - page.slept } else { 0 };
        self.now - page.opened - slept + page.clock_zero
    }

    pub(crate) fn store(&self, page: PageId) -> PageStore {
        PageStore { origin: Rc::clone(&self.origin), page, beside: self.pages[page].beside.clone() }
    }

    pub(crate) fn schedule(&mut self, delay: u64, happening: Happening) {
        self.numbers += 1;
        self.queue.push(Reverse(Entry { at: self.now + delay, number: self.numbers, happening }));
    }

    pub(crate) fn schedule_job(&mut self, delay: u64, page: PageId, job: Job) {
        let instance = self.pages[page].instance;
        self.schedule(delay, Happening::Task { page, instance, job });
    }

    pub(crate) fn note(&mut self, line: impl FnOnce(&Self) -> String) {
        if self.trace.is_some() {
            let text = format!("{:>9} {}", self.now - START, line(self));
            if let Some(trace) = &mut self.trace {
                trace.push(text);
            }
        }
    }

    /// Lets the next thing happen; `false`, where nothing is left or it is later than `until`.
    ///
    /// # Errors
    /// What a checker has found.
    pub(crate) fn step(&mut self, until: u64) -> Result<bool, Violation> {
        let next = self.queue.peek().map(|Reverse(entry)| entry.at);
        if next.is_none_or(|at| at > until) {
            self.now = self.now.max(until);
            self.origin.borrow_mut().tick(self.now);
            return Ok(false);
        }
        let Some(Reverse(entry)) = self.queue.pop() else { return Ok(false) };
        self.steps += 1;
        if self.steps > STEPS_MAX {
            return Err(Violation { checker: "liveness", story: format!("more than {STEPS_MAX} steps") });
        }
        self.now = self.now.max(entry.at);
        self.origin.borrow_mut().tick(self.now);
        self.happen(entry.happening)?;
        Ok(true)
    }

    fn happen(&mut self, happening: Happening) -> Verdict {
        match happening {
            Happening::Act(left) => self.act(left),
            Happening::Task { page, instance, job } if self.pages[page].instance == instance => self.run(page, job),
            Happening::Asked { page, instance, id, asking } if self.pages[page].instance == instance => {
                let answer = self.answer(page, id, &asking);
                self.run(page, Job::Say(answer))
            }
            Happening::Task { .. } | Happening::Asked { .. } => Ok(()),
            Happening::Arrival(flight) => {
                self.arrive(flight);
                Ok(())
            }
            Happening::LockAsked { page, instance } => {
                self.answer_lock(page, instance);
                Ok(())
            }
            Happening::LockReleased { page, instance } => {
                if self.pages[page].instance == instance {
                    self.free_lock(page);
                }
                Ok(())
            }
            Happening::MirrorRead { page, instance } => {
                let records = self.origin.borrow().mirror.records();
                let delay = self.chance.between(1, 40);
                if self.pages[page].instance == instance {
                    self.schedule_job(delay, page, Job::Say(Input::Mirrored(records)));
                }
                Ok(())
            }
            Happening::Gone(page) => {
                self.bury(page, "closed");
                Ok(())
            }
            Happening::LockFreed(page) => {
                self.free_lock(page);
                Ok(())
            }
            Happening::Step(number) => self.play(number),
        }
    }

    /// Whether the world still has something random to do.
    pub(crate) fn has_deeds(&self) -> bool {
        self.queue.iter().any(|Reverse(entry)| matches!(entry.happening, Happening::Act(_)))
    }

    /// Everything until `until`.
    pub(crate) fn run_until(&mut self, until: u64) -> Verdict {
        while self.step(until)? {}
        Ok(())
    }

    /// Tells pages what others have stored.
    pub(crate) fn announce(&mut self) {
        let announced = std::mem::take(&mut self.origin.borrow_mut().announced);
        for (page, at, key) in announced {
            let delay = at.saturating_sub(self.now);
            self.schedule_job(delay, page, Job::Say(Input::Stored { key }));
        }
    }

    /// Whether a record, an entry or a page's memory still has this event.
    pub(crate) fn exists(&self, fact: &Fact) -> bool {
        let origin = self.origin.borrow();
        let page = &self.pages[fact.page];
        // Behind its shutdown a tracker hears of nothing that would have it write again what it remembers.
        let is_able = page.tracker.is_some() && page.is_listening;
        let remembered = page.is_alive() && page.instance == fact.instance && is_able;
        let noted = fact.journal.as_ref().is_some_and(|entry| origin.truth.contains_key(entry));
        let waits = self.is_waiting(fact);
        noted || waits || remembered || origin.truth.contains_key(&fact.key) || origin.mirror.will_hold(&fact.key)
    }

    /// What was captured until now was denied: nobody is owed it any more.
    pub(crate) fn deny_everything(&mut self, why: &str) {
        self.denials += 1;
        self.end_session();
        (0..self.pages.len()).for_each(|page| self.forget_visitor(page));
        for place in 0..self.book.facts.len() {
            let uuid = self.book.facts[place].uuid.clone();
            if !self.server.has(&uuid) {
                self.book.excuse(&uuid, why);
            }
        }
    }

    /// Lets a fault happen, and excuses the events whose last copy it destroys.
    pub(crate) fn destroy(&mut self, why: &str, fault: impl FnOnce(&mut Self)) {
        let open: Vec<usize> = (0..self.book.facts.len())
            .filter(|index| {
                let fact = &self.book.facts[*index];
                fact.excuse.is_none() && !self.server.has(&fact.uuid) && self.exists(fact)
            })
            .collect();
        fault(self);
        self.forget_seals();
        for index in open {
            if !self.exists(&self.book.facts[index]) {
                let uuid = self.book.facts[index].uuid.clone();
                self.book.excuse(&uuid, why);
                self.note(|_| format!("  {uuid} is lost: {why}"));
            }
        }
    }

    /// A seal that was never sent and lies nowhere any more binds nobody: its event may be sealed anew.
    fn forget_seals(&mut self) {
        let pages = &self.pages;
        let nobody = !pages.iter().any(Page::is_alive);
        let origin = self.origin.borrow();
        for fact in &mut self.book.facts {
            let sealed = fact.sealed.as_ref();
            let stored = origin.truth.get(&fact.key) == sealed || origin.mirror.value(&fact.key) == sealed;
            let (page, instance) = fact.sealed_by;
            let sealer_lives = pages[page].is_alive() && pages[page].instance == instance;
            // Whoever lives may have adopted it from a store.
            let seen = fact.seal_stored || fact.mirrored_to.iter().any(|reader| pages[*reader].is_alive());
            if fact.copies.is_empty() && !stored && (nobody || !sealer_lives && !seen) {
                fact.sealed = None;
            }
        }
    }
}
