//! Tasks: one input of one page from the moment it is told to the engine until all that follows from it is done and looked
//! at.

use std::rc::Rc;

use posthog_booking_tracker::outbox::{Input, LockAnswer, Monotonic, Now, Outbox, Outcome, Output, Stats, Wall};

use crate::accounts::{self, Removal};
use crate::book::{Copy, uuid_of};
use crate::checkers;
use crate::edge;
use crate::locks::Holder;
use crate::page::{self, Job, Life, UnderWay};
use crate::parcel::Parcel;
use crate::storage::{Op, PageId, is_record_key};
use crate::world::{Happening, Verdict, Violation, World};

/// A body that left the page in a task.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    /// `None` for an exit.
    pub(crate) request: Option<u32>,
    pub(crate) keepalive: bool,
    pub(crate) parcel: Rc<Parcel>,
}

/// One input and all that came of it.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) page: PageId,
    pub(crate) input: Input,
    /// The request that an answer in this task was about, with what it carried.
    pub(crate) answered: Option<(Rc<Parcel>, Outcome)>,
    pub(crate) ops: Vec<Op>,
    pub(crate) outputs: Vec<Output>,
    pub(crate) sent: Vec<Sent>,
    pub(crate) removals: Vec<Removal>,
    pub(crate) before: Stats,
    pub(crate) after: Stats,
    /// The uuids of events that were captured in this task.
    pub(crate) captured: Vec<String>,
    /// Whether the page held the lock when the task began.
    pub(crate) locked: bool,
    /// How many events need not arrive for what came before.
    pub(crate) excused_before: usize,
}

impl World {
    /// Lets a page do a job, now or when it can.
    pub(crate) fn run(&mut self, page: PageId, job: Job) -> Verdict {
        match self.pages[page].life {
            Life::Dead => Ok(()),
            Life::Live => self.run_now(page, job),
            Life::Frozen | Life::Cached | Life::Hung => {
                self.pages[page].backlog.push(job);
                Ok(())
            }
        }
    }

    fn run_now(&mut self, page: PageId, job: Job) -> Verdict {
        match job {
            Job::Start => {
                let tracker = Outbox::new(page::config(), self.store(page));
                self.pages[page].tracker = Some(tracker);
                #[cfg(feature = "broken-trackers")]
                if let (Some(way), Some(tracker)) = (self.sabotage, &mut self.pages[page].tracker) {
                    tracker.sabotage(way);
                }
                let engine = self.pages[page].engine;
                let delay = self.chance.between(2, 120);
                self.schedule(delay, Happening::MirrorRead { page, engine });
                self.input(page, Input::Started { quarantined: Vec::new() })?;
                self.capture_journal(page)
            }
            Job::Wake(alarm) => self.ring(page, alarm),
            Job::Finish { request, outcome } => {
                // The engine has given it up, so the page's side has as well.
                if !self.pages[page].under_way.contains_key(&request) {
                    return Ok(());
                }
                self.input(page, Input::SendFinished { request, outcome })
            }
            Job::Gate(news) => self.hear_of_gate(page, news),
            Job::Lock(answer) => self.input(page, Input::LockAnswered(answer)),
            Job::LockLost => {
                if self.pages[page].holds_lock {
                    self.input(page, Input::LockLost)
                } else {
                    Ok(())
                }
            }
            Job::Mirrored(records) => self.input(page, Input::Mirrored(records)),
            Job::Seal(key) => self.seal(page, key),
            Job::Say(input) => {
                let refreshes = matches!(input, Input::Returned | Input::Online);
                if input == Input::Leaving {
                    self.seal_all(page)?;
                }
                self.input(page, input)?;
                if refreshes {
                    self.refresh_gate(page);
                }
                Ok(())
            }
        }
    }

