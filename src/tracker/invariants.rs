//! What must hold of a tracker behind every input, call and reading. Asserted in builds with debug assertions, which no browser runs.

use super::Tracker;
use crate::outbox::{Store, TabStore};

impl<S: Store + TabStore> Tracker<S> {
    /// The ledger, and the invariants of `ARCHITECTURE.md` as far as a tracker can see them.
    ///
    /// # Panics
    /// Where one of them does not hold.
    pub(super) fn assert_invariants(&self) {
        self.outbox.assert_invariants();
        #[cfg(feature = "broken-trackers")]
        if self.sabotage.is_some() {
            return;
        }
        let counts = self.stats();
        debug_assert!(counts.balances() && counts.held <= counts.waiting, "{counts:?}");
        let is_silent = self.outbox.store().is_silent;
        let is_seen = self.prerendered.is_none();
        debug_assert!(
            is_silent != (is_seen && self.is_granted()),
            "something may be stored exactly where the visitor has agreed and sees the page"
        );
        debug_assert!(!self.is_open || is_seen, "nothing is opened that nobody has seen");
        debug_assert!(
            self.is_granted() || !is_seen || counts.waiting as usize == self.held.events(),
            "without consent nothing waits but what is held for it"
        );
        debug_assert!(self.moment.is_none(), "no call is going on");
    }
}
