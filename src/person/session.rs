//! Sessions: a visit that ends after 30 idle minutes or after 24 hours, shared by all tabs of the origin; and the window, one for
//! each tab of a session.
//!
//! The session is stored in localStorage under `phbt:session:<project>` as `<uuid v7>:<started ms>:<last activity ms>`, followed by
//! `:<reset ms>` where a page was reset before; times in base 36. By the time of the reset a page that goes on with the person of
//! before knows that the stored session is the next visitor's: it keeps its own, in memory. The window in sessionStorage under `phbt:window:<project>`, which a browser copies when a tab is duplicated: a window
//! that is marked as open belongs to another tab. Both are stored only once [`Session::keep`] was called.

use crate::event::json::{Object, Value};
use crate::event::{uuid_ms, uuid_v7};
use crate::outbox::{Entropy, Store, TabStore, Wall, noun_key};
use crate::text::{base36, cut, push_base36};

/// A session ends after this long without an event: PostHog's bound, 30 minutes.
pub const SESSION_IDLE_MAX_MS: u64 = 30 * 60_000;

/// A session ends after this long in any case: PostHog's bound, 24 hours.
pub const SESSION_LENGTH_MAX_MS: u64 = 24 * 3_600_000;

/// Activity is written at most this often, because a write costs more than the capture it notes.
pub const SESSION_WRITE_INTERVAL_MS: u64 = 5_000;

/// How far ahead of this device's clock the session of a bootstrap may have begun.
pub const SESSION_AHEAD_MAX_MS: u64 = 60_000;

/// One session.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Span {
    id: String,
    started: Wall,
    /// `None` for one that a page was given and that has seen no event here.
    active: Option<Wall>,
    /// When a page was reset last before it began: sessions of one visitor have the same. 0, where none was.
    reset: Wall,
}

impl Span {
    fn begun(wall: Wall, reset: Wall, entropy: &mut Entropy) -> Self {
        Self { id: uuid_v7(wall.0, entropy), started: wall, active: Some(wall), reset }
    }

    /// The session that the page was given, where PostHog would take it.
    fn given(id: Option<&str>, wall: Wall) -> Option<Self> {
        let id = id?;
        let started = uuid_ms(id).filter(|started| *started <= wall.0 + SESSION_AHEAD_MAX_MS)?;
        Some(Self { id: id.to_owned(), started: Wall(started), active: None, reset: Wall(0) })
    }

    fn read(text: &str) -> Option<Self> {
        let (id, times) = cut(text, b':');
        let (started, times) = cut(times, b':');
        let (active, reset) = cut(times, b':');
        uuid_ms(id)?;
        let active = Some(Wall(base36(active)?));
        let reset = if reset.is_empty() { Wall(0) } else { Wall(base36(reset)?) };
        Some(Self { id: id.to_owned(), started: Wall(base36(started)?), active, reset })
    }

    fn text(&self) -> String {
        let mut text = self.id.clone();
        for time in
            [Some(self.started), Some(self.active.unwrap_or_default()), Some(self.reset).filter(|reset| reset.0 > 0)]
        {
            let Some(time) = time else { break };
            text.push_str(":");
            push_base36(&mut text, time.0);
        }
        text
    }

    /// Differences count in both directions, so that a session from a clock that was wrong does not live on for years.
    fn lasts_at(&self, wall: Wall) -> bool {
        let is_active = self.active.is_none_or(|active| {
            wall.0.abs_diff(active.0) < SESSION_IDLE_MAX_MS || (self.started..active).contains(&wall)
        });
        is_active && wall.0.abs_diff(self.started.0) < SESSION_LENGTH_MAX_MS
    }
}

#[derive(Debug, Clone)]
struct Window {
    id: String,
    session: String,
    is_open: bool,
    /// What is registered for this session.
    properties: Object,
}

impl Window {
    fn read(text: &str) -> Option<Self> {
        let stored = Object::read(text)?;
        let text = |name| stored.get(name).and_then(Value::text).map(std::borrow::Cow::into_owned);
        Some(Self {
            id: text("id")?,
            session: text("session")?,
            is_open: stored.get("isOpen").and_then(Value::boolean) == Some(true),
            properties: stored.get("properties").and_then(Object::of).unwrap_or_default(),
        })
    }