    /// The alarm goes off; too early, where the page's clock has slept meanwhile.
    fn ring(&mut self, page: PageId, alarm: u64) -> Verdict {
        let clock = self.monotonic(page);
        let here = &mut self.pages[page];
        match here.wake {
            Some(wake) if here.alarm == alarm && wake <= clock => {
                here.wake = None;
                self.input(page, Input::Woke)
            }
            Some(wake) if here.alarm == alarm => {
                self.schedule_job(wake - clock, page, Job::Wake(alarm));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Tells the engine of a page something, looks at what comes of it, and does what it wants.
    pub(crate) fn input(&mut self, page: PageId, input: Input) -> Verdict {
        let Some(mut tracker) = self.pages[page].tracker.take() else { return Ok(()) };
        self.origin.borrow_mut().deliver(page);
        self.note(|_| format!("page {page}: {}", brief(&input)));
        let locked = self.pages[page].holds_lock;
        let answered = self.learn(page, &input);
        let now =
            Now { wall: Wall(self.wall()), monotonic: Monotonic(self.monotonic(page)), entropy: self.chance.entropy() };
        let before = tracker.stats();
        tracker.handle(now, input.clone());
        let ops = self.origin.borrow_mut().take_ops();
        let died = self.origin.borrow().dead.contains(&page);
        let outputs = if died { Vec::new() } else { tracker.take_outputs() };
        let after = tracker.stats();
        self.pages[page].tracker = Some(tracker);
        let captured = self.enter(page, &ops, died)?;
        if !died {
            let at = self.now + self.chance.between(2, 60);
            self.origin.borrow_mut().mirror.end_task(page, at);
        }
        let sent = self.unpack(&outputs)?;
        let mut task = Task {
            page,
            input,
            answered,
            ops,
            outputs,
            sent,
            removals: Vec::new(),
            before,
            after,
            captured,
            locked,
            excused_before: self.book.excused.len(),
        };
        // What a page has dropped for a cause is gone, even where it dies of the removal.
        task.removals = accounts::settle(self, &task);
        if died {
            self.die_inside(page);
            return Ok(());
        }
        checkers::look_at_task(self, &task)?;
        self.carry_out(&task)
    }

    /// What the simulator learns from an input before the engine does.
    fn learn(&mut self, page: PageId, input: &Input) -> Option<(Rc<Parcel>, Outcome)> {
        let now = self.now;
        let here = &mut self.pages[page];
        match input {
            Input::GateAnswered { team, open } => self.learn_of_gate(page, team, *open),
            Input::Captured(new) | Input::Replayed(new) => {
                let uuid = uuid_of(&new.key);
                if let Some(fact) = self.book.find_mut(uuid).filter(|fact| fact.sealed.is_none()) {
                    fact.held = new.team.is_some() && new.open.is_none();
                }
                if let Some(team) = &new.team {
                    self.learn_of_gate(page, team, new.open);
                }
            }
            Input::LockAnswered(answer) => {
                here.asks_lock = false;
                here.holds_lock = is_granted(*answer);
            }
            Input::LockLost => here.holds_lock = false,
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
            Input::ShutDown => here.shut_down = true,
            Input::Mirrored(records) => {
                for (key, _) in records {
                    if let Some(fact) = self.book.find_mut(uuid_of(key)) {
                        fact.mirrored_to.push(page);
                    }
                }
            }
            Input::SendFinished { request, outcome } => {
                let sent = here.under_way.get_mut(request)?;
                let parcel = Rc::clone(&sent.parcel);
                // In the leave itself the engine takes a failure for a delivery and goes on counting its bytes.
                if here.left && *outcome == Outcome::Failed {
                    sent.failed_in_leave = true;
                } else {
                    here.under_way.remove(request);
                }
                if let ([event], Outcome::Answered { status: 403, .. }) = (parcel.events.as_slice(), outcome)
                    && let Some(fact) = self.book.find_mut(&event.uuid)
                {
                    fact.refused_alone += 1;
                }
                if accounts::confirms(*outcome) {
                    for uuid in parcel.uuids() {
                        here.told.insert(uuid.to_owned());
                        if let Some(fact) = self.book.find_mut(uuid) {
                            fact.told_at.get_or_insert(now);
                            let carried = fact.copies.iter_mut().filter(|copy| copy.page == page);
                            carried
                                .filter(|copy| copy.request == Some(*request))
                                .for_each(|copy| copy.confirmed = true);
                        }
                    }
                }
                return Some((parcel, *outcome));
            }
            _ => {}
        }
        None
    }

    /// The engine goes by what it was told last.
    fn learn_of_gate(&mut self, page: PageId, team: &str, open: Option<bool>) {
        let before = self.pages[page].told_of.insert(team.to_owned(), open).flatten();
        if before.is_some() {
            self.sources.turned += usize::from(open.is_some() && open != before);
            self.sources.forgotten += usize::from(open.is_none());
        }
    }

    /// Enters the events whose records were written in a task for the first time.
    fn enter(&mut self, page: PageId, ops: &[Op], died: bool) -> Result<Vec<String>, Violation> {
        let engine = self.pages[page].engine;
        let mut captured = Vec::new();
        for op in ops {
            let Op::Put { key, value, taken } = op else { continue };
            let uuid = uuid_of(key);
            self.book.note_seal((page, engine), key, value, *taken);
            if is_record_key(key) && self.book.index(uuid).is_none() && !self.foreign.contains_key(key) {
                self.book
                    .enter(page, engine, self.now, (key, value, *taken))
                    .map_err(|story| Violation { checker: "seal", story })?;
                if let Some(fact) = self.book.find_mut(uuid) {
                    fact.returned = !died;
                }
                captured.push(uuid.to_owned());
            }
        }
        Ok(captured)
    }

    /// What the page makes of the events that its engine wants sent: whole bodies, each with the time of its attempt.
    fn unpack(&self, outputs: &[Output]) -> Result<Vec<Sent>, Violation> {
        let mut sent = Vec::new();
        for output in outputs {
            let (request, keepalive, events) = match output {
                Output::Send { request, events, keepalive } => (Some(*request), *keepalive, events),
                Output::Exit { events } => (None, true, events),
                _ => continue,
            };
            let parcel = Parcel::read(&edge::body_text(events, self.wall()))
                .map_err(|story| Violation { checker: "seal", story })?;
            sent.push(Sent { request, keepalive, parcel: Rc::new(parcel) });
        }
        Ok(sent)
    }

    fn carry_out(&mut self, task: &Task) -> Verdict {
        let page = task.page;
        let mut sent = task.sent.iter();
        let mut questions = Vec::new();
        let mut wanted_age = None;
        for output in &task.outputs {
            match output {
                Output::Send { .. } | Output::Exit { .. } => {
                    if let Some(sent) = sent.next() {
                        self.let_go(page, sent);
                    }
                }
                Output::Abort { request } => {
                    self.pages[page].under_way.remove(request);
                }
                Output::WakeAt(at) => self.set_alarm(page, at.map(|at| at.0)),
                Output::AskGate { team } => questions.push(team),
                Output::ReplayJournal { age_min_ms } => wanted_age = Some(*age_min_ms),
                Output::AskLock => {
                    self.pages[page].asks_lock = true;
                    let engine = self.pages[page].engine;
                    self.schedule(0, Happening::LockAsked { page, engine });
                }
                Output::ReleaseLock => {
                    self.pages[page].holds_lock = false;
                    let engine = self.pages[page].engine;
                    self.schedule(0, Happening::LockReleased { page, engine });
                }
                _ => {}
            }
        }
        checkers::look_at_page(self, task)?;
        questions.into_iter().try_for_each(|team| self.answer_engine(page, team))?;
        wanted_age.map_or(Ok(()), |age_min_ms| self.replay_journal(page, age_min_ms))
    }

    fn let_go(&mut self, page: PageId, sent: &Sent) {
        let copy =
            Copy { page, at: self.now, locked: self.pages[page].holds_lock, request: sent.request, confirmed: false };
        self.book.note_copies(&sent.parcel, copy);
        let here = &mut self.pages[page];
        match sent.request {
            Some(request) => {
                let under_way =
                    UnderWay { parcel: Rc::clone(&sent.parcel), keepalive: sent.keepalive, failed_in_leave: false };
                here.under_way.insert(request, under_way);
            }
            None => here.exit_bytes += sent.parcel.bytes,
        }
        self.launch(page, sent.request, Rc::clone(&sent.parcel), sent.keepalive);
    }

    fn set_alarm(&mut self, page: PageId, at: Option<u64>) {
        let clock = self.monotonic(page);
        let late = self.lateness(page);
        let here = &mut self.pages[page];
        here.alarm += 1;
        here.wake = at;
        let alarm = here.alarm;
        if let Some(at) = at {
            self.schedule_job(at.saturating_sub(clock) + late, page, Job::Wake(alarm));
        }
    }

    /// Timers of pages that nobody sees are put off, and any timer may be.
    pub(crate) fn lateness(&mut self, page: PageId) -> u64 {
        if !self.faults.has(crate::faults::Fault::LateTimers) || self.is_healed {
            return self.chance.below(4);
        }
        if self.pages[page].hidden { *self.chance.pick(&[700, 60_000]) } else { self.chance.below(3_000) }
    }

    pub(crate) fn answer_lock(&mut self, page: PageId, engine: u32) {
        if self.pages[page].engine != engine || !self.pages[page].is_alive() {
            return;
        }
        // Who asks for the lock has its holder thrown out of the back/forward cache (measured in Chromium 156).
        if let Holder::Page(holder) = self.locks.holder
            && self.pages[holder].life == Life::Cached
        {
            self.bury(holder, "thrown out of the back/forward cache");
            self.locks.holder = Holder::Nobody;
        }
        // A page shows that it lives from its start, with a tracker or without, until it is left; a hung one goes on showing it.
        let beside = self.pages.iter().any(|other| other.id != page && other.is_alive() && !other.left);
        let answer = self.locks.ask(page, beside);
        self.note(|_| format!("lock: page {page} {answer:?}"));
        if is_granted(answer) {
            self.lock_spans.push((page, self.now, u64::MAX));
        }
        let delay = self.chance.between(0, 14);
        self.schedule_job(delay, page, Job::Lock(answer));
    }

    pub(crate) fn free_lock(&mut self, page: PageId) {
        self.locks.release(page);
        let now = self.now;
        for span in self.lock_spans.iter_mut().filter(|span| span.0 == page && span.2 == u64::MAX) {
            span.2 = now;
        }
    }
}

fn is_granted(answer: LockAnswer) -> bool {
    matches!(answer, LockAnswer::Granted | LockAnswer::GrantedBeside)
}

/// An input in few words.
fn brief(input: &Input) -> String {
    let text = format!("{input:?}");
    if text.len() > 260 {
        format!("{}… ({} characters)", text.chars().take(240).collect::<String>(), text.len())
    } else {
        text
    }
}
