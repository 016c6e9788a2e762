//! One page with the whole tracker, for checks of what lies in its storage: whatever that is, every event is accounted for, and what
//! is sent is what PostHog takes.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use posthog_booking_tracker::event::json::Object;
use posthog_booking_tracker::outbox::{LockAnswer, MemoryStore, Monotonic, Outcome, Wall};
use posthog_booking_tracker::tracker::{Call, Capture, Facts, Input, Output, Tracker};
use serde_json::Value as Tree;

#[path = "../tests/tracker/options.rs"]
mod options;

use options::options;

/// When the page is opened.
pub(crate) const OPENED: Wall = Wall(1_767_409_445_678);

/// A page over this storage, which has been open for two minutes and has captured one event; the uuids of what it has sent.
pub(crate) fn sent_from(entries: BTreeMap<String, String>) -> BTreeSet<String> {
    let store = MemoryStore { entries, ..MemoryStore::default() };
    let mut page = Page { tracker: Tracker::new(options("1fuzz"), store, OPENED), ms: 0, sent: BTreeSet::new() };
    page.tell(Input::Started { is_prerendering: false });
    let capture = Capture { name: Some("booking_completed".to_owned()), ..Capture::default() };
    page.call(Call::Capture(Box::new(capture)));
    for ms in [20_000, 70_000, 120_000] {
        page.ms = ms;
        page.tell(Input::Woke);
    }
    page.sent
}

struct Page {
    tracker: Tracker<MemoryStore>,
    ms: u64,
    sent: BTreeSet<String>,
}

impl Page {
    fn facts(&self) -> Facts {
        let href = "https://book.example/ada".to_owned();
        let (wall, monotonic) = (Wall(OPENED.0 + self.ms), Monotonic(self.ms));
        let environment = Rc::new(Object::read(r#"{"$os":"Linux"}"#).unwrap_or_default());
        Facts {
            wall,
            monotonic,
            entropy: u128::from(self.ms + 1),
            href,
            is_seen: true,
            environment,
            ..Facts::default()
        }
    }

    fn tell(&mut self, input: Input) {
        self.tracker.handle(self.facts(), input);
        self.drain();
    }

    fn call(&mut self, call: Call) {
        self.tracker.call(self.facts(), call, None);
        self.drain();
    }

    fn drain(&mut self) {
        for output in self.tracker.take_outputs() {
            match output {
                Output::AskLock => self.tell(Input::LockAnswered(LockAnswer::Missing)),
                Output::Send { request, events, .. } => {
                    let events: Vec<Tree> = serde_json::from_str(&format!("[{events}]")).unwrap();
                    for event in events {
                        assert!(event["event"].as_str().is_some_and(|name| !name.is_empty()), "{event}");
                        self.sent.insert(event["uuid"].to_string());
                    }
                    let outcome = Outcome::Answered { status: 200, retry_after_s: 0 };
                    self.tell(Input::SendFinished { request, outcome });
                }
                _ => {}
            }
        }
        assert!(self.tracker.stats().balances(), "{:?}", self.tracker.stats());
    }
}