    fn text(&self) -> String {
        let mut stored = Object::default();
        stored.set_text("id", &self.id);
        stored.set_text("session", &self.session);
        stored.set_boolean("isOpen", self.is_open);
        stored.set_object("properties", &self.properties);
        stored.text().to_owned()
    }
}

/// The ids of an event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionIds {
    /// The session.
    pub session_id: String,
    /// The window.
    pub window_id: String,
}

/// The session of one project, as one page knows it.
#[derive(Debug)]
pub struct Session {
    key: String,
    window_key: String,
    known: Option<Span>,
    /// The id of the session that the other trackers of this page know of.
    known_id: Option<String>,
    window: Option<Window>,
    /// When a page was reset last before the visitor of this page came; `None`, before this page has looked.
    reset: Option<Wall>,
    is_kept: bool,
    /// Whether the tab's storage held the window already.
    is_claimed: bool,
}

impl Session {
    /// The session of a project; `given`, where the page was given the id of one that has begun already.
    #[must_use]
    pub fn new(project: &str, given: Option<&str>, wall: Wall) -> Self {
        Self {
            key: noun_key("session", project),
            window_key: noun_key("window", project),
            known: Span::given(given, wall),
            known_id: None,
            window: None,
            reset: None,
            is_kept: false,
            is_claimed: false,
        }
    }

    /// The ids at the time `wall`, which may be earlier than `now`. Whoever asks later than a session lasts begins another one; only
    /// an event (`is_activity`) keeps the session alive.
    pub fn at(
        &mut self,
        store: &mut (impl Store + TabStore),
        wall: Wall,
        now: Wall,
        is_activity: bool,
        entropy: &mut Entropy,
    ) -> SessionIds {
        let session_id = self.span_at(store, wall, is_activity, entropy);
        let window_id = self.window_of(store, &session_id, now, entropy).id.clone();
        SessionIds { session_id, window_id }
    }

    /// What is registered for the session that was asked for last.
    #[must_use]
    pub fn properties(&self) -> Object {
        self.window.as_ref().map(|window| window.properties.clone()).unwrap_or_default()
    }

    /// Puts properties on every event of this tab until the session ends.
    pub fn register(
        &mut self,
        store: &mut (impl Store + TabStore),
        properties: &Object,
        wall: Wall,
        entropy: &mut Entropy,
    ) {
        let session = self.span_at(store, wall, true, entropy);
        self.window_of(store, &session, wall, entropy).properties.merge(properties);
        self.save_window(store);
    }

    /// Notes that this tab shows another page soon, or this one again.
    pub fn mark(&mut self, store: &mut impl TabStore, is_open: bool) {
        if let Some(window) = &mut self.window
            && window.is_open != is_open
        {
            window.is_open = is_open;
            self.save_window(store);
        }
    }

    /// Takes the window that an earlier page of this tab has left: whoever copies the tab from now on gets another one.
    pub fn claim(&mut self, store: &mut impl TabStore) {
        let left = store.tab_get(&self.window_key).and_then(|text| Window::read(&text));
        if let Some(window) = left.filter(|window| !window.is_open && self.window.is_none()) {
            self.is_claimed = true;
            self.window = Some(Window { is_open: true, ..window });
            self.save_window(store);
        }
    }

    /// From here on session and window are stored.
    pub fn keep(&mut self, store: &mut impl TabStore) {
        if !self.is_kept {
            self.is_kept = true;
            self.save_window(store);
        }
    }

    /// Begins another session, which other tabs take over.
    pub fn renew(
        &mut self,
        store: &mut (impl Store + TabStore),
        given: Option<&str>,
        wall: Wall,
        entropy: &mut Entropy,
    ) {
        // Other pages tell by this time that the visitor is another one.
        let before = self.stored(store).map(|stored| stored.reset).max(self.reset).unwrap_or_default();
        let reset = Wall(wall.0.max(before.0 + 1));
        self.reset = Some(reset);
        let span = Span::given(given, wall).unwrap_or_else(|| Span::begun(wall, reset, entropy));
        self.save(store, Span { reset, ..span }, false);
        self.window = None;
        store.remember(&self.window_key, None);
    }

