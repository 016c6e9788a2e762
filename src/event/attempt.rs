//! Attempts at a booking: one id on all the events of each, and the time since it began.
//!
//! Without them a funnel counts people, and one success hides the failures before it.
//!
//! The present attempt is one for all trackers of a page and for the pages that its tab shows one after the other: it lies in the
//! memory of the page, and in sessionStorage under `phbt:attempt:<project>` as `<started ms>:<id>`, the time in base 36, the id as the
//! text of a JSON value.

use super::json::{Object, Value};
use crate::outbox::{Monotonic, TabStore, Wall, noun_key};
use crate::text::{base36, cut, push_base36};

/// The present attempt of a page. One lasts from one `booking_started` to the next.
#[derive(Debug)]
pub struct Attempts {
    key: String,
    /// The attempt that began on this page, and when.
    own: Option<(Attempt, Monotonic)>,
    is_kept: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Attempt {
    /// The text of a JSON value: a page may name its attempts by numbers.
    id: String,
    /// `None`, where nothing has said when it began.
    started: Option<Wall>,
}

impl Attempt {
    fn read(text: &str) -> Option<Self> {
        let (started, id) = cut(text, b':');
        Value::read(id).ok()?;
        Some(Self { id: id.to_owned(), started: base36(started).map(Wall) })
    }

    fn text(&self) -> String {
        let mut text = String::new();
        if let Some(started) = self.started {
            push_base36(&mut text, started.0);
        }
        text.push_str(":");
        text.push_str(&self.id);
        text
    }
}

/// When an event of an attempt is captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptNow {
    /// The wall clock, which the pages of a tab share.
    pub wall: Wall,
    /// The monotonic clock of the page.
    pub monotonic: Monotonic,
    /// Whether what earlier pages have stored may be read.
    pub may_read: bool,
}

const ID: &str = "attemptId";
const ELAPSED: &str = "elapsedMs";

impl Attempts {
    /// The attempts of a project.
    #[must_use]
    pub fn new(project: &str) -> Self {
        Self { key: noun_key("attempt", project), own: None, is_kept: false }
    }

    /// Begins an attempt: the one that the event of `booking_started` names itself, or `uuid`, which it is given.
    pub fn begin(&mut self, store: &mut impl TabStore, properties: &mut Object, uuid: &str, now: AttemptNow) {
        self.note(store, properties, uuid, now, Some(now.wall));
    }

    fn note(
        &mut self,
        store: &mut impl TabStore,
        properties: &mut Object,
        uuid: &str,
        now: AttemptNow,
        started: Option<Wall>,
    ) {
        if !names(properties, ID) {
            properties.set_text(ID, uuid);
        }
        let id = properties.get(ID).map(|id| id.raw().to_owned()).unwrap_or_default();
        let attempt = Attempt { id, started };
        let text = attempt.text();
        store.remember(&self.key, Some(&text));
        if self.is_kept {
            store.tab_put(&self.key, &text);
        }
        self.own = Some((attempt, now.monotonic));
    }

    /// Gives an event the present attempt, where it names none itself, and the milliseconds since that began. Where there is none, it
    /// is the first that is known of one, called `uuid`.
    ///
    /// # Example
    /// ```
    /// use posthog_booking_tracker::outbox::{MemoryStore, Monotonic, Wall};
    /// use posthog_booking_tracker::event::{AttemptNow, Attempts, json::Object};
    /// let (mut store, mut attempts) = (MemoryStore::default(), Attempts::new("1plaeh8"));
    /// let now = AttemptNow { wall: Wall(50_000), monotonic: Monotonic(1_000), may_read: true };
    /// attempts.begin(&mut store, &mut Object::default(), "019b7c8b-1e2e-7a3b-9f00-0123456789ab", now);
    /// let mut failed = Object::default();
    /// let later = AttemptNow { wall: Wall(52_500), monotonic: Monotonic(3_500), may_read: true };
    /// attempts.join(&mut store, &mut failed, "019b7c8b-1e2e-7a3b-9f00-0123456789ac", later);
    /// assert_eq!(failed.text(), r#"{"attemptId":"019b7c8b-1e2e-7a3b-9f00-0123456789ab","elapsedMs":2500}"#);
    /// ```
    pub fn join(&mut self, store: &mut impl TabStore, properties: &mut Object, uuid: &str, now: AttemptNow) {
        let Some(present) = self.present(store, now) else { return self.note(store, properties, uuid, now, None) };
        if !names(properties, ID) {
            properties.set(ID, Value::read(&present.id).unwrap_or_default());
        }
        let is_present = properties.get(ID).is_some_and(|id| id.raw() == present.id);
        if let Some(started) = present.started
            && is_present
            && !names(properties, ELAPSED)
        {
            // The monotonic clock is the better one, where the page has seen the attempt begin.
            let own = self.own.as_ref().filter(|(own, _)| *own == present);
            let elapsed_ms = match own {
                Some((_, began)) => now.monotonic.0.saturating_sub(began.0),
                None => now.wall.0.saturating_sub(started.0),
            };
            properties.set_integer(ELAPSED, elapsed_ms as i64);
        }
    }

