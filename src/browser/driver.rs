//! The driver: passes inputs to the engine, drains its outputs and has them carried out.
//!
//! The page's side calls in again while it is asked for something: an answer that is there at once, or a page that has replaced
//! what the page's side uses. Such a call waits here until the one that is going on is done, so the engine is never entered
//! twice.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use super::{PageSide, clock, entropy};
use crate::engine::{Config, Input, Now, Output, Stats, Tracker};

/// The longest wait that is asked of a timer. `setTimeout` takes 31 bits, and an hour more or less makes no difference
/// to something that is due in days.
const WAIT_MAX_MS: u64 = 3_600_000;

/// One engine in its browser.
#[derive(Debug)]
pub struct Driver {
    /// The tracker, whose store is the page's side.
    tracker: RefCell<Tracker<PageSide>>,
    /// What carries out what the engine wants.
    page_side: PageSide,
    /// What has happened and the engine has not been told of yet.
    inputs: RefCell<VecDeque<Input>>,
    /// Whether an input is being worked on.
    is_busy: Cell<bool>,
    /// The counters before the present input.
    counted: Cell<Stats>,
}

impl Driver {
    /// Makes an engine. It does nothing until [`Input::Started`].
    pub fn new(config: Config, page_side: PageSide) -> Self {
        Self {
            tracker: RefCell::new(Tracker::new(config, page_side.clone())),
            page_side,
            inputs: RefCell::default(),
            is_busy: Cell::new(false),
            counted: Cell::default(),
        }
    }

    /// Tells the engine what happened and has done what follows from it, behind what is going on.
    pub fn enter(&self, input: Input) {
        self.inputs.borrow_mut().push_back(input);
        if self.is_busy.replace(true) {
            return;
        }
        while let Some(input) = self.next() {
            self.work_on(input);
        }
        self.is_busy.set(false);
    }

    /// The counters; from inside a call, those of before it.
    pub fn stats(&self) -> Stats {
        match self.tracker.try_borrow() {
            Ok(tracker) if !self.is_busy.get() => tracker.stats(),
            _ => self.counted.get(),
        }
    }

    /// Takes the next input; its own function, so that the queue is free while the input is worked on.
    fn next(&self) -> Option<Input> {
        self.inputs.borrow_mut().pop_front()
    }

    fn work_on(&self, input: Input) {
        #[cfg(feature = "planted-trap")]
        super::planted_trap::spring(&input);
        let now = Now { wall: clock::wall(), monotonic: clock::monotonic(), entropy: entropy::entropy() };
        let outputs = {
            let mut tracker = self.tracker.borrow_mut();
            self.counted.set(tracker.stats());
            tracker.handle(now, input);
            tracker.take_outputs()
        };
        for output in outputs {
            perform(&self.page_side, &output);
        }
    }
}

fn perform(page_side: &PageSide, output: &Output) {
    match output {
        Output::Send { request, events, keepalive } => page_side.send(*request, events, *keepalive),
        Output::Abort { request } => page_side.abort(*request),
        Output::Exit { events } => page_side.exit(events),
        Output::WakeAt(time) => page_side
            .wake_in(time.map_or(-1.0, |time| time.0.saturating_sub(clock::monotonic().0).min(WAIT_MAX_MS) as f64)),
        Output::AskGate { team } => page_side.ask_gate(team),
        Output::AskLock => page_side.ask_lock(),
        Output::ReleaseLock => page_side.release_lock(),
        Output::ReplayJournal { age_min_ms } => page_side.replay_journal(*age_min_ms as f64),
        Output::Settled => page_side.settled(),
        Output::Notice { notice, event } => page_side.notice(notice.code(), event),
    }
}
