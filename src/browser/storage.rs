//! localStorage and sessionStorage as the tracker's stores: they may be blocked, full or absent, and each access may throw. The mirror
//! hangs on localStorage: a sealed record is stored in both, and every record is removed from both.

use std::cell::OnceCell;

use js_sys::Reflect;
use wasm_bindgen::prelude::*;
use web_sys::Storage;

use super::cookie::Cookies;
use super::value::member;
use super::web::page;
use super::{Host, Mirror};
use crate::outbox::{KEY_PREFIX, Store, StoreError, TabStore};

/// The storage of one page.
#[derive(Debug)]
pub(crate) struct PageStorage {
    pub(super) host: Host,
    pub(super) mirror: &'static Mirror,
    /// localStorage, kept after the first access: each lookup is a call into JavaScript.
    pub(super) local: OnceCell<Storage>,
    /// What carries visitor and session to other subdomains, where the page wants that.
    pub(super) cookies: Option<Cookies>,
}

impl PageStorage {
    fn local(&self) -> Result<&Storage, StoreError> {
        if let Some(storage) = self.local.get() {
            return Ok(storage);
        }
        let found = page().local_storage().ok().flatten().ok_or(StoreError::Blocked)?;
        Ok(self.local.get_or_init(|| found))
    }
}

/// What a record's key has behind the prefix is the number of its format.
fn is_record(key: &str) -> bool {
    key.strip_prefix(KEY_PREFIX).is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}

fn tab() -> Option<Storage> {
    page().session_storage().ok().flatten()
}

/// Why storage refuses.
fn refusal(error: &JsValue) -> StoreError {
    match member(error, "name").as_string().as_deref() {
        Some("QuotaExceededError" | "NS_ERROR_DOM_QUOTA_REACHED") => StoreError::Full,
        _ => StoreError::Blocked,
    }
}

impl Store for PageStorage {
    fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        if is_record(key) {
            self.host.touch(key);
        }
        if let Some(cookies) = self.cookies.as_ref().filter(|_| Cookies::has(key))
            && let Some(carried) = Cookies::get(key)
        {
            cookies.renew(key, &carried);
            // Where the cookie ends one day, nobody of before comes back.
            if let Ok(local) = self.local()
                && local.get_item(key).ok().flatten().is_some_and(|own| own != carried)
            {
                let _ = local.set_item(key, &carried);
            }
            return Ok(Some(carried));
        }
        let value = self.local()?.get_item(key).map_err(|error| refusal(&error))?;
        #[cfg(feature = "planted-trap")]
        super::planted_trap::spring_on_stored(key, value.as_deref().unwrap_or_default());
        Ok(value)
    }

    fn put(&mut self, key: &str, value: &str) -> Result<(), StoreError> {
        // The mirror takes no raw record: that could come back when its event has long been sealed and sent about somebody else.
        self.host.touch(if is_record(key) { key } else { "" });
        if is_record(key) && !value.starts_with('r') {
            self.mirror.note(key, Some(value));
        }
        if let Some(cookies) = self.cookies.as_ref().filter(|_| Cookies::has(key)) {
            cookies.put(key, value);
        }
        self.local()?.set_item(key, value).map_err(|error| refusal(&error))
    }

    fn put_mirrored(&mut self, key: &str, value: &str) {
        self.host.touch(key);
        self.mirror.note(key, Some(value));
    }

    fn remove(&mut self, key: &str) -> Result<(), StoreError> {
        self.host.touch("");
        if is_record(key) {
            self.mirror.note(key, None);
        }
        if self.cookies.is_some() && Cookies::has(key) {
            Cookies::remove(key);
        }
        // Blocked storage holds nothing of ours.
        let _ = self.local().map(|storage| storage.remove_item(key));
        Ok(())
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        // One consistent picture, and twice as fast as walking `key(i)`.
        let keys = Reflect::own_keys(self.local()?).map_err(|error| refusal(&error))?;
        Ok(keys.iter().filter_map(|key| key.as_string()).filter(|key| key.starts_with(prefix)).collect())
    }
}

impl TabStore for PageStorage {
    fn tab_get(&self, key: &str) -> Option<String> {
        tab()?.get_item(key).ok()?
    }

    fn tab_put(&mut self, key: &str, value: &str) {
        self.host.touch("");
        let _ = tab().map(|storage| storage.set_item(key, value));
    }

    fn tab_remove(&mut self, key: &str) {
        let _ = tab().map(|storage| storage.remove_item(key));
    }

    fn recall(&self, key: &str) -> Option<String> {
        self.host.recall(key)
    }

    fn remember(&mut self, key: &str, value: Option<&str>) {
        self.host.remember(key, value.map(str::to_owned));
    }

    fn notes(&self) -> u32 {
        self.host.notes()
    }
}