    fn stored(&self, store: &impl Store) -> Option<Span> {
        store.get(&self.key).ok().flatten().and_then(|text| Span::read(&text))
    }

    /// Forgets everything, and removes what is stored, but a session that another tab has begun since (`is_ours` false).
    pub fn forget(&mut self, store: &mut (impl Store + TabStore), is_ours: bool) {
        self.known = None;
        self.known_id = None;
        self.window = None;
        self.reset = None;
        for key in [&self.key, &self.window_key] {
            store.remember(key, None);
        }
        self.withdraw(store, is_ours);
    }

    /// Removes what is stored, until it may be kept again; the page remembers.
    pub fn withdraw(&mut self, store: &mut (impl Store + TabStore), is_ours: bool) {
        self.is_kept = false;
        self.is_claimed = false;
        let is_apart = self.reset.is_some_and(|reset| self.stored(store).is_some_and(|stored| stored.reset != reset));
        if is_ours && !is_apart {
            let _ = store.remove(&self.key);
        }
        store.tab_remove(&self.window_key);
    }

    /// The id of the session at this time.
    fn span_at(
        &mut self,
        store: &mut (impl Store + TabStore),
        wall: Wall,
        is_activity: bool,
        entropy: &mut Entropy,
    ) -> String {
        let found = self.stored(store);
        // Where nothing is stored yet, or storage is blocked, this page remembers; what it was given at its start goes first.
        let own = self.known.take().or_else(|| store.recall(&self.key).and_then(|text| Span::read(&text)));
        let own_reset = own.as_ref().filter(|own| own.active.is_some()).or(found.as_ref()).map(|span| span.reset);
        let reset = *self.reset.get_or_insert(own_reset.unwrap_or_default());
        // What another tab has begun for the next visitor is none of this page's, which goes on with its own.
        let is_apart = found.as_ref().is_some_and(|found| found.reset != reset);
        let stored = found.filter(|_| !is_apart);
        let is_given = own.as_ref().is_some_and(|own| own.active.is_none());
        let (first, second) = if is_given { (own, None) } else { (stored.clone(), own) };
        let lasting = [first, second].into_iter().flatten().find(|span| span.lasts_at(wall));
        // One that somebody has only asked for is not stored yet.
        let is_stored = |span: &Span| stored.as_ref().is_some_and(|stored| stored.id == span.id);
        let is_news = lasting.as_ref().is_none_or(|span| span.active.is_none() || !is_stored(span));
        let lasting = lasting.map(|span| Span { reset, ..span });
        let mut span = lasting.unwrap_or_else(|| Span::begun(wall, reset, entropy));
        let idle_ms = span.active.map_or(0, |active| wall.0.saturating_sub(active.0));
        let is_due = is_news || idle_ms >= SESSION_WRITE_INTERVAL_MS;
        // A session of events that were held is over where another one has begun since.
        let is_past = stored.and_then(|stored| stored.active).is_some_and(|active| wall < active);
        let id = span.id.clone();
        if is_activity && is_due && !is_past {
            span.active = Some(wall);
            self.save(store, span, is_apart);
        } else {
            self.note(store, span);
        }
        id
    }

    /// Keeps a session: in memory only, where the stored one is another visitor's (`is_apart`).
    fn save(&mut self, store: &mut (impl Store + TabStore), span: Span, is_apart: bool) {
        if self.is_kept && !is_apart {
            let _ = store.put(&self.key, &span.text());
        }
        // The other trackers of this page may have no storage to hear of it from.
        self.known_id = None;
        self.note(store, span);
    }

    /// Knows a session from now on, together with the other trackers of this page.
    fn note(&mut self, store: &mut impl TabStore, span: Span) {
        let is_news = self.known_id.as_deref() != Some(&span.id);
        if is_news && span.active.is_some() {
            store.remember(&self.key, Some(&span.text()));
            self.known_id = Some(span.id.clone());
        }
        self.known = Some(span);
    }

