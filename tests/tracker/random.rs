//! Random visits: two pages of one browser do whatever pages do, in any order, and what must always hold does.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use posthog_booking_tracker::event::json::Object;
use posthog_booking_tracker::outbox::{LockAnswer, MemoryStore, Monotonic, Outcome, Store, StoreError, TabStore, Wall};
use posthog_booking_tracker::person::{ConsentState, IdentityBootstrap};
use posthog_booking_tracker::tracker::{Call, Capture, Facts, HookAnswer, Input, Options, Output, Tracker};
use proptest::prelude::*;

use super::options::options;
use super::page::{PROJECT, START};

/// What a page or its surroundings do.
#[derive(Debug, Clone, Copy)]
enum Act {
    Capture {
        is_urgent: bool,
    },
    Identify(u8),
    Reset,
    Answer(bool),
    SetTeam(u8),
    Register(u8),
    MeetFlag,
    Pass(u32),
    Hide,
    Return,
    /// The page is left, and another one is opened in its place.
    Navigate,
    /// The server answers from now on, or does not.
    Server(bool),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => any::<bool>().prop_map(|is_urgent| Act::Capture { is_urgent }),
        2 => (0..3_u8).prop_map(Act::Identify),
        1 => Just(Act::Reset),
        1 => any::<bool>().prop_map(Act::Answer),
        1 => (0..3_u8).prop_map(Act::SetTeam),
        1 => (0..3_u8).prop_map(Act::Register),
        1 => Just(Act::MeetFlag),
        3 => prop_oneof![0..50_u32, 1_000..20_000_u32, 1_000_000..3_000_000_u32].prop_map(Act::Pass),
        1 => Just(Act::Hide),
        1 => Just(Act::Return),
        1 => Just(Act::Navigate),
        1 => any::<bool>().prop_map(Act::Server),
    ]
}

/// localStorage, which the pages share, with a tab and a memory of their own.
#[derive(Debug, Clone, Default)]
struct Shared {
    local: Rc<RefCell<MemoryStore>>,
    own: Rc<RefCell<MemoryStore>>,
}

impl Store for Shared {
    fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.local.borrow().get(key)
    }

    fn put(&mut self, key: &str, value: &str) -> Result<(), StoreError> {
        self.local.borrow_mut().put(key, value)
    }

    fn remove(&mut self, key: &str) -> Result<(), StoreError> {
        self.local.borrow_mut().remove(key)
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.local.borrow().keys(prefix)
    }
}

impl TabStore for Shared {
    fn tab_get(&self, key: &str) -> Option<String> {
        self.own.borrow().tab_get(key)
    }

    fn tab_put(&mut self, key: &str, value: &str) {
        self.own.borrow_mut().tab_put(key, value);
    }

    fn tab_remove(&mut self, key: &str) {
        self.own.borrow_mut().tab_remove(key);
    }

    fn recall(&self, key: &str) -> Option<String> {
        self.own.borrow().recall(key)
    }

    fn remember(&mut self, key: &str, value: Option<&str>) {
        self.own.borrow_mut().remember(key, value);
    }

    fn notes(&self) -> u32 {
        self.own.borrow().notes()
    }
}

struct Page {
    tracker: Tracker<Shared>,
    wake: Option<Monotonic>,
    opened_ms: u64,
    /// Who its visitor is, until something is a cause for that to change.
    visitor: Option<String>,
}

/// What is known of an event: it is told the same way whenever it is sent.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    name: String,
    distinct_id: String,
    timestamp: String,
}

struct World {
    local: Rc<RefCell<MemoryStore>>,
    pages: Vec<Page>,
    now_ms: u64,
    chance: u128,
    server_answers: bool,
    /// Who each event was about when its page captured it.
    about: BTreeMap<String, String>,
    rows: BTreeMap<String, Row>,
    flag_events: Vec<(String, String)>,
    hooks: u32,
}

impl World {
    fn new(hooks: u32) -> Self {
        let mut world = Self {
            local: Rc::default(),
            pages: Vec::new(),
            now_ms: 0,
            chance: 0,
            server_answers: true,
            about: BTreeMap::new(),
            rows: BTreeMap::new(),
            flag_events: Vec::new(),
            hooks,
        };
        for _ in 0..2 {
            let page = world.page(Shared { local: world.local.clone(), own: Rc::default() });
            world.pages.push(page);
            let place = world.pages.len() - 1;
            world.tell(place, Input::Started { is_prerendering: false });
        }
        world
    }

