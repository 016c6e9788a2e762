//! The store of a page that falls silent where the visitor has not agreed: another tab may know of a denial before this page has
//! removed what it holds.

use crate::outbox::{Store, StoreError, TabStore, noun_key};

/// A store that takes nothing but the answer of the visitor while it is silent.
#[derive(Debug)]
pub(super) struct PageStore<S> {
    inner: S,
    /// Whether nothing may be stored.
    pub(super) is_silent: bool,
}

impl<S> PageStore<S> {
    pub(super) fn new(inner: S) -> Self {
        Self { inner, is_silent: true }
    }

    pub(super) fn inner(&self) -> &S {
        &self.inner
    }

    pub(super) fn inner_mut(&mut self) -> &mut S {
        &mut self.inner
    }
}

impl<S: Store> Store for PageStore<S> {
    fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.inner.get(key)
    }

    fn put(&mut self, key: &str, value: &str) -> Result<(), StoreError> {
        if self.is_silent && !key.starts_with(&noun_key("consent", "")) {
            return Err(StoreError::Blocked);
        }
        self.inner.put(key, value)
    }

    fn put_mirrored(&mut self, key: &str, value: &str) {
        if !self.is_silent {
            self.inner.put_mirrored(key, value);
        }
    }

    fn remove(&mut self, key: &str) -> Result<(), StoreError> {
        self.inner.remove(key)
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.inner.keys(prefix)
    }
}

impl<S: TabStore> TabStore for PageStore<S> {
    fn tab_get(&self, key: &str) -> Option<String> {
        self.inner.tab_get(key)
    }

    fn tab_put(&mut self, key: &str, value: &str) {
        if !self.is_silent {
            self.inner.tab_put(key, value);
        }
    }

    fn tab_remove(&mut self, key: &str) {
        self.inner.tab_remove(key);
    }

    fn recall(&self, key: &str) -> Option<String> {
        self.inner.recall(key)
    }

    fn remember(&mut self, key: &str, value: Option<&str>) {
        self.inner.remember(key, value);
    }

    fn notes(&self) -> u32 {
        self.inner.notes()
    }
}
