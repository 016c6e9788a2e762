//! Consent: whether this visitor may be tracked. The one thing of ours that is read and written without it is the answer.
//!
//! It is stored under `phbt:consent:<project>` as `granted` or `denied`, and the time of the last denial in base 36 behind a colon:
//! a tab that was frozen meanwhile sees by it that what it holds was denied, whatever has been said since.

use crate::outbox::{Store, TabStore, Wall, noun_key};
use crate::text::{base36, cut, push_base36};

/// What is known of the visitor's consent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ConsentState {
    /// It may be tracked.
    Granted,
    /// It may not.
    Denied,
    /// It has not said so yet, and the page requires it.
    #[default]
    Pending,
}

impl ConsentState {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Denied => "denied",
            Self::Pending => "pending",
        }
    }
}

/// What has changed since it was looked at last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ConsentChange {
    /// The state from now on; `None`, where it is as it was.
    pub state: Option<ConsentState>,
    /// Whether something was denied and agreed to again while this page slept.
    pub has_missed_denial: bool,
}

/// The consent of one visitor for one project.
#[derive(Debug)]
pub struct Consent {
    key: String,
    is_required: bool,
    /// What was said on this page, or read by it: it holds where storage does not.
    own: String,
    /// What was told last: the state, and when the visitor had denied last.
    told: Option<(ConsentState, Option<Wall>)>,
}

impl Consent {
    /// The consent for a project; `said` is what the visitor has said on this page before there was a tracker, as it is stored.
    #[must_use]
    pub fn new(project: &str, is_required: bool, said: &str) -> Self {
        Self { key: noun_key("consent", project), is_required, own: said.to_owned(), told: None }
    }

    /// What is known; `is_denied_elsewhere`, where the browser or another tracker on the page denies it for every page.
    pub fn state(&mut self, store: &(impl Store + TabStore), is_denied_elsewhere: bool) -> ConsentState {
        if is_denied_elsewhere {
            return ConsentState::Denied;
        }
        self.read(store);
        match state_of(&self.own) {
            Some(state) => state,
            None if self.is_required => ConsentState::Pending,
            None => ConsentState::Granted,
        }
    }

    /// When the visitor has denied last; `None`, where it never has.
    pub fn denied_at(&mut self, store: &(impl Store + TabStore)) -> Option<Wall> {
        self.read(store);
        denied_at(&self.own)
    }

    /// Stores what the visitor says. Where storage refuses, it holds for this page.
    pub fn say(&mut self, store: &mut (impl Store + TabStore), is_granted: bool, wall: Wall) {
        self.read(store);
        let mark = if is_granted { denied_at(&self.own) } else { Some(wall) };
        self.own = (if is_granted { ConsentState::Granted } else { ConsentState::Denied }).word().to_owned();
        if let Some(mark) = mark {
            self.own.push_str(":");
            push_base36(&mut self.own, mark.0);
        }
        // The other trackers of this page may have no storage to hear of it from.
        store.remember(&self.key, Some(&self.own));
        if store.put(&self.key, &self.own).is_err() {
            // Where storage is full, the earlier answer would stay and win.
            let _ = store.remove(&self.key);
        }
    }

    /// Stores it once more: a full storage may have room, now that everything else of ours is removed.
    pub fn save(&self, store: &mut impl Store) {
        if !self.own.is_empty() {
            let _ = store.put(&self.key, &self.own);
        }
    }

    /// What is known, and what has changed since this was asked last; nothing, where it is asked first.
    pub fn refresh(
        &mut self,
        store: &(impl Store + TabStore),
        is_denied_elsewhere: bool,
    ) -> (ConsentState, ConsentChange) {
        let state = self.state(store, is_denied_elsewhere);
        // If somebody has cleared the storage, the next answer lacks the time of the last denial. That is no new denial, and neither is the
        // old time when it comes back.
        let known = self.told.and_then(|(_, denied_at)| denied_at);
        let present = (state, denied_at(&self.own).or(known));
        let Some(told) = self.told.replace(present).filter(|told| *told != present) else {
            return (state, ConsentChange::default());
        };
        let change = ConsentChange {
            state: (state != told.0).then_some(state),
            has_missed_denial: state != ConsentState::Denied && present.1 != told.1,
        };
        (state, change)
    }

    fn read(&mut self, store: &(impl Store + TabStore)) {
        let answer = match store.get(&self.key) {
            Ok(stored) => stored,
            // Where storage cannot be read, the trackers of the page tell each other.
            Err(_) => store.recall(&self.key),
        };
        if let Some(answer) = answer.filter(|answer| state_of(answer).is_some()) {
            self.own = answer;
        }
    }
}

