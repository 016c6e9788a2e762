//! The mirror: a copy of every sealed record in IndexedDB. A browser that is killed loses what it has not written to disk, and localStorage is
//! written seconds later (Chromium: 5 s, then once a minute), IndexedDB within milliseconds.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Array, Function, Promise, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::{IdbDatabase, IdbFactory, IdbObjectStore, IdbOpenDbRequest, IdbTransactionMode};

use super::tasks::Tasks;
use super::value::{array_from, member, method};
use super::web::{clear_timeout, page, queue_microtask, set_timeout};
use super::{Heard, Host};

// Runs outside the guard, and enters nothing: also where nobody waits for the database any more, it is made whole, or it would be no
// mirror for ever; and also where the instance is dead, it keeps nobody waiting who deletes it.
#[wasm_bindgen(inline_js = r#"
export const openDatabase = (name, store) => {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(store);
  request.addEventListener("success", () => {
    request.result.onversionchange = () => request.result.close();
  });
  return request;
};
"#)]
extern "C" {
    #[wasm_bindgen(js_name = openDatabase, catch)]
    fn open_database(name: &str, store: &str) -> Result<IdbOpenDbRequest, JsValue>;
}

const DATABASE: &str = "phbt";
const RECORDS: &str = "records";

/// A database that does not open by then is done without: the changes that wait for it would grow and grow.
const OPEN_TIMEOUT_MS: i32 = 10_000;

/// The mirror, as one tracker has it.
#[derive(Debug)]
pub(super) struct Mirror {
    tasks: &'static Tasks,
    host: Host,
    opening: RefCell<Opening>,
    /// What is written next: records by their keys, and the value of each, if it has one from then on.
    changes: RefCell<Vec<(String, Option<String>)>>,
    /// For each read that is going on, what was removed since it began: its answer may not know that yet.
    removed_since: KeyLists,
    /// For each erasure that is going on, what was stored since it began: that stays.
    saved_since: KeyLists,
    erasures: Cell<u32>,
    /// Whether the tracker is over: nothing keeps the database open then.
    is_over: Cell<bool>,
}

/// How far the database is open.
#[derive(Debug, Default)]
enum Opening {
    #[default]
    Closed,
    /// Whoever else wants it is told when it is.
    UnderWay(Rc<RefCell<Vec<Function>>>),
    /// It is open, or cannot be had.
    Open(Option<IdbDatabase>),
}

/// Lists of keys that grow while something goes on.
#[derive(Debug, Default)]
struct KeyLists(RefCell<Vec<Rc<RefCell<Vec<String>>>>>);

impl KeyLists {
    fn begin(&self, keys: Vec<String>) -> Rc<RefCell<Vec<String>>> {
        let list = Rc::new(RefCell::new(keys));
        self.0.borrow_mut().push(Rc::clone(&list));
        list
    }

    fn note(&self, key: &str) {
        for list in self.0.borrow().iter() {
            list.borrow_mut().push(key.to_owned());
        }
    }

    /// Ends a list; gives what it has come to.
    fn end(&self, list: &Rc<RefCell<Vec<String>>>) -> Vec<String> {
        self.0.borrow_mut().retain(|other| !Rc::ptr_eq(other, list));
        list.take()
    }
}

