//! Healing: all faults end, a visitor comes and stays, and everything that may leave has to leave within a bounded time and
//! a bounded number of steps, so that a livelock fails instead of hanging.

use posthog_booking_tracker::tracker::{Call, Input};

use crate::checkers::{self, settlement};
use crate::locks::Holder;
use crate::page::{Job, Life, PageGate};
use crate::storage::PageId;
use crate::world::{Verdict, World};

const STEPS_MAX: u32 = 12_000;
const SPAN_MAX_MS: u64 = 3 * 3_600_000;
/// More than the time that a request may take.
const LAST_ANSWERS_MS: u64 = 12_000;
/// What the pages that have lived through it get for themselves, before anybody comes.
const REST_MS: u64 = 150_000;

impl World {
    pub(crate) fn heal(&mut self) -> Verdict {
        self.note(|_| "the world heals".to_owned());
        self.is_healed = true;
        self.quota = None;
        self.origin.borrow_mut().crash = None;
        if self.locks.holder == Holder::Stranger {
            self.locks.holder = Holder::Nobody;
        }
        for page in 0..self.pages.len() {
            self.origin.borrow_mut().set_quota(page, None);
            self.wake_up(page)?;
        }
        self.run_until(self.now + REST_MS)?;
        for page in 0..self.pages.len() {
            if self.pages[page].is_running() && !self.pages[page].left {
                self.say(page, Input::Online)?;
                // What could not be loaded is loaded now.
                if self.pages[page].tracker.is_none() && self.pages[page].instance < 3 {
                    self.run(page, Job::Start)?;
                }
                if self.chance.percent(50) && self.pages[page].hidden {
                    self.say(page, Input::Returned)?;
                }
            }
        }
        self.visit_and_stay()?;
        // What a page could not remove from the mirror in time comes back once more.
        self.visit_and_stay()?;
        if settlement::owed(self).next().is_some() {
            // A page without a tracker has noted something after the last one that opened had looked.
            self.visit_and_stay()?;
        }
        checkers::look_at_the_end(self)
    }

    fn wake_up(&mut self, page: PageId) -> Verdict {
        match self.pages[page].life {
            Life::Frozen | Life::Hung if self.chance.percent(70) => self.resume(page),
            Life::Cached if self.chance.percent(50) => self.uncache(page),
            Life::Frozen | Life::Hung | Life::Cached => {
                self.kill(page);
                Ok(())
            }
            Life::Live | Life::Dead => Ok(()),
        }
    }

    fn visit_and_stay(&mut self) -> Verdict {
        let page = self.open(PageGate::Asks)?;
        if self.scene.asks_consent {
            self.call(page, Call::Answer { is_granted: true })?;
        }
        let until = self.now + SPAN_MAX_MS;
        for step in 0..STEPS_MAX {
            let is_over = !self.step(until)?;
            if !is_over && (step % 8 != 0 || !self.is_quiet()) {
                continue;
            }
            // The last answers come, and the last removals get to the mirror; and what a page that was asleep has to say.
            self.run_until(self.now + LAST_ANSWERS_MS)?;
            if is_over || self.is_quiet() {
                return Ok(());
            }
        }
        self.run_until(self.now + LAST_ANSWERS_MS)
    }

    fn is_quiet(&self) -> bool {
        if settlement::owed(self).next().is_some() {
            return false;
        }
        let origin = self.origin.borrow();
        !origin.truth.keys().chain(origin.mirror.written.keys()).any(|key| settlement::is_settled(self, key))
    }
}
