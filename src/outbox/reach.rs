//! Whether PostHog can be reached from this browser at all: an ad blocker refuses every request, on every page, and a
//! queue that nobody will ever take should not grow.
//!
//! Stored under `phbt:reach:<project>`: how many pages have tried in vain, in base 36, or `ok` once one was confirmed.

use super::Store;
use crate::text::{base36, push_base36};

/// After so many pages without any confirmation, ever, a page makes one attempt and no more.
pub const UNREACHED_PAGES_MAX: u64 = 3;

/// So many records wait at most while nothing was ever confirmed.
pub const UNREACHED_RECORDS_MAX: usize = 100;

/// What is stored once an event was confirmed.
const REACHED: &str = "ok";

/// What is known when a page starts, and whether this page has written to it.
#[derive(Debug, Default)]
pub(super) struct Reach {
    /// Pages that tried in vain before this one; `None`, once any has succeeded.
    vain_pages: Option<u64>,
    noted: bool,
}

impl Reach {
    pub(super) fn load(store: &impl Store, key: &str) -> Self {
        let text = store.get(key).ok().flatten().unwrap_or_default();
        let vain_pages = if text == REACHED { None } else { Some(base36(&text).unwrap_or(0)) };
        Self { vain_pages, noted: false }
    }

    /// Whether nothing was ever confirmed on enough pages to give up hope.
    pub(super) fn is_doubtful(&self) -> bool {
        self.vain_pages.is_some_and(|pages| pages >= UNREACHED_PAGES_MAX)
    }

    pub(super) fn note_success(&mut self, store: &mut impl Store, key: &str) {
        if self.vain_pages.take().is_some() {
            let _ = store.put(key, REACHED);
        }
    }

    /// Notes that this page has tried in vain, once.
    pub(super) fn note_failure(&mut self, store: &mut impl Store, key: &str) {
        if let (Some(pages), false) = (self.vain_pages, self.noted) {
            self.noted = true;
            let mut text = String::new();
            push_base36(&mut text, pages + 1);
            let _ = store.put(key, &text);
        }
    }
}
