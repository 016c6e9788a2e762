//! localStorage and sessionStorage as the tracker's stores, through the page's side, which knows after a trap what was under work.

use super::PageSide;
use crate::outbox::{Store, StoreError, TabStore};

impl Store for PageSide {
    fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        let value = Self::get(self, key);
        #[cfg(feature = "planted-trap")]
        super::planted_trap::spring_on_stored(key, value.as_deref().unwrap_or_default());
        // Nothing of ours is ever stored as an empty text.
        if value.as_deref() == Some("") { Err(StoreError::Blocked) } else { Ok(value) }
    }

    fn put(&mut self, key: &str, value: &str) -> Result<(), StoreError> {
        // Blocked storage refuses as a full one does; the tracker keeps the record in memory either way.
        if Self::put(self, key, value) { Ok(()) } else { Err(StoreError::Full) }
    }

    fn remove(&mut self, key: &str) -> Result<(), StoreError> {
        Self::remove(self, key);
        Ok(())
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        Ok(Self::keys(self, prefix))
    }
}

impl TabStore for PageSide {
    fn tab_get(&self, key: &str) -> Option<String> {
        Self::tab_get(self, key)
    }

    fn tab_put(&mut self, key: &str, value: &str) {
        Self::tab_put(self, key, value);
    }

    fn tab_remove(&mut self, key: &str) {
        Self::tab_remove(self, key);
    }

    fn recall(&self, key: &str) -> Option<String> {
        Self::recall(self, key)
    }

    fn remember(&mut self, key: &str, value: Option<&str>) {
        Self::remember(self, key, value.map(str::to_owned));
    }

    fn notes(&self) -> u32 {
        Self::notes(self)
    }
}
