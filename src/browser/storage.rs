//! localStorage as the engine's [`Store`], through the page's side, which knows after a trap what was under work.

use super::PageSide;
use crate::engine::{Store, StoreError};

impl Store for PageSide {
    fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        read(key, Self::get(self, key))
    }

    fn get_record(&self, key: &str) -> Result<Option<String>, StoreError> {
        read(key, Self::get_record(self, key))
    }

    fn put(&mut self, key: &str, value: &str) -> Result<(), StoreError> {
        // Blocked storage refuses as a full one does; the engine keeps the record in memory either way.
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

#[cfg_attr(
    not(feature = "planted-trap"),
    expect(unused_variables, reason = "only a planted trap asks what it is the value of")
)]
fn read(key: &str, value: Option<String>) -> Result<Option<String>, StoreError> {
    #[cfg(feature = "planted-trap")]
    super::planted_trap::spring_on_stored(key, value.as_deref().unwrap_or_default());
    // Nothing of ours is ever stored as an empty text.
    if value.as_deref() == Some("") { Err(StoreError::Blocked) } else { Ok(value) }
}
