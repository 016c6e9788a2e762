//! Consent as a page has to know it, by what the document of the format says: stored as `granted` or `denied`, with the time of the last
//! denial behind a colon.

use posthog_booking_tracker::person::ConsentState;

use crate::page::PROJECT;
use crate::storage::PageId;
use crate::world::World;

/// What the visitor has said, as a page has read or heard it last: it holds where storage does not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Word {
    text: String,
    /// When it was denied last, also where a later answer does not know of it because somebody has cleared the storage.
    last_denied: String,
}

impl Word {
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    fn hear(&mut self, text: String) {
        self.text = text;
        if !self.denied().is_empty() {
            self.last_denied = self.denied().to_owned();
        }
    }

    /// The last denial that the page knows of.
    pub(crate) fn last_denied(&self) -> &str {
        &self.last_denied
    }

    /// When the visitor has denied last, as it is stored.
    pub(crate) fn denied(&self) -> &str {
        self.text.split_once(':').map_or("", |(_, denied)| denied)
    }

    fn is_one(text: &str) -> bool {
        text.starts_with("granted") || text.starts_with("denied")
    }
}

/// The key of the answer.
pub(crate) fn consent_key() -> String {
    format!("phbt:consent:{PROJECT}")
}

impl World {
    /// What a page has to take for the visitor's consent now.
    pub(crate) fn consent_of(&mut self, page: PageId) -> ConsentState {
        let stored = self.origin.borrow().seen(page, &consent_key());
        let here = &mut self.pages[page];
        if let Some(stored) = stored.filter(|stored| Word::is_one(stored)) {
            here.word.hear(stored);
        }
        match here.word.text() {
            word if word.starts_with("granted") => ConsentState::Granted,
            word if word.starts_with("denied") => ConsentState::Denied,
            _ if self.scene.requires_consent => ConsentState::Pending,
            _ => ConsentState::Granted,
        }
    }

    /// The visitor says something on a page: what is stored of it, or would be.
    pub(crate) fn hear_answer(&mut self, page: PageId, is_granted: bool) -> String {
        let wall = crate::base36::base36(self.wall());
        let denied = self.pages[page].word.denied().to_owned();
        let word = match (is_granted, denied.is_empty()) {
            (true, true) => "granted".to_owned(),
            (true, false) => format!("granted:{denied}"),
            (false, _) => format!("denied:{wall}"),
        };
        self.pages[page].word.hear(word.clone());
        word
    }
}
