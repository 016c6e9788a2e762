//! What the simulator learns from a task: from what a page is told before its tracker hears it, and from what has come of it.

use std::rc::Rc;

use posthog_booking_tracker::outbox::Outcome;
use posthog_booking_tracker::person::ConsentState;
use posthog_booking_tracker::tracker::{Call, Input, Output};

use crate::accounts;
use crate::book::uuid_of;
use crate::parcel::Parcel;
use crate::people::About;
use crate::storage::{Op, PageId, is_record_key};
use crate::task::{Task, What};
use crate::world::{Violation, World};

impl World {
    /// What a task has stored beside records.
    pub(crate) fn note_ops(&mut self, ops: &[Op]) {
        for op in ops {
            match op {
                Op::Put { key, value, taken } if !is_record_key(key) => {
                    self.note(|_| format!("  stores {key} = {value}, taken {taken}"));
                }
                Op::Put { key, value, taken } => {
                    let marks = value.split('{').next().unwrap_or_default();
                    self.note(|_| format!("  stores {key} = {marks:?}, taken {taken}"));
                }
                Op::Remove { key } => self.note(|_| format!("  removes {key}")),
                Op::TabPut { .. } | Op::Read => {}
            }
        }
    }

    /// What follows from a task for what the simulator knows of consent, people and teams.
    pub(crate) fn follow_task(&mut self, task: &mut Task, denied: &str, then: Option<usize>) {
        let (page, before) = (task.page, self.pages[task.page].stretch);
        if let What::Call(Call::SetTeam(Some(team)), _) = &task.what {
            self.pages[page].team.clone_from(team);
        }
        task.is_late |= !self.pages[page].held.is_empty();
        if task.input() == Some(&Input::Activated) && self.pages[page].is_prerendered {
            self.pages[page].is_prerendered = false;
            self.follow_prerendered(page, task.was);
        }
        if let What::Call(Call::Answer { is_granted }, _) = task.what
            && !self.pages[page].is_prerendered
        {
            self.hear_answer(page, is_granted);
        }
        task.is = self.consent_of(page);
        let is_able = task.is == ConsentState::Granted && !self.pages[page].is_prerendered;
        task.is_released = is_able && !std::mem::replace(&mut self.pages[page].is_released, is_able);
        let is_told = !self.pages[page].is_prerendered;
        task.is_news_of_denial = is_told && self.pages[page].word.last_denied() != denied;
        if task.is_news_of_denial || is_told && task.is == ConsentState::Denied && task.was != task.is {
            // What was called since was not denied.
            let denied = u64::from_str_radix(self.pages[page].word.denied(), 36).unwrap_or(u64::MAX);
            self.pages[page].held.retain(|(.., at)| *at >= denied);
            self.begin_stretch(page, None, false);
            self.see_stored_person(page);
            self.deny_everything("denied");
        }
        let is_purge = |call: &Call| matches!(call, Call::Reset { is_purge: true, .. });
        let call = match &task.what {
            // What was done then is followed already.
            What::Call(call, number) if then.is_none() => Some((call.clone(), *number)),
            _ => None,
        };
        let is_able = is_told && !self.pages[page].shut_down;
        self.pages[page].awaits_purge |= matches!(&task.what, What::Call(call, _) if is_purge(call));
        task.purges = is_able && task.is == ConsentState::Granted && self.pages[page].awaits_purge;
        if is_told && task.is != ConsentState::Pending {
            self.pages[page].awaits_purge = false;
        }
        self.follow_calls(page, call.as_ref().map(|(call, number)| (call, *number)), task.is);
        let about = match self.pages[page].stretch {
            _ if then.is_some() => About::Stretch(then.unwrap_or_default()),
            stretch if !task.is_late => About::Stretch(stretch),
            stretch => {
                let is_its = |place: &usize| self.people.stretches[*place].page == page;
                About::OneOf((before..=stretch).rev().filter(is_its).collect())
            }
        };
        let makes_events = matches!(task.input(), None | Some(Input::TaskEnded));
        task.about = Some(about).filter(|_| task.is_released || makes_events);
        for output in &task.outputs {
            if let Output::TellPostHog(call) = output {
                self.tell_posthog(page, call);
            }
        }
        for (team, open) in task.teams.clone() {
            let before = self.pages[page].told_of.insert(team, open).flatten();
            if before.is_some() {
                self.sources.turned += usize::from(open.is_some() && open != before);
                self.sources.forgotten += usize::from(open.is_none());
            }
        }
    }

