//! What is known of the visitor's feature flags, kept for later pages: the flags as PostHog has evaluated them, what the page adds
//! to each evaluation, and which values the visitor has met.
//!
//! Stored under `phbt:flags:<project>`, once something may be stored of this visitor.

use super::answer::{Flag, FlagValue, FlagsAnswer};
use super::feature_flags::FLAG_CALLS_MAX;
use crate::event::json::{Object, Value};
use crate::outbox::{Store, TabStore, Wall};
use crate::person::{Stored, StoredState};

/// What was evaluated longer ago is not known any more: 24 hours.
pub const FLAGS_AGE_MAX_MS: u64 = 24 * 3_600_000;

/// A flag and the value of it that the visitor has met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetFlag(pub(super) String);

/// What is stored.
#[derive(Debug, Clone, Default)]
pub(super) struct StoredFlags {
    /// Flags by their keys.
    flags: Object,
    /// When they were evaluated.
    loaded: Wall,
    /// What PostHog has said of the evaluation.
    about: Object,
    /// Properties of the person that flags are evaluated by.
    person: Object,
    /// The same of groups, by their types.
    groups: Object,
    /// What the visitor has met: a flag and its value each.
    called: Vec<String>,
}

impl Stored for StoredFlags {
    const NOUN: &'static str = "flags";

    fn read(stored: &Object) -> Self {
        let object = |name| stored.get(name).and_then(Object::of).unwrap_or_default();
        let mut called = Vec::new();
        if let Some(met) = stored.get("called") {
            called.extend(met.items().filter_map(|item| Some(item.text()?.into_owned())));
        }
        Self {
            flags: object("flags"),
            loaded: Wall(stored.get("loadedMs").and_then(Value::integer).unwrap_or_default().max(0) as u64),
            about: object("about"),
            person: object("person"),
            groups: object("groups"),
            called,
        }
    }

    fn write(&self) -> Object {
        let mut stored = Object::default();
        stored.set_object("flags", &self.flags);
        stored.set_integer("loadedMs", self.loaded.0 as i64);
        stored.set_object("about", &self.about);
        stored.set_object("person", &self.person);
        stored.set_object("groups", &self.groups);
        stored.set_texts("called", &self.called);
        stored
    }
}

/// The flags of one project's visitor.
#[derive(Debug)]
pub struct FlagCache {
    state: StoredState<StoredFlags>,
    /// Flags of the server that renders the page, until they are looked at first.
    bootstrapped: Option<Object>,
    none: Object,
}

impl FlagCache {
    /// The cache of a project; `values` and `payloads` are what the server knows that renders the page.
    #[must_use]
    pub fn new(project: &str, values: &Object, payloads: &Object) -> Self {
        let mut flags = Object::default();
        for (key, value) in values.members() {
            let (Some(key), Some(value)) = (key.text(), FlagValue::of(value)) else { continue };
            // An empty text is no variant.
            if value.is_on() && value != FlagValue::Variant(String::new()) {
                let payload = payloads.get(&key).map(|payload| payload.raw().to_owned());
                flags.set_object(&key, &Flag { value, payload, about: Object::default() }.stored());
            }
        }
        let bootstrapped = (!flags.is_empty()).then_some(flags);
        Self { state: StoredState::new(project), bootstrapped, none: Object::default() }
    }

    /// The flags, unless they are too old.
    pub fn flags(&mut self, store: &mut (impl Store + TabStore), wall: Wall) -> &Object {
        if let Some(flags) = self.bootstrapped.take() {
            // What is stored is older than the page.
            self.state.edit(store, move |state| {
                state.flags.clone_from(&flags);
                state.loaded = wall;
            });
        }
        let state = self.state.current(store);
        if wall.0.abs_diff(state.loaded.0) > FLAGS_AGE_MAX_MS { &self.none } else { &state.flags }
    }

    /// What PostHog has said of the evaluation.
    pub fn about(&mut self, store: &(impl Store + TabStore)) -> &Object {
        &self.state.current(store).about
    }

