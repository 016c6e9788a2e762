//! The driver: passes inputs and calls to the tracker, drains its outputs and has them carried out.
//!
//! The page's code runs while outputs are carried out: hooks, listeners, what the page has replaced. What it calls then waits here
//! until the call that is going on is done, so the tracker is never entered twice. `driver/outputs.rs` carries out.

mod outputs;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use wasm_bindgen::prelude::*;

use super::cookie::Cookies;
use super::drain_lock::DrainLock;
use super::page_events::{self, PageEvents};
use super::requests::Requests;
use super::storage::PageStorage;
use super::tasks::Tasks;
use super::value::member;
use super::web::when_idle;
use super::{Heard, Host, Mirror, PageCode, facts};
use crate::event::VisitorKind;
use crate::event::json::Object;
use crate::outbox::{KEY_PREFIX, Stats, noun_key};
use crate::tracker::{Call, Facts, Input, Moment, Options, Tracker};

/// At most this many calls run after one call, so that a page which calls itself forever is stopped. The events of further ones are
/// counted as given up.
const BEHIND_MAX: usize = 5_000;

/// Something that the tracker has not been told of yet.
#[derive(Debug)]
enum Work {
    Input(Input),
    Call(Call, Option<Moment>),
}

/// What an event that the page has captured is identified by and called.
#[derive(Debug, Clone)]
pub struct Captured {
    /// The uuid.
    pub uuid: String,
    /// The name.
    pub name: String,
}

/// One tracker in its browser.
#[derive(Debug)]
pub struct Driver {
    tracker: RefCell<Tracker<PageStorage>>,
    host: Host,
    tasks: &'static Tasks,
    requests: &'static Requests,
    lock: &'static DrainLock,
    mirror: &'static Mirror,
    events: PageEvents,
    code: PageCode,
    /// By which storage keeps projects apart.
    project: String,
    timer: RefCell<JsValue>,
    /// Whether the start may capture an event.
    has_bootstrap: bool,
    /// What the browser says of itself; empty, until it is asked.
    environment: RefCell<Rc<Object>>,
    /// Who visits the page, once its browser was asked.
    visitor_kind: OnceCell<VisitorKind>,
    /// The time zone, where it was found out before the rest of the environment was read.
    timezone: RefCell<Option<String>>,
    work: RefCell<VecDeque<Work>>,
    is_busy: Cell<bool>,
    is_hooking: Cell<bool>,
    is_shut_down: Cell<bool>,
    /// Whether flags were read in the task of the page that goes on.
    awaits_task_end: Cell<bool>,
    /// Whether the page is being left by what is going on.
    is_leaving: Cell<bool>,
    /// Whether the visitor agrees by what is going on.
    is_agreeing: Cell<bool>,
    /// The counters before what is going on.
    counted: Cell<Stats>,
    /// The first event that the present call has captured.
    captured: RefCell<Option<Captured>>,
}

