//! Scripts: short stories whose every storage call is a place to die, for the exhaustive search of crash points.

use posthog_booking_tracker::tracker::Input;

use crate::page::{Job, Life, PageGate};
use crate::storage::PageId;
use crate::tab::Beside;
use crate::world::{Happening, Verdict, World};

/// What happens next, to the page of this number where one is named. A page that is dead does nothing.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Open(PageGate),
    /// A page that waits for a posthog-js, which comes after this time.
    OpenSharing(PageGate, u64),
    /// A page whose tracker has not come.
    OpenWithout(PageGate),
    /// The tracker of a page comes.
    Start(PageId),
    Capture(PageId, &'static str),
    /// An event that the server refuses.
    Poison(PageId),
    Say(PageId, Input),
    Close(PageId),
    Cache(PageId),
    Uncache(PageId),
    Wait(u64),
    /// The truth about all teams changes.
    Shut(bool),
}

/// What happens, in this order.
pub(crate) type Script = Vec<Step>;

type ScriptOf = fn() -> Script;

/// All scripts, by name.
pub(crate) const ALL: [(&str, ScriptOf); 6] = [
    ("one visit", one_visit),
    ("a second tab takes over", second_tab),
    ("a gate that opens and shuts again", turning_gate),
    ("a poisoned event among others", poisoned_event),
    ("back and forth", back_and_forth),
    ("trackers that come late and never", late_trackers),
];

const OWN: PageGate = PageGate::OwnTeam(true);

fn one_visit() -> Script {
    use Step::{Capture, Close, OpenSharing, Wait};
    vec![
        OpenSharing(OWN, 400),
        Capture(0, "booking_started"),
        Wait(200),
        Capture(0, "date_changed"),
        Wait(500),
        Capture(0, "booking_completed"),
        Wait(2_000),
        OpenSharing(OWN, 9_000),
        Capture(1, "slot_selected"),
        Wait(300),
        Close(1),
        Close(0),
    ]
}

fn second_tab() -> Script {
    use Step::{Capture, Open, Say, Wait};
    vec![
        Open(OWN),
        Wait(100),
        Capture(0, "date_changed"),
        Capture(0, "slot_selected"),
        Wait(50),
        Open(PageGate::Asks),
        Wait(150),
        Capture(1, "booking_started"),
        Capture(0, "booking_failed"),
        Wait(11_000),
        Say(1, Input::Hidden),
        Capture(0, "date_changed"),
        Say(1, Input::Returned),
        Wait(500),
    ]
}

fn turning_gate() -> Script {
    use Step::{Capture, Open, Shut, Wait};
    vec![
        Shut(true),
        Open(PageGate::Asks),
        Capture(0, "booking_completed"),
        Capture(0, "date_changed"),
        Wait(300),
        Capture(0, "slot_selected"),
        Shut(false),
        Wait(6_000),
        Capture(0, "booking_failed"),
        Wait(300),
        Capture(0, "date_changed"),
        Shut(true),
        Wait(6_000),
        Capture(0, "booking_completed"),
    ]
}

fn poisoned_event() -> Script {
    use Step::{Capture, Open, Poison, Say, Wait};
    vec![
        Open(OWN),
        Capture(0, "date_changed"),
        Poison(0),
        Capture(0, "slot_selected"),
        Wait(50),
        Say(0, Input::FlushRequested),
        Wait(8_000),
        Say(0, Input::ShutDown),
    ]
}

fn back_and_forth() -> Script {
    use Step::{Cache, Capture, Close, Open, Say, Uncache, Wait};
    vec![
        Open(OWN),
        Wait(60),
        Capture(0, "date_changed"),
        Say(0, Input::Hidden),
        Capture(0, "slot_selected"),
        Cache(0),
        Open(OWN),
        Wait(400),
        Uncache(0),
        Capture(0, "booking_completed"),
        Wait(1_000),
        Capture(0, "$identify"),
        Close(1),
    ]
}

fn late_trackers() -> Script {
    use Step::{Capture, Close, Open, OpenWithout, Start, Wait};
    vec![
        OpenWithout(OWN),
        Capture(0, "booking_started"),
        Capture(0, "booking_completed"),
        Wait(400),
        OpenWithout(OWN),
        Capture(1, "date_changed"),
        Start(1),
        Wait(100),
        Capture(1, "booking_failed"),
        Close(0),
        Wait(6_000),
        Open(PageGate::Asks),
        Wait(1_000),
        Close(1),
    ]
}

impl World {
    pub(crate) fn play_script(&mut self, script: Script) {
        self.script = script;
        self.schedule(0, Happening::Step(0));
    }

    /// Plays a step of the script, and sees to the next.
    pub(crate) fn play(&mut self, number: usize) -> Verdict {
        let Some(step) = self.script.get(number).cloned() else { return Ok(()) };
        let pause = if let Step::Wait(ms) = step { ms } else { 1 };
        self.schedule(pause, Happening::Step(number + 1));
        self.note(|_| format!("script: {step:?}"));
        match step {
            Step::Open(gate) => return self.open(gate).map(drop),
            Step::OpenSharing(gate, comes_in) => {
                let page = self.open_without_tracker(gate, Beside::default());
                self.share(page, Some(comes_in));
                return self.run(page, Job::Start);
            }
            Step::OpenWithout(gate) => drop(self.open_without_tracker(gate, Beside::default())),
            Step::Wait(_) => {}
            Step::Shut(shut) => self.gates.values_mut().for_each(|open| *open = !shut),
            Step::Start(page)
            | Step::Capture(page, _)
            | Step::Poison(page)
            | Step::Say(page, _)
            | Step::Close(page)
            | Step::Cache(page)
            | Step::Uncache(page) => return self.play_on(page, step),
        }
        Ok(())
    }

    fn play_on(&mut self, page: PageId, step: Step) -> Verdict {
        // The crash may have come before this page.
        if self.pages.get(page).is_none_or(|page| !page.is_alive()) {
            return Ok(());
        }
        match step {
            Step::Start(_) => return self.run(page, Job::Start),
            Step::Capture(_, name) => return self.capture_named(page, name, r#"{"teamId":"1"}"#),
            Step::Poison(_) => return self.capture_named(page, "booking_started", r#"{"teamId":"1","poison":true}"#),
            Step::Say(_, input) => return self.say(page, input),
            Step::Close(_) => return self.close(page),
            Step::Cache(_) => return self.cache(page),
            Step::Uncache(_) if self.pages[page].life == Life::Cached => return self.uncache(page),
            _ => {}
        }
        Ok(())
    }
}
