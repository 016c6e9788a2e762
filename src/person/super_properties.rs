//! Super properties, groups and where the visitor came from first: what goes on every event until it is taken away. Stored under
//! `phbt:properties:<project>`.

use super::stored::{Stored, StoredState};
use crate::event::json::{Object, Value};
use crate::event::{PageAddress, QUERY_KEYS};
use crate::outbox::{Store, TabStore};

/// What is stored.
#[derive(Debug, Clone, Default)]
pub(super) struct Registered {
    properties: Object,
    /// Keys by types.
    groups: Object,
    initial: Option<PageAddress>,
    /// The id that posthog-js has said last; what is registered goes with it.
    followed: String,
}

impl Stored for Registered {
    const NOUN: &'static str = "properties";

    fn read(stored: &Object) -> Self {
        let object = |name| stored.get(name).and_then(Object::of);
        let text = |object: &Object, name| object.get(name).and_then(Value::text).map(std::borrow::Cow::into_owned);
        let initial = object("initial").and_then(|initial| {
            Some(PageAddress { url: text(&initial, "url")?, referrer: text(&initial, "referrer").unwrap_or_default() })
        });
        Self {
            properties: object("properties").unwrap_or_default(),
            groups: object("groups").unwrap_or_default(),
            initial,
            followed: text(stored, "followed").unwrap_or_default(),
        }
    }

    fn write(&self) -> Object {
        let mut stored = Object::default();
        stored.set_object("properties", &self.properties);
        stored.set_object("groups", &self.groups);
        if let Some(PageAddress { url, referrer }) = &self.initial {
            let mut initial = Object::default();
            initial.set_text("url", url);
            initial.set_text("referrer", referrer);
            stored.set_object("initial", &initial);
        }
        if !self.followed.is_empty() {
            stored.set_text("followed", &self.followed);
        }
        stored
    }
}

/// The super properties of one project.
#[derive(Debug)]
pub struct SuperProperties {
    state: StoredState<Registered>,
}

impl SuperProperties {
    /// Those of a project.
    #[must_use]
    pub fn new(project: &str) -> Self {
        Self { state: StoredState::new(project) }
    }

    /// What is on every event.
    pub fn properties(&mut self, store: &(impl Store + TabStore)) -> &Object {
        &self.state.current(store).properties
    }

    /// The groups that the visitor belongs to, key by type.
    pub fn groups(&mut self, store: &(impl Store + TabStore)) -> &Object {
        &self.state.current(store).groups
    }

    /// Where this browser was seen first, and where it came from: `present`, where nobody has noted it.
    pub fn initial(&mut self, store: &mut (impl Store + TabStore), present: &PageAddress) -> PageAddress {
        if let Some(initial) = &self.state.current(store).initial {
            return initial.clone();
        }
        let noted = present.clone();
        self.state.edit(store, move |state| {
            state.initial.get_or_insert_with(|| noted.clone());
        });
        present.clone()
    }

    /// Puts properties on every event from now on.
    pub fn register(&mut self, store: &mut (impl Store + TabStore), properties: Object) {
        self.state.edit(store, move |state| state.properties.merge(&properties));
    }

    /// The same, but leaves alone what has a value already.
    pub fn register_once(&mut self, store: &mut (impl Store + TabStore), properties: Object) {
        self.state.edit(store, move |state| {
            let mut merged = properties.clone();
            merged.merge(&state.properties);
            state.properties = merged;
        });
    }

    /// A campaign has brought the visitor here: it is on every event until another one does.
    pub fn arrive(&mut self, store: &mut (impl Store + TabStore), campaign: Object) {
        self.state.edit(store, move |state| {
            state.properties.retain(&mut |name, _| name.text().is_none_or(|name| !QUERY_KEYS.contains(&&*name)));
            state.properties.merge(&campaign);
        });
    }

    /// Takes a property off again.
    pub fn unregister(&mut self, store: &mut (impl Store + TabStore), name: String) {
        self.state.edit(store, move |state| state.properties.remove(&name));
    }

    /// The id that posthog-js has said last, on whichever page; empty, where it has said none.
    pub fn followed(&mut self, store: &(impl Store + TabStore)) -> &str {
        &self.state.current(store).followed
    }

    /// Notes what posthog-js says.
    pub fn follow(&mut self, store: &mut (impl Store + TabStore), distinct_id: &str) {
        if self.followed(store) != distinct_id {
            let followed = distinct_id.to_owned();
            self.state.edit(store, move |state| state.followed.clone_from(&followed));
        }
    }

