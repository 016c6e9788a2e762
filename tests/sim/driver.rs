//! The driver: what visitors, pages, browsers and strangers do in a random run.

use posthog_booking_tracker::event::CaptureOptions;
use posthog_booking_tracker::event::json::Object;
use posthog_booking_tracker::person::IdentityBootstrap;
use posthog_booking_tracker::tracker::{Call, Capture, Input, Step};

use crate::faults::{Fault, Faults};
use crate::knowledge::FLAGS;
use crate::page::{Job, Life, OWN_TEAM, PageGate};
use crate::storage::{CrashPoint, PageId};
use crate::tab::Beside;
use crate::task::{Told, What};
use crate::world::{Happening, Verdict, Violation, World};

const NAMES: [&str; 6] =
    ["date_changed", "slot_selected", "booking_started", "booking_completed", "booking_failed", "payment_failed"];

impl World {
    /// One random deed, and the time until the next.
    pub(crate) fn act(&mut self, left: u32) -> Verdict {
        if self.is_healed {
            return Ok(());
        }
        if left > 0 {
            let (low, high) = match self.scene.pauses && self.chance.percent(6) {
                true => (1_500_000, 2_400_000),
                false => *self.chance.pick(&[(0, 40), (0, 1_000), (500, 5_000), (5_000, 40_000)]),
            };
            let pause = self.chance.between(low, high);
            self.schedule(pause, Happening::Act(left - 1));
        }
        let alive: Vec<PageId> = (0..self.pages.len()).filter(|id| self.pages[*id].is_alive()).collect();
        let inviting = if self.contends { 50 } else { 8 };
        if alive.is_empty() || alive.len() < self.tabs_max && self.chance.percent(inviting) {
            return self.visit();
        }
        let page = *self.chance.pick(&alive);
        if self.chance.percent(30) && self.faults != Faults::NONE {
            return self.misfortune(page);
        }
        match self.pages[page].life {
            Life::Live => self.live(page),
            Life::Cached if self.chance.percent(40) => self.uncache(page),
            Life::Frozen | Life::Hung if self.chance.percent(40) => self.resume(page),
            _ => Ok(()),
        }
    }

    /// A visitor opens a page. Sometimes its tracker comes late, or never, and it notes what it captures.
    pub(crate) fn visit(&mut self) -> Verdict {
        let gate = self.some_gate();
        let beside = self.some_tab();
        let page = self.open_without_tracker(gate, beside);
        if self.scene.hooks > 0 && self.chance.percent(70) {
            self.pages[page].hooks = self.scene.hooks;
        }
        if self.scene.shares && self.chance.percent(60) {
            let comes_in = *self.chance.pick(&[Some(0), Some(300), Some(1_500), Some(4_000), None]);
            self.share(page, comes_in);
        }
        if !self.contends && self.chance.percent(3) {
            self.pages[page].is_prerendered = true;
            let delay = self.chance.between(10, 5_000);
            self.schedule_job(delay, page, Job::Say(Input::Activated));
        }
        if self.pages[page].beneath.is_shared || !self.scene.has_journals || self.chance.percent(65) {
            self.run(page, Job::Start)?;
            let is_shared = self.pages[page].beneath.is_shared && self.pages[page].is_running();
            return if is_shared { self.capture(page) } else { Ok(()) };
        }
        for _ in 0..self.chance.between(1, 4) {
            // What is left into the back/forward cache is not left once more.
            if self.pages[page].is_running() {
                self.live(page)?;
            }
        }
        match self.chance.below(3) {
            0 if self.faults.has(Fault::KilledTab) => self.kill(page),
            0 => {
                self.say(page, Input::Leaving)?;
                self.schedule(5, Happening::Gone(page));
            }
            1 => {
                let delay = self.chance.between(0, 2_000);
                self.schedule_job(delay, page, Job::Start);
            }
            _ => {}
        }
        Ok(())
    }

    /// A tab of its own, one that another page has been in, or the copy of one.
    fn some_tab(&mut self) -> Beside {
        let choices: Vec<PageId> = (0..self.pages.len()).collect();
        if choices.is_empty() || self.chance.percent(60) {
            return Beside::default();
        }
        let other = &self.pages[*self.chance.pick(&choices)];
        let tab = &other.beside.tab;
        let mut alive = self.pages.iter().filter(|page| page.is_alive() && page.beside.is_same_tab(&other.beside));
        match alive.next() {
            None => Beside::in_tab(tab),
            // Its window is nobody's for a moment, or for as long as there is no tracker.
            Some(page) if page.left || page.tracker.is_none() || !page.is_released => Beside::default(),
            Some(_) => Beside::in_copy(tab),
        }
    }

