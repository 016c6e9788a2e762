//! How events go out: delivered, confirmed, kept for later, handed over on leaving.

use super::super::Outcome;
use super::super::config::BATCH_BYTES_MAX;
use super::super::delivery::{Settlement, body};
use super::super::gate::GateState;
use super::super::outbox::Record;
use super::super::output::{Notice, Output};
use super::super::record::sealed_value;
use super::super::store::Store;
use super::{Presence, Tracker, is_gone};

impl<S: Store> Tracker<S> {
    pub(super) fn is_due(&self) -> bool {
        let mut waiting = 0;
        for record in &self.outbox.records {
            if self.gate.state(record) == GateState::Open {
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
    /// tick.
    pub(super) fn deliver(&mut self) {
        self.settle_vanished();
        let mut must_send = false;
        for record in &mut self.outbox.records {
            record.due = record.due.min(self.now);
            must_send |= record.must_send && self.gate.state(record) == GateState::Open;
        }
        let bytes = if must_send { self.delivery.exit_bytes() } else { BATCH_BYTES_MAX };
        self.send(self.delivery.batch_events(), bytes, false);
    }

    /// Sends what may leave and is not safely under way, as far as it fits: by a request, or on leaving by an exit.
    fn send(&mut self, events_max: usize, bytes_max: usize, exit: bool) {
        let request = self.delivery.next_id();
        let (gate, delivery) = (&self.gate, &self.delivery);
        let may_leave = |record: &Record| {
            let free = record.request == 0 || exit && !delivery.is_keepalive(record.request);
            free && gate.state(record) == GateState::Open
        };
        if self.outbox.load(request, events_max, bytes_max, &may_leave) > 0 {
            let body = body(&self.config.api_key, self.wall, &self.outbox.records, request);
            let keepalive = self.delivery.start(self.now, body.len(), exit);
            self.outputs.push(if exit { Output::Exit { body } } else { Output::Send { request, body, keepalive } });
        }
    }

    pub(super) fn finish(&mut self, request: u32, outcome: &Outcome) {
        // A keepalive request that rejects while its page is torn down was delivered all the same (measured), so it
        // counts as gone out with this leave.
        if self.presence == Presence::Leaving && *outcome == Outcome::Failed {
            return self.delivery.count_as_exit(request);
        }
        if !self.delivery.end(request) {
            return;
        }
        let carried = |record: &Record| record.request == request || record.earlier_request == request;
        let events = self.outbox.records.iter().filter(|record| carried(record)).count();
        let jitter = self.entropy.next_u64();
        let reason = match self.delivery.settle(outcome, events, self.now, jitter) {
            Settlement::Confirmed => None,
            Settlement::Halved(reason) if events == 1 => Some(reason),
            Settlement::Halved(_) | Settlement::Kept => {
                self.outbox.unload(request);
                if outcome.is_web_page() {
                    self.say_once(Notice::WebPage);
                }
                if self.delivery.is_stopped() {
                    self.say_once(Notice::Unauthorised);
                }
                return;
            }
        };
        while let Some(record) = self.outbox.take(&carried) {
            self.forget(&record);
            match reason {
                None => self.stats.confirmed += 1,
                Some(reason) => self.drop_event(reason, ""),
            }
        }
    }

    /// Looks whether stored records are still there. Where one is gone, another page has settled it; where the
    /// sentinel is gone as well, somebody cleared the storage, and what this page still knows is written again.
    pub(super) fn settle_vanished(&mut self) {
        let cleared = is_gone(&self.store, &self.keys.sentinel);
        let store = &self.store;
        let vanished =
            |record: &Record| record.stored_bytes > 0 && record.request == 0 && is_gone(store, &record.key.text);
        if !cleared {
            while self.outbox.take(&vanished).is_some() {
                self.stats.settled_elsewhere += 1;
            }
        } else if self.outbox.records.iter().any(vanished) {
            let _ = self.store.put(&self.keys.sentinel, "1");
            self.identity.save(&mut self.store, &self.keys.identity);
            for record in &self.outbox.records {
                if record.stored_bytes > 0 {
                    let _ = self.store.put(&record.key.text, &sealed_value(record.team.as_deref(), &record.body));
                }
            }
        }
    }

    pub(super) fn flush(&mut self) {
        self.flushing = true;
        self.delivery.retry_now(self.now);
        for record in &mut self.outbox.records {
            record.due = self.now;
        }
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
    }

    /// Sends everything that may leave beside what is under way, must-send events first.
    pub(super) fn exit(&mut self) {
        if !self.delivery.is_stopped() {
            self.send(usize::MAX, self.delivery.exit_bytes(), self.presence == Presence::Leaving);
        }
    }

    pub(super) fn come_back(&mut self) {
        if self.presence == Presence::Leaving {
            // What went out with the leave is confirmed by nobody: it goes again, and PostHog counts it once.
            while let Some(request) = self.delivery.next_exit() {
                self.delivery.end(request);
                self.outbox.unload(request);
            }
            self.delivery.extend_deadlines(self.now);
        }
        self.presence = Presence::Visible;
        self.delivery.probe(self.now);
    }
}
