//! localStorage as browsers have it (measured in Chromium 156): one truth in the browser's process, a view in each page
//! that learns of others' writes late, in order and between tasks only, and a disk that is behind both.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use posthog_booking_tracker::outbox::{Store, StoreError};

use crate::mirror::Mirror;
use crate::tab::Beside;

/// The first dirty write is on the disk after this time, and the next commit comes no sooner than after the other.
const COMMIT_DELAY_MS: u64 = 5_000;
const COMMIT_INTERVAL_MS: u64 = 60_000;

pub(crate) type PageId = usize;

/// One change of a key, numbered in the order in which the browser's process saw it.
#[derive(Debug, Clone)]
struct Write {
    number: u64,
    key: String,
    value: Option<String>,
}

/// What a page believes to be stored.
#[derive(Debug, Default)]
struct View {
    entries: BTreeMap<String, String>,
    /// The number of the last write that this view has seen, for each key: an older one of another page never undoes
    /// a newer one.
    seen: BTreeMap<String, u64>,
    /// Writes of other pages that have not got here, with the times at which they will.
    late: VecDeque<(u64, Write)>,
    blocked: bool,
    /// The most UTF-16 units that fit, as this page's view counts them.
    quota: Option<usize>,
    used: usize,
}

/// What an instance did to the store in one task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Op {
    Put {
        key: String,
        value: String,
        taken: bool,
    },
    Remove {
        key: String,
    },
    /// Something was stored of the tab.
    TabPut {
        key: String,
    },
    /// Another call that reads.
    Read,
}

/// Where the storage of the origin breaks off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CrashPoint {
    /// After this many calls of any page from now on.
    pub(crate) calls: u64,
}

/// Both stores of one origin, shared by all its pages.
#[derive(Debug, Default)]
pub(crate) struct Origin {
    pub(crate) truth: BTreeMap<String, String>,
    committed: BTreeMap<String, String>,
    /// What was written since the last commit.
    log: Vec<Write>,
    commit_at: Option<u64>,
    last_commit: u64,
    writes: u64,
    views: BTreeMap<PageId, View>,
    pub(crate) mirror: Mirror,
    now: u64,
    /// How late other pages see a write.
    pub(crate) delay: (u64, u64),
    delay_dice: u64,
    /// All calls of all pages, by which crash points are named.
    pub(crate) calls: u64,
    pub(crate) crash: Option<CrashPoint>,
    /// Pages whose calls do nothing any more, because they died inside one.
    pub(crate) dead: BTreeSet<PageId>,
    ops: Vec<Op>,
    /// What browsers tell other pages of: the page, when, and the key, or none where everything was cleared.
    pub(crate) announced: Vec<(PageId, u64, Option<String>)>,
    /// Whether the simulator looks on, and no page does anything.
    pub(crate) is_peeked: bool,
}

