//! What is known of the visitor and stored as one JSON object: kept in memory until something of this visitor may be stored.
//!
//! Each change is applied to what is stored as well as to what this page knows, so that tabs do not overwrite each other's.

use std::fmt;

use crate::event::json::Object;
use crate::outbox::{Store, TabStore, noun_key};

/// So many changes are remembered until they may be stored.
pub const EDITS_MAX: usize = 100;

/// One change of a state.
type Edit<State> = Box<dyn Fn(&mut State)>;

/// A state that is stored.
pub trait Stored: Clone + Default {
    /// What it is stored under, beside the project.
    const NOUN: &'static str;

    /// Makes a whole state of what was found, which somebody may have damaged.
    fn read(stored: &Object) -> Self;

    /// What is stored of it.
    fn write(&self) -> Object;
}

/// One stored state of a project.
pub struct StoredState<State> {
    key: String,
    known: Option<State>,
    is_kept: bool,
    /// What this page has changed and not stored.
    edits: Vec<Edit<State>>,
}

impl<State: Stored> StoredState<State> {
    /// The state of a project.
    #[must_use]
    pub fn new(project: &str) -> Self {
        Self { key: noun_key(State::NOUN, project), known: None, is_kept: false, edits: Vec::new() }
    }

    /// What this page knows; read, where it is asked for first.
    pub fn current(&mut self, store: &(impl Store + TabStore)) -> &State {
        self.known(store)
    }

    /// Changes something, and stores it where that is allowed.
    pub fn edit(&mut self, store: &mut (impl Store + TabStore), edit: impl Fn(&mut State) + 'static) {
        self.apply(store, Box::new(edit));
    }

    /// The same, once for whatever is changed.
    fn apply(&mut self, store: &mut (impl Store + TabStore), edit: Edit<State>) {
        let known = self.known(store);
        edit(known);
        let text = known.write().text().to_owned();
        store.remember(&self.key, Some(&text));
        if self.is_kept {
            self.store(store, &[edit]);
        } else {
            let too_many = (self.edits.len() + 1).saturating_sub(EDITS_MAX);
            self.edits.drain(..too_many);
            self.edits.push(edit);
        }
    }

    /// From here on it is stored.
    pub fn keep(&mut self, store: &mut (impl Store + TabStore)) {
        self.is_kept = true;
        let edits = core::mem::take(&mut self.edits);
        self.store(store, &edits);
    }

    /// Somebody else uses the page from now on: removes what is stored, unless another tab has stored it since (`is_ours` false).
    pub fn clear(&mut self, store: &mut (impl Store + TabStore), is_ours: bool) {
        if is_ours {
            let _ = store.remove(&self.key);
        }
        store.remember(&self.key, None);
        self.known = None;
        self.edits.clear();
    }

    /// Removes what is stored, until it may be kept again; the page remembers.
    pub fn withdraw(&mut self, store: &mut (impl Store + TabStore))
    where
        State: 'static,
    {
        let known = self.known(store).clone();
        self.forget(store, true);
        self.edit(store, move |state| state.clone_from(&known));
    }

    /// The same as [`clear`](Self::clear), until it may be kept again.
    pub fn forget(&mut self, store: &mut (impl Store + TabStore), is_ours: bool) {
        self.clear(store, is_ours);
        self.is_kept = false;
    }

    /// Another tracker of this page has noted something: what this one knows is read again when it is asked for.
    pub fn reread(&mut self) {
        self.known = None;
    }

    fn known(&mut self, store: &(impl Store + TabStore)) -> &mut State {
        let key = &self.key;
        self.known.get_or_insert_with(|| match store.recall(key) {
            Some(text) => State::read(&Object::read(&text).unwrap_or_default()),
            None => found(store, key).unwrap_or_default(),
        })
    }

    fn store(&mut self, store: &mut (impl Store + TabStore), edits: &[Edit<State>]) {
        if edits.is_empty() {
            return;
        }
        let state = match found::<State>(store, &self.key) {
            Some(mut stored) => {
                for edit in edits {
                    edit(&mut stored);
                }
                stored
            }
            None => self.known(store).clone(),
        };
        let _ = store.put(&self.key, state.write().text());
    }
}

fn found<State: Stored>(store: &impl Store, key: &str) -> Option<State> {
    let text = store.get(key).ok()??;
    Some(State::read(&Object::read(&text).unwrap_or_default()))
}

impl<State: fmt::Debug> fmt::Debug for StoredState<State> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("StoredState")
            .field("key", &self.key)
            .field("known", &self.known)
            .finish_non_exhaustive()
    }
}
