//! How events go out: delivered, confirmed, kept for later, handed over on leaving.

use super::config::BATCH_BYTES_MAX;
use super::delivery::{ENVELOPE_BYTES_MAX, Settlement, batch};
use super::drain::FRESH_AGE_MAX_MS;
use super::ledger::DropReason;
use super::output::{Notice, Output};
use super::record::stored_bytes;
use super::sealing::is_late;
use super::store::Store;
use super::waiting::Record;
use super::{Outbox, Presence, is_gone};
use super::{Outcome, Wall};

/// The longest wait that hiding a page ends: more than any backoff (30 s and a fifth).
const HIDDEN_WAIT_MAX_MS: u64 = 40_000;

/// Signs in storage that are no further apart were left by pages that did not see each other's yet (visible to others
/// within 88 ms, measured in Chromium 156).
const SENTINEL_RACE_MS: u64 = 250;

/// So many different events that are refused alone (403), and none that passes, stop a page.
const SUSPECTS_MAX: usize = 10;

/// An event that is refused alone on so many pages, on each of which another one passes, is dropped.
const REFUSALS_MAX: usize = 3;

impl<S: Store> Outbox<S> {
    /// Does what is due: under the drain lock, or at once where no other page can be at the same records.
    pub(super) fn work(&mut self) {
        let scans = self.scan_at.is_some_and(|at| at <= self.now);
        if let Some(age_ms) = self.drain.adoption_age_ms(self.now) {
            if scans {
                self.adopt_others(age_ms);
            }
            if self.is_due(false) {
                self.deliver(false);
            }
        } else if self.is_due(true) {
            self.deliver(true);
        } else {
            let due = self.is_due(false);
            if due {
                // It may be their number that makes them due, which is no time to wake at.
                self.all_are_due();
            }
            if (scans || due) && self.drain.ask(self.now) {
                self.outputs.push(Output::AskLock);
            }
        }
    }

    fn all_are_due(&mut self) {
        for record in &mut self.waiting.records {
            record.due = record.due.min(self.now);
        }
    }

    /// Whether a delivery is due; with `urgent`, one that does not wait for the drain lock.
    pub(super) fn is_due(&self, urgent: bool) -> bool {
        let mut waiting = 0;
        for record in &self.waiting.records {
            if self.may_leave(record) && (record.urgent || !urgent) {
                waiting += 1;
                if record.due <= self.now || waiting >= self.config.flush_at {
                    return true;
                }
            }
        }
        false
    }

    /// Starts an ordinary delivery. It takes everything along that may leave; what does not fit is due at once. With a
    /// must-send event in it, it stays small enough for a keepalive request, because the page may be left in this very
    /// tick. `fresh` leaves out what another page may have adopted.
    fn deliver(&mut self, fresh: bool) {
        self.settle_vanished();
        self.all_are_due();
        let must_send = self.waiting.records.iter().any(|record| record.must_send && self.may_leave(record));
        let bytes = if must_send { self.delivery.exit_bytes() } else { BATCH_BYTES_MAX };
        let wall = self.wall;
        self.choose(false, &|record| {
            let age_ms = wall.0.abs_diff(record.key.captured.0);
            !fresh || record.urgent || record.own && age_ms < FRESH_AGE_MAX_MS
        });
        self.send(self.delivery.batch_events(), bytes, false);
    }

    /// Chooses what may leave and is not safely under way, of those that `wants` names.
    fn choose(&mut self, exit: bool, wants: &dyn Fn(&Record) -> bool) {
        for place in 0..self.waiting.records.len() {
            let record = &self.waiting.records[place];
            let free = record.request == 0 || exit && !self.delivery.is_keepalive(record.request);
            let chosen = free && wants(record) && self.may_leave(record);
            self.waiting.records[place].chosen = chosen;
        }
    }

    /// Sends the chosen records, as far as they fit: by a request, or on leaving by an exit.
    fn send(&mut self, events_max: usize, bytes_max: usize, exit: bool) {
        let request = self.delivery.next_id();
        let events = self.waiting.load(request, events_max, bytes_max);
        if events > 0 {
            #[cfg(feature = "broken-trackers")]
            self.spoil_send(request, exit);
            if cfg!(debug_assertions) {
                self.assert_may_leave(request);
            }
            let batch = batch(&self.waiting.records, request);
            let keepalive = self.delivery.start(self.now, batch.len() + ENVELOPE_BYTES_MAX, events, exit);
            self.outputs.push(if exit {
                Output::Exit { events: batch }
            } else {
                Output::Send { request, events: batch, keepalive }
            });
        }
    }

