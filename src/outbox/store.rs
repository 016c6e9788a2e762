//! The storage port: the one thing whose answer the outbox needs before its next line.

use std::collections::BTreeMap;

/// Why storage did not do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreError {
    /// The quota is used up. Removing and overwriting with no more than before still work.
    Full,
    /// The browser refuses access: cookies blocked, sandboxed frame, a policy.
    Blocked,
    /// There is no such storage here.
    Gone,
}

/// Synchronous storage of text by key, shared with other pages. Only keys of this product are ever asked for.
pub trait Store {
    /// The value of `key`, `None` where there is none.
    ///
    /// # Errors
    /// [`StoreError`] where storage cannot be read.
    fn get(&self, key: &str) -> Result<Option<String>, StoreError>;

    /// Stores `value` under `key`, over whatever stood there. Either the whole value is stored or nothing changes.
    ///
    /// # Errors
    /// [`StoreError`] where it is not stored.
    fn put(&mut self, key: &str, value: &str) -> Result<(), StoreError>;

    /// Puts `value` into the mirror alone, where there is one: that costs no write that anybody waits for.
    fn put_mirrored(&mut self, key: &str, value: &str) {
        let _ = (key, value);
    }

    /// Removes `key`; no error where there is none.
    ///
    /// # Errors
    /// [`StoreError`] where storage cannot be written.
    fn remove(&mut self, key: &str) -> Result<(), StoreError>;

    /// All keys that start with `prefix`, in any order.
    ///
    /// # Errors
    /// [`StoreError`] where storage cannot be read.
    fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError>;
}

/// Storage of one tab (`sessionStorage`), which ends with it and is copied where the tab is duplicated; and the memory of one page, which
/// its trackers share: what they know and may not store, or cannot.
pub trait TabStore {
    /// The value of `key`, `None` where there is none to be had.
    fn tab_get(&self, key: &str) -> Option<String>;

    /// Stores `value` under `key`, where that is possible.
    fn tab_put(&mut self, key: &str, value: &str);

    /// Removes `key`.
    fn tab_remove(&mut self, key: &str);

    /// What the trackers of this page know under `key`.
    fn recall(&self, key: &str) -> Option<String>;

    /// Notes what the trackers of this page know under `key` from now on.
    fn remember(&mut self, key: &str, value: Option<&str>);

    /// How often something was noted: by a number that this tracker has not seen, another one of the page has noted something.
    fn notes(&self) -> u32;
}

/// A store in memory, for hosts that have no other and for tests; it can be made to fail.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    /// What is stored.
    pub entries: BTreeMap<String, String>,
    /// What is stored of the tab.
    pub tab: BTreeMap<String, String>,
    /// What the trackers of the page know.
    pub memory: BTreeMap<String, String>,
    /// How often something was noted in it.
    pub notes: u32,
    /// The error that every write answers while it is set.
    pub write_error: Option<StoreError>,
    /// The error that every call answers while it is set.
    pub error: Option<StoreError>,
}

impl MemoryStore {
    fn check(&self, write: bool) -> Result<(), StoreError> {
        self.error.or(self.write_error.filter(|_| write)).map_or(Ok(()), Err)
    }
}

impl Store for MemoryStore {
    fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.check(false)?;
        Ok(self.entries.get(key).cloned())
    }

    fn put(&mut self, key: &str, value: &str) -> Result<(), StoreError> {
        self.check(true)?;
        self.entries.insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    fn remove(&mut self, key: &str) -> Result<(), StoreError> {
        self.check(false)?;
        self.entries.remove(key);
        Ok(())
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.check(false)?;
        Ok(self.entries.keys().filter(|key| key.starts_with(prefix)).cloned().collect())
    }
}

impl TabStore for MemoryStore {
    fn tab_get(&self, key: &str) -> Option<String> {
        self.tab.get(key).cloned()
    }

    fn tab_put(&mut self, key: &str, value: &str) {
        self.tab.insert(key.to_owned(), value.to_owned());
    }

    fn tab_remove(&mut self, key: &str) {
        self.tab.remove(key);
    }

    fn recall(&self, key: &str) -> Option<String> {
        self.memory.get(key).cloned()
    }

    fn remember(&mut self, key: &str, value: Option<&str>) {
        self.notes += 1;
        match value {
            Some(value) => drop(self.memory.insert(key.to_owned(), value.to_owned())),
            None => drop(self.memory.remove(key)),
        }
    }

    fn notes(&self) -> u32 {
        self.notes
    }
}