    fn some_gate(&mut self) -> PageGate {
        match self.chance.below(10) {
            0..=5 => PageGate::Asks,
            6..=7 => PageGate::OwnTeam(true),
            8 => PageGate::Absent,
            _ if self.faults.has(Fault::GateFlips) => PageGate::OwnTeam(false),
            _ => PageGate::Asks,
        }
    }

    /// What a page and its visitor do.
    fn live(&mut self, page: PageId) -> Verdict {
        let hidden = self.pages[page].hidden;
        let deed = if self.contends { *self.chance.pick(&[0, 82, 100, 100]) } else { self.chance.below(100) };
        match deed {
            100 => self.contend(page),
            50..=57 => self.say_of_visitor(page),
            58..=61 if self.scene.asks_consent => {
                let is_granted = self.chance.percent(65);
                if !is_granted && self.chance.percent(50) {
                    // Who was asleep meanwhile may have missed it.
                    let delay = self.chance.between(50, 5_000);
                    self.schedule_job(delay, page, Job::Call(Box::new(Call::Answer { is_granted: true })));
                }
                self.do_call(page, Call::Answer { is_granted })
            }
            62..=63 if self.scene.has_flags => {
                let key = *self.chance.pick(&FLAGS);
                // It looks again when flags may be there, and once more.
                for delay in [500, 3_000] {
                    self.schedule_job(delay, page, Job::ReadFlag(key));
                }
                self.run(page, Job::ReadFlag(key))
            }
            0..=63 => self.capture(page),
            64..=67 => self.say(page, Input::FlushRequested),
            68 => self.do_call(page, reset(true)),
            69 => self.look_at_visitor(page),
            70..=81 => self.say(page, if hidden { Input::Returned } else { Input::Hidden }),
            82..=83 => self.say(page, Input::Online),
            84..=90 => self.close(page),
            91..=93 if self.faults.has(Fault::Cached) => self.cache(page),
            94 => self.say(page, Input::ShutDown),
            95 => {
                self.sources.season += 1;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The page says who its visitor is, or something of it.
    fn say_of_visitor(&mut self, page: PageId) -> Verdict {
        let person = self.chance.below(3);
        let call = match self.chance.below(8) {
            0..=2 => Call::Identify { distinct_id: Some(format!("person-{person}")), set: None, set_once: None },
            3 => Call::Identify { distinct_id: Some("null".into()), set: None, set_once: None },
            4 => reset(false),
            5 => Call::SetTeam(Some(self.chance.pick(&["1", "2"]).to_string())),
            _ => Call::Register(Object::read(&format!(r#"{{"registered":{person}}}"#)).unwrap_or_default()),
        };
        self.do_call(page, call)
    }

    pub(crate) fn do_call(&mut self, page: PageId, call: Call) -> Verdict {
        self.run(page, Job::Call(Box::new(call)))
    }

    /// An event is captured that waits, and when it is due every other page wants the lock as well.
    fn contend(&mut self, page: PageId) -> Verdict {
        for other in 0..self.pages.len() {
            if other != page && self.pages[other].is_running() {
                let delay = self.chance.between(10_000, 10_080);
                self.schedule_job(delay, other, Job::Say(Input::Online));
            }
        }
        self.capture_some(page, Some("date_changed"))
    }

    pub(crate) fn capture(&mut self, page: PageId) -> Verdict {
        let burst = self.faults.has(Fault::Burst) && self.chance.percent(6);
        let count = if burst { self.chance.between(15, 130) } else { 1 };
        for _ in 0..count {
            if self.pages[page].is_running() {
                self.capture_some(page, None)?;
            }
        }
        Ok(())
    }

    fn capture_some(&mut self, page: PageId, name: Option<&'static str>) -> Verdict {
        let large = self.faults.has(Fault::Large) && self.chance.percent(25);
        let padding = if large { self.chance.between(4_000, 33_500) } else { self.chance.below(150) };
        let poison = self.faults.has(Fault::Poison) && self.chance.percent(8);
        let forbidden = self.faults.has(Fault::Forbidden) && self.forbidden_left > 0 && self.chance.percent(8);
        self.forbidden_left -= u32::from(forbidden);
        // What is not ASCII takes another number of bytes on the wire than in storage.
        let padding = if large || self.chance.percent(90) {
            "x".repeat(padding as usize)
        } else {
            "é😀".repeat(padding as usize / 6)
        };
        let teams = match self.pages[page].gate {
            PageGate::Asks => [None, Some("1"), Some("2"), Some("1")],
            _ => [None, None, None, Some("1")],
        };
        let team = *self.chance.pick(&teams);
        let named = team.map_or_else(String::new, |team| format!(r#""teamId":"{team}","#));
        let properties = format!(r#"{{{named}"poison":{poison},"forbidden":{forbidden},"padding":"{padding}"}}"#);
        let name = name.unwrap_or(*self.chance.pick(&NAMES));
        self.capture_named(page, name, &properties)
    }

    /// A page captures an event of this name, which says this.
    pub(crate) fn capture_named(&mut self, page: PageId, name: &str, properties: &str) -> Verdict {
        self.captures += 1;
        let mut properties = Object::read(properties).unwrap_or_default();
        properties.set_integer("n", self.captures as i64);
        let step = match name {
            "booking_started" => Step::Begins,
            name if name.starts_with("booking_") => Step::Joins,
            _ => Step::None,
        };
        let is_other = step == Step::None && self.chance.percent(3);
        let options = CaptureOptions {
            distinct_id: is_other.then(|| "somebody-else".to_owned()),
            // What its page wants to go at once counts as must-send, whatever it is called.
            send_instantly: step == Step::None && self.chance.percent(2),
            ..CaptureOptions::default()
        };
        let capture = Capture { name: Some(name.into()), properties, options, step, ..Capture::default() };
        let number = Some(self.captures);
        self.tell(page, What::Call(Call::Capture(Box::new(capture)), number), None)
    }

    /// The page asks who its visitor is.
    fn look_at_visitor(&mut self, page: PageId) -> Verdict {
        self.tell(page, What::AskVisitor, None)?;
        let Some(Told::Visitor(id)) = self.pages[page].answered.take() else { return Ok(()) };
        let stretch = self.pages[page].stretch;
        self.people.is_who(stretch, &id).map_err(|story| Violation { checker: "cause", story })
    }

    /// The page looks at a flag; what its visitor has met PostHog is told.
    pub(crate) fn read_flag(&mut self, page: PageId, key: &'static str) -> Verdict {
        self.tell(page, What::AskFlag(key), None)?;
        match self.pages[page].answered.take() {
            Some(Told::Flag(true)) if self.pages[page].is_running() => self.call(page, Call::MeetFlag(key.to_owned())),
            _ => Ok(()),
        }
    }

    /// Something goes wrong with the browser, the device, the storage, the lock or a gate.
    fn misfortune(&mut self, page: PageId) -> Verdict {
        let faults = self.faults.list();
        let fault = *self.chance.pick(&faults);
        self.note(|_| format!("misfortune of page {page}: {fault:?}"));
        match fault {
            Fault::KilledTab => self.kill(page),
            Fault::KilledBrowser if self.chance.percent(40) => self.kill_browser(),
            Fault::Crash => {
                let calls = self.chance.between(1, 30);
                self.origin.borrow_mut().crash = Some(CrashPoint { calls });
            }
            Fault::Frozen if self.pages[page].is_running() => {
                self.say(page, Input::Hidden)?;
                if self.pages[page].is_running() {
                    self.suspend(page, Life::Frozen);
                }
            }
            Fault::Hung if self.pages[page].is_running() => self.suspend(page, Life::Hung),
            Fault::Trap if self.pages[page].is_running() && self.pages[page].tracker.is_some() => {
                return self.trap(page);
            }
            Fault::Sleep if self.chance.percent(30) => self.sleep(),
            Fault::ClockJump => {
                let jump = *self.chance.pick(&[-90_000_000, -3_600_000, -30_000, -400, 400, 30_000, 3_600_000]);
                self.wall_skew += jump;
            }
            Fault::StuckLock if self.chance.percent(30) => self.locks.holder = crate::locks::Holder::Stranger,
            Fault::StolenLock => self.steal_lock(),
            Fault::GateFlips => {
                let team = *self.chance.pick(&["1", "2", OWN_TEAM]);
                let open = self.chance.percent(50);
                self.gates.insert(team.to_owned(), open);
            }
            _ => self.spoil_storage(fault, page),
        }
        Ok(())
    }

    /// The device sleeps for a day, rarely for more than a week.
    fn sleep(&mut self) {
        let days = *self.chance.pick(&[1, 1, 1, 8]);
        let span = days * 24 * 3_600_000;
        self.note(|_| format!("the device sleeps for {days} days"));
        self.settle_flights();
        self.now += span;
        self.slept += span;
    }
}

fn reset(is_purge: bool) -> Call {
    Call::Reset { is_purge, is_new_device: false, bootstrap: IdentityBootstrap::default(), is_illegal: false }
}
