//! What came of gates over many runs: a promise about them is worth nothing where nothing ever puts it to the test.

use posthog_booking_tracker::engine::DropReason;

use crate::world::World;

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct GateTally {
    /// Events that were given up because their team is not tracked.
    pub(crate) shut: usize,
    /// Events that were given up because nobody has said in time.
    pub(crate) unknown: usize,
    /// Events that were delivered although nobody knew of their team when they were captured.
    pub(crate) held_and_delivered: usize,
    /// How often an engine was told the opposite of what it had been told before.
    pub(crate) turned: usize,
    /// How often an engine was told that nobody knows any more.
    pub(crate) forgotten: usize,
}

impl GateTally {
    pub(crate) fn of(world: &World) -> Self {
        let given_up = |reason: DropReason| {
            world.book.facts.iter().filter(|fact| fact.excuse.as_deref() == Some(reason.code())).count()
        };
        let delivered = world.book.facts.iter().filter(|fact| fact.held && world.server.has(&fact.uuid));
        Self {
            shut: given_up(DropReason::GateShut),
            unknown: given_up(DropReason::GateUnknown),
            held_and_delivered: delivered.count(),
            turned: world.sources.turned,
            forgotten: world.sources.forgotten,
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.shut += other.shut;
        self.unknown += other.unknown;
        self.held_and_delivered += other.held_and_delivered;
        self.turned += other.turned;
        self.forgotten += other.forgotten;
    }

    /// Whether each of these has happened.
    pub(crate) fn is_whole(&self) -> bool {
        [self.shut, self.unknown, self.held_and_delivered, self.turned, self.forgotten]
            .into_iter()
            .all(|count| count > 0)
    }
}
