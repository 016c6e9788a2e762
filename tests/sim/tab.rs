//! What a page has beside localStorage: the storage of its tab, which ends with the tab and is copied where one is duplicated, and the
//! memory of the page, which outlives an instance of the tracker that traps.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use posthog_booking_tracker::outbox::TabStore;

use crate::storage::{Op, PageStore};

/// sessionStorage.
#[derive(Debug, Default, Clone)]
pub(crate) struct Tab {
    pub(crate) entries: BTreeMap<String, String>,
}

/// What the trackers of a page know and may not store, or cannot.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    entries: BTreeMap<String, String>,
    notes: u32,
}

/// Both, as their page has them.
#[derive(Debug, Default, Clone)]
pub(crate) struct Beside {
    pub(crate) tab: Rc<RefCell<Tab>>,
    pub(crate) memory: Rc<RefCell<Memory>>,
}

impl Beside {
    /// Those of a page that is opened in this tab.
    pub(crate) fn in_tab(tab: &Rc<RefCell<Tab>>) -> Self {
        Self { tab: Rc::clone(tab), memory: Rc::default() }
    }

    /// Those of a page that is opened in a copy of this tab.
    pub(crate) fn in_copy(tab: &Rc<RefCell<Tab>>) -> Self {
        Self { tab: Rc::new(RefCell::new(tab.borrow().clone())), memory: Rc::default() }
    }

    pub(crate) fn is_same_tab(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.tab, &other.tab)
    }
}

impl TabStore for PageStore {
    fn tab_get(&self, key: &str) -> Option<String> {
        if self.is_shut_out() { None } else { self.beside.tab.borrow().entries.get(key).cloned() }
    }

    fn tab_put(&mut self, key: &str, value: &str) {
        if !self.is_shut_out() {
            self.beside.tab.borrow_mut().entries.insert(key.to_owned(), value.to_owned());
            self.origin.borrow_mut().note_op(Op::TabPut { key: key.to_owned() });
        }
    }

    fn tab_remove(&mut self, key: &str) {
        if !self.is_shut_out() {
            self.beside.tab.borrow_mut().entries.remove(key);
        }
    }

    fn recall(&self, key: &str) -> Option<String> {
        self.beside.memory.borrow().entries.get(key).cloned()
    }

    fn remember(&mut self, key: &str, value: Option<&str>) {
        let mut memory = self.beside.memory.borrow_mut();
        memory.notes += 1;
        match value {
            Some(value) => drop(memory.entries.insert(key.to_owned(), value.to_owned())),
            None => drop(memory.entries.remove(key)),
        }
    }

    fn notes(&self) -> u32 {
        self.beside.memory.borrow().notes
    }
}
