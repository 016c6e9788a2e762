//! One page with its tracker, on a clock that stands still.

use std::rc::Rc;

use posthog_booking_tracker::event::json::Object;
use posthog_booking_tracker::flags::Question;
use posthog_booking_tracker::outbox::{LockAnswer, MemoryStore, Monotonic, Outcome, Wall};
use posthog_booking_tracker::tracker::{Call, Capture, Facts, Input, Moment, Options, Output, Tracker};

use crate::options::options;

pub(crate) const START: u64 = 1_767_323_045_678;
pub(crate) const PROJECT: &str = "1plaeh8";

/// A page whose every team is tracked.
pub(crate) struct Page {
    pub(crate) tracker: Tracker<MemoryStore>,
    pub(crate) now_ms: u64,
    pub(crate) outputs: Vec<Output>,
    /// The events of every request, in the order of sending.
    pub(crate) sent: Vec<serde_json::Value>,
    wake: Option<Monotonic>,
    /// What the browser says of itself; nothing, until it is asked.
    environment: Rc<Object>,
    chance: u128,
}

impl Page {
    pub(crate) fn open(store: MemoryStore, change: impl FnOnce(&mut Options)) -> Self {
        let mut page = Self::with(store, change);
        page.tell(Input::Started { is_prerendering: false });
        page
    }

    pub(crate) fn unstarted(change: impl FnOnce(&mut Options)) -> Self {
        Self::with(MemoryStore::default(), change)
    }

    fn with(store: MemoryStore, change: impl FnOnce(&mut Options)) -> Self {
        let mut options = options(PROJECT);
        change(&mut options);
        let tracker = Tracker::new(options, store, Wall(START));
        Self {
            tracker,
            now_ms: 0,
            outputs: Vec::new(),
            sent: Vec::new(),
            wake: None,
            environment: Rc::default(),
            chance: 1,
        }
    }

    pub(crate) fn facts(&mut self) -> Facts {
        self.chance += 1;
        Facts {
            wall: Wall(START + self.now_ms),
            monotonic: Monotonic(self.now_ms),
            entropy: self.chance,
            href: "https://book.example/ada".into(),
            is_seen: true,
            environment: Rc::clone(&self.environment),
            ..Facts::default()
        }
    }

    pub(crate) fn tell(&mut self, input: Input) {
        let facts = self.facts();
        self.tracker.handle(facts, input);
        self.drain();
    }

    pub(crate) fn call(&mut self, call: Call) {
        let facts = self.facts();
        self.tracker.call(facts, call, None);
        self.drain();
    }

    /// A call that was made before there was a tracker.
    pub(crate) fn call_then(&mut self, call: Call, then: Moment) {
        let facts = self.facts();
        self.tracker.call(facts, call, Some(then));
        self.drain();
    }

    /// The callback answers what it was asked last.
    pub(crate) fn answer(&mut self, is_open: Option<bool>) {
        let asked = self.outputs.iter().rev().find_map(|output| match output {
            Output::Ask(Question::Callback { id, .. }) => Some(*id),
            _ => None,
        });
        self.tell(Input::CallbackAnswered { id: asked.unwrap(), is_open });
    }

    pub(crate) fn capture(&mut self, name: &str) {
        self.call(Call::Capture(Box::new(Capture { name: Some(name.into()), ..Capture::default() })));
    }

    /// What was said on the console.
    pub(crate) fn said(&self) -> Vec<&str> {
        let texts = self.outputs.iter().filter_map(|output| match output {
            Output::Say { text, .. } => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }

    /// The names of what was sent.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.sent.iter().filter_map(|event| event["event"].as_str()).collect()
    }

    /// Lets time pass.
    pub(crate) fn pass(&mut self, ms: u64) {
        let end = self.now_ms + ms;
        while let Some(at) = self.wake.filter(|at| at.0 <= end) {
            self.now_ms = self.now_ms.max(at.0);
            self.wake = None;
            self.tell(Input::Woke);
        }
        self.now_ms = end;
    }

    /// Carries out what a browser without Web Locks would, with a server that takes everything.
    fn drain(&mut self) {
        for output in self.tracker.take_outputs() {
            match &output {
                Output::WakeAt(at) => self.wake = *at,
                Output::ReadEnvironment => {
                    self.environment = environment();
                    self.tell(Input::EnvironmentRead);
                }
                Output::AskLock => self.tell(Input::LockAnswered(LockAnswer::Missing)),
                Output::Send { request, events, .. } => {
                    let events: Vec<serde_json::Value> = serde_json::from_str(&format!("[{events}]")).unwrap();
                    self.sent.extend(events);
                    let outcome = Outcome::Answered { status: 200, retry_after_s: 0 };
                    self.tell(Input::SendFinished { request: *request, outcome });
                }
                _ => {}
            }
            self.outputs.push(output);
        }
        assert!(self.tracker.stats().balances(), "{:?}", self.tracker.stats());
    }
}

/// What the browser says of itself.
pub(crate) fn environment() -> Rc<Object> {
    Rc::new(Object::read(r#"{"$os":"Linux"}"#).unwrap_or_default())
}