    /// What flags are evaluated by: properties of the person, and of groups by their types.
    pub fn evaluated_by(&mut self, store: &(impl Store + TabStore)) -> (&Object, &Object) {
        let state = self.state.current(store);
        (&state.person, &state.groups)
    }

    /// Takes over what PostHog has evaluated: all of it, or, where it could not evaluate everything, what it could.
    pub fn take(&mut self, store: &mut (impl Store + TabStore), answer: &FlagsAnswer, wall: Wall) {
        let mut flags = if answer.has_errors { self.flags(store, wall).clone() } else { Object::default() };
        for (key, flag) in answer.flags() {
            flags.set_object(&key, &flag.stored());
        }
        // Nobody has looked at it yet, and PostHog knows better.
        self.bootstrapped = None;
        let about = answer.about.clone();
        self.state.edit(store, move |state| {
            state.flags.clone_from(&flags);
            state.about.clone_from(&about);
            state.loaded = wall;
        });
    }

    /// Adds to what persons' flags are evaluated by; whether that is news.
    pub fn add_person(&mut self, store: &mut (impl Store + TabStore), properties: &Object) -> bool {
        let known = &self.state.current(store).person;
        let mut person = known.clone();
        person.merge(properties);
        let is_news = person != *known;
        if is_news {
            self.state.edit(store, move |state| state.person.merge(&person));
        }
        is_news
    }

    /// Adds to what a group's flags are evaluated by; whether that is news.
    pub fn add_group(&mut self, store: &mut (impl Store + TabStore), kind: &str, properties: &Object) -> bool {
        let known = self.state.current(store).groups.get(kind).and_then(Object::of);
        let mut group = known.clone().unwrap_or_default();
        group.merge(properties);
        let is_news = known.as_ref() != Some(&group);
        if is_news {
            let kind = kind.to_owned();
            self.state.edit(store, move |state| state.groups.set_object(&kind, &group));
        }
        is_news
    }

    /// Forgets what was added for the person.
    pub fn reset_person(&mut self, store: &mut (impl Store + TabStore)) {
        self.state.edit(store, |state| state.person = Object::default());
    }

    /// Forgets what was added for groups of a type, or of every type.
    pub fn reset_groups(&mut self, store: &mut (impl Store + TabStore), kind: Option<String>) {
        self.state.edit(store, move |state| match &kind {
            Some(kind) => state.groups.remove(kind),
            None => state.groups = Object::default(),
        });
    }

    /// Whether the visitor has met a value already.
    pub fn has_met(&mut self, store: &(impl Store + TabStore), met: &MetFlag) -> bool {
        self.state.current(store).called.contains(&met.0)
    }

    /// Notes that the visitor has met values.
    pub fn meet(&mut self, store: &mut (impl Store + TabStore), met: Vec<MetFlag>) {
        self.state.edit(store, move |state| {
            state.called.extend(met.iter().map(|met| met.0.clone()));
            let too_many = state.called.len().saturating_sub(FLAG_CALLS_MAX);
            state.called.drain(..too_many);
        });
    }

    /// Forgets what the visitor has met.
    pub fn forget_met(&mut self, store: &mut (impl Store + TabStore)) {
        self.state.edit(store, |state| state.called.clear());
    }

    /// Somebody else uses the page: nothing of this is about the next visitor, nor what the server knew at the start.
    pub fn clear(&mut self, store: &mut (impl Store + TabStore)) {
        self.bootstrapped = None;
        self.state.clear(store, true);
    }

    /// From here on they are stored.
    pub fn keep(&mut self, store: &mut (impl Store + TabStore)) {
        self.state.keep(store);
    }

    /// Forgets everything, and removes what is stored, unless another tab has stored it since (`is_ours` false).
    pub fn forget(&mut self, store: &mut (impl Store + TabStore), is_ours: bool) {
        self.bootstrapped = None;
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
