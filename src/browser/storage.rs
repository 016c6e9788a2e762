//! localStorage as the engine's [`Store`].

use std::cell::Cell;

use js_sys::Array;
use wasm_bindgen::prelude::*;

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

#[wasm_bindgen]
extern "C" {
    // Named afresh at each call: the mere access to `localStorage` throws where cookies are blocked or the frame is
    // sandboxed, and pages without one do not have the name.
    #[wasm_bindgen(catch, js_namespace = localStorage, js_name = getItem)]
    fn get_item(key: &str) -> Result<Option<String>, JsValue>;
    #[wasm_bindgen(catch, js_namespace = localStorage, js_name = setItem)]
    fn set_item(key: &str, value: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(catch, js_namespace = localStorage, js_name = removeItem)]
    fn remove_item(key: &str) -> Result<(), JsValue>;
}

#[wasm_bindgen(inline_js = "export const localStorageKeys = () => Object.keys(localStorage);")]
extern "C" {
    #[wasm_bindgen(catch, js_name = localStorageKeys)]
    fn local_storage_keys() -> Result<Array, JsValue>;
}

/// The page's localStorage.
#[derive(Debug)]
pub struct LocalStore;

/// Whether `key` names a record, not one of the things stored once for a project.
fn is_record(key: &str) -> bool {
    key.as_bytes().get(KEY_PREFIX.len()).is_some_and(u8::is_ascii_digit)
}

impl Store for LocalStore {
    fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        if is_record(key) {
            TOUCHED.set(key.to_owned());
        }
        let value = get_item(key).map_err(|_| StoreError::Blocked)?;
        #[cfg(feature = "planted-trap")]
        super::planted_trap::spring_on(value.as_deref().unwrap_or_default());
        Ok(value)
    }

    fn put(&mut self, key: &str, value: &str) -> Result<(), StoreError> {
        // Both an exceeded quota and blocked storage throw here; the engine keeps the record in memory either way.
        set_item(key, value).map_err(|_| StoreError::Full)?;
        if is_record(key) {
            TOUCHED.set(key.to_owned());
            WRITTEN.set(key.to_owned());
        }
        Ok(())
    }

    fn remove(&mut self, key: &str) -> Result<(), StoreError> {
        remove_item(key).map_err(|_| StoreError::Blocked)
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        // Object.keys is more than twice as fast as walking `key(i)`, and one consistent picture.
        let keys = local_storage_keys().map_err(|_| StoreError::Blocked)?;
        Ok(keys.iter().filter_map(|key| key.as_string()).filter(|key| key.starts_with(prefix)).collect())
    }
}
