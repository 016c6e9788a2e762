//! The outbox: what it is told, what it wants, and what it has waiting.

use super::notices::decimal;
use super::output::Output;
use super::{Tracker, Warning};
use crate::outbox::{
    DropReason, Input as OutboxInput, Notice, Now, Output as OutboxOutput, RECORD_FORMAT, Store, TabStore, Wall,
    noun_key,
};
use crate::text::base36;

/// What the outbox wishes that it has to be told about; done when it has done what it is at.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    /// Teams whose records wait.
    teams: Vec<String>,
    /// The journal is to be replayed, as far as it is at least this old.
    journal: Option<u64>,
}

/// A flush, as far as it has come.
#[derive(Debug)]
pub(super) struct Flush {
    /// Whether nothing is taken any more behind it.
    is_last: bool,
    step: Step,
    /// The teams of which nobody knew, and which are being asked about.
    teams: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// It is still open who the events are about.
    Sharing,
    /// The outbox sends what it may.
    Sending,
    /// It has: what the teams were asked about may be sent as well.
    Asking,
    /// The outbox sends that.
    SendingAgain,
    /// The outbox takes nothing any more.
    Closing,
    /// It is over.
    Done,
}

impl<S: Store + TabStore> Tracker<S> {
    /// Tells the outbox something, and does what it wants.
    pub(super) fn tell_outbox(&mut self, input: OutboxInput) {
        if !self.is_open && !matches!(input, OutboxInput::Purged) {
            return;
        }
        let entropy = (u128::from(self.entropy.next_u64()) << 64) | u128::from(self.entropy.next_u64());
        let now = Now { wall: self.facts.wall, monotonic: self.facts.monotonic, entropy };
        self.outbox.handle(now, input);
        for output in self.outbox.take_outputs() {
            self.perform(output);
        }
    }

    fn perform(&mut self, output: OutboxOutput) {
        match output {
            OutboxOutput::Send { request, events, keepalive } => {
                let count = decimal(self.outbox.events_of(request) as u64);
                self.notices.request(request, &["sends ", &count, " events to ", &self.options.host]);
                self.outputs.push(Output::Send { request, events, keepalive });
            }
            OutboxOutput::Abort { request } => self.outputs.push(Output::Abort { request }),
            OutboxOutput::Exit { events } => {
                self.notices.debug("the page is left: what may leave is handed over to the browser");
                self.outputs.push(Output::Exit { events });
            }
            OutboxOutput::WakeAt(at) => self.outbox_wake = at,
            OutboxOutput::AskGate { team } => self.wishes.teams.push(team),
            OutboxOutput::AskLock => self.outputs.push(Output::AskLock),
            OutboxOutput::StorageCleared => self.identity.restore(self.outbox.store_mut()),
            OutboxOutput::ReleaseLock => self.outputs.push(Output::ReleaseLock),
            OutboxOutput::ReplayJournal { age_min_ms } => self.wishes.journal = Some(age_min_ms),
            OutboxOutput::Settled => self.outbox_settled(),
            OutboxOutput::Notice { notice, event } => match notice {
                Notice::Dropped(reason) => self.notices.dropped(reason, &event),
                Notice::Unauthorised => self.notices.warn_once(Warning::Unauthorised),
                Notice::WebPage => self.notices.warn_once(Warning::WebPage),
                Notice::Redirected => self.notices.warn_once(Warning::Redirected),
            },
        }
    }

    /// Records of a team wait: says what is known of it, and asks.
    fn tell_of_team(&mut self, team: &str) {
        let now = self.gate_now();
        self.gate.want(self.outbox.store_mut(), team, now);
        let open = self.gate.state(self.outbox.store(), Some(team), now);
        // Who is being asked may know; until then nobody has said anything, and what was held for long waits a little longer.
        if open.is_some() || !self.gate.is_asking(team) {
            self.tell_outbox(OutboxInput::GateAnswered { team: team.to_owned(), open });
        }
    }

    /// Does what the outbox has wished, and what it wishes then.
    pub(super) fn advance_outbox(&mut self) {
        loop {
            let Wishes { teams, journal } = core::mem::take(&mut self.wishes);
            if teams.is_empty() && journal.is_none() {
                return;
            }
            for team in teams {
                self.tell_of_team(&team);
            }
            if let Some(age_min_ms) = journal.filter(|_| self.is_granted())
                && !self.replay_journal(age_min_ms)
            {
                self.wishes.journal = Some(age_min_ms);
                return;
            }
        }
    }