    /// Another tracker of this page has noted something: the session and the window that it is in.
    pub fn reread(&mut self) {
        if self.known.as_ref().is_none_or(|known| known.active.is_some()) {
            self.known = None;
            self.known_id = None;
            self.reset = None;
        }
        self.window = None;
    }

    fn window_of(
        &mut self,
        store: &mut impl TabStore,
        session: &str,
        wall: Wall,
        entropy: &mut Entropy,
    ) -> &mut Window {
        let is_present = self.window.as_ref().is_some_and(|window| window.session == session);
        if !is_present {
            let is_present = |window: &Window| window.session == session;
            if let Some(shared) = store.recall(&self.window_key).and_then(|text| Window::read(&text)).filter(is_present)
            {
                return self.window.insert(shared);
            }
            // One that an earlier page of this tab has left.
            let left = if self.window.is_some() { None } else { store.tab_get(&self.window_key) };
            let left = left.and_then(|text| Window::read(&text)).filter(is_present);
            let is_fresh = left.as_ref().is_none_or(|window| window.is_open);
            let mut window = left.unwrap_or_else(|| Window {
                id: String::new(),
                session: session.to_owned(),
                is_open: true,
                properties: Object::default(),
            });
            if is_fresh {
                window.id = uuid_v7(wall.0, entropy);
            }
            window.is_open = true;
            self.window = Some(window);
            self.save_window(store);
        }
        self.window.get_or_insert_with(|| Window {
            id: String::new(),
            session: String::new(),
            is_open: true,
            properties: Object::default(),
        })
    }

