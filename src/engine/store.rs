//! The storage port: the one thing whose answer the engine needs before its next line.

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

/// A store in memory, for hosts that have no other and for tests; it can be made to fail.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    /// What is stored.
    pub entries: BTreeMap<String, String>,
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
