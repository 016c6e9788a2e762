//! Random pages against a server that remembers: whatever happens, in whatever order, nothing is lost.

use std::collections::{HashMap, HashSet};

use posthog_booking_tracker::outbox::{DropReason, EXIT_BYTES_MAX, HOLD_MAX_MS, Input, MemoryStore, Outcome};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use crate::page::{Body, DAY, OK, Page, START, Send, asking};

#[derive(Debug, Clone)]
enum Step {
    Capture {
        name: &'static str,
        team: Option<&'static str>,
        size: usize,
        poison: bool,
    },
    Identify(u8),
    Answer(Answer),
    /// What is known of a team changes: told at any time, asked for or not.
    Gate(&'static str, Option<bool>),
    Say(Input),
    Sleep(u64),
    Freeze(u64),
    /// Storage takes nothing for a while.
    Full(bool),
}

#[derive(Debug, Clone, Copy)]
enum Answer {
    /// 200, or 400 where the body holds a poisoned event.
    Honest,
    /// The server took it, but the page never learns.
    Lost,
    /// The body is too large for what stands in between, unless it holds one event.
    Narrow,
    Status(u16),
    WebPage,
    Quota,
    Never,
}

const TEAMS: [&str; 2] = ["1", "2"];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let name = prop::sample::select(vec!["date_changed", "slot_selected", "booking_completed", "payment_failed"]);
    let team = prop::sample::select(vec![None, Some("1"), Some("2")]);
    let size = prop_oneof![4 => 0_usize..200, 1 => 10_000_usize..31_000];
    let capture = (name, team, size, prop::bool::weighted(0.1)).prop_map(|(name, team, size, poison)| Step::Capture {
        name,
        team,
        size,
        poison,
    });
    let failure = prop::sample::select(vec![404, 408, 429, 500, 503]).prop_map(Answer::Status);
    let answer = prop_oneof![
        5 => Just(Answer::Honest),
        2 => Just(Answer::Lost),
        1 => Just(Answer::Narrow),
        2 => failure,
        1 => Just(Answer::WebPage),
        1 => Just(Answer::Quota),
        1 => Just(Answer::Never),
    ];
    let open = prop_oneof![3 => Just(None), 4 => Just(Some(true)), 1 => Just(Some(false))];
    let gate = (prop::sample::select(TEAMS.to_vec()), open).prop_map(|(team, open)| Step::Gate(team, open));
    let say = prop::sample::select(vec![
        Input::Hidden,
        Input::Leaving,
        Input::Returned,
        Input::Online,
        Input::FlushRequested,
        Input::LockLost,
    ]);
    let span = prop_oneof![0_u64..1_500, 0_u64..40_000, Just(300_000)];
    let step = prop_oneof![
        8 => capture,
        1 => (0_u8..3).prop_map(Step::Identify),
        6 => answer.prop_map(Step::Answer),
        3 => gate,
        4 => say.prop_map(Step::Say),
        4 => span.clone().prop_map(Step::Sleep),
        1 => prop_oneof![3 => span, 1 => Just(DAY)].prop_map(Step::Freeze),
        1 => any::<bool>().prop_map(Step::Full),
    ];
    prop::collection::vec(step, 1..60)
}

/// What the test knows of one captured event.
#[derive(Debug)]
struct Known {
    team: Option<&'static str>,
    poison: bool,
    /// Whether nobody knew of its team when it was captured, and when that was.
    held: bool,
    captured: u64,
    /// The key of its record; `None` where storage was full.
    key: Option<String>,
    /// The event as it was on the wire first.
    sent: Option<String>,
    confirmed: bool,
    refused: bool,
    /// Why the gate has had it given up.
    given_up: Option<DropReason>,
}

impl Known {
    fn is_done(&self) -> bool {
        self.confirmed || self.refused || self.given_up.is_some()
    }
}

struct World {
    page: Page,
    events: HashMap<u64, Known>,
    /// The numbers of the events that reached the server.
    received: HashSet<u64>,
    under_way: Vec<Send>,
    leaving: bool,
    exit_bytes: usize,
    flushes: bool,
}

/// The numbers by which the test knows the events of a body; `$identify` has none.
fn numbers(body: &Body) -> Vec<u64> {
    body.events().iter().filter_map(|event| event["properties"]["n"].as_u64()).collect()
}

impl World {
    fn new() -> Self {
        Self {
            page: Page::open(asking(), MemoryStore::default(), START),
            events: HashMap::new(),
            received: HashSet::new(),
            under_way: Vec::new(),
            leaving: false,
            exit_bytes: 0,
            flushes: false,
        }
    }

