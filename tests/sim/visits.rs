//! Visits: sessions and windows by PostHog's rules. A session ends after 30 minutes without an event or after 24 hours, is one over all
//! tabs of the origin, and each tab has a window of its own in it (posthog-js, `sessionid.ts`).

use std::collections::BTreeMap;

use posthog_booking_tracker::tracker::Input;
use serde_json::Value;

use crate::faults::{Fault, Faults};
use crate::page::PROJECT;
use crate::parcel::ms_of;
use crate::storage::{Op, PageId};
use crate::task::Task;
use crate::world::World;

/// PostHog's bounds.
const IDLE_MAX_MS: u64 = 30 * 60_000;
const LENGTH_MAX_MS: u64 = 24 * 3_600_000;
/// Activity is noted at most this often, so that no bound is kept to the second.
const NOTED_EACH_MS: u64 = 5_000;
/// Two pages see each other's session after this time at the latest.
const SEEN_AFTER_MS: u64 = 200;

/// A session, by its events.
#[derive(Debug, Clone)]
struct Session {
    first: u64,
    last: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Visits {
    sessions: BTreeMap<String, Session>,
    /// The page that each window is of.
    windows: BTreeMap<String, PageId>,
    /// The last event: its session, and when it was.
    last: Option<(String, u64)>,
    /// Whether a page was reset: from then on pages may be in sessions of different visitors.
    was_reset: bool,
    /// The last activity of which there is no event: it was given up.
    unseen: u64,
    /// When a session was ended on purpose last.
    ended: u64,
    /// How often a session was over by itself.
    pub(crate) over: usize,
}

/// When a session was begun, as its id says.
fn begun_at(id: &str) -> u64 {
    let digits: String = id.chars().filter(|digit| *digit != '-').take(12).collect();
    u64::from_str_radix(&digits, 16).unwrap_or_default()
}

/// Whether what is stored stays what it is, and clocks go on.
fn is_steady(faults: Faults) -> bool {
    let unsteady = [
        Fault::KilledBrowser,
        Fault::Crash,
        Fault::ClockJump,
        Fault::Sleep,
        Fault::Blocked,
        Fault::Full,
        Fault::Cleared,
        Fault::ForeignClear,
        Fault::Frozen,
        Fault::Hung,
        Fault::Trap,
    ];
    !unsteady.into_iter().any(|fault| faults.has(fault))
}

impl World {
    /// A session is ended on purpose: by a reset, or because the visitor has denied.
    pub(crate) fn end_session(&mut self) {
        self.visits.ended = self.now;
        self.visits.last = None;
    }

    /// A page is reset: somebody else uses it from now on. The session that it has begun is not that of the pages of which events have
    /// come, which stay with the visitor of before.
    pub(crate) fn begin_visitor(&mut self, page: PageId) {
        self.visits.was_reset = true;
        self.end_session();
        self.forget_visitor(page);
        // What a facade is told is done later, and the session begun then.
        let stored = self.origin.borrow().seen(page, &format!("phbt:session:{PROJECT}")).unwrap_or_default();
        let id = stored.split(':').next().unwrap_or_default().to_owned();
        if self.pages[page].tracker.is_some() {
            for other in self.pages.iter_mut().filter(|other| other.session.as_ref().is_some_and(|own| *own != id)) {
                other.of_others.insert(id.clone());
            }
        }
    }

    /// A page knows nothing of its visitor any more.
    pub(crate) fn forget_visitor(&mut self, page: PageId) {
        self.pages[page].session = None;
        self.pages[page].of_others.clear();
    }

    /// A task may have ended a session: by removing it, or by doing what was called before.
    pub(crate) fn note_ended_session(&mut self, task: &Task) {
        let session = format!("phbt:session:{PROJECT}");
        let does_late = task.is_late || task.is_released || task.input() == Some(&Input::Activated);
        let ends = |op: &Op| match op {
            Op::Remove { key } => *key == session,
            Op::Put { key, .. } => does_late && *key == session,
            Op::TabPut { .. } | Op::Read => false,
        };
        if task.ops.iter().any(ends) {
            self.end_session();
        }
    }

