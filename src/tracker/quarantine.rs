//! Records that a module has trapped on. Trackers of the same version leave them alone, so that one record cannot kill the module
//! of every later page; a tracker of another version tries each of them once, alone. They expire like every record.
//!
//! Stored under `phbt:quarantine:<project>`: the uuid of each record with the version that has trapped on it last. The page notes
//! it there when a module has trapped (`js/src/journal.ts`), because no module is left then to do so.

use crate::event::json::Object;
use crate::outbox::{KEY_PREFIX, Store, noun_key};

/// How many are remembered at most.
pub const QUARANTINE_MAX: usize = 20;

/// Reads the quarantine of a project, and forgets those of whom nothing is stored any more; gives the uuids, and of each whether
/// another version has trapped on it and this one has not tried.
pub(super) fn read(store: &mut impl Store, project: &str, version: &str) -> Vec<(String, bool)> {
    let key = noun_key("quarantine", project);
    let text = store.get(&key).ok().flatten().unwrap_or_default();
    let mut versions = Object::read(&text).unwrap_or_default();
    if versions.is_empty() {
        return Vec::new();
    }
    let keys = store.keys(KEY_PREFIX).unwrap_or_default();
    versions.retain(&mut |uuid, _| uuid.text().is_some_and(|uuid| keys.iter().any(|key| key.ends_with(&*uuid))));
    if versions.text() != text {
        let _ = if versions.is_empty() { store.remove(&key) } else { store.put(&key, versions.text()) };
    }
    let found = versions
        .members()
        .filter_map(|(uuid, trapped)| Some((uuid.text()?.into_owned(), trapped.text().as_deref() != Some(version))));
    found.collect()
}

/// Notes that this version is about to try a record, so that a page that dies of it does not try it again and again.
pub(super) fn add(store: &mut impl Store, project: &str, version: &str, uuid: &str) {
    let key = noun_key("quarantine", project);
    let text = store.get(&key).ok().flatten().unwrap_or_default();
    let mut versions = Object::read(&text).unwrap_or_default();
    versions.remove(uuid);
    let too_many = (versions.members().count() + 1).saturating_sub(QUARANTINE_MAX);
    let mut place = 0;
    versions.retain(&mut |_, _| {
        place += 1;
        place > too_many
    });
    versions.set_text(uuid, version);
    let _ = store.put(&key, versions.text());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::MemoryStore;

    #[test]
    fn another_version_tries_what_is_still_stored() {
        let mut store = MemoryStore::default();
        for n in 0..25 {
            add(&mut store, "p", "1", &n.to_string());
        }
        store.entries.insert("phbt:1:p:a:0:23".into(), String::new());
        store.entries.insert("phbt:1:p:a:0:24".into(), String::new());
        add(&mut store, "p", "2", "24");
        assert_eq!(read(&mut store, "p", "2"), [("23".to_owned(), true), ("24".to_owned(), false)]);
        assert_eq!(store.entries["phbt:quarantine:p"], r#"{"23":"1","24":"2"}"#);
        store.entries.retain(|key, _| key.contains("quarantine"));
        assert_eq!((read(&mut store, "p", "2"), store.entries.len()), (Vec::new(), 0));
    }
}