    pub(super) fn finish(&mut self, request: u32, outcome: Outcome) {
        // A keepalive request that rejects while its page is torn down was delivered all the same (20 of 20 in Chromium
        // 156), so it counts as gone out with this leave.
        if self.presence == Presence::Leaving && outcome == Outcome::Failed {
            return self.delivery.count_as_exit(request);
        }
        let Some(events) = self.delivery.end(request) else {
            return;
        };
        let carried = |record: &Record| record.request == request || record.earlier_request == request;
        #[cfg(feature = "broken-trackers")]
        if self.spoil_finish(request, outcome, events) {
            return;
        }
        let jitter = self.entropy.next_u64();
        let reason = match self.delivery.settle(outcome, events, self.now, jitter) {
            Settlement::Confirmed => None,
            Settlement::Halved(DropReason::Forbidden) if events == 1 => return self.suspect(request),
            Settlement::Halved(reason) if events == 1 => Some(reason),
            Settlement::Halved(_) | Settlement::Kept => return self.hold(request, outcome),
        };
        while let Some(record) = self.waiting.take(&carried) {
            self.forget(&record);
            match reason {
                None => self.stats.confirmed += 1,
                Some(reason) => self.drop_event(reason, &record.name),
            }
        }
        if reason.is_none() {
            self.reach.note_success(&mut self.store, &self.keys.reach);
            self.convict();
        }
    }

    /// Keeps what a request carried for a later one.
    fn hold(&mut self, request: u32, outcome: Outcome) {
        self.waiting.unload(request);
        if outcome == Outcome::Failed {
            self.reach.note_failure(&mut self.store, &self.keys.reach);
            if self.reach.is_doubtful() {
                self.delivery.resign();
            }
        }
        match outcome {
            Outcome::WebPage => self.say_once(Notice::WebPage),
            Outcome::Redirected => self.say_once(Notice::Redirected),
            _ => {}
        }
        if self.delivery.is_refused() {
            self.say_once(Notice::Unauthorised);
        }
    }

    /// A single event was refused by 403: perhaps it is the event, perhaps everything is refused at the moment. It stays for later pages.
    /// Where several are refused alone and none passes, everything is.
    fn suspect(&mut self, request: u32) {
        for record in &mut self.waiting.records {
            record.is_refused |= record.request == request;
        }
        self.waiting.unload(request);
        let suspects = self.delivery.suspects();
        let are_all = self.stats.confirmed == 0 && self.waiting.records.iter().all(|record| record.is_refused);
        if suspects >= SUSPECTS_MAX || suspects > 1 && are_all {
            self.delivery.stop();
            self.say_once(Notice::Unauthorised);
        }
    }

    /// Another event has passed since: what was refused alone is to blame for that itself. It is given up after three such pages.
    fn convict(&mut self) {
        for place in 0..self.waiting.records.len() {
            let record = &mut self.waiting.records[place];
            if !record.is_refused || core::mem::replace(&mut record.is_counted, true) {
                continue;
            }
            record.refusals += 1;
            record.value = record.value.refused();
            let is_there = record.stored_bytes > 0 && !is_gone(&self.store, &record.key.text);
            if is_there && self.store.put(&record.key.text, &record.value.text).is_ok() {
                record.stored_bytes = stored_bytes(&record.key.text, &record.value.text);
            }
        }
        while let Some(record) = self.waiting.take(&|record| record.is_refused && record.refusals >= REFUSALS_MAX) {
            self.forget(&record);
            self.drop_event(DropReason::Forbidden, &record.name);
        }
    }

