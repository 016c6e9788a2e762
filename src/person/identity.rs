//! The visitor's identity: the distinct id, the device (anonymous) id, and whether the person is known.
//!
//! A page keeps the identity that it started with until it changes it itself. What it knows is stored only once
//! [`IdentityKeeper::keep`] was called: nothing is written for a visitor whose team is not tracked. It is stored under
//! `phbt:identity:<project>` as a JSON object with the members that [`Identity::text`] writes.

use crate::event::json::{Object, Value};
use crate::event::{id_text, is_legal_distinct_id, uuid_v7};
use crate::outbox::{Entropy, Store, TabStore, Wall, noun_key};

/// Who the visitor is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// Who events are about.
    pub distinct_id: String,
    /// What stands for the browser, whoever uses it.
    pub device_id: String,
    /// Whether the distinct id is a known person's.
    pub is_identified: bool,
    /// Whether an event with a person profile was captured, so that later ones have one as well.
    pub has_profile: bool,
    /// Whether no event of this visitor has been for a team that is known to be tracked, so that it may have to leave no trace.
    pub is_untracked: bool,
}

impl Identity {
    /// Reads what was stored; `None`, where somebody has damaged it.
    ///
    /// # Example
    /// ```
    /// use posthog_booking_tracker::person::Identity;
    /// let identity = Identity::read(r#"{"distinct_id":"ada","device_id":"d","identified":true}"#).unwrap_or_default();
    /// assert_eq!((identity.distinct_id.as_str(), identity.is_identified), ("ada", true));
    /// assert_eq!(Identity::read(r#"{"distinct_id":"null"}"#), None);
    /// ```
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let stored = Object::read(text)?;
        let text = |name| stored.get(name).and_then(Value::text).map(std::borrow::Cow::into_owned);
        let is = |name| stored.get(name).and_then(Value::boolean) == Some(true);
        let distinct_id = text("distinct_id").filter(|id| is_legal_distinct_id(id))?;
        Some(Self {
            device_id: text("device_id").unwrap_or_else(|| distinct_id.clone()),
            distinct_id,
            is_identified: is("identified"),
            has_profile: is("profile"),
            is_untracked: is("untracked"),
        })
    }

    /// What is stored.
    #[must_use]
    pub fn text(&self) -> String {
        let mut stored = Object::default();
        stored.set_text("distinct_id", &self.distinct_id);
        stored.set_text("device_id", &self.device_id);
        stored.set_boolean("identified", self.is_identified);
        for (name, is) in [("profile", self.has_profile), ("untracked", self.is_untracked)] {
            if is {
                stored.set_boolean(name, true);
            }
        }
        stored.text().to_owned()
    }

    /// The visitor from now on, after it was named.
    #[must_use]
    pub fn named(&self, distinct_id: &str) -> Self {
        Self { distinct_id: distinct_id.to_owned(), is_identified: true, ..self.clone() }
    }

    /// Somebody else, of whom a page was told this; `id` is for what it was not told.
    #[must_use]
    pub fn begun(bootstrap: &IdentityBootstrap, id: String) -> Self {
        let given = bootstrap.distinct_id.clone();
        let is_identified = given.is_some() && bootstrap.is_identified;
        // The id of a known person is no device's.
        let device_id = given.clone().filter(|_| !bootstrap.is_identified).unwrap_or_else(|| id.clone());
        Self { distinct_id: given.unwrap_or(id), device_id, is_identified, has_profile: false, is_untracked: true }
    }
}

/// Who the visitor is, as a server knows it that renders the page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdentityBootstrap {
    /// The id of the visitor.
    pub distinct_id: Option<String>,
    /// Whether it is the id of a person who is logged in; otherwise it stands for a browser.
    pub is_identified: bool,
    /// A session that has begun already.
    pub session_id: Option<String>,
}

