//! The drain lock: one for all pages of the origin. A page asks with `ifAvailable` (Web Locks API), so it is refused at
//! once and never queued. The lock stays with a page in the back/forward cache and with one that hangs, and falls free
//! when its holder dies (measured in Chromium 156).

use posthog_booking_tracker::outbox::LockAnswer;

use crate::storage::PageId;

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
