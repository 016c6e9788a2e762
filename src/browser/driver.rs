//! The driver: passes inputs to the engine, drains its outputs and has them carried out.
//!
//! The engine is never borrowed while anything of the page runs, save for storage itself. A call that comes in while it
//! is (a page may have replaced `Storage.prototype.setItem`) is queued behind.

use std::cell::RefCell;

use super::page::page;
use super::{LocalStore, PageSide, clock, entropy, storage};
use crate::engine::{Config, Handover, Input, NewEvent, Now, Output, Stats, Tracker};

/// The longest wait that is asked of a timer. `setTimeout` takes 31 bits, and an hour more or less makes no difference
/// to something that is due in days.
const WAIT_MAX_MS: u64 = 3_600_000;

/// One engine in its browser.
#[derive(Debug)]
pub struct Driver {
    tracker: RefCell<Tracker<LocalStore>>,
    behind: RefCell<Vec<Input>>,
    page_side: PageSide,
}

impl Driver {
    /// Starts an engine.
    pub fn start(config: Config, page_side: PageSide, handover: Handover) -> Self {
        let tracker = RefCell::new(Tracker::new(config, LocalStore));
        let driver = Self { tracker, behind: RefCell::default(), page_side };
        driver.enter(Input::Started(handover));
        driver
    }

    /// Tells the engine what happened and has done what follows from it.
    pub fn enter(&self, input: Input) {
        self.behind.borrow_mut().push(input);
        while let Ok(mut tracker) = self.tracker.try_borrow_mut() {
            let input = {
                let mut behind = self.behind.borrow_mut();
                if behind.is_empty() {
                    return;
                }
                behind.remove(0)
            };
            storage::begin_input();
            #[cfg(feature = "planted-trap")]
            super::planted_trap::spring(&input);
            let now = Now { wall: clock::wall(), monotonic: clock::monotonic(), entropy: entropy() };
            tracker.handle(now, input);
            let outputs = tracker.take_outputs();
            drop(tracker);
            for output in outputs {
                self.perform(&output);
            }
        }
    }

    /// Captures an event of the page as it is now.
    pub fn capture(&self, name: String, properties: String, team: Option<String>) {
        self.enter(Input::Captured(NewEvent { name, properties, team, page: page() }));
    }

    /// Names the visitor of the page.
    pub fn identify(&self, distinct_id: String, team: Option<String>) {
        self.enter(Input::Identified { distinct_id, team, page: page() });
    }

    /// The page's counters.
    pub fn stats(&self) -> Stats {
        self.tracker.try_borrow().map(|tracker| tracker.stats()).unwrap_or_default()
    }

    fn perform(&self, output: &Output) {
        match output {
            Output::Send { request, body, keepalive } => self.page_side.send(*request, body, *keepalive),
            Output::Abort { request } => self.page_side.abort(*request),
            Output::Exit { body } => self.page_side.exit(body),
            Output::WakeAt(None) => self.page_side.wake_in(-1.0),
            Output::WakeAt(Some(time)) => {
                let wait_ms = time.0.saturating_sub(clock::monotonic().0).min(WAIT_MAX_MS);
                self.page_side.wake_in(wait_ms as f64);
            }
            Output::AskGate { team } => self.page_side.ask_gate(team),
            Output::Settled => self.page_side.settled(),
            Output::Notice { notice, event } => self.page_side.notice(notice.code(), event),
        }
    }
}
