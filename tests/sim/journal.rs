//! Journals: what a page captures while it has no tracker it notes in storage, an entry each, and whoever has one replays it
//! (`js/src/journal.ts`).

use posthog_booking_tracker::outbox::{FRESH_AGE_MAX_MS, Input, NewEvent, Store};

use crate::book::{captured_of, uuid_of};
use crate::keys::{journal_key, journal_prefix, replayed_key};
use crate::record::RecordValue;
use crate::storage::{Op, PageId};
use crate::world::{Verdict, World};

/// An entry, read.
struct Entry {
    key: String,
    /// Who has noted it.
    page: PageId,
    name: String,
    team: Option<String>,
    must_send: bool,
    body: String,
}

impl Entry {
    fn read(key: &str, value: &str) -> Option<Self> {
        let parts: Vec<&str> = value.splitn(5, '\t').collect();
        let [page, name, team, must_send, body] = parts[..] else { return None };
        Some(Self {
            key: key.to_owned(),
            page: page.parse().ok()?,
            name: name.to_owned(),
            team: Some(team.to_owned()).filter(|team| !team.is_empty()),
            must_send: must_send == "m",
            body: body.to_owned(),
        })
    }
}

impl World {
    /// A page without a tracker notes an event. Where storage does not take it, nothing is promised.
    pub(crate) fn note_in_journal(&mut self, page: PageId, event: &NewEvent) {
        let NewEvent { key, name, body, team, must_send, .. } = event;
        let entry = journal_key(key);
        let (team, mark) = (team.as_deref(), if *must_send { "m" } else { "" });
        let value = format!("{page}\t{name}\t{}\t{mark}\t{body}", team.unwrap_or_default());
        self.origin.borrow_mut().deliver(page);
        let stored = self.store(page).put(&entry, &value).is_ok();
        self.origin.borrow_mut().take_ops();
        self.note(|_| format!("page {page} notes {entry}, stored {stored}"));
        let record = RecordValue { sealed: false, held: false, must_send: *must_send, team, body }.write();
        let engine = self.pages[page].engine;
        let died = self.origin.borrow().dead.contains(&page);
        if stored
            && self.book.enter(page, engine, self.now, (key, &record, false)).is_ok()
            && let Some(fact) = self.book.find_mut(uuid_of(key))
        {
            fact.returned = !died;
            fact.raw = None;
            fact.journal = Some(entry);
        }
        if died {
            self.die_inside(page);
        }
    }

    /// The tracker of a page has come: it captures what the page has noted a moment ago. What is older other pages may be taking
    /// over, so that is replayed like theirs.
    pub(crate) fn capture_journal(&mut self, page: PageId) -> Verdict {
        for entry in self.entries(page).into_iter().filter(|entry| entry.page == page) {
            if self.wall().abs_diff(captured_of(&entry.key)) >= FRESH_AGE_MAX_MS {
                continue;
            }
            let event = self.compose(page, &entry);
            self.take_over(page, &entry, Input::Captured(event))?;
        }
        Ok(())
    }

    /// The engine wants what was noted and is so old.
    pub(crate) fn replay_journal(&mut self, page: PageId, age_min_ms: u64) -> Verdict {
        let mut look_again: Option<u64> = None;
        for entry in self.entries(page) {
            let age_ms = self.wall().abs_diff(captured_of(&entry.key));
            if age_ms < age_min_ms {
                let in_ms = age_min_ms - age_ms;
                look_again = Some(look_again.map_or(in_ms, |earlier| earlier.min(in_ms)));
                continue;
            }
            let event = self.compose(page, &entry);
            self.take_over(page, &entry, Input::Replayed(event))?;
        }
        match look_again {
            Some(in_ms) if self.pages[page].is_alive() => self.input(page, Input::LookAgain { in_ms }),
            _ => Ok(()),
        }
    }

    /// What a page sees of journals.
    fn entries(&self, page: PageId) -> Vec<Entry> {
        let store = self.store(page);
        let keys = store.keys(&journal_prefix()).unwrap_or_default();
        let entries = keys.iter().filter_map(|key| Entry::read(key, &store.get(key).ok().flatten()?)).collect();
        self.origin.borrow_mut().take_ops();
        entries
    }

    /// The event of an entry, the same whoever composes it.
    fn compose(&mut self, page: PageId, entry: &Entry) -> NewEvent {
        let open = entry.team.as_deref().and_then(|team| self.knows(page, team));
        NewEvent {
            key: replayed_key(&entry.key),
            name: entry.name.clone(),
            body: entry.body.clone(),
            team: entry.team.clone(),
            open,
            must_send: entry.must_send,
            sealed: true,
        }
    }

    /// Tells the engine of an entry, and removes it when the engine has it.
    fn take_over(&mut self, page: PageId, entry: &Entry, input: Input) -> Verdict {
        if !self.pages[page].is_alive() {
            return Ok(());
        }
        self.input(page, input)?;
        if self.pages[page].is_alive() {
            let _ = self.store(page).remove(&entry.key);
            let ops: Vec<Op> = self.origin.borrow_mut().take_ops();
            self.note(|_| format!("page {page} removes {}, {} calls", entry.key, ops.len()));
            if self.origin.borrow().dead.contains(&page) {
                self.die_inside(page);
            }
        }
        Ok(())
    }
}