    /// A page captures something, of which perhaps nothing is ever seen.
    pub(crate) fn note_activity(&mut self) {
        self.visits.unseen = self.wall();
    }

    /// An event of a session is recorded late.
    pub(crate) fn note_session(&mut self, event: &Value) {
        let id = event["properties"]["$session_id"].as_str().unwrap_or_default().to_owned();
        let at = event["timestamp"].as_str().and_then(ms_of).unwrap_or_default();
        let session = self.visits.sessions.entry(id).or_insert(Session { first: at, last: at });
        (session.first, session.last) = (session.first.min(at), session.last.max(at));
    }

    /// Whether the session and the window of an event are those that they have to be.
    ///
    /// # Errors
    /// What is wrong.
    pub(crate) fn judge_session(&mut self, page: PageId, event: &Value) -> Result<(), String> {
        let text = |name: &str| event["properties"][name].as_str().unwrap_or_default().to_owned();
        let (id, window, uuid) = (text("$session_id"), text("$window_id"), &event["uuid"]);
        let at = event["timestamp"].as_str().and_then(ms_of).ok_or("no time")?;
        if id.get(14..15).is_none_or(|version| version != "7") || window.len() != 36 {
            return Err(format!("{uuid} is of session {id:?} and window {window:?}"));
        }
        if !is_steady(self.faults) {
            return Ok(());
        }
        let owner = *self.visits.windows.entry(window.clone()).or_insert(page);
        if !self.pages[owner].beside.is_same_tab(&self.pages[page].beside) {
            return Err(format!("{uuid}: window {window} is of page {owner}'s tab, and now of page {page}'s"));
        }
        self.judge_length(&id, at).map_err(|story| format!("{uuid}: {story}"))?;
        let before = self.pages[page].session.replace(id.clone());
        if self.pages[page].of_others.contains(&id) {
            return Err(format!("{uuid}: session {id} is the next visitor's"));
        }
        // Pages of different visitors do not hear of each other's sessions.
        let is_heard = |other: &String| !self.visits.was_reset || before.as_ref() == Some(other);
        let last = self.visits.last.clone().filter(|(other, _)| is_heard(other));
        if let Some((other, last)) = last.filter(|(other, _)| *other != id) {
            let is_seen = last + SEEN_AFTER_MS <= at && self.visits.ended + SEEN_AFTER_MS <= self.now;
            let session = self.visits.sessions.get(&other);
            // Two pages may begin one each before they see each other's, also with ids that were made when somebody asked for one.
            let first = |id: &str| self.visits.sessions.get(id).map_or(at, |session| session.first);
            let are_apart = |one: u64, other: u64| one.abs_diff(other) > SEEN_AFTER_MS;
            let is_seen = is_seen && are_apart(begun_at(&id), begun_at(&other)) && are_apart(first(&id), first(&other));
            let is_young = session.is_some_and(|session| at + NOTED_EACH_MS < session.first + LENGTH_MAX_MS);
            if is_seen && is_young && at + NOTED_EACH_MS < last + IDLE_MAX_MS {
                return Err(format!("{uuid} begins session {id}, and {other} was alive {} ms ago", at - last));
            }
            self.visits.over += usize::from(at >= last + IDLE_MAX_MS);
        }
        let session = self.visits.sessions.entry(id.clone()).or_insert(Session { first: at, last: at });
        session.last = session.last.max(at);
        // A page that has not seen yet that the session was ended goes on in it.
        let is_seen = self.visits.ended + SEEN_AFTER_MS <= self.now;
        if is_seen && self.visits.last.as_ref().is_none_or(|(_, last)| *last < at) {
            self.visits.last = Some((id, at));
        }
        Ok(())
    }

    /// Whether a session may still go on.
    fn judge_length(&self, id: &str, at: u64) -> Result<(), String> {
        let Some(session) = self.visits.sessions.get(id) else { return Ok(()) };
        if at > session.last.max(self.visits.unseen) + IDLE_MAX_MS + NOTED_EACH_MS {
            return Err(format!("session {id} goes on after {} idle ms", at - session.last));
        }
        if at > session.first + LENGTH_MAX_MS + NOTED_EACH_MS {
            return Err(format!("session {id} goes on after {} ms", at - session.first));
        }
        Ok(())
    }
}