    fn page(&mut self, store: Shared) -> Page {
        self.chance += 1;
        let options = Options { page: format!("page-{}", self.chance), hooks: self.hooks, ..options(PROJECT) };
        let wall = Wall(START + self.now_ms);
        Page { tracker: Tracker::new(options, store, wall), wake: None, opened_ms: self.now_ms, visitor: None }
    }

    fn facts(&mut self, place: usize) -> Facts {
        self.chance += 1;
        Facts {
            wall: Wall(START + self.now_ms),
            monotonic: Monotonic(self.now_ms - self.pages[place].opened_ms),
            entropy: self.chance,
            href: "https://book.example/ada".into(),
            is_seen: true,
            environment: super::page::environment(),
            ..Facts::default()
        }
    }

    fn tell(&mut self, place: usize, input: Input) {
        let facts = self.facts(place);
        self.pages[place].tracker.handle(facts, input);
        self.drain(place);
    }

    fn call(&mut self, place: usize, call: Call) {
        let facts = self.facts(place);
        self.pages[place].tracker.call(facts, call, None);
        self.drain(place);
    }

    fn drain(&mut self, place: usize) {
        let outputs = self.pages[place].tracker.take_outputs();
        self.carry_out(place, outputs);
        let stats = self.pages[place].tracker.stats();
        assert!(stats.balances(), "{stats:?}");
    }