    fn save_window(&self, store: &mut impl TabStore) {
        let Some(window) = &self.window else { return };
        let text = window.text();
        store.remember(&self.window_key, Some(&text));
        if self.is_kept || self.is_claimed {
            store.tab_put(&self.window_key, &text);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test states its expectations by failing")]

    use proptest::prelude::*;

    use super::*;
    use crate::outbox::MemoryStore;

    const START: u64 = 1_767_323_045_678;

    struct Tab {
        store: MemoryStore,
        session: Session,
        entropy: Entropy,
    }

    impl Tab {
        /// The next page of a tab, or a copy of it.
        fn new(store: MemoryStore) -> Self {
            let mut session = Session::new("p", None, Wall(START));
            let mut store = MemoryStore { memory: Default::default(), ..store };
            session.keep(&mut store);
            Self { store, session, entropy: Entropy::new(9) }
        }

        fn at(&mut self, wall: u64, is_activity: bool) -> SessionIds {
            self.session.at(&mut self.store, Wall(wall), Wall(wall), is_activity, &mut self.entropy)
        }
    }

    #[test]
    fn a_session_ends_after_idle_time_and_after_a_day() {
        let mut tab = Tab::new(MemoryStore::default());
        let first = tab.at(START, true);
        assert_eq!(tab.at(START + SESSION_IDLE_MAX_MS - 1, false), first);
        // Asking is no activity.
        assert_ne!(tab.at(START + SESSION_IDLE_MAX_MS, false).session_id, first.session_id);
        let mut tab = Tab::new(MemoryStore::default());
        let first = tab.at(START, true);
        let step = SESSION_IDLE_MAX_MS - 1_000;
        for n in 1..SESSION_LENGTH_MAX_MS / step {
            assert_eq!(tab.at(START + n * step, true), first);
        }
        assert_ne!(tab.at(START + SESSION_LENGTH_MAX_MS, true).session_id, first.session_id);
    }

    #[test]
    fn a_session_that_was_only_asked_for_is_stored_with_the_first_event() {
        let mut tab = Tab::new(MemoryStore::default());
        let asked = tab.at(START, false);
        assert!(tab.store.entries.is_empty());
        tab.at(START + 1, true);
        tab.session.mark(&mut tab.store, false);
        assert_eq!(Tab::new(tab.store).at(START + 2, true), asked);
    }

    #[test]
    fn tabs_share_a_session_and_have_windows_of_their_own() {
        let mut one = Tab::new(MemoryStore::default());
        let first = one.at(START, true);
        let mut other = Tab::new(MemoryStore { tab: Default::default(), ..one.store.clone() });
        let second = other.at(START + 1, true);
        assert_eq!(second.session_id, first.session_id);
        assert_ne!(second.window_id, first.window_id);
        // A page that the tab shows next goes on with the window; a copy of the tab does not.
        let mut copy = Tab::new(one.store.clone());
        assert_ne!(copy.at(START + 2, true).window_id, first.window_id);
        one.session.mark(&mut one.store, false);
        let mut next = Tab::new(one.store.clone());
        assert_eq!(next.at(START + 2, true), first);
    }

    #[test]
    fn the_session_that_a_page_was_given_goes_first() {
        let given = "019b7c8b-1e2e-7a3b-9f00-0123456789ab";
        let mut tab = Tab::new(MemoryStore::default());
        tab.at(START, true);
        tab.session = Session::new("p", Some(given), Wall(START));
        assert_eq!(tab.at(START + 1, true).session_id, given);
        let ahead = uuid_v7(START + SESSION_AHEAD_MAX_MS + 1, &mut Entropy::new(1));
        let session = Session::new("p", Some(&ahead), Wall(START));
        assert_eq!(session.known, None);
    }

    #[test]
    fn a_page_that_keeps_its_person_keeps_the_session_of_that_person() {
        let mut one = Tab::new(MemoryStore::default());
        let first = one.at(START, true);
        let mut other = Tab::new(MemoryStore { tab: Default::default(), ..one.store.clone() });
        other.at(START + 1, true);
        one.session.renew(&mut one.store, None, Wall(START + 10), &mut one.entropy);
        let next = one.at(START + 10_000, true);
        assert_ne!(next.session_id, first.session_id);
        other.store.entries.clone_from(&one.store.entries);
        for wall in [START + 11_000, START + 20_000] {
            assert_eq!(other.at(wall, true).session_id, first.session_id);
        }
        // Its person's next session is its own as well, and what is stored stays the next visitor's.
        let later = other.at(START + 20_000 + SESSION_IDLE_MAX_MS, true);
        assert!(later.session_id != first.session_id && later.session_id != next.session_id);
        assert_eq!(other.store.entries, one.store.entries);
        let mut third = Tab::new(MemoryStore { tab: Default::default(), ..one.store.clone() });
        assert_eq!(third.at(START + 12_000, true).session_id, next.session_id);
    }

    #[test]
    fn what_is_registered_for_a_session_ends_with_it() {
        let mut tab = Tab::new(MemoryStore::default());
        let properties = Object::read(r#"{"step":1}"#).unwrap();
        tab.session.register(&mut tab.store, &properties, Wall(START), &mut tab.entropy);
        assert_eq!(tab.session.properties(), properties);
        tab.at(START + SESSION_IDLE_MAX_MS, true);
        assert!(tab.session.properties().is_empty());
    }

    #[test]
    fn events_that_were_held_leave_the_session_that_has_begun_since_alone() {
        let mut tab = Tab::new(MemoryStore::default());
        tab.at(START + 10 * SESSION_IDLE_MAX_MS, true);
        let stored = tab.store.entries.clone();
        let held = tab.at(START, true);
        assert_eq!((uuid_ms(&held.session_id), tab.store.entries), (Some(START), stored));
    }

    proptest! {
        #[test]
        fn prop_a_session_is_never_longer_than_its_bounds(steps in proptest::collection::vec((0..2 * SESSION_IDLE_MAX_MS, any::<bool>()), 1..60)) {
            let mut tab = Tab::new(MemoryStore::default());
            let mut wall = START;
            let mut last: Option<(String, u64)> = None;
            for (step, is_activity) in steps {
                wall += step;
                let ids = tab.at(wall, is_activity);
                let started = uuid_ms(&ids.session_id).unwrap();
                prop_assert!(wall - started < SESSION_LENGTH_MAX_MS);
                if let Some((id, active)) = &last && *id == ids.session_id {
                    // Activity is noted every five seconds.
                    prop_assert!(wall - active < SESSION_IDLE_MAX_MS + SESSION_WRITE_INTERVAL_MS);
                }
                match &mut last {
                    Some((id, active)) if *id == ids.session_id => if is_activity { *active = wall },
                    _ => last = Some((ids.session_id, wall)),
                }
            }
        }
    }
}