/// UTF-16 units, as browsers count.
pub(crate) fn units(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

/// Whether the mirror keeps what stands under this key: `phbt:` and a digit.
pub(crate) fn is_record_key(key: &str) -> bool {
    key.strip_prefix("phbt:").is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}

impl Origin {
    pub(crate) fn new(now: u64, delay: (u64, u64)) -> Self {
        Self { now, delay, ..Self::default() }
    }

    /// A new page reads the truth.
    pub(crate) fn open(&mut self, page: PageId, blocked: bool, quota: Option<usize>) {
        let used = self.truth.iter().map(|(key, value)| units(key) + units(value)).sum();
        let view = View { entries: self.truth.clone(), blocked, quota, used, ..View::default() };
        self.views.insert(page, view);
    }

    /// Forgets a page that is gone; the last one that closes takes everything to the disk.
    pub(crate) fn close(&mut self, page: PageId) {
        self.views.remove(&page);
        if self.views.is_empty() {
            self.commit();
        }
    }

    pub(crate) fn set_quota(&mut self, page: PageId, quota: Option<usize>) {
        if let Some(view) = self.views.get_mut(&page) {
            view.quota = quota;
        }
    }

    /// Lets time pass: commits to the disk and writes of the mirror.
    pub(crate) fn tick(&mut self, now: u64) {
        self.now = now;
        if self.commit_at.is_some_and(|at| at <= now) {
            self.commit();
        }
        self.mirror.tick(now);
    }

    fn commit(&mut self) {
        for write in self.log.drain(..) {
            apply(&mut self.committed, &write);
        }
        self.last_commit = self.now;
        self.commit_at = None;
    }

    /// Between two tasks a page sees what has got to it.
    pub(crate) fn deliver(&mut self, page: PageId) {
        let Some(view) = self.views.get_mut(&page) else { return };
        while view.late.front().is_some_and(|(at, _)| *at <= self.now) {
            let Some((_, write)) = view.late.pop_front() else { return };
            view.apply(&write);
        }
    }

    fn write(&mut self, page: Option<PageId>, key: &str, value: Option<&str>) {
        self.writes += 1;
        // A tracker looks at nothing else that it is told of.
        let is_heard = key.starts_with("phbt:gate:") || key.starts_with("phbt:consent:");
        let write = Write { number: self.writes, key: key.to_owned(), value: value.map(str::to_owned) };
        apply(&mut self.truth, &write);
        let (low, high) = self.delay;
        for (id, view) in &mut self.views {
            if Some(*id) == page {
                view.apply(&write);
            } else {
                // A little generator of its own, because a store has no world to ask.
                self.delay_dice = self.delay_dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_041);
                let at = self.now + low + (self.delay_dice >> 33) % (high - low + 1);
                let at = at.max(view.late.back().map_or(0, |(at, _)| *at));
                view.late.push_back((at, write.clone()));
                if is_heard {
                    self.announced.push((*id, at, Some(key.to_owned())));
                }
            }
        }
        self.log.push(write);
        if self.commit_at.is_none() {
            let rationed = if self.last_commit == 0 { 0 } else { self.last_commit + COMMIT_INTERVAL_MS };
            self.commit_at = Some((self.now + COMMIT_DELAY_MS).max(rationed));
        }
    }

    /// Somebody who is no page of ours writes, e.g. a foreign script.
    pub(crate) fn write_by_stranger(&mut self, key: &str, value: Option<&str>) {
        self.write(None, key, value);
    }

    /// Clears localStorage as `localStorage.clear()` of a foreign script does, or the user: one change, which every page
    /// sees as a whole.
    pub(crate) fn clear(&mut self) {
        let earlier: Vec<(PageId, usize)> = self.views.iter().map(|(id, view)| (*id, view.late.len())).collect();
        for key in self.truth.keys().cloned().collect::<Vec<_>>() {
            self.write(None, &key, None);
        }
        for (id, count) in earlier {
            let Some(view) = self.views.get_mut(&id) else { continue };
            let whole = view.late.back().map_or(0, |(at, _)| *at);
            view.late.iter_mut().skip(count).for_each(|(at, _)| *at = whole);
            self.announced.push((id, whole, None));
        }
    }

    /// The browser is killed: localStorage is what some commit has made of it, the mirror what was written.
    pub(crate) fn revert(&mut self, log_kept: usize, batches_kept: usize) {
        let kept = log_kept.min(self.log.len());
        for write in &self.log[..kept] {
            apply(&mut self.committed, write);
        }
        self.log.clear();
        self.commit_at = None;
        self.truth = self.committed.clone();
        self.views.clear();
        self.mirror.revert(batches_kept);
    }

    pub(crate) fn log_length(&self) -> usize {
        self.log.len()
    }

    pub(crate) fn view(&self, page: PageId) -> Option<&BTreeMap<String, String>> {
        self.views.get(&page).map(|view| &view.entries)
    }

    pub(crate) fn is_blocked(&self, page: PageId) -> bool {
        self.views.get(&page).is_none_or(|view| view.blocked)
    }

    /// What a page sees under a key; nothing, where it has no storage.
    pub(crate) fn seen(&self, page: PageId, key: &str) -> Option<String> {
        self.views.get(&page).filter(|view| !view.blocked)?.entries.get(key).cloned()
    }

    pub(crate) fn take_ops(&mut self) -> Vec<Op> {
        std::mem::take(&mut self.ops)
    }

    pub(crate) fn note_op(&mut self, op: Op) {
        if !self.is_peeked {
            self.ops.push(op);
        }
    }

    /// Counts a call, and says whether its page still lives to make it. It dies *after* the call of its crash point.
    fn enter(&mut self, page: PageId) -> bool {
        if self.dead.contains(&page) || !self.views.contains_key(&page) {
            return false;
        }
        if self.is_peeked {
            return true;
        }
        self.calls += 1;
        if let Some(crash) = &mut self.crash {
            crash.calls = crash.calls.saturating_sub(1);
            if crash.calls == 0 {
                self.crash = None;
                self.dead.insert(page);
            }
        }
        true
    }
}

