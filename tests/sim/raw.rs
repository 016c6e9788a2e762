//! Raw records: for a moment a page may still change who its events are about (`src/tracker/sharing.rs`).

use posthog_booking_tracker::outbox::{Input, NewEvent};

use crate::page::Job;
use crate::storage::PageId;
use crate::world::{Verdict, World};

/// A page knows after this time at the latest.
const PATIENCE_MS: u64 = 2_000;

impl World {
    /// Captures an event that is about nobody for certain yet.
    pub(crate) fn capture_raw(&mut self, page: PageId, event: NewEvent) -> Verdict {
        let person = format!("known-{page}");
        let body = event.body.replace(&self.pages[page].person, &person);
        self.pages[page].raw.insert(event.key.clone(), body);
        let delay = self.chance.between(0, PATIENCE_MS);
        // Timers of a page that nobody sees are put off.
        let late = if self.pages[page].hidden { self.lateness(page) } else { 0 };
        self.schedule_job(delay + late, page, Job::Seal(event.key.clone()));
        self.say(page, Input::Captured(NewEvent { sealed: false, ..event }))
    }

    /// The page knows who a raw record is about, or gives up waiting.
    pub(crate) fn seal(&mut self, page: PageId, key: String) -> Verdict {
        let body = self.pages[page].raw.remove(&key);
        body.map_or(Ok(()), |body| self.input(page, Input::Sealed { key, body }))
    }

    /// What a page does before it reports that it is left.
    pub(crate) fn seal_all(&mut self, page: PageId) -> Verdict {
        let keys: Vec<String> = self.pages[page].raw.keys().cloned().collect();
        keys.into_iter().try_for_each(|key| if self.pages[page].is_alive() { self.seal(page, key) } else { Ok(()) })
    }
}
