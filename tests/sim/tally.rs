//! What came of gates, raw records, journals and visitors over many runs: a promise about them is worth nothing where nothing ever puts
//! it to the test.

use posthog_booking_tracker::outbox::DropReason;

use crate::book::body_of;
use crate::world::World;

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    /// Events that were given up because their team is not tracked.
    pub(crate) shut: usize,
    /// Events that were given up because nobody has said in time.
    pub(crate) unknown: usize,
    /// Events that were delivered although nobody knew of their team when they were captured.
    pub(crate) held_and_delivered: usize,
    /// How often a tracker said the opposite of what it had said of a team before.
    pub(crate) turned: usize,
    /// How often it said that nobody knows any more.
    pub(crate) forgotten: usize,
    /// Events that were delivered as their page has sealed them after a while, and as others have found them raw.
    pub(crate) sealed: usize,
    pub(crate) found_raw: usize,
    /// Events that were delivered out of journals, by other pages than those that noted them, and by their own.
    pub(crate) replayed: usize,
    pub(crate) caught_up: usize,
    /// How often a page has named its visitor, a visitor has denied, PostHog was told of a flag, and a hook has kept an event away.
    pub(crate) named: usize,
    pub(crate) denied: usize,
    pub(crate) met: usize,
    pub(crate) hooked: usize,
    /// How often a session was over by itself.
    pub(crate) over: usize,
}

impl Tally {
    pub(crate) fn of(world: &World) -> Self {
        let given_up = |reason: DropReason| {
            world.book.facts.iter().filter(|fact| fact.excuse.as_deref() == Some(reason.code())).count()
        };
        let delivered = world.book.facts.iter().filter(|fact| fact.held && world.server.has(&fact.uuid));
        let raw = |as_it_was: bool| {
            let raw = world.book.facts.iter().filter(|fact| fact.raw.is_some() && world.server.has(&fact.uuid));
            raw.filter(|fact| (fact.raw.as_deref().and_then(body_of) == fact.body()) == as_it_was).count()
        };
        let noted = |by_own: bool| {
            let noted = world.book.facts.iter().filter(|fact| fact.journal.is_some() && world.server.has(&fact.uuid));
            noted.filter(|fact| (fact.page == fact.noted_by) == by_own).count()
        };
        Self {
            sealed: raw(false),
            found_raw: raw(true),
            replayed: noted(false),
            caught_up: noted(true),
            named: world.people.named,
            denied: world.denials,
            met: world.flags_met,
            hooked: world.hooked,
            over: world.visits.over,
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
        self.sealed += other.sealed;
        self.found_raw += other.found_raw;
        self.replayed += other.replayed;
        self.caught_up += other.caught_up;
        self.named += other.named;
        self.denied += other.denied;
        self.met += other.met;
        self.hooked += other.hooked;
        self.over += other.over;
    }

    /// Whether each of these has happened.
    pub(crate) fn is_whole(&self) -> bool {
        let gates = [self.shut, self.unknown, self.held_and_delivered, self.turned, self.forgotten];
        let others = [self.sealed, self.found_raw, self.replayed, self.caught_up];
        let visitors = [self.named, self.denied, self.met, self.hooked, self.over];
        gates.into_iter().chain(others).chain(visitors).all(|count| count > 0)
    }
}