impl IdentityBootstrap {
    /// Reads the members `distinctId`, `isIdentified` and `sessionId`; what is of another kind says nothing.
    ///
    /// # Example
    /// ```
    /// use posthog_booking_tracker::{event::json::Object, person::IdentityBootstrap};
    /// let given = Object::read(r#"{"distinctId":"user_7","isIdentified":true,"sessionId":7}"#).unwrap_or_default();
    /// let distinct_id = Some("user_7".to_owned());
    /// assert_eq!(IdentityBootstrap::read(&given), IdentityBootstrap { distinct_id, is_identified: true, session_id: None });
    /// ```
    #[must_use]
    pub fn read(bootstrap: &Object) -> Self {
        let text = |name| bootstrap.get(name).and_then(Value::text).map(std::borrow::Cow::into_owned);
        Self {
            distinct_id: bootstrap.get("distinctId").and_then(id_text).filter(|id| !id.is_empty()),
            is_identified: bootstrap.get("isIdentified").and_then(Value::boolean) == Some(true),
            session_id: text("sessionId"),
        }
    }
}

/// The identity of this browser for one project, as one page knows it.
#[derive(Debug)]
pub struct IdentityKeeper {
    key: String,
    bootstrap: IdentityBootstrap,
    known: Option<Identity>,
    is_kept: bool,
    /// Whether the identity was seen in storage, and nothing since suggests that it was removed.
    is_there: bool,
    /// Whether this page has changed the identity and not stored it.
    is_ahead: bool,
}

impl IdentityKeeper {
    /// The keeper of a project's visitor.
    #[must_use]
    pub fn new(project: &str, bootstrap: IdentityBootstrap) -> Self {
        Self {
            key: noun_key("identity", project),
            bootstrap,
            known: None,
            is_kept: false,
            is_there: false,
            is_ahead: false,
        }
    }

    /// The identity; read, or made, where it is asked for first.
    pub fn current(&mut self, store: &mut (impl Store + TabStore), wall: Wall, entropy: &mut Entropy) -> &Identity {
        if self.known.is_none() {
            let shared = store.recall(&self.key).and_then(|text| Identity::read(&text));
            let is_shared = shared.is_some();
            let known = shared.or_else(|| self.stored(store));
            let known = known.unwrap_or_else(|| Identity::begun(&self.bootstrap, uuid_v7(wall.0, entropy)));
            if !is_shared {
                store.remember(&self.key, Some(&known.text()));
            }
            self.known = Some(known);
        }
        self.known.get_or_insert_default()
    }

    /// Another tracker of this page has noted something: who it says is on the page.
    pub fn reread(&mut self) {
        self.known = None;
    }

    /// From here on the identity is stored; `is_tracked`, where a team is known to be tracked that an event is for. There is a
    /// [`current`](Self::current) one by now.
    pub fn keep(&mut self, store: &mut (impl Store + TabStore), is_tracked: bool) {
        self.is_kept = true;
        if !self.is_there {
            // Whoever has cleared the storage has not made this visitor somebody else. Another tab may have stored another identity
            // since: that one stays, unless this page has said so itself.
            if self.is_ahead || matches!(store.get(&self.key), Ok(None)) {
                self.save(store);
            }
            self.is_there = matches!(store.get(&self.key), Ok(Some(_)));
        }
        if is_tracked && self.known.as_ref().is_some_and(|known| known.is_untracked) {
            self.note(store, |identity| identity.is_untracked = false);
        }
    }

    /// Somebody may have removed the identity from storage: [`keep`](Self::keep) looks once more.
    pub fn doubt(&mut self) {
        self.is_there = false;
    }

    /// Somebody has cleared the storage: what was kept is written again.
    pub fn restore(&mut self, store: &mut (impl Store + TabStore)) {
        self.is_there = false;
        if self.is_kept {
            self.keep(store, false);
        }
    }

    /// Removes what is stored for the sake of teams that are not tracked; whether there was something. The page remembers.
    pub fn withdraw(&mut self, store: &mut (impl Store + TabStore)) -> bool {
        let is_untracked = self.stored(store).is_some_and(|stored| stored.is_untracked);
        if is_untracked {
            let _ = store.remove(&self.key);
            self.is_kept = false;
            self.is_there = false;
        }
        is_untracked
    }

    /// Names the visitor.
    pub fn name(&mut self, store: &mut (impl Store + TabStore), distinct_id: &str) {
        if let Some(known) = &self.known {
            self.change(store, known.named(distinct_id));
        }
    }