    /// What the page knows of a team, or that no gate holds what has none.
    fn knows(&self, team: Option<&str>) -> Option<bool> {
        team.map_or(Some(true), |team| self.page.known.get(team).copied())
    }

    fn play(&mut self, step: &Step) -> TestCaseResult {
        match step {
            Step::Capture { name, team, size, poison } => self.capture(name, *team, *size, *poison)?,
            Step::Identify(person) => self.page.identify(&format!("person-{person}")),
            Step::Answer(answer) => self.answer(*answer),
            Step::Gate(team, open) => self.tell_of(team, *open),
            Step::Say(input) => self.say(input),
            Step::Sleep(ms) => self.page.sleep(*ms),
            Step::Freeze(ms) => self.page.freeze(*ms),
            Step::Full(full) => {
                self.page.store().write_error = full.then_some(posthog_booking_tracker::outbox::StoreError::Full);
            }
        }
        self.look()
    }

    fn say(&mut self, input: &Input) {
        if *input == Input::Leaving && !self.leaving {
            self.leaving = true;
            self.exit_bytes = 0;
        }
        if *input == Input::Returned {
            self.leaving = false;
        }
        self.flushes |= *input == Input::FlushRequested;
        self.page.settled = 0;
        self.page.input(input.clone());
    }

    fn capture(&mut self, name: &str, team: Option<&'static str>, size: usize, poison: bool) -> TestCaseResult {
        let number = self.events.len() as u64;
        let properties = format!(r#"{{"n":{number},"poison":{poison},"padding":"{}"}}"#, "x".repeat(size));
        let before: HashSet<String> = self.page.records().into_iter().map(|(key, _)| key).collect();
        let event = self.page.event(name, &properties, team);
        let captured = event.key.split(':').nth(3).and_then(|text| u64::from_str_radix(text, 36).ok()).unwrap();
        self.page.handle(Input::Captured(event));
        let mut new = self.page.records().into_iter().filter(|(key, _)| !before.contains(key));
        let key = new.next().map(|(key, _)| key);
        let shut = self.knows(team) == Some(false);
        let storable = !shut && self.page.store().write_error.is_none();
        prop_assert!(key.is_some() || !storable, "stored before anything is drained");
        self.page.drain();
        let known = Known {
            team,
            poison,
            held: self.knows(team).is_none(),
            captured,
            key,
            sent: None,
            confirmed: false,
            refused: false,
            given_up: shut.then_some(DropReason::GateShut),
        };
        self.events.insert(number, known);
        Ok(())
    }

    fn answer(&mut self, answer: Answer) {
        if self.under_way.is_empty() {
            return;
        }
        let send = self.under_way.remove(0);
        let numbers = numbers(&send.body);
        let poisoned = numbers.iter().any(|number| self.events[number].poison);
        let outcome = match answer {
            Answer::Honest | Answer::Lost if poisoned => Outcome::of(400, "", "invalid"),
            Answer::Honest | Answer::Lost => Outcome::of(200, "", OK),
            Answer::Narrow if send.body.events().len() > 1 => Outcome::of(413, "", ""),
            Answer::Narrow => Outcome::of(502, "", ""),
            Answer::Status(status) => Outcome::of(status, "", ""),
            Answer::WebPage => Outcome::of(200, "", "<html>"),
            Answer::Quota => Outcome::of(200, "", r#"{"quota_limited":["events"]}"#),
            Answer::Never => return,
        };
        let taken = outcome == Outcome::of(200, "", OK);
        let refused = outcome == Outcome::of(400, "", "invalid") && send.body.events().len() == 1;
        let heard = matches!(answer, Answer::Honest);
        for number in numbers {
            if taken {
                self.received.insert(number);
            }
            if let Some(known) = self.events.get_mut(&number) {
                known.confirmed |= taken && heard;
                known.refused |= refused && heard;
            }
        }
        let outcome = if matches!(answer, Answer::Lost) { Outcome::Failed } else { outcome };
        self.page.finish(&send, outcome);
    }

    /// Tells what is known of a team from now on, and works out what has to be given up for it.
    fn tell_of(&mut self, team: &str, open: Option<bool>) {
        self.page.gate_says(team, open);
        let wall = self.page.wall;
        for known in self.events.values_mut().filter(|known| !known.is_done()) {
            let open = known.team.map_or(Some(true), |team| self.page.known.get(team).copied());
            let late = wall.saturating_sub(known.captured) > HOLD_MAX_MS;
            known.given_up = match open {
                Some(false) => Some(DropReason::GateShut),
                None if known.held && late => Some(DropReason::GateUnknown),
                _ => None,
            };
        }
    }

    /// Looks at everything that the page has done, and at what it still holds.
    fn look(&mut self) -> TestCaseResult {
        while let Some(send) = self.page.sends.pop_front() {
            self.look_at(&send.body)?;
            self.under_way.push(send);
        }
        let aborted = std::mem::take(&mut self.page.aborted);
        self.under_way.retain(|send| !aborted.contains(&send.request));
        while let Some(exit) = self.page.exits.pop_front() {
            self.look_at(&exit)?;
            self.exit_bytes += exit.text.len();
            prop_assert!(self.leaving && self.exit_bytes <= EXIT_BYTES_MAX, "{} bytes leave", self.exit_bytes);
        }
        if self.page.settled > 0 {
            self.flushes = false;
        }
        self.look_at_the_ledger()
    }

    fn look_at(&mut self, body: &Body) -> TestCaseResult {
        prop_assert!(body.events().len() <= 500);
        let mut uuids = HashSet::new();
        for event in body.events() {
            prop_assert!(uuids.insert(event["uuid"].as_str().unwrap()), "twice in one body");
            let Some(number) = event["properties"]["n"].as_u64() else { continue };
            let text = event.to_string();
            let team = self.events.get(&number).and_then(|known| known.team);
            prop_assert_eq!(self.knows(team), Some(true), "{} leaves through a gate that is not open", number);
            let known = self.events.get_mut(&number).unwrap();
            prop_assert!(known.sent.as_ref().is_none_or(|sent| *sent == text), "sent once like this, once like that");
            prop_assert!(!known.confirmed || self.leaving, "sent again although it was confirmed");
            known.sent = Some(text);
        }
        Ok(())
    }

    fn look_at_the_ledger(&self) -> TestCaseResult {
        let stats = self.page.stats();
        prop_assert!(stats.balances(), "{stats:?}");
        prop_assert_eq!(stats.settled_elsewhere, 0);
        let losses = [DropReason::Evicted, DropReason::Duplicate, DropReason::Torn, DropReason::Expired];
        prop_assert_eq!(losses.map(|reason| stats.dropped(reason)), [0; 4]);
        for reason in [DropReason::GateShut, DropReason::GateUnknown] {
            let given_up = self.events.values().filter(|known| known.given_up == Some(reason)).count();
            prop_assert_eq!(stats.dropped(reason) as usize, given_up, "{}", reason.code());
        }
        let waits = |known: &&Known| !known.is_done() && self.knows(known.team) != Some(true);
        prop_assert_eq!(stats.held as usize, self.events.values().filter(waits).count());
        let mut idle = !self.leaving && self.under_way.is_empty();
        for (number, known) in &self.events {
            let kept = known.key.as_ref().is_some_and(|key| self.page.outbox.store().entries.contains_key(key));
            let gone = known.is_done();
            prop_assert!(kept || gone || known.key.is_none(), "{number} is lost: {known:?}");
            prop_assert!(!kept || known.given_up.is_none(), "{number} is given up and still there: {known:?}");
            prop_assert!(!known.refused || known.poison, "{number} was dropped for another's fault");
            if idle && !gone && self.knows(known.team) == Some(true) {
                prop_assert!(self.page.wake.is_some(), "{number} waits, and nobody will wake the page");
                idle = false;
            }
        }
        Ok(())
    }

    /// The server is well, the visitor is here, the gate answers: how many steps until nothing waits any more?
    fn heal(&mut self) -> TestCaseResult {
        self.page.store().write_error = None;
        self.say(&Input::Returned);
        for team in TEAMS {
            self.tell_of(team, Some(true));
        }
        self.look()?;
        for _ in 0..1_500 {
            if !self.under_way.is_empty() {
                self.answer(Answer::Honest);
            } else if let Some(wake) = self.page.wake {
                self.page.sleep(wake.saturating_sub(self.page.clock));
            } else {
                break;
            }
            self.look()?;
        }
        let stats = self.page.stats();
        prop_assert_eq!(stats.waiting, 0, "after all those steps, {:?}", stats);
        prop_assert!(self.page.records().is_empty());
        prop_assert!(self.page.questions.is_empty(), "who captures for a team is not asked about it");
        prop_assert!(!self.flushes, "a flush that never settles");
        for (number, known) in &self.events {
            let delivered = self.received.contains(number);
            let gone = known.refused || known.given_up.is_some();
            prop_assert!(delivered || gone, "{number} never arrived: {known:?}");
            prop_assert!(!known.poison || !delivered);
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn prop_nothing_is_lost_and_everything_open_arrives_once_the_world_is_well(steps in steps()) {
        let mut world = World::new();
        for step in &steps {
            world.play(step)?;
        }
        world.heal()?;
        world.page.ends();
    }
}
