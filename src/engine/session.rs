//! Sessions: a visit that ends after 30 idle minutes or after 24 hours, shared by all tabs of the origin.
//!
//! Stored under `phbt:session:<project>` as `<uuid v7>:<started ms>:<last activity ms>`, times in base 36, shared with
//! the keel.

use super::json::push_base36;
use super::record::base36;
use super::text::cut;
use super::{Entropy, Store, Uuid, Wall};

/// A session ends after this time without an event (PostHog's default).
pub const SESSION_IDLE_MAX_MS: u64 = 30 * 60_000;

/// A session ends this long after its start, whatever happens (PostHog's rule).
pub const SESSION_LENGTH_MAX_MS: u64 = 24 * 3_600_000;

/// Activity is written at most this often, because a write costs more than the capture it notes.
pub const SESSION_WRITE_INTERVAL_MS: u64 = 5_000;

/// One visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) id: Uuid,
    started: Wall,
    active: Wall,
}

impl Session {
    /// The session of an event at `wall`: the stored one while it lasts, else `own` (the page's, where storage is
    /// blocked) while that lasts, else a new one.
    pub(super) fn at(wall: Wall, own: Option<Self>, store: &mut impl Store, key: &str, entropy: &mut Entropy) -> Self {
        let stored = store.get(key).ok().flatten().and_then(|text| Self::parse(&text));
        match stored.or(own).filter(|session| session.lasts_at(wall)) {
            Some(mut session) => {
                if wall.0.abs_diff(session.active.0) >= SESSION_WRITE_INTERVAL_MS || stored.is_none() {
                    session.active = wall;
                    session.save(store, key);
                }
                session
            }
            None => {
                let session = Self { id: Uuid::v7(wall, entropy), started: wall, active: wall };
                session.save(store, key);
                session
            }
        }
    }

    /// Differences count in both directions, so that a session from a clock that was wrong does not live on for years.
    fn lasts_at(&self, wall: Wall) -> bool {
        wall.0.abs_diff(self.active.0) < SESSION_IDLE_MAX_MS && wall.0.abs_diff(self.started.0) < SESSION_LENGTH_MAX_MS
    }

    fn parse(text: &str) -> Option<Self> {
        let (id, times) = cut(text, b':');
        let (started, active) = cut(times, b':');
        Some(Self { id: Uuid::parse(id)?, started: Wall(base36(started)?), active: Wall(base36(active)?) })
    }

    fn save(&self, store: &mut impl Store, key: &str) {
        let mut text = self.id.text();
        for time in [self.started, self.active] {
            text.push(':');
            push_base36(&mut text, time.0);
        }
        let _ = store.put(key, &text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{MemoryStore, StoreError};

    const START: u64 = 1_767_323_045_678;
    const MINUTE: u64 = 60_000;

    struct Visit {
        store: MemoryStore,
        own: Option<Session>,
        entropy: Entropy,
    }

    impl Visit {
        fn new() -> Self {
            Self { store: MemoryStore::default(), own: None, entropy: Entropy::new(1) }
        }

        fn session_at(&mut self, wall: u64) -> Uuid {
            let session = Session::at(Wall(wall), self.own, &mut self.store, "session", &mut self.entropy);
            self.own = Some(session);
            session.id
        }
    }

    #[test]
    fn it_lasts_through_activity_and_ends_after_30_idle_minutes() {
        let mut visit = Visit::new();
        let first = visit.session_at(START);
        assert_eq!(visit.session_at(START + 29 * MINUTE), first);
        assert_eq!(visit.session_at(START + 58 * MINUTE), first);
        assert_ne!(visit.session_at(START + 88 * MINUTE), first);
    }

    #[test]
    fn it_ends_after_a_day_of_activity() {
        let mut visit = Visit::new();
        let first = visit.session_at(START);
        for minutes in (20..24 * 60).step_by(20) {
            assert_eq!(visit.session_at(START + minutes * MINUTE), first);
        }
        assert_ne!(visit.session_at(START + 24 * 60 * MINUTE), first);
    }

    #[test]
    fn tabs_share_it_and_a_blocked_store_keeps_it_in_the_page() {
        let mut visit = Visit::new();
        let first = visit.session_at(START);
        let mut other_tab = Visit { store: visit.store.clone(), own: None, entropy: Entropy::new(2) };
        assert_eq!(other_tab.session_at(START + MINUTE), first);
        visit.store.error = Some(StoreError::Blocked);
        assert_eq!(visit.session_at(START + 2 * MINUTE), first);
    }

    #[test]
    fn a_session_of_a_clock_that_was_far_ahead_ends() {
        let mut visit = Visit::new();
        let ahead = visit.session_at(START + 48 * 60 * MINUTE);
        assert_ne!(visit.session_at(START), ahead);
    }

    #[test]
    fn a_damaged_session_is_replaced() {
        let mut visit = Visit::new();
        for damaged in ["", "x", "0190b3a2-7c1e-7a3b-9f00-0123456789ab:1", "0190b3a2-7c1e-7a3b-9f00-0123456789ab:1:2:3"]
        {
            visit.store.entries.insert("session".to_owned(), damaged.to_owned());
            visit.own = None;
            let id = visit.session_at(START);
            assert_eq!(visit.session_at(START + 1), id, "{damaged}");
        }
    }
}
