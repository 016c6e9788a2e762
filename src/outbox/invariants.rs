//! What must hold of an outbox behind every input. Asserted in builds with debug assertions, which no browser runs.

use super::gate::GateState;
use super::{Outbox, Presence, Store};

impl<S: Store> Outbox<S> {
    /// The ledger, and the invariants of `ARCHITECTURE.md` as far as an outbox can see them.
    ///
    /// # Panics
    /// Where one of them does not hold.
    pub(crate) fn assert_invariants(&self) {
        #[cfg(feature = "broken-trackers")]
        if self.sabotage.is_some() {
            return;
        }
        let stats = self.stats();
        debug_assert!(stats.balances() && stats.held <= stats.waiting, "{stats:?}");
        let records = &self.waiting.records;
        debug_assert!(
            records.windows(2).all(|pair| pair[0].key.is_before(&pair[1].key)),
            "records wait in the order in which they were captured, each once"
        );
        debug_assert!(!records.iter().any(|record| record.raw && record.request != 0), "what is raw is not under way");
        debug_assert!(self.presence != Presence::Leaving || !self.drain.is_held(), "a page that is left holds no lock");
    }

    /// What a request has just taken along may leave.
    pub(super) fn assert_may_leave(&self, request: u32) {
        #[cfg(feature = "broken-trackers")]
        if self.sabotage.is_some() {
            return;
        }
        let mut loaded = self.waiting.records.iter().filter(|record| record.request == request);
        debug_assert!(
            loaded.all(|record| !record.raw && self.gate.state(record.team) == GateState::Open),
            "nothing leaves before it is sealed, or through a gate that is not known to be open"
        );
    }
}
