//! localStorage as the engine's [`Store`].

use std::cell::Cell;

use wasm_bindgen::prelude::*;

use crate::engine::{KEY_PREFIX, Store, StoreError, lines};

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

#[wasm_bindgen(
    inline_js = "export const storedKeys = (prefix) => Object.keys(localStorage).filter((key) => key.startsWith(prefix)).join('\\n');"
)]
extern "C" {
    // Object.keys is more than twice as fast as walking `key(i)`, and one consistent picture. No key of ours holds a
    // line break, and one text is cheaper to pass than a list.
    #[wasm_bindgen(catch, js_name = storedKeys)]
    fn stored_keys(prefix: &str) -> Result<String, JsValue>;
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
        let keys = stored_keys(prefix).map_err(|_| StoreError::Blocked)?;
        Ok(lines(&keys).map(str::to_owned).collect())
    }
}