impl Mirror {
    pub(super) fn new(tasks: &'static Tasks, host: Host) -> &'static Self {
        Box::leak(Box::new(Self {
            tasks,
            host,
            opening: RefCell::default(),
            changes: RefCell::default(),
            removed_since: KeyLists::default(),
            saved_since: KeyLists::default(),
            erasures: Cell::default(),
            is_over: Cell::default(),
        }))
    }

    /// Notes that a record has this value from now on, or none. What a task notes is written at its end, in one go.
    pub(super) fn note(&'static self, key: &str, value: Option<&str>) {
        let is_first = self.changes.borrow().is_empty();
        let mut changes = self.changes.borrow_mut();
        changes.retain(|(other, _)| other != key);
        changes.push((key.to_owned(), value.map(str::to_owned)));
        drop(changes);
        if value.is_none() { &self.removed_since } else { &self.saved_since }.note(key);
        if is_first {
            self.tasks.spawn(Box::pin(async move { self.write().await }));
        }
    }

    /// Opens the database, or does nothing where it is open: the first event of a page should not have to wait for it.
    pub(super) fn open(&'static self) {
        self.tasks.spawn(Box::pin(async move { drop(self.database().await) }));
    }

    /// Everything that the mirror holds, key and value; `None`, where there is no mirror, which reading would make.
    pub(super) async fn read(&'static self) -> Option<Vec<(String, String)>> {
        if !self.exists().await {
            return None;
        }
        let erasures = self.erasures.get();
        let removed = self.removed_since.begin(Vec::new());
        let records = self.all_records().await.unwrap_or_default();
        let removed = self.removed_since.end(&removed);
        if erasures != self.erasures.get() {
            return Some(Vec::new());
        }
        Some(records.into_iter().filter(|(key, _)| !removed.contains(key)).collect())
    }

    async fn all_records(&'static self) -> Option<Vec<(String, String)>> {
        let store = self.records(IdbTransactionMode::Readonly).await?;
        let (keys, values) = (store.get_all_keys().ok()?, store.get_all().ok()?);
        let wait = self.tasks.until(&mut |resumed, rejected| {
            values.set_onsuccess(Some(resumed));
            values.set_onerror(Some(rejected));
            Ok(())
        });
        wait.await.ok()?;
        let texts = |result: Result<JsValue, JsValue>| -> Option<Vec<String>> {
            Some(Array::from(&result.ok()?).iter().map(|text| text.as_string().unwrap_or_default()).collect())
        };
        Some(texts(keys.result())?.into_iter().zip(texts(values.result())?).collect())
    }

    /// Removes the records of a project, or none, and the whole database where nothing is left in it. One that is not open is opened only
    /// where `is_used` says that there may be something in it.
    pub(super) async fn erase(&'static self, project: Option<&str>, is_used: bool) {
        let is_chosen = |key: &str| project.is_some() && key.split(':').nth(2) == project;
        self.erasures.set(self.erasures.get() + 1);
        self.changes.borrow_mut().retain(|(key, _)| !is_chosen(key));
        let names = |is_saved: bool| {
            let changes = self.changes.borrow();
            let chosen = changes.iter().filter(|(_, value)| value.is_some() == is_saved);
            chosen.map(|(key, _)| key.clone()).collect::<Vec<_>>()
        };
        let pending = [names(true), names(false)].concat();
        let saved = self.saved_since.begin(names(true));
        if self.is_opening() || is_used || self.exists().await {
            let keeps = Rc::clone(&saved);
            let goes = |key: &str| is_chosen(key) && !keeps.borrow().iter().any(|kept| kept == key);
            let is_empty = self.erase_stored(&pending, &goes).await.unwrap_or_default();
            if is_empty && saved.borrow().is_empty() {
                self.close();
                let _ = factory().and_then(|factory| factory.delete_database(DATABASE));
            }
        }
        self.saved_since.end(&saved);
    }

    /// Whether nothing is left but what is about to be removed.
    async fn erase_stored(&'static self, pending: &[String], is_chosen: &dyn Fn(&str) -> bool) -> Option<bool> {
        let store = self.records(IdbTransactionMode::Readwrite).await?;
        let keys = store.get_all_keys().ok()?;
        let wait = self.tasks.until(&mut |resumed, rejected| {
            keys.set_onsuccess(Some(resumed));
            keys.set_onerror(Some(rejected));
            Ok(())
        });
        wait.await.ok()?;
        let mut is_empty = true;
        for key in Array::from(&keys.result().ok()?).iter().filter_map(|key| key.as_string()) {
            if is_chosen(&key) {
                let _ = store.delete(&JsValue::from_str(&key));
            } else {
                is_empty &= pending.contains(&key);
            }
        }
        let transaction = store.transaction();
        let wait = self.tasks.until(&mut |resumed, rejected| {
            transaction.set_oncomplete(Some(resumed));
            transaction.set_onabort(Some(rejected));
            Ok(())
        });
        wait.await.ok()?;
        Some(is_empty)
    }

    /// Whether there is a database; one that cannot be looked for may be there.
    async fn exists(&'static self) -> bool {
        let databases = factory()
            .and_then(|factory| method(&factory, "databases", &[]).ok_or(JsValue::UNDEFINED))
            .map(Promise::unchecked_from_js);
        match self.tasks.settled(databases).await {
            Ok(databases) => {
                array_from(&databases).is_none_or(|all| all.iter().any(|one| member(&one, "name") == DATABASE))
            }
            Err(_) => true,
        }
    }

    /// Lets the database go, so that a page that is left keeps nobody waiting. The next change opens it again.
    pub(super) fn close(&self) {
        if let Opening::Open(Some(database)) = self.opening.take() {
            database.close();
        }
    }

    async fn write(&'static self) {
        let _ = self.tasks.until(&mut |resumed, _| queue_microtask(resumed)).await;
        // From a database that is not there nothing has to be removed.
        let is_there = self.is_opening() || self.has_values() || self.exists().await;
        let is_wanted = is_there || self.has_values();
        let store = if is_wanted { self.records(IdbTransactionMode::Readwrite).await } else { None };
        for (key, value) in self.changes.take() {
            let Some(store) = &store else { continue };
            let key = JsValue::from_str(&key);
            let _ = match value {
                Some(value) => store.put_with_key(&JsValue::from_str(&value), &key),
                None => store.delete(&key),
            };
        }
        if self.is_over.get() {
            self.close();
        }
    }

    /// The tracker is over: closes the database, which would keep it alive, when what is still to be written is.
    pub(super) fn end(&'static self) {
        self.is_over.set(true);
        if self.changes.borrow().is_empty() {
            self.close();
        }
    }

    /// Whether something is to be stored, and not only removed.
    fn has_values(&self) -> bool {
        self.changes.borrow().iter().any(|(_, value)| value.is_some())
    }

    fn is_opening(&self) -> bool {
        !matches!(*self.opening.borrow(), Opening::Closed)
    }

    /// The database, opened where it is not; none, where it cannot be had.
    async fn database(&'static self) -> Option<IdbDatabase> {
        let present = match &*self.opening.borrow() {
            Opening::Open(database) => return database.clone(),
            Opening::UnderWay(others) => Some(Rc::clone(others)),
            Opening::Closed => None,
        };
        if let Some(others) = present {
            let opened = self.tasks.until(&mut |resumed, _| {
                others.borrow_mut().push(resumed.clone());
                Ok(())
            });
            return opened.await.ok().filter(|database| !database.is_undefined()).map(JsCast::unchecked_into);
        }
        let others = Rc::new(RefCell::new(Vec::<Function>::new()));
        self.opening.replace(Opening::UnderWay(Rc::clone(&others)));
        let database = self.open_database().await;
        let is_wanted = matches!(&*self.opening.borrow(), Opening::UnderWay(present) if Rc::ptr_eq(present, &others));
        if is_wanted {
            self.opening.replace(Opening::Open(database.clone()));
        } else if let Some(database) = &database {
            database.close();
        }
        let opened = database.clone().map_or(JsValue::UNDEFINED, JsValue::from);
        for resumed in others.take() {
            let _ = resumed.call1(&JsValue::UNDEFINED, &opened);
        }
        database
    }

    /// Opens the database; nothing, where that fails or takes too long: it may be blocked together with the other storage of the page.
    async fn open_database(&'static self) -> Option<IdbDatabase> {
        let request = open_database(DATABASE, RECORDS).ok()?;
        let mut timer = JsValue::UNDEFINED;
        let opened = self.tasks.until(&mut |resumed, rejected| {
            request.set_onsuccess(Some(resumed));
            request.set_onerror(Some(rejected));
            timer = set_timeout(rejected, OPEN_TIMEOUT_MS)?;
            Ok(())
        });
        let opened = opened.await;
        let _ = clear_timeout(&timer);
        opened.ok()?;
        let database = request.result().ok()?.unchecked_into::<IdbDatabase>();
        for event in ["versionchange", "close"] {
            let gone = self.host.hearer(Heard::MirrorGone, 0);
            let _ = database.add_event_listener_with_callback(event, &gone);
        }
        Some(database)
    }

    /// The records of the database, opened where it is not, and once more where somebody has closed or deleted it since.
    async fn records(&'static self, mode: IdbTransactionMode) -> Option<IdbObjectStore> {
        let database = self.database().await?;
        if let Some(store) = records_of(&database, mode) {
            return Some(store);
        }
        self.close();
        if !self.has_values() && !self.exists().await {
            return None;
        }
        records_of(&self.database().await?, mode)
    }
}

fn factory() -> Result<IdbFactory, JsValue> {
    Reflect::get(&page(), &"indexedDB".into()).map(JsCast::unchecked_into)
}

/// The records of a database; none, where it has been closed.
fn records_of(database: &IdbDatabase, mode: IdbTransactionMode) -> Option<IdbObjectStore> {
    database.transaction_with_str_and_mode(RECORDS, mode).ok()?.object_store(RECORDS).ok()
}