impl View {
    fn apply(&mut self, write: &Write) {
        if self.seen.get(&write.key).is_some_and(|seen| *seen > write.number) {
            return;
        }
        self.seen.insert(write.key.clone(), write.number);
        let before = self.entries.get(&write.key).map_or(0, |value| units(&write.key) + units(value));
        let after = write.value.as_ref().map_or(0, |value| units(&write.key) + units(value));
        self.used = self.used + after - before;
        apply(&mut self.entries, write);
    }

    fn takes(&self, key: &str, value: &str) -> bool {
        let before = self.entries.get(key).map_or(0, |old| units(key) + units(old));
        let after = units(key) + units(value);
        after <= before || self.quota.is_none_or(|quota| self.used + after - before <= quota)
    }
}

fn apply(entries: &mut BTreeMap<String, String>, write: &Write) {
    match &write.value {
        Some(value) => entries.insert(write.key.clone(), value.clone()),
        None => entries.remove(&write.key),
    };
}

/// The store of one page, as its tracker sees it.
#[derive(Debug, Clone)]
pub(crate) struct PageStore {
    pub(crate) origin: Rc<RefCell<Origin>>,
    pub(crate) page: PageId,
    pub(crate) beside: Beside,
}

impl PageStore {
    /// Whether this page has no storage, or is none any more.
    pub(crate) fn is_shut_out(&self) -> bool {
        let origin = self.origin.borrow();
        let is_dead = origin.dead.contains(&self.page);
        is_dead || origin.views.get(&self.page).is_none_or(|view| view.blocked)
    }

    fn read<T>(&self, look: impl FnOnce(&View) -> T) -> Result<T, StoreError> {
        let mut origin = self.origin.borrow_mut();
        if !origin.enter(self.page) {
            return Err(StoreError::Gone);
        }
        origin.note_op(Op::Read);
        let view = origin.views.get(&self.page).ok_or(StoreError::Gone)?;
        if view.blocked { Err(StoreError::Blocked) } else { Ok(look(view)) }
    }
}

impl Store for PageStore {
    fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.read(|view| view.entries.get(key).cloned())
    }

    fn put(&mut self, key: &str, value: &str) -> Result<(), StoreError> {
        let mut origin = self.origin.borrow_mut();
        if !origin.enter(self.page) {
            return Err(StoreError::Gone);
        }
        // A raw record in the mirror could outlive its seal, and be taken for one that nobody has sent.
        if is_record_key(key) && !value.starts_with('r') {
            origin.mirror.note(self.page, key, Some(value));
        }
        let view = origin.views.get(&self.page).ok_or(StoreError::Gone)?;
        let refusal = if view.blocked {
            Some(StoreError::Blocked)
        } else {
            (!view.takes(key, value)).then_some(StoreError::Full)
        };
        origin.note_op(Op::Put { key: key.to_owned(), value: value.to_owned(), taken: refusal.is_none() });
        match refusal {
            Some(error) => Err(error),
            None => {
                origin.write(Some(self.page), key, Some(value));
                Ok(())
            }
        }
    }

    fn put_mirrored(&mut self, key: &str, value: &str) {
        let mut origin = self.origin.borrow_mut();
        if origin.enter(self.page) {
            origin.mirror.note(self.page, key, Some(value));
            origin.note_op(Op::Put { key: key.to_owned(), value: value.to_owned(), taken: false });
        }
    }

    fn remove(&mut self, key: &str) -> Result<(), StoreError> {
        let mut origin = self.origin.borrow_mut();
        if !origin.enter(self.page) {
            return Err(StoreError::Gone);
        }
        if is_record_key(key) {
            origin.mirror.note(self.page, key, None);
        }
        origin.note_op(Op::Remove { key: key.to_owned() });
        let view = origin.views.get(&self.page).ok_or(StoreError::Gone)?;
        if view.blocked {
            return Err(StoreError::Blocked);
        }
        if origin.truth.contains_key(key) || view.entries.contains_key(key) {
            origin.write(Some(self.page), key, None);
        }
        Ok(())
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.read(|view| view.entries.keys().filter(|key| key.starts_with(prefix)).cloned().collect())
    }
}