impl Driver {
    /// Makes a tracker. It does nothing until [`start`](Self::start).
    pub(crate) fn new(options: Options, host: Host, code: PageCode) -> &'static Self {
        let tasks = Tasks::new(host.clone());
        let mirror = Mirror::new(tasks, host.clone());
        let project = options.project().to_owned();
        let lock = DrainLock::new(tasks, host.clone(), noun_key("drain", &project));
        let timeout_ms = options.outbox.request_timeout_ms;
        let requests = Requests::new(tasks, &options.host, &options.api_key, timeout_ms);
        let has_bootstrap = options.has_bootstrap;
        let cookies = options.is_cross_subdomain.then(Cookies::default);
        let storage = PageStorage { host: host.clone(), mirror, local: OnceCell::new(), cookies };
        // It lives as long as its page: nobody has to count who holds it.
        Box::leak(Box::new(Self {
            tracker: RefCell::new(Tracker::new(options, storage, facts::wall())),
            host,
            tasks,
            requests,
            lock,
            mirror,
            events: PageEvents::default(),
            code,
            project,
            timer: RefCell::default(),
            has_bootstrap,
            environment: RefCell::default(),
            visitor_kind: OnceCell::new(),
            timezone: RefCell::default(),
            work: RefCell::default(),
            is_busy: Cell::new(false),
            is_hooking: Cell::new(false),
            is_shut_down: Cell::new(false),
            awaits_task_end: Cell::new(false),
            is_leaving: Cell::new(false),
            is_agreeing: Cell::new(false),
            counted: Cell::default(),
            captured: RefCell::default(),
        }))
    }

    /// Starts the tracker; on a page that is only prerendered it waits for somebody who sees it.
    pub(crate) fn start(&'static self) {
        let is_prerendering = page_events::is_prerendering();
        if is_prerendering {
            page_events::await_activation(&self.host);
        } else {
            self.events.listen(&self.host);
        }
        self.enter(Input::Started { is_prerendering });
    }

    /// The browser says something.
    pub(crate) fn hear(&'static self, heard: Heard, id: u32, value: JsValue) {
        match heard {
            Heard::Resumed => self.tasks.resume(id, Ok(value)),
            Heard::Rejected => self.tasks.resume(id, Err(value)),
            Heard::Woke => self.enter(Input::Woke),
            Heard::Leaving => self.enter(Input::Leaving),
            Heard::Visibility if !page_events::is_seen() => self.enter(Input::Hidden),
            Heard::Visibility | Heard::Returned => self.live(Input::Returned),
            Heard::Online => self.live(Input::Online),
            Heard::Activated => {
                if !self.is_shut_down.get() {
                    self.events.listen(&self.host);
                }
                self.enter(Input::Activated);
            }
            Heard::Stored => {
                let key = member(&value, "key").as_string();
                if key.as_ref().is_none_or(|key| key.starts_with(KEY_PREFIX)) {
                    self.enter(Input::Stored { key });
                }
            }
            Heard::MirrorGone => self.mirror.close(),
            _ => {}
        }
    }

    fn live(&'static self, input: Input) {
        self.enter(input);
        self.lock.live();
    }

    /// Queues an input. It runs at once, or after the one that is running.
    pub(crate) fn enter(&'static self, input: Input) {
        self.put(Work::Input(input));
    }

    /// Does what the page calls, behind what is going on; gives the event that it has captured, where that is done already.
    pub(crate) fn call(&'static self, call: Call, given: Option<Moment>) -> Option<Captured> {
        if self.is_hooking.get()
            && let Call::Capture(capture) = &call
        {
            let name = capture.name.clone().unwrap_or_default();
            self.with(|tracker, _| tracker.refuse_from_hook(&name));
            return None;
        }
        self.put(Work::Call(call, given))
    }

    /// The counters; from inside a storage call, those of before what is going on.
    pub(crate) fn stats(&self) -> Stats {
        self.tracker.try_borrow().map_or_else(|_| self.counted.get(), |tracker| tracker.stats())
    }

    /// What is known of the teams of this page; nothing, from inside a storage call.
    pub(crate) fn known_teams(&self) -> Vec<(String, Option<bool>)> {
        self.tracker.try_borrow_mut().map(|mut tracker| tracker.known_teams()).unwrap_or_default()
    }

    fn put(&'static self, work: Work) -> Option<Captured> {
        let is_reading = matches!(&work, Work::Call(Call::MeetFlag(_), _) | Work::Input(Input::TaskEnded));
        let has_read = !is_reading && self.awaits_task_end.replace(false);
        if has_read {
            // Hooks see what comes of the flags that were read before what comes of this.
            self.work.borrow_mut().push_back(Work::Input(Input::TaskEnded));
        }
        self.work.borrow_mut().push_back(work);
        if self.is_busy.replace(true) {
            return None;
        }
        self.captured.take();
        for _ in 0..1 + u8::from(has_read) {
            let next = self.next();
            self.work_on(next);
        }
        let captured = self.captured.take();
        self.go_on();
        captured
    }

    /// Takes what is next; its own function, so that the queue is free while that is worked on.
    fn next(&self) -> Option<Work> {
        self.work.borrow_mut().pop_front()
    }

    fn work_on(&'static self, work: Option<Work>) {
        let Some(work) = work else { return };
        let may_capture = match &work {
            Work::Call(..) | Work::Input(Input::Woke | Input::Activated) => true,
            Work::Input(Input::Started { .. }) => self.has_bootstrap,
            Work::Input(_) => false,
        };
        if may_capture {
            self.read_environment();
        }
        let is_agreeing = matches!(&work, Work::Call(Call::Answer { is_granted: true }, _));
        self.is_agreeing.set(is_agreeing);
        let is_leaving = matches!(&work, Work::Input(Input::Leaving));
        self.is_leaving.set(is_leaving);
        #[cfg(feature = "planted-trap")]
        match &work {
            Work::Input(input) => super::planted_trap::spring(input),
            Work::Call(call, _) => super::planted_trap::spring_on_call(call),
        }
        self.with(|tracker, facts| match work {
            Work::Input(input) => tracker.handle(facts, input),
            Work::Call(call, given) => tracker.call(facts, call, given),
        });
        if is_leaving {
            self.is_leaving.set(false);
            // In the back/forward cache the page would keep what it holds.
            self.lock.leave();
            self.mirror.close();
        }
    }

    /// Runs `run` on the tracker and carries out its outputs, also while earlier outputs are carried out. Returns `None` if the tracker is
    /// borrowed.
    pub(crate) fn with<T>(&'static self, run: impl FnOnce(&mut Tracker<PageStorage>, Facts) -> T) -> Option<T> {
        let mut run = Some(run);
        let mut value = None;
        let was_busy = self.is_busy.replace(true);
        self.borrowed(&mut |tracker, facts| value = run.take().map(|run| run(tracker, facts)));
        if !was_busy {
            self.go_on();
        }
        value
    }

    /// Does what was called meanwhile.
    fn go_on(&'static self) {
        for _ in 1..BEHIND_MAX {
            let next = self.next();
            if next.is_none() {
                break;
            }
            self.work_on(next);
        }
        if self.refuse_work() {
            // Saying so may call the page's code, which may go on.
            self.borrowed(&mut |_, _| {});
            self.refuse_work();
        }
        self.is_busy.set(false);
    }

    /// Gives up what is queued, and counts its events; whether there was anything.
    fn refuse_work(&self) -> bool {
        let left = self.work.take();
        let is_any = !left.is_empty();
        for work in left {
            if let Work::Call(Call::Capture(capture), _) = work
                && let Ok(mut tracker) = self.tracker.try_borrow_mut()
            {
                tracker.refuse_behind(&capture.name.unwrap_or_default());
            }
        }
        is_any
    }

    /// What is asked may be the page's own code, which may call the tracker: nothing is borrowed meanwhile.
    fn read_environment(&self) {
        if self.environment.borrow().is_empty() {
            let known = self.timezone.take().or_else(|| {
                let facts = facts::read();
                self.tracker.try_borrow_mut().ok()?.timezone(&facts)
            });
            let environment = facts::environment(known.or_else(facts::timezone));
            self.environment.replace(Rc::new(environment));
        }
    }

    /// Finds out the time zone before the first event needs it, where no earlier page has.
    fn find_timezone(&'static self) {
        self.tasks.spawn(Box::pin(async move {
            let _ = self.tasks.until(&mut |resumed, _| when_idle(resumed)).await;
            let facts = facts::read();
            let known = self.tracker.try_borrow_mut().ok().and_then(|mut tracker| tracker.timezone(&facts));
            if known.is_none() && self.environment.borrow().is_empty() {
                self.timezone.replace(facts::timezone());
            }
        }));
    }

    /// The body of [`with`](Self::with), which is not generic, so that it is compiled once.
    fn borrowed(&'static self, run: &mut dyn FnMut(&mut Tracker<PageStorage>, Facts)) {
        let mut facts = facts::read();
        facts.environment = Rc::clone(&self.environment.borrow());
        facts.visitor_kind = *self.visitor_kind.get_or_init(facts::visitor_kind);
        self.look_at_posthog(&mut facts);
        let outputs = {
            let Ok(mut tracker) = self.tracker.try_borrow_mut() else { return };
            self.counted.set(tracker.stats());
            run(&mut tracker, facts);
            tracker.take_outputs()
        };
        for output in outputs {
            self.perform(output);
        }
    }

    /// Asks a posthog-js on the page whether the visitor has told it not to capture, and who the visitor is only where the page may know.
    fn look_at_posthog(&self, facts: &mut Facts) {
        let Some(posthog) = &self.code.posthog else { return };
        facts.posthog = posthog.read(false);
        let may_know = self.is_agreeing.get()
            || self.tracker.try_borrow_mut().is_ok_and(|mut tracker| tracker.may_know_visitor(facts));
        if facts.posthog.is_some() && may_know {
            facts.posthog = posthog.read(true);
        }
    }
}
