//! The driver: passes inputs to the engine, drains its outputs and has them carried out.
//!
//! The page's side calls in again only when a call is over (`js/src/engine.ts` queues what comes from inside one), so the
//! engine is never entered twice.

use std::cell::RefCell;

use super::{PageSide, clock, entropy};
use crate::engine::{Config, Input, Now, Output, Stats, Tracker};

/// The longest wait that is asked of a timer. `setTimeout` takes 31 bits, and an hour more or less makes no difference
/// to something that is due in days.
const WAIT_MAX_MS: u64 = 3_600_000;

/// One engine in its browser.
#[derive(Debug)]
pub struct Driver {
    /// The tracker, and the page's side, which is its store.
    tracker: RefCell<Tracker<PageSide>>,
}

impl Driver {
    /// Makes an engine. It does nothing until [`Input::Started`].
    pub fn new(config: Config, page_side: PageSide) -> Self {
        Self { tracker: RefCell::new(Tracker::new(config, page_side)) }
    }

    /// Tells the engine what happened and has done what follows from it.
    pub fn enter(&self, input: Input) {
        #[cfg(feature = "planted-trap")]
        super::planted_trap::spring(&input);
        let now = Now { wall: clock::wall(), monotonic: clock::monotonic(), entropy: entropy::entropy() };
        let outputs = {
            let mut tracker = self.tracker.borrow_mut();
            tracker.handle(now, input);
            tracker.take_outputs()
        };
        let tracker = self.tracker.borrow();
        for output in outputs {
            perform(tracker.store(), &output);
        }
    }

    /// The page's counters; zeros, where it is asked from inside a call.
    pub fn stats(&self) -> Stats {
        self.tracker.try_borrow().map(|tracker| tracker.stats()).unwrap_or_default()
    }

    /// Gives the page's side the counters.
    pub fn count(&self) {
        if let Ok(tracker) = self.tracker.try_borrow() {
            for count in tracker.stats().counts() {
                tracker.store().count(count);
            }
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
        Output::Settled => page_side.settled(),
        Output::Notice { notice, event } => page_side.notice(notice.number(), event),
    }
}