    /// What the page's side notes of what happens to it.
    pub(crate) fn note_page_event(&mut self, page: PageId, input: &Input) {
        let here = &mut self.pages[page];
        match input {
            Input::Leaving if !here.left => {
                here.left = true;
                here.exit_bytes = 0;
            }
            Input::Hidden => here.hidden = true,
            Input::Returned => {
                here.left = false;
                here.hidden = false;
                here.under_way.retain(|_, sent| !sent.failed_in_leave);
            }
            _ => {}
        }
    }

    /// What the simulator learns from an input before the tracker does.
    pub(crate) fn learn(&mut self, page: PageId, what: &What) -> Option<(Rc<Parcel>, Outcome)> {
        let What::Input(input) = what else { return None };
        self.note_page_event(page, input);
        let here = &mut self.pages[page];
        match input {
            Input::CallbackAnswered { id, .. } | Input::JsonAnswered { id, .. } => self.hear(page, *id),
            Input::LockAnswered(answer) => {
                here.asks_lock = false;
                here.holds_lock = crate::locks::is_granted(*answer);
            }
            Input::LockLost => here.holds_lock = false,
            Input::ShutDown => here.shut_down = true,
            Input::Mirrored(records) => {
                for (key, _) in records {
                    if let Some(fact) = self.book.find_mut(uuid_of(key)) {
                        fact.mirrored_to.push(page);
                    }
                }
            }
            Input::SendFinished { request, outcome } => return self.learn_outcome(page, *request, *outcome),
            _ => {}
        }
        None
    }

    pub(crate) fn learn_outcome(
        &mut self,
        page: PageId,
        request: u32,
        outcome: Outcome,
    ) -> Option<(Rc<Parcel>, Outcome)> {
        let now = self.now;
        let here = &mut self.pages[page];
        let sent = here.under_way.get_mut(&request)?;
        let parcel = Rc::clone(&sent.parcel);
        // In the leave itself the tracker takes a failure for a delivery and goes on counting its bytes.
        if here.left && outcome == Outcome::Failed {
            sent.failed_in_leave = true;
        } else {
            here.under_way.remove(&request);
        }
        if let ([event], Outcome::Answered { status: 403, .. }) = (parcel.events.as_slice(), outcome)
            && let Some(fact) = self.book.find_mut(&event.uuid)
        {
            fact.refused_alone += 1;
        }
        if accounts::confirms(outcome) {
            for uuid in parcel.uuids() {
                here.told.insert(uuid.to_owned());
                if let Some(fact) = self.book.find_mut(uuid) {
                    fact.told_at.get_or_insert(now);
                    let carried = fact.copies.iter_mut().filter(|copy| copy.page == page);
                    carried.filter(|copy| copy.request == Some(request)).for_each(|copy| copy.confirmed = true);
                }
            }
        }
        Some((parcel, outcome))
    }

    /// Enters the events whose records were written in a task for the first time.
    pub(crate) fn enter(&mut self, page: PageId, ops: &[Op], died: bool) -> Result<Vec<String>, Violation> {
        let instance = self.pages[page].instance;
        let mut written = Vec::new();
        for op in ops {
            let Op::Put { key, value, taken } = op else { continue };
            let uuid = uuid_of(key);
            self.book.note_seal((page, instance), key, value, *taken);
            if is_record_key(key) && self.book.index(uuid).is_none() && !self.foreign.contains_key(key) {
                self.book
                    .enter(page, instance, self.now, (key, value, *taken))
                    .map_err(|story| Violation { checker: "seal", story })?;
                if let Some(fact) = self.book.find_mut(uuid) {
                    fact.returned = !died;
                }
                written.push(uuid.to_owned());
            }
        }
        Ok(written)
    }
}