    /// Notes that this visitor has a person profile from now on.
    pub fn note_profile(&mut self, store: &mut (impl Store + TabStore)) {
        if self.known.as_ref().is_some_and(|known| !known.has_profile) {
            self.note(store, |identity| identity.has_profile = true);
        }
    }

    /// Somebody else uses the device from now on, or takes it over as well; `id` is for what the page does not say.
    pub fn reset(
        &mut self,
        store: &mut (impl Store + TabStore),
        is_new_device: bool,
        bootstrap: IdentityBootstrap,
        id: String,
    ) {
        // What a page was given at its start is not for the next visitor.
        self.bootstrap = bootstrap;
        let mut fresh = Identity::begun(&self.bootstrap, id);
        if let Some(known) = self.known.take().filter(|_| !is_new_device) {
            fresh.device_id = known.device_id;
        }
        self.change(store, fresh);
    }

    /// Unites a bootstrapped person with the stored one (PostHog's SDK specification, bootstrap): a known person stays who it
    /// is, an anonymous one of the same id becomes known, and for another one this gives the id to name the visitor by.
    pub fn bootstrap(&mut self, store: &mut (impl Store + TabStore)) -> Option<String> {
        let id = self.bootstrap.distinct_id.clone().filter(|_| self.bootstrap.is_identified)?;
        let known = self.known.as_ref().filter(|known| !known.is_identified)?;
        if known.distinct_id != id {
            return Some(id);
        }
        self.change(store, known.named(&id));
        None
    }

    /// Forgets who the visitor is, and removes what is stored, unless another tab has stored it since (`is_ours` false).
    pub fn forget(&mut self, store: &mut (impl Store + TabStore), is_ours: bool) {
        if is_ours {
            let _ = store.remove(&self.key);
        }
        store.remember(&self.key, None);
        self.known = None;
        self.is_ahead = false;
        self.is_kept = false;
        self.is_there = false;
    }

    /// Notes something of the present visitor. Where another tab has stored somebody else, that one stays.
    fn note(&mut self, store: &mut (impl Store + TabStore), fact: impl Fn(&mut Identity)) {
        let Some(known) = &mut self.known else { return };
        fact(known);
        store.remember(&self.key, Some(&known.text()));
        let stored = self.stored(store).filter(|_| self.is_kept);
        if let Some(mut stored) = stored
            && self.known.as_ref().is_some_and(|known| known.distinct_id == stored.distinct_id)
        {
            fact(&mut stored);
            let _ = store.put(&self.key, &stored.text());
        }
    }

    fn change(&mut self, store: &mut (impl Store + TabStore), identity: Identity) {
        store.remember(&self.key, Some(&identity.text()));
        self.known = Some(identity);
        self.is_ahead = true;
        self.is_there = false;
        self.save(store);
    }

    fn stored(&self, store: &impl Store) -> Option<Identity> {
        Identity::read(&store.get(&self.key).ok()??)
    }