    /// Passes on what the mirror holds. A record from before the last denial is deleted, in case it could not be deleted then. One that
    /// localStorage holds too stays: the denial has emptied localStorage, so the record is younger, even if a clock says otherwise.
    pub(super) fn mirrored(&mut self, mut records: Vec<(String, String)>) {
        let denied_at = self.consent.denied_at(self.outbox.store()).unwrap_or_default();
        let store = self.outbox.store_mut();
        records.retain(|(key, _)| {
            let is_kept =
                captured_at(key).is_some_and(|captured| captured > denied_at) || matches!(store.get(key), Ok(Some(_)));
            if !is_kept {
                let _ = store.remove(key);
            }
            is_kept
        });
        self.tell_outbox(OutboxInput::Mirrored(records));
    }

    /// Gives up what this page has waiting.
    pub(super) fn give_up(&mut self) {
        self.tell_outbox(OutboxInput::Purged);
    }

    /// Counts an event of another page's journal that is given up.
    pub(super) fn give_up_replayed(&mut self, reason: DropReason, event: &str) {
        self.counts.adopted += 1;
        self.drop_event(reason, event);
    }

    /// With the last record of a team that is not tracked goes what else was stored for its sake; whether that was so.
    pub(super) fn remove_traces(&mut self) -> bool {
        let stats = self.outbox.stats();
        let project = self.options.project().to_owned();
        let mut prefix = noun_key(RECORD_FORMAT, &project);
        prefix.push_str(":");
        let store = self.outbox.store_mut();
        // Another tab may have something waiting for a team that is tracked.
        if stats.waiting + stats.confirmed > 0 || !store.keys(&prefix).unwrap_or_default().is_empty() {
            return false;
        }
        for noun in ["sentinel", "reach"] {
            let _ = store.remove(&noun_key(noun, &project));
        }
        self.outputs.push(Output::EraseMirror { erases_records: false, is_used: false });
        true
    }

    /// The page wants everything sent now; where it is the `last` time, nothing is taken any more behind that.
    pub(super) fn request_flush(&mut self, is_last: bool) {
        if self.is_shut_down && !is_last && self.flush.is_none() {
            // After a shutdown nothing listens for the page being left, so a drain lock taken now would never be released.
            self.outputs.push(Output::Flushed);
            return;
        }
        let is_last = is_last || self.flush.as_ref().is_some_and(|flush| flush.is_last);
        self.flush = Some(Flush { is_last, step: Step::Sharing, teams: Vec::new() });
    }

    fn outbox_settled(&mut self) {
        if let Some(flush) = &mut self.flush {
            flush.step = match flush.step {
                Step::Sending => Step::Asking,
                Step::SendingAgain if flush.is_last => Step::Closing,
                Step::SendingAgain | Step::Closing => Step::Done,
                step => step,
            };
        }
    }

    /// Takes the flush as far as it can go.
    pub(super) fn advance_flush(&mut self) {
        loop {
            let Some(flush) = &mut self.flush else { return };
            let (step, is_last) = (flush.step, flush.is_last);
            match step {
                Step::Sharing if self.is_open && self.sharing.is_waiting && !is_last => return,
                Step::Sharing if self.is_open => {
                    flush.step = Step::Sending;
                    let now = self.gate_now();
                    let teams = self.gate.ask_unknown(self.outbox.store(), now);
                    if let Some(flush) = &mut self.flush {
                        flush.teams = teams;
                    }
                    self.tell_outbox(OutboxInput::FlushRequested);
                }
                Step::Asking => {
                    let is_asking = flush.teams.iter().any(|team| self.gate.is_asking(team));
                    if is_asking {
                        return;
                    }
                    let has_asked = !core::mem::take(&mut flush.teams).is_empty();
                    flush.step = Step::SendingAgain;
                    if has_asked {
                        self.deliver_gate_news();
                        self.tell_outbox(OutboxInput::FlushRequested);
                    } else {
                        self.outbox_settled();
                    }
                }
                Step::Closing => {
                    self.tell_outbox(OutboxInput::ShutDown);
                    if self.flush.as_ref().is_some_and(|flush| flush.step == Step::Closing) {
                        return;
                    }
                }
                Step::Sharing | Step::Done => {
                    self.flush = None;
                    self.outputs.push(Output::Flushed);
                    if is_last {
                        self.gate.rest();
                        self.outputs.push(Output::IsShutDown);
                    }
                    return;
                }
                Step::Sending | Step::SendingAgain => return,
            }
        }
    }
}

/// When a record was captured, as its key says.
fn captured_at(key: &str) -> Option<Wall> {
    base36(key.split(':').nth(3)?).map(Wall)
}