    /// A hook that drops some events, fails for some, and claims another identity for all.
    fn hook(&mut self, place: usize, id: u32, event: &str) {
        self.chance += 1;
        let event: serde_json::Value = serde_json::from_str(event).unwrap();
        let answer = match self.chance % 5 {
            0 => HookAnswer::Dropped,
            1 => HookAnswer::Failed("no".into()),
            _ => HookAnswer::Kept {
                name: event["event"].as_str().unwrap().to_owned(),
                properties: Object::read(r#"{"distinct_id":"x","token":"x","$session_id":"x"}"#).unwrap(),
                set: None,
                set_once: None,
            },
        };
        self.tell(place, Input::Hooked { id, answer });
    }

    /// The server gets events: each is told in one way only, and is about whom its page was about.
    fn receive(&mut self, place: usize, events: &str) {
        let facts = self.facts(place);
        let state = self.pages[place].tracker.consent(facts);
        assert_eq!(state, ConsentState::Granted, "nothing is sent without consent");
        let events: Vec<serde_json::Value> = serde_json::from_str(&format!("[{events}]")).unwrap();
        for event in events {
            let text = |name: &str| event[name].as_str().unwrap().to_owned();
            let row = Row { name: text("event"), distinct_id: text("distinct_id"), timestamp: text("timestamp") };
            assert_eq!(event["properties"]["distinct_id"], event["distinct_id"]);
            assert_eq!(event["properties"]["token"], "phc_test");
            if let Some(about) = self.about.get(&text("uuid")) {
                assert_eq!(&row.distinct_id, about, "{} is about whom its page was about", row.name);
            }
            let known = self.rows.entry(text("uuid")).or_insert_with(|| row.clone());
            assert_eq!(*known, row, "an event is told in one way");
            if row.name == "$feature_flag_called" {
                self.flag_events.push((row.distinct_id, text("uuid")));
            }
        }
    }

    fn play(&mut self, place: usize, act: Act) {
        match act {
            Act::Identify(_) | Act::Reset | Act::Navigate => self.pages[place].visitor = None,
            Act::Answer(_) => self.pages.iter_mut().for_each(|page| page.visitor = None),
            _ => {}
        }
        match act {
            Act::Capture { is_urgent } => self.capture(place, is_urgent),
            Act::Identify(id) => {
                let distinct_id = Some(format!("person-{id}"));
                self.call(place, Call::Identify { distinct_id, set: None, set_once: None });
            }
            Act::Reset => self.call(
                place,
                Call::Reset {
                    is_purge: false,
                    is_new_device: false,
                    bootstrap: IdentityBootstrap::default(),
                    is_illegal: false,
                },
            ),
            Act::Answer(is_granted) => self.answer(place, is_granted),
            Act::SetTeam(team) => self.call(place, Call::SetTeam(Some(team.to_string()))),
            Act::Register(n) => {
                let mut properties = Object::default();
                properties.set_integer("n", n.into());
                self.call(place, Call::Register(properties));
            }
            Act::MeetFlag => self.call(place, Call::MeetFlag("f".into())),
            Act::Pass(ms) => self.pass(ms.into()),
            Act::Hide => self.tell(place, Input::Hidden),
            Act::Return => self.tell(place, Input::Returned),
            Act::Navigate => self.navigate(place),
            Act::Server(answers) => self.server_answers = answers,
        }
    }

    fn capture(&mut self, place: usize, is_urgent: bool) {
        let name = if is_urgent { "payment_done" } else { "seen" };
        let facts = self.facts(place);
        let about = self.pages[place].tracker.visitor(facts).map(|(distinct_id, ..)| distinct_id);
        if let Some(about) = &about {
            let known = self.pages[place].visitor.get_or_insert_with(|| about.clone());
            assert_eq!(known, about, "a visitor is somebody else for a cause only");
        }
        let facts = self.facts(place);
        let capture = Capture { name: Some(name.into()), ..Capture::default() };
        self.pages[place].tracker.call(facts, Call::Capture(Box::new(capture)), None);
        let outputs = self.pages[place].tracker.take_outputs();
        // With hooks it is only known when they have answered.
        if let (Some(about), Some(uuid)) = (about, captured(&outputs)) {
            self.about.insert(uuid, about);
        }
        self.carry_out(place, outputs);
    }

    fn carry_out(&mut self, place: usize, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::WakeAt(at) => self.pages[place].wake = at,
                Output::AskLock => self.tell(place, Input::LockAnswered(LockAnswer::Missing)),
                Output::Hook { id, event, .. } => self.hook(place, id, &event),
                Output::Exit { events } => self.receive(place, &events),
                Output::Send { request, events, .. } => {
                    let outcome = if self.server_answers {
                        self.receive(place, &events);
                        Outcome::Answered { status: 200, retry_after_s: 0 }
                    } else {
                        Outcome::Failed
                    };
                    self.tell(place, Input::SendFinished { request, outcome });
                }
                _ => {}
            }
        }
    }

    /// The visitor answers on one page; the browser tells the other.
    fn answer(&mut self, place: usize, is_granted: bool) {
        self.call(place, Call::Answer { is_granted });
        self.tell(1 - place, Input::Stored { key: Some(format!("phbt:consent:{PROJECT}")) });
        if !is_granted {
            let local = self.local.borrow();
            let keys: Vec<_> = local.entries.keys().collect();
            assert_eq!(keys, [&format!("phbt:consent:{PROJECT}")], "nothing but the denial stays");
        }
    }

    fn navigate(&mut self, place: usize) {
        self.tell(place, Input::Leaving);
        let own = self.pages[place].tracker.store().own.clone();
        own.borrow_mut().memory.clear();
        self.pages[place] = self.page(Shared { local: self.local.clone(), own });
        self.tell(place, Input::Started { is_prerendering: false });
    }

    fn pass(&mut self, ms: u64) {
        let end = self.now_ms + ms;
        loop {
            let due = |page: &Page| page.wake.map(|at| at.0 + page.opened_ms);
            let next = (0..self.pages.len()).filter_map(|place| Some((due(&self.pages[place])?, place))).min();
            let Some((at, place)) = next.filter(|(at, _)| *at <= end) else { break };
            self.now_ms = self.now_ms.max(at);
            self.pages[place].wake = None;
            self.tell(place, Input::Woke);
        }
        self.now_ms = end;
    }
}

fn captured(outputs: &[Output]) -> Option<String> {
    outputs.iter().find_map(|output| match output {
        Output::Captured { uuid, .. } => Some(uuid.clone()),
        _ => None,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn prop_whatever_two_pages_do_every_event_is_accounted_for_and_about_the_right_person(
        acts in proptest::collection::vec((0..2_usize, act()), 1..60),
        hooks in 0..2_u32,
    ) {
        let mut world = World::new(hooks);
        for (place, act) in acts {
            world.play(place, act);
        }
        world.server_answers = true;
        world.answer(0, true);
        // Where nothing has ever arrived from a browser, a page tries once.
        world.navigate(0);
        world.pass(10 * 60_000);
        let local = world.local.borrow();
        let left: Vec<_> = local.entries.keys().filter(|key| key.starts_with("phbt:1:")).collect();
        prop_assert!(left.is_empty(), "everything is settled where the server answers: {left:?}");
    }
}
