//! The driver: passes inputs and calls to the tracker, drains its outputs and has them carried out.
//!
//! The page's code runs while outputs are carried out: hooks, listeners, what the page has replaced. What it calls then waits here
//! until the call that is going on is done, so the tracker is never entered twice.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use js_sys::Function;

use super::posthog::PostHogOnPage;
use super::{PageSide, facts, hooks};
use crate::event::json::Object;
use crate::flags::Question;
use crate::tracker::{Call, Erased, Facts, HookAnswer, Input, Moment, Options, Output, Stats, Tracker};

/// The longest wait that is asked of a timer. `setTimeout` takes 31 bits, and an hour more or less makes no difference
/// to something that is due in days.
const WAIT_MAX_MS: u64 = 3_600_000;

/// So much may be called from inside one call; what calls itself for ever ends.
const BEHIND_MAX: usize = 1_000;

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
    tracker: RefCell<Tracker<PageSide>>,
    /// What carries out what the tracker wants.
    side: PageSide,
    posthog: Option<PostHogOnPage>,
    hooks: Vec<Function>,
    /// Whether the start may capture an event.
    has_bootstrap: bool,
    /// What the browser says of itself; read once, for the first call or whatever is done later.
    environment: RefCell<Option<Object>>,
    work: RefCell<VecDeque<Work>>,
    is_busy: Cell<bool>,
    is_hooking: Cell<bool>,
    /// The counters before what is going on.
    counted: RefCell<Stats>,
    /// The first event that the present call has captured.
    captured: RefCell<Option<Captured>>,
}

impl Driver {
    /// Makes a tracker. It does nothing until [`Input::Started`].
    pub(crate) fn new(options: Options, side: PageSide, posthog: Option<PostHogOnPage>, hooks: Vec<Function>) -> Self {
        let has_bootstrap = options.has_bootstrap;
        Self {
            tracker: RefCell::new(Tracker::new(options, side.clone(), facts::wall())),
            side,
            posthog,
            hooks,
            has_bootstrap,
            environment: RefCell::default(),
            work: RefCell::default(),
            is_busy: Cell::new(false),
            is_hooking: Cell::new(false),
            counted: RefCell::default(),
            captured: RefCell::default(),
        }
    }

    /// Tells the tracker what happened and has done what follows from it, behind what is going on.
    pub(crate) fn enter(&self, input: Input) {
        self.put(Work::Input(input));
    }

    /// Does what the page calls, behind what is going on; gives the event that it has captured, where that is done already.
    pub(crate) fn call(&self, call: Call, given: Option<Moment>) -> Option<Captured> {
        if self.is_hooking.get()
            && let Call::Capture(capture) = &call
        {
            let name = capture.name.clone().unwrap_or_default();
            self.with(|tracker, _| tracker.refuse_from_hook(&name));
            return None;
        }
        self.put(Work::Call(call, given))
    }