fn state_of(answer: &str) -> Option<ConsentState> {
    [ConsentState::Granted, ConsentState::Denied].into_iter().find(|state| answer.starts_with(state.word()))
}

fn denied_at(answer: &str) -> Option<Wall> {
    base36(cut(answer, b':').1).map(Wall)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test states its expectations by failing")]

    use super::*;
    use crate::outbox::{MemoryStore, StoreError};

    #[test]
    fn an_answer_is_stored_with_the_time_of_the_last_denial() {
        let mut store = MemoryStore::default();
        let mut consent = Consent::new("p", true, "");
        assert_eq!(consent.state(&store, false), ConsentState::Pending);
        consent.say(&mut store, true, Wall(35));
        assert_eq!(store.entries["phbt:consent:p"], "granted");
        consent.say(&mut store, false, Wall(36));
        consent.say(&mut store, true, Wall(37));
        assert_eq!(store.entries["phbt:consent:p"], "granted:10");
        assert_eq!((consent.state(&store, false), consent.denied_at(&store)), (ConsentState::Granted, Some(Wall(36))));
        assert_eq!(consent.state(&store, true), ConsentState::Denied);
    }

    #[test]
    fn a_page_hears_of_changes_and_of_denials_that_it_slept_through() {
        let mut store = MemoryStore::default();
        let mut consent = Consent::new("p", false, "");
        assert_eq!(consent.refresh(&store, false).1, ConsentChange::default());
        let mut other = Consent::new("p", false, "");
        other.say(&mut store, false, Wall(1));
        let denied = ConsentChange { state: Some(ConsentState::Denied), has_missed_denial: false };
        assert_eq!(consent.refresh(&store, false).1, denied);
        assert_eq!(consent.refresh(&store, false).1, ConsentChange::default());
        other.say(&mut store, true, Wall(2));
        let granted = ConsentChange { state: Some(ConsentState::Granted), has_missed_denial: false };
        assert_eq!(consent.refresh(&store, false).1, granted);
        other.say(&mut store, false, Wall(3));
        other.say(&mut store, true, Wall(4));
        assert_eq!(consent.refresh(&store, false).1, ConsentChange { state: None, has_missed_denial: true });
    }

    #[test]
    fn a_denial_that_a_cleared_storage_has_forgotten_is_no_news_when_it_comes_back() {
        let mut store = MemoryStore::default();
        let mut consent = Consent::new("p", false, "");
        consent.say(&mut store, false, Wall(1));
        consent.say(&mut store, true, Wall(2));
        consent.refresh(&store, false);
        for answer in ["granted", "granted:1", "granted"] {
            store.entries.insert("phbt:consent:p".to_owned(), answer.to_owned());
            assert_eq!(consent.refresh(&store, false).1, ConsentChange::default(), "{answer}");
        }
        store.entries.insert("phbt:consent:p".to_owned(), "granted:3".to_owned());
        assert!(consent.refresh(&store, false).1.has_missed_denial);
    }

    #[test]
    fn what_storage_does_not_take_holds_for_this_page() {
        let mut store = MemoryStore { write_error: Some(StoreError::Full), ..MemoryStore::default() };
        let mut consent = Consent::new("p", false, "");
        consent.say(&mut store, false, Wall(1));
        assert_eq!(consent.state(&store, false), ConsentState::Denied);
        assert_eq!(Consent::new("p", false, "denied:1").state(&store, false), ConsentState::Denied);
        store.write_error = None;
        consent.save(&mut store);
        assert_eq!(store.entries["phbt:consent:p"], "denied:1");
    }

    #[test]
    fn a_denial_that_a_full_storage_does_not_take_counts_more_than_the_answer_that_it_keeps() {
        let mut store = MemoryStore::default();
        let mut consent = Consent::new("p", false, "");
        consent.say(&mut store, true, Wall(1));
        store.write_error = Some(StoreError::Full);
        consent.say(&mut store, false, Wall(2));
        assert_eq!(consent.state(&store, false), ConsentState::Denied);
        assert_eq!(store.entries.get("phbt:consent:p"), None);
    }

    #[test]
    fn what_is_no_answer_says_nothing() {
        for text in ["", "yes", "grant", ":1"] {
            let entries = [("phbt:consent:p".to_owned(), text.to_owned())].into();
            let store = MemoryStore { entries, ..MemoryStore::default() };
            assert_eq!(Consent::new("p", true, "").state(&store, false), ConsentState::Pending, "{text}");
        }
    }
}
