//! The drain lock: one for all pages of the origin. A page asks with `ifAvailable` (Web Locks API), so it is refused at
//! once and never queued. The lock stays with a page in the back/forward cache and with one that hangs, and falls free
//! when its holder dies (measured in Chromium 156).

use posthog_booking_tracker::outbox::LockAnswer;

use crate::page::{Job, Life};
use crate::storage::PageId;
use crate::world::World;

/// Who has the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    Nobody,
    Page(PageId),
    /// A renderer that hangs and never lets go.
    Stranger,
}

#[derive(Debug)]
pub(crate) struct Locks {
    /// A browser without Web Locks.
    pub(crate) missing: bool,
    pub(crate) holder: Holder,
}

impl Locks {
    /// Answers a page that asks; `beside` says whether other pages of the origin are alive.
    pub(crate) fn ask(&mut self, page: PageId, beside: bool) -> LockAnswer {
        if self.missing {
            return LockAnswer::Missing;
        }
        if self.holder != Holder::Nobody {
            return LockAnswer::Refused;
        }
        self.holder = Holder::Page(page);
        if beside { LockAnswer::GrantedBeside } else { LockAnswer::Granted }
    }

    pub(crate) fn release(&mut self, page: PageId) {
        if self.holder == Holder::Page(page) {
            self.holder = Holder::Nobody;
        }
    }
}

pub(crate) fn is_granted(answer: LockAnswer) -> bool {
    matches!(answer, LockAnswer::Granted | LockAnswer::GrantedBeside)
}

impl World {
    pub(crate) fn answer_lock(&mut self, page: PageId, instance: u32) {
        if self.pages[page].instance != instance || !self.pages[page].is_alive() {
            return;
        }
        // Who asks for the lock has its holder thrown out of the back/forward cache (measured in Chromium 156).
        if let Holder::Page(holder) = self.locks.holder
            && self.pages[holder].life == Life::Cached
        {
            self.bury(holder, "thrown out of the back/forward cache");
            self.locks.holder = Holder::Nobody;
        }
        // A page shows that it lives from when its tracker opens its stores until it is left; a hung one goes on showing it.
        let beside = self.pages.iter().any(|other| other.id != page && other.is_alive() && other.is_present);
        let answer = self.locks.ask(page, beside);
        self.note(|_| format!("lock: page {page} {answer:?}"));
        if is_granted(answer) {
            self.lock_spans.push((page, self.now, u64::MAX));
        }
        let delay = self.chance.between(0, 14);
        self.schedule_job(delay, page, Job::Lock(answer));
    }

    pub(crate) fn free_lock(&mut self, page: PageId) {
        self.locks.release(page);
        let now = self.now;
        for span in self.lock_spans.iter_mut().filter(|span| span.0 == page && span.2 == u64::MAX) {
            span.2 = now;
        }
    }

    pub(crate) fn steal_lock(&mut self) {
        if let Holder::Page(holder) = self.locks.holder {
            self.note(|_| format!("the lock of page {holder} is stolen"));
            self.free_lock(holder);
            let delay = self.chance.between(0, 5);
            self.schedule_job(delay, holder, Job::LockLost);
        }
    }
}