    /// The attempt that goes on: the last that a tracker of this page has begun, else the one that the tab has brought along.
    fn present(&self, store: &impl TabStore, now: AttemptNow) -> Option<Attempt> {
        let noted = store.recall(&self.key).and_then(|text| Attempt::read(&text));
        let left = || store.tab_get(&self.key).filter(|_| now.may_read).and_then(|text| Attempt::read(&text));
        noted.or_else(left)
    }

    /// From here on it is stored for the next page of the tab.
    pub fn keep(&mut self, store: &mut impl TabStore) {
        if !core::mem::replace(&mut self.is_kept, true)
            && let Some(text) = store.recall(&self.key)
        {
            store.tab_put(&self.key, &text);
        }
    }

    /// What comes next belongs to no attempt.
    pub fn end(&mut self, store: &mut impl TabStore) {
        self.own = None;
        store.remember(&self.key, None);
        store.tab_remove(&self.key);
    }

    /// Removes what is stored, until it may be kept again; the page remembers.
    pub fn withdraw(&mut self, store: &mut impl TabStore) {
        self.is_kept = false;
        store.tab_remove(&self.key);
    }
}

fn names(properties: &Object, name: &str) -> bool {
    properties.get(name).is_some_and(|value| value.raw() != "null")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::MemoryStore;

    fn now(ms: u64) -> AttemptNow {
        AttemptNow { wall: Wall(1_000 + ms), monotonic: Monotonic(ms), may_read: true }
    }

    fn joined(attempts: &mut Attempts, store: &mut MemoryStore, given: &str, ms: u64) -> String {
        let mut properties = Object::read(given).unwrap_or_default();
        attempts.join(store, &mut properties, "first", now(ms));
        properties.text().to_owned()
    }

    #[test]
    fn an_event_belongs_to_the_attempt_that_goes_on() {
        let (mut attempts, mut store) = (Attempts::new("p"), MemoryStore::default());
        attempts.begin(&mut store, &mut Object::default(), "one", now(5));
        assert_eq!(joined(&mut attempts, &mut store, "{}", 15), r#"{"attemptId":"one","elapsedMs":10}"#);
        attempts.end(&mut store);
        assert_eq!(joined(&mut attempts, &mut store, "{}", 15), r#"{"attemptId":"first"}"#);
        assert_eq!(joined(&mut attempts, &mut store, "{}", 16), r#"{"attemptId":"first"}"#);
    }

    #[test]
    fn what_an_event_says_itself_stays() {
        let (mut attempts, mut store) = (Attempts::new("p"), MemoryStore::default());
        let mut own = Object::read(r#"{"attemptId":"own"}"#).unwrap_or_default();
        attempts.begin(&mut store, &mut own, "made", now(5));
        let mut joined = |given| joined(&mut attempts, &mut store, given, 15);
        assert_eq!(joined(r#"{"elapsedMs":3}"#), r#"{"elapsedMs":3,"attemptId":"own"}"#);
        assert_eq!(joined(r#"{"attemptId":"other"}"#), r#"{"attemptId":"other"}"#);
        assert_eq!(joined(r#"{"attemptId":null}"#), r#"{"attemptId":"own","elapsedMs":10}"#);
    }

    #[test]
    fn the_trackers_of_a_page_and_the_pages_of_a_tab_share_it() {
        let (mut attempts, mut store) = (Attempts::new("p"), MemoryStore::default());
        attempts.begin(&mut store, &mut Object::default(), "one", now(5));
        assert_eq!(joined(&mut Attempts::new("p"), &mut store, "{}", 15), r#"{"attemptId":"one","elapsedMs":10}"#);
        assert!(store.tab.is_empty(), "nothing is stored before it may be");
        attempts.keep(&mut store);
        let mut next = MemoryStore { memory: Default::default(), ..store.clone() };
        assert_eq!(joined(&mut Attempts::new("p"), &mut next, "{}", 75), r#"{"attemptId":"one","elapsedMs":70}"#);
        attempts.withdraw(&mut store);
        assert!(store.tab.is_empty());
    }
}