    /// Reads something of the tracker, also while it is being told of something else; nothing, where it is in the middle of that.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&mut Tracker<PageSide>, Facts) -> T) -> Option<T> {
        self.with(read)
    }

    /// The counters; from inside a storage call, those of before what is going on.
    pub(crate) fn stats(&self) -> Stats {
        match self.tracker.try_borrow_mut() {
            Ok(mut tracker) => tracker.stats(),
            Err(_) => self.counted.borrow().clone(),
        }
    }

    fn put(&self, work: Work) -> Option<Captured> {
        self.work.borrow_mut().push_back(work);
        if self.is_busy.replace(true) {
            return None;
        }
        let first = self.next();
        self.work_on(first);
        let captured = self.captured.take();
        for _ in 1..BEHIND_MAX {
            let next = self.next();
            if next.is_none() {
                break;
            }
            self.work_on(next);
        }
        self.work.borrow_mut().clear();
        self.captured.take();
        self.is_busy.set(false);
        captured
    }

    /// Takes what is next; its own function, so that the queue is free while that is worked on.
    fn next(&self) -> Option<Work> {
        self.work.borrow_mut().pop_front()
    }

    fn work_on(&self, work: Option<Work>) {
        let Some(work) = work else { return };
        let may_capture = match &work {
            Work::Call(..) | Work::Input(Input::Woke | Input::Activated) => true,
            Work::Input(Input::Started { .. }) => self.has_bootstrap,
            Work::Input(_) => false,
        };
        if may_capture {
            self.environment.borrow_mut().get_or_insert_with(facts::environment);
        }
        #[cfg(feature = "planted-trap")]
        match &work {
            Work::Input(input) => super::planted_trap::spring(input),
            Work::Call(call, _) => super::planted_trap::spring_on_call(call),
        }
        self.with(|tracker, facts| match work {
            Work::Input(input) => tracker.handle(facts, input),
            Work::Call(call, given) => tracker.call(facts, call, given),
        });
    }

    /// Does something with the tracker, and carries out what follows from it; nothing, where the tracker is in the middle of
    /// something.
    fn with<T>(&self, run: impl FnOnce(&mut Tracker<PageSide>, Facts) -> T) -> Option<T> {
        let mut run = Some(run);
        let mut value = None;
        self.borrowed(&mut |tracker, facts| value = run.take().map(|run| run(tracker, facts)));
        value
    }

    /// The same, once for whatever is done.
    fn borrowed(&self, run: &mut dyn FnMut(&mut Tracker<PageSide>, Facts)) {
        let facts = self.facts();
        let outputs = {
            let Ok(mut tracker) = self.tracker.try_borrow_mut() else { return };
            self.counted.replace(tracker.counts());
            run(&mut tracker, facts);
            tracker.take_outputs()
        };
        for output in outputs {
            self.perform(output);
        }
    }

    fn facts(&self) -> Facts {
        let environment = self.environment.borrow().clone().unwrap_or_default();
        let posthog = self.posthog.as_ref().and_then(PostHogOnPage::read);
        Facts { environment, posthog, ..facts::read() }
    }

    fn perform(&self, output: Output) {
        let side = &self.side;
        match output {
            Output::Captured { uuid, name } => {
                self.captured.borrow_mut().get_or_insert(Captured { uuid, name });
            }
            Output::Hook { id, place, event } => self.hook(id, place, &event),
            Output::Send { request, events, keepalive } => side.send(request, &events, keepalive),
            Output::Abort { request } => side.abort(request),
            Output::Exit { events } => side.exit(&events),
            Output::Ask(Question::Json { id, url, body }) => side.ask(id, &url, body),
            Output::Ask(Question::Callback { id, team }) => side.ask_callback(id, &team),
            Output::WakeAt(_) => self.set_timer(),
            Output::AskLock => side.ask_lock(),
            Output::ReleaseLock => side.release_lock(),
            Output::Opened { opens_mirror } => side.opened(opens_mirror),
            Output::ReadMirror => side.read_mirror(),
            Output::TryLater(uuid) => side.try_later(&uuid),
            Output::EraseMirror { erased, is_used } => side.erase_mirror(erased == Erased::Records, is_used),
            Output::TellPostHog(call) => {
                if let Some(posthog) = &self.posthog {
                    posthog.tell(call);
                }
            }
            Output::TellTeam { team, is_open } => side.tell_team(&team, is_open),
            Output::TellFlags => side.tell_flags(),
            Output::TellConsent(state) => side.tell_consent(state.word()),
            Output::TellNear(key) => side.tell_near(&key),
            Output::FlagsSettled(ticket) => side.flags_settled(ticket),
            Output::Flushed => side.flushed(),
            Output::IsShutDown => side.is_shut_down(),
            Output::Say { level, text } => side.say(level.method(), &text),
        }
    }

    /// Sets the timer to what the tracker has named last: what is carried out here may have told it something since.
    fn set_timer(&self) {
        let at = self.tracker.try_borrow().ok().and_then(|tracker| tracker.wake_at());
        let wait_ms = at.map(|at| at.0.saturating_sub(facts::monotonic().0).min(WAIT_MAX_MS));
        self.side.wake_in(wait_ms.map_or(-1.0, |wait_ms| wait_ms as f64));
    }

    /// Shows an event to a hook of the page, and goes on with what that has made of it before anything else happens.
    fn hook(&self, id: u32, place: u32, event: &str) {
        let Some(hook) = self.hooks.get(place as usize) else { return };
        self.is_hooking.set(true);
        let answer: HookAnswer = hooks::run(hook, event);
        self.is_hooking.set(false);
        self.with(|tracker, facts| tracker.handle(facts, Input::Hooked { id, answer }));
    }
}