    /// Looks whether stored records are still there. Where one is gone, another page has settled it; where the
    /// sentinel is gone as well, somebody cleared the storage, and what this page still knows is written again.
    pub(super) fn settle_vanished(&mut self) {
        let found = self.found_sentinel();
        let cleared = match (found, self.sentinel) {
            // Pages that store their first records side by side each leave a sign, and one of them stays.
            (Some(Wall(found)), Some(Wall(known))) => found.abs_diff(known) > SENTINEL_RACE_MS,
            (found, _) => found.is_none(),
        };
        self.looked = true;
        let store = &self.store;
        let vanished = |record: &Record| record.stored_bytes > 0 && is_gone(store, &record.key.text);
        if !cleared {
            let before = self.waiting.records.len();
            self.waiting.records.retain(|record| record.request != 0 || !vanished(record));
            self.stats.settled_elsewhere += (before - self.waiting.records.len()) as u32;
            return;
        }
        let restores = self.waiting.records.iter().any(vanished);
        self.sentinel = found;
        if restores {
            self.store_again(&|record| record.stored_bytes > 0);
            self.leave_sentinel();
        }
    }

    /// Writes the chosen records into storage; what it does not take stays in memory.
    fn store_again(&mut self, chosen: &dyn Fn(&Record) -> bool) {
        let wall = self.wall;
        for record in self.waiting.records.iter_mut().filter(|record| chosen(record)) {
            if record.raw && is_late(record, wall) {
                record.seal_as_it_is();
            }
            if record.raw && matches!(self.store.get(&record.key.text), Ok(Some(_))) {
                // Another page may have sealed it meanwhile.
                continue;
            }
            let stored = self.store.put(&record.key.text, &record.value.text).is_ok();
            record.stored_bytes = if stored { stored_bytes(&record.key.text, &record.value.text) } else { 0 };
        }
    }

    pub(super) fn flush(&mut self) {
        self.flushing = true;
        self.delivery.retry_now(self.now);
        self.all_are_due();
    }

    /// The page may never be seen again, but it can still hear answers: everything goes now by keepalive requests,
    /// which are confirmed if it lives. A beacon never is, and would cost a second copy each time a tab is switched.
    pub(super) fn hide(&mut self) {
        if self.presence == Presence::Visible {
            self.go(Presence::Hidden);
        }
    }

    /// The page is torn down: what no unanswered keepalive request carries is handed over to the browser.
    pub(super) fn leave(&mut self) {
        if self.presence != Presence::Leaving {
            self.go(Presence::Leaving);
        }
    }

    fn go(&mut self, presence: Presence) {
        self.presence = presence;
        self.settle_vanished();
        self.exit();
        // What only this page has may be lost with it; a page that is merely hidden hears what becomes of its requests.
        let is_leaving = presence == Presence::Leaving;
        let is_at_risk = |record: &Record| record.stored_bytes == 0 && (is_leaving || record.request == 0);
        if self.waiting.records.iter().any(is_at_risk) {
            self.store_again(&is_at_risk);
            self.mark_storage();
        }
    }

    /// Sends everything that may leave beside what is under way, must-send events first.
    pub(super) fn exit(&mut self) {
        let leaving = self.presence == Presence::Leaving;
        // A page that is hidden may never be seen again, so it ends a backoff; a longer wait is one that the server has
        // asked for, and a page that switches tabs again and again keeps it.
        let bears = self.delivery.not_before() <= self.now + HIDDEN_WAIT_MAX_MS;
        if self.is_granted && !self.delivery.is_stopped() && (leaving || bears) {
            self.choose(leaving, &|record| record.own);
            self.send(usize::MAX, self.delivery.exit_bytes(), leaving);
        }
    }

    pub(super) fn come_back(&mut self) {
        if self.presence == Presence::Leaving {
            // What went out with the leave is confirmed by nobody: it goes again, and PostHog counts it once.
            while let Some(request) = self.delivery.next_exit() {
                self.delivery.end(request);
                self.waiting.unload(request);
            }
            self.delivery.extend_deadlines(self.now);
        }
        self.presence = Presence::Visible;
        self.look_around();
        self.delivery.probe(self.now);
    }

    /// An occasion to see what others have done to the storage, also for a page that may send nothing any more. What
    /// storage did not take before, it may take now.
    pub(super) fn look_around(&mut self) {
        self.settle_vanished();
        self.store_again(&|record| record.stored_bytes == 0);
        self.scan_at = Some(self.now);
    }
}