    /// Puts the visitor into a group; whether that is news.
    pub fn join(&mut self, store: &mut (impl Store + TabStore), kind: &str, key: &str) -> bool {
        let is_news = self.groups(store).get(kind).and_then(Value::text).as_deref() != Some(key);
        if is_news {
            let (kind, key) = (kind.to_owned(), key.to_owned());
            self.state.edit(store, move |state| state.groups.set_text(&kind, &key));
        }
        is_news
    }

    /// Takes the visitor out of its group of a type, or out of every group.
    pub fn leave_groups(&mut self, store: &mut (impl Store + TabStore), kind: Option<String>) {
        self.state.edit(store, move |state| match &kind {
            Some(kind) => state.groups.remove(kind),
            None => state.groups = Object::default(),
        });
    }

    /// From here on they are stored.
    pub fn keep(&mut self, store: &mut (impl Store + TabStore)) {
        self.state.keep(store);
    }

    /// Somebody else uses the page from now on.
    pub fn clear(&mut self, store: &mut (impl Store + TabStore)) {
        self.state.clear(store, true);
    }

    /// Forgets everything, and removes what is stored, unless another tab has stored it since (`is_ours` false).
    pub fn forget(&mut self, store: &mut (impl Store + TabStore), is_ours: bool) {
        self.state.forget(store, is_ours);
    }

    /// Removes what is stored, until it may be kept again; the page remembers.
    pub fn withdraw(&mut self, store: &mut (impl Store + TabStore)) {
        self.state.withdraw(store);
    }

    /// Another tracker of this page has stored something.
    pub fn reread(&mut self) {
        self.state.reread();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test states its expectations by failing")]

    use super::*;
    use crate::outbox::MemoryStore;

    fn object(text: &str) -> Object {
        Object::read(text).unwrap()
    }

    #[test]
    fn tabs_do_not_overwrite_each_others_changes() {
        let mut store = MemoryStore::default();
        let (mut one, mut other) = (SuperProperties::new("p"), SuperProperties::new("p"));
        let (mut memory, mut other_memory) = Default::default();
        for tab in [&mut one, &mut other] {
            tab.properties(&store);
            tab.keep(&mut store);
        }
        one.register(&mut store, object(r#"{"a":1}"#));
        core::mem::swap(&mut store.memory, &mut memory);
        core::mem::swap(&mut store.memory, &mut other_memory);
        other.register_once(&mut store, object(r#"{"a":2,"b":2}"#));
        other.join(&mut store, "team", "42");
        store.memory = memory;
        one.unregister(&mut store, "b".into());
        store.memory.clear();
        let mut next = SuperProperties::new("p");
        assert_eq!(next.properties(&store).text(), r#"{"a":1}"#);
        assert_eq!(next.groups(&store).text(), r#"{"team":"42"}"#);
    }

    #[test]
    fn what_was_changed_before_it_may_be_stored_is_stored_then() {
        let mut store = MemoryStore::default();
        let mut page = SuperProperties::new("p");
        page.register(&mut store, object(r#"{"a":1}"#));
        assert!(page.join(&mut store, "team", "1") && !page.join(&mut store, "team", "1"));
        assert!(store.entries.is_empty());
        page.keep(&mut store);
        let stored = r#"{"properties":{"a":1},"groups":{"team":"1"}}"#;
        assert_eq!(store.entries.values().collect::<Vec<_>>(), [stored]);
        page.withdraw(&mut store);
        assert_eq!((store.entries.len(), page.properties(&store).text()), (0, r#"{"a":1}"#));
        page.keep(&mut store);
        assert_eq!(store.entries.values().collect::<Vec<_>>(), [stored]);
    }

    #[test]
    fn a_campaign_takes_the_place_of_the_one_before() {
        let mut store = MemoryStore::default();
        let mut page = SuperProperties::new("p");
        page.register(&mut store, object(r#"{"plan":"free","gclid":"1"}"#));
        page.arrive(&mut store, object(r#"{"utm_source":"mail"}"#));
        assert_eq!(page.properties(&store).text(), r#"{"plan":"free","utm_source":"mail"}"#);
    }

    #[test]
    fn what_somebody_has_damaged_is_nothing() {
        for damaged in ["", "[]", r#"{"properties":7,"groups":null,"initial":{"url":1},"followed":[]}"#] {
            let entries = [("phbt:properties:p".to_owned(), damaged.to_owned())].into();
            let mut store = MemoryStore { entries, ..MemoryStore::default() };
            let mut page = SuperProperties::new("p");
            assert!(page.properties(&store).is_empty() && page.followed(&store).is_empty());
            let present = PageAddress { url: "https://b.example/".into(), referrer: String::new() };
            assert_eq!(page.initial(&mut store, &present), present);
        }
    }
}