    fn save(&mut self, store: &mut (impl Store + TabStore)) {
        if let Some(known) = self.known.as_ref().filter(|_| self.is_kept) {
            let _ = store.put(&self.key, &known.text());
            self.is_ahead = false;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test states its expectations by failing")]

    use super::*;
    use crate::outbox::MemoryStore;

    const KEY: &str = "phbt:identity:p";

    struct Page {
        store: MemoryStore,
        keeper: IdentityKeeper,
        entropy: Entropy,
    }

    impl Page {
        fn new(store: MemoryStore, bootstrap: IdentityBootstrap) -> Self {
            Self { store, keeper: IdentityKeeper::new("p", bootstrap), entropy: Entropy::new(3) }
        }

        fn current(&mut self) -> Identity {
            self.keeper.current(&mut self.store, Wall(1), &mut self.entropy).clone()
        }

        fn stored(&self) -> Option<Identity> {
            self.store.entries.get(KEY).and_then(|text| Identity::read(text))
        }
    }

    fn known_person(id: &str) -> IdentityBootstrap {
        IdentityBootstrap { distinct_id: Some(id.into()), is_identified: true, session_id: None }
    }

    #[test]
    fn nothing_is_stored_before_it_may_be() {
        let mut page = Page::new(MemoryStore::default(), IdentityBootstrap::default());
        let first = page.current();
        assert!(!first.is_identified && first.distinct_id == first.device_id);
        page.keeper.name(&mut page.store, "ada");
        assert!(page.store.entries.is_empty());
        page.keeper.keep(&mut page.store, false);
        assert_eq!(page.stored().unwrap(), Identity { is_untracked: true, ..first.named("ada") });
        page.keeper.keep(&mut page.store, true);
        assert!(!page.stored().unwrap().is_untracked);
    }

    #[test]
    fn a_page_stays_with_who_it_started_with_and_leaves_what_another_tab_has_stored() {
        let mut page = Page::new(MemoryStore::default(), IdentityBootstrap::default());
        let own = page.current();
        page.keeper.keep(&mut page.store, true);
        let other = Identity { distinct_id: "eve".into(), device_id: "d".into(), ..Identity::default() };
        page.store.put(KEY, &other.text()).unwrap();
        page.keeper.note_profile(&mut page.store);
        assert_eq!((page.current().distinct_id, page.stored()), (own.distinct_id, Some(other)));
    }

    #[test]
    fn a_cleared_storage_makes_nobody_else_of_the_visitor() {
        let mut page = Page::new(MemoryStore::default(), IdentityBootstrap::default());
        let own = page.current();
        page.keeper.keep(&mut page.store, true);
        page.store.entries.clear();
        page.keeper.keep(&mut page.store, true);
        assert_eq!(page.stored(), None, "nobody looks each time");
        page.keeper.restore(&mut page.store);
        assert_eq!(page.stored().unwrap().distinct_id, own.distinct_id);
        page.store.entries.clear();
        page.keeper.doubt();
        assert_eq!(page.stored(), None, "not for an event that may never come");
        page.keeper.keep(&mut page.store, true);
        assert_eq!(page.stored().unwrap().distinct_id, own.distinct_id);
    }

    #[test]
    fn a_reset_keeps_the_device_unless_it_is_another_one() {
        let mut page = Page::new(MemoryStore::default(), IdentityBootstrap::default());
        let device = page.current().device_id;
        page.keeper.reset(&mut page.store, false, IdentityBootstrap::default(), "next".into());
        assert_eq!((page.current().distinct_id.as_str(), &page.current().device_id), ("next", &device));
        page.keeper.reset(&mut page.store, true, known_person("ada"), "third".into());
        assert_eq!((page.current().distinct_id.as_str(), page.current().device_id.as_str()), ("ada", "third"));
    }

    #[test]
    fn a_bootstrapped_person_is_united_with_the_stored_one() {
        let stored = |identity: Identity| MemoryStore {
            entries: [(KEY.to_owned(), identity.text())].into(),
            ..MemoryStore::default()
        };
        let anonymous = Identity { distinct_id: "ada".into(), device_id: "ada".into(), ..Identity::default() };
        let mut page = Page::new(stored(anonymous.clone()), known_person("ada"));
        page.current();
        assert_eq!((page.keeper.bootstrap(&mut page.store), page.current().is_identified), (None, true));
        let mut page = Page::new(stored(anonymous.clone()), known_person("bob"));
        page.current();
        assert_eq!(page.keeper.bootstrap(&mut page.store).as_deref(), Some("bob"));
        let mut page = Page::new(stored(anonymous.named("eve")), known_person("bob"));
        page.current();
        assert_eq!((page.keeper.bootstrap(&mut page.store), page.current().distinct_id), (None, "eve".into()));
    }

    #[test]
    fn a_visitor_of_teams_that_are_not_tracked_leaves_no_trace() {
        let mut page = Page::new(MemoryStore::default(), IdentityBootstrap::default());
        let own = page.current();
        page.keeper.keep(&mut page.store, false);
        assert!(page.keeper.withdraw(&mut page.store));
        assert_eq!((page.store.entries.len(), page.current()), (0, own));
        page.keeper.keep(&mut page.store, true);
        assert!(!page.keeper.withdraw(&mut page.store));
    }
}
