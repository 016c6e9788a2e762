//! Tasks: one input or call of one page from the moment its tracker is told until all that follows from it is done and looked at.

use std::rc::Rc;

use posthog_booking_tracker::event::json::Object;
use posthog_booking_tracker::outbox::{Monotonic, Wall, request_body};
use posthog_booking_tracker::tracker::{Call, Facts, Input, Moment, Output, PostHog, Tracker};

use crate::accounts;
use crate::book::{Copy, Fact};
use crate::checkers;
use crate::hooks::Shown;
use crate::page::{Job, Life, PROJECT, UnderWay};
use crate::parcel::Parcel;
use crate::people::{About, number_of};
use crate::storage::{PageId, PageStore};
use crate::task::{Sent, Task, Told, What};
use crate::world::{HREF, Happening, Verdict, Violation, World};

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
            // Nothing is loaded any more on a page that is left.
            Job::Start if self.pages[page].left => Ok(()),
            Job::Start => self.start(page),
            Job::Wake(alarm) => self.ring(page, alarm),
            Job::Finish { request, outcome } => {
                // The tracker has given it up, so the page's side has as well.
                if !self.pages[page].under_way.contains_key(&request) {
                    return Ok(());
                }
                self.input(page, Input::SendFinished { request, outcome })
            }
            Job::Lock(answer) => self.input(page, Input::LockAnswered(answer)),
            Job::LockLost if self.pages[page].holds_lock => self.input(page, Input::LockLost),
            Job::LockLost => Ok(()),
            Job::Say(input) => self.say_now(page, input),
            Job::TaskEnd if self.pages[page].awaits_task_end => {
                self.pages[page].awaits_task_end = false;
                self.input(page, Input::TaskEnded)
            }
            Job::TaskEnd => Ok(()),
            Job::Call(call) => self.call(page, *call),
            Job::PostHogComes => {
                self.bring_posthog(page);
                Ok(())
            }
            Job::ReadFlag(key) => self.read_flag(page, key),
        }
    }

    fn say_now(&mut self, page: PageId, input: Input) -> Verdict {
        let is_page_event = matches!(input, Input::Hidden | Input::Leaving | Input::Returned | Input::Online);
        if is_page_event && !self.pages[page].is_listening {
            self.note_page_event(page, &input);
            return Ok(());
        }
        let (is_leaving, is_back) = (input == Input::Leaving, input == Input::Returned || input == Input::Online);
        self.input(page, input)?;
        let here = &mut self.pages[page];
        if is_leaving || is_back && here.tracker.is_some() {
            here.is_present = is_back;
        }
        Ok(())
    }

    /// Makes the tracker of a page, which does what has waited for it.
    fn start(&mut self, page: PageId) -> Verdict {
        self.consent_of(page);
        let options = self.scene.options(&self.pages[page], self.is_healed);
        let mut tracker = Tracker::new(options, self.store(page), Wall(self.wall()));
        #[cfg(feature = "broken-trackers")]
        if let Some(way) = self.sabotage {
            tracker.sabotage(way);
        }
        #[cfg(not(feature = "broken-trackers"))]
        let _ = &mut tracker;
        self.pages[page].tracker = Some(tracker);
        let is_prerendering = self.pages[page].is_prerendered;
        self.input(page, Input::Started { is_prerendering })?;
        self.release_facade(page)
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

    pub(crate) fn facts(&mut self, page: PageId) -> Facts {
        let visitor = self.pages[page].beneath.visitor.clone();
        let posthog = visitor.map(|visitor| PostHog { visitor: Some(visitor), ..PostHog::default() });
        Facts {
            wall: Wall(self.wall()),
            monotonic: Monotonic(self.monotonic(page)),
            entropy: self.chance.entropy(),
            href: HREF.to_owned(),
            referrer: String::new(),
            is_seen: !self.pages[page].hidden,
            environment: Object::read(r#"{"$os":"Linux"}"#).unwrap_or_default().into(),
            posthog,
            ..Facts::default()
        }
    }

    pub(crate) fn input(&mut self, page: PageId, input: Input) -> Verdict {
        self.tell(page, What::Input(input), None)
    }

    /// A page calls its tracker, or what stands for that.
    pub(crate) fn call(&mut self, page: PageId, call: Call) -> Verdict {
        self.tell(page, What::Call(call, None), None)
    }

    /// The same as what happened then.
    pub(crate) fn call_then(
        &mut self,
        page: PageId,
        (call, number): (Call, Option<u64>),
        then: Moment,
        stretch: usize,
    ) -> Verdict {
        // Where the visitor has yet to agree, its event is made later.
        let uuid = then.uuid.clone().unwrap_or_default();
        self.people.expect(None, &uuid, About::Stretch(stretch));
        self.tell(page, What::Call(call, number), Some((then, stretch)))
    }

    /// Tells the tracker of a page something, looks at what comes of it, and does what it wants.
    pub(crate) fn tell(&mut self, page: PageId, what: What, then: Option<(Moment, usize)>) -> Verdict {
        let is_reading = matches!(&what, What::Call(Call::MeetFlag(_), _) | What::AskFlag(_) | What::AskVisitor);
        if !is_reading && std::mem::take(&mut self.pages[page].awaits_task_end) {
            // What follows is done after that in any case; here it is a task of its own, to be looked at by itself.
            self.tell(page, What::Input(Input::TaskEnded), None)?;
        }
        let Some(mut tracker) = self.pages[page].tracker.take() else { return self.tell_facade(page, what) };
        self.origin.borrow_mut().deliver(page);
        self.note(|_| format!("page {page}: {}", brief(&what)));
        let denied = self.pages[page].word.last_denied().to_owned();
        let was = self.consent_of(page);
        self.see_stored_person(page);
        let locked = self.pages[page].holds_lock;
        let answered = self.learn(page, &what);
        let facts = self.facts(page);
        let before = tracker.stats();
        let (then, stretch) = then.unzip();
        let mut told = None;
        match what.clone() {
            What::Input(input) => tracker.handle(facts, input),
            What::Call(call, _) => tracker.call(facts, call, then),
            What::AskFlag(key) => told = tracker.flag(facts, key).map(|reading| Told::Flag(reading.is_met)),
            What::AskVisitor => told = tracker.visitor(facts).map(|(id, ..)| Told::Visitor(id)),
        }
        let (mut outputs, mut shown) = (Vec::new(), Vec::new());
        self.drain(page, &mut tracker, &mut outputs, &mut shown);
        let ops = self.origin.borrow_mut().take_ops();
        self.origin.borrow_mut().is_peeked = true;
        let (after, teams, wake) = (tracker.stats(), tracker.known_teams(), tracker.wake_at());
        self.origin.borrow_mut().is_peeked = false;
        self.pages[page].tracker = Some(tracker);
        self.pages[page].wake = wake.map(|wake| wake.0);
        self.pages[page].answered = told;
        let mut task = Task {
            page,
            what,
            answered,
            ops,
            outputs,
            shown,
            sent: Vec::new(),
            removals: Vec::new(),
            before,
            after,
            teams,
            written: Vec::new(),
            was,
            is: was,
            is_late: stretch.is_some(),
            is_news_of_denial: false,
            purges: false,
            locked,
            is_released: false,
            about: None,
            excused_before: self.book.excused.len(),
        };
        self.follow_task(&mut task, &denied, stretch);
        self.look_at(task)
    }

    /// Notes what a task has done, has it looked at, and carries it out.
    fn look_at(&mut self, mut task: Task) -> Verdict {
        let page = task.page;
        let died = self.origin.borrow().dead.contains(&page);
        if died {
            task.outputs.clear();
        }
        task.written = self.enter(page, &task.ops, died)?;
        for event in task.events_written(self) {
            if let (Some(about), None) = (&task.about, number_of(&event)) {
                self.people.expect(None, event["uuid"].as_str().unwrap_or_default(), about.clone());
            }
        }
        if !died {
            let finding = self.judge_stored_person(page, &task.ops, task.is_late);
            finding.map_err(|story| Violation { checker: "cause", story })?;
        }
        self.note_stored_gate(&task.ops);
        self.note_ended_session(&task);
        self.note_ops(&task.ops);
        if !died {
            self.end_mirror_task(&task);
        }
        self.announce();
        task.sent = self.unpack(&task.outputs)?;
        // What a page has dropped for a cause is gone, even where it dies of the removal.
        task.removals = accounts::settle(self, &task);
        if died {
            // Who it was about others go by.
            for event in task.events_written(self) {
                let _ = self.people.judge(&event);
            }
            self.die_inside(page);
            return Ok(());
        }
        checkers::look_at_task(self, &task)?;
        self.carry_out(&task)
    }

    /// The tracker of a page wants something: the page's hooks answer before anything else is done.
    fn drain(
        &mut self,
        page: PageId,
        tracker: &mut Tracker<PageStore>,
        outputs: &mut Vec<Output>,
        shown: &mut Vec<Shown>,
    ) {
        for output in tracker.take_outputs() {
            let Output::Hook { id, place, event } = output else {
                outputs.push(output);
                continue;
            };
            if self.origin.borrow().dead.contains(&page) {
                return;
            }
            let (seen, answer) = self.hook(place, &event);
            shown.push(seen);
            let facts = self.facts(page);
            tracker.handle(facts, Input::Hooked { id, answer });
            self.drain(page, tracker, outputs, shown);
        }
    }

    /// The mirror learns of what a task has stored and removed, a little later.
    fn end_mirror_task(&mut self, task: &Task) {
        let erases = |output: &Output| matches!(output, Output::EraseMirror { erases_records: true, .. });
        if task.outputs.iter().any(erases) {
            self.erase_mirror(task.page);
        }
        let at = self.now + self.chance.between(2, 60);
        self.origin.borrow_mut().mirror.end_task(task.page, at);
    }

    /// What the mirror holds is given up, whoever remembers it.
    fn erase_mirror(&mut self, page: PageId) {
        let held = |fact: &&Fact| self.origin.borrow().mirror.will_hold(&fact.key) && !self.server.has(&fact.uuid);
        let given_up: Vec<String> = self.book.facts.iter().filter(held).map(|fact| fact.uuid.clone()).collect();
        given_up.iter().for_each(|uuid| self.book.excuse(uuid, "erased"));
        self.origin.borrow_mut().mirror.erase(page, PROJECT);
    }

    /// What the page makes of the events that its tracker wants sent: whole bodies, each with the time of its attempt.
    fn unpack(&self, outputs: &[Output]) -> Result<Vec<Sent>, Violation> {
        let mut sent = Vec::new();
        for output in outputs {
            let (request, keepalive, events) = match output {
                Output::Send { request, events, keepalive } => (Some(*request), *keepalive, events),
                Output::Exit { events } => (None, true, events),
                _ => continue,
            };
            let parcel = Parcel::read(&request_body("phc_sim", Wall(self.wall()), events))
                .map_err(|story| Violation { checker: "seal", story })?;
            sent.push(Sent { request, keepalive, parcel: Rc::new(parcel) });
        }
        Ok(sent)
    }

    fn carry_out(&mut self, task: &Task) -> Verdict {
        let page = task.page;
        let mut sent = task.sent.iter();
        let instance = self.pages[page].instance;
        for output in &task.outputs {
            match output {
                Output::Send { .. } | Output::Exit { .. } => {
                    if let Some(sent) = sent.next() {
                        self.let_go(page, sent);
                    }
                }
                Output::Abort { request } => drop(self.pages[page].under_way.remove(request)),
                Output::Ask(question) => self.ask(page, question),
                Output::AskLock => {
                    self.pages[page].asks_lock = true;
                    self.schedule(0, Happening::LockAsked { page, instance });
                }
                Output::ReleaseLock => {
                    self.pages[page].holds_lock = false;
                    self.schedule(0, Happening::LockReleased { page, instance });
                }
                Output::Opened { .. } => self.pages[page].is_present = !self.pages[page].left,
                Output::AwaitTaskEnd => {
                    self.pages[page].awaits_task_end = true;
                    self.schedule_job(0, page, Job::TaskEnd);
                }
                Output::ReadMirror => {
                    let delay = self.chance.between(2, 120);
                    self.schedule(delay, Happening::MirrorRead { page, instance });
                }
                Output::IsShutDown => {
                    self.note(|_| format!("page {page} has shut down"));
                    self.destroy("shut down with the only copy", |world| world.pages[page].is_listening = false);
                    self.pages[page].is_present = false;
                    self.free_lock(page);
                }
                _ => {}
            }
        }
        if task.outputs.iter().any(|output| matches!(output, Output::WakeAt(_))) {
            self.set_alarm(page);
        }
        checkers::look_at_page(self, task)
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

    /// Sets the timer of a page to what its tracker has named last.
    fn set_alarm(&mut self, page: PageId) {
        let clock = self.monotonic(page);
        let late = self.lateness(page);
        let here = &mut self.pages[page];
        here.alarm += 1;
        let (at, alarm) = (here.wake, here.alarm);
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
}

/// What a tracker is told, in few words.
fn brief(what: &What) -> String {
    let text = match what {
        What::Input(input) => format!("{input:?}"),
        What::Call(call, _) => format!("{call:?}"),
        What::AskFlag(_) | What::AskVisitor => format!("{what:?}"),
    };
    if text.len() > 260 {
        format!("{}… ({} characters)", text.chars().take(240).collect::<String>(), text.len())
    } else {
        text
    }
}
