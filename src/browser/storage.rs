//! localStorage as the engine's [`Store`].

use std::cell::Cell;

use js_sys::Object;
use wasm_bindgen::JsCast;
use web_sys::Storage;

use crate::engine::{KEY_PREFIX, Store, StoreError};

thread_local! {
    /// The key that was touched last: after a trap, that of the record which the engine could not bear.
    static TOUCHED: Cell<String> = const { Cell::new(String::new()) };
    /// The record that was written last.
    static WRITTEN: Cell<String> = const { Cell::new(String::new()) };
}

/// The storage key under work, empty where there is none. Meant to be asked after a trap.
#[must_use]
pub fn key_in_hand() -> String {
    TOUCHED.take()
}

/// The key of the record that the present input has written, empty where it has written none. Meant to be asked after a
/// trap, to know whether the event that was being captured is safe.
#[must_use]
pub fn record_put() -> String {
    WRITTEN.take()
}

/// Forgets what earlier inputs touched.
pub(crate) fn begin_input() {
    TOUCHED.take();
    WRITTEN.take();
}

/// The page's localStorage, or the reason why there is none.
#[derive(Debug)]
pub struct LocalStore {
    storage: Result<Storage, StoreError>,
}

impl LocalStore {
    /// Finds localStorage. The mere access throws where cookies are blocked or the frame is sandboxed.
    #[must_use]
    pub fn open() -> Self {
        let storage = match web_sys::window().map(|window| window.local_storage()) {
            Some(Ok(Some(storage))) => Ok(storage),
            Some(Err(_)) => Err(StoreError::Blocked),
            Some(Ok(None)) | None => Err(StoreError::Gone),
        };
        Self { storage }
    }

    fn storage(&self) -> Result<&Storage, StoreError> {
        self.storage.as_ref().map_err(|error| *error)
    }
}

/// Whether `key` names a record, not one of the things stored once for a project.
fn is_record(key: &str) -> bool {
    key.strip_prefix(KEY_PREFIX).is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}

impl Store for LocalStore {
    fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        if is_record(key) {
            TOUCHED.set(key.to_owned());
        }
        let value = self.storage()?.get_item(key).map_err(|_| StoreError::Blocked)?;
        #[cfg(feature = "planted-trap")]
        super::planted_trap::spring_on(value.as_deref().unwrap_or_default());
        Ok(value)
    }

    fn put(&mut self, key: &str, value: &str) -> Result<(), StoreError> {
        // A write that throws on storage which could be opened is one over the quota.
        self.storage()?.set_item(key, value).map_err(|_| StoreError::Full)?;
        if is_record(key) {
            TOUCHED.set(key.to_owned());
            WRITTEN.set(key.to_owned());
        }
        Ok(())
    }

    fn remove(&mut self, key: &str) -> Result<(), StoreError> {
        self.storage()?.remove_item(key).map_err(|_| StoreError::Blocked)
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        // Object.keys is more than twice as fast as walking `key(i)`, and one consistent picture.
        let storage: &Object = self.storage()?.unchecked_ref();
        let keys = Object::keys(storage);
        Ok(keys.iter().filter_map(|key| key.as_string()).filter(|key| key.starts_with(prefix)).collect())
    }
}
