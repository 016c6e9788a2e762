//! The driver: what visitors, pages, browsers and strangers do in a random run.

use posthog_booking_tracker::outbox::{Input, NewEvent};

use crate::edge::is_must_send;
use crate::faults::{Fault, Faults};
use crate::keys::record_key;
use crate::page::{Job, Life, OWN_TEAM, PROJECT};
use crate::storage::{CrashPoint, PageId};
use crate::team_gate::PageGate;
use crate::timestamp::iso_timestamp;
use crate::world::{Happening, Verdict, World};

const NAMES: [&str; 6] =
    ["date_changed", "slot_selected", "booking_started", "booking_completed", "booking_failed", "payment_failed"];

impl World {
    /// One random deed, and the time until the next.
    pub(crate) fn act(&mut self, left: u32) -> Verdict {
        if self.is_healed {
            return Ok(());
        }
        if left > 0 {
            let (low, high) = *self.chance.pick(&[(0, 40), (0, 1_000), (500, 5_000), (5_000, 40_000)]);
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
        if self.contends || self.chance.percent(80) {
            return self.open(gate).map(drop);
        }
        let page = self.open_without_tracker(gate);
        for _ in 0..self.chance.between(1, 3) {
            if self.pages[page].is_alive() {
                self.capture(page)?;
            }
        }
        match self.chance.below(3) {
            0 if self.faults.has(Fault::KilledTab) => self.kill(page),
            0 => self.schedule(5, Happening::Gone(page)),
            1 => {
                let delay = self.chance.between(0, 2_000);
                self.schedule_job(delay, page, Job::Start);
            }
            _ => {}
        }
        Ok(())
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
            0..=59 => self.capture(page),
            60..=63 => {
                let person = self.chance.below(3);
                let team = self.chance.percent(50).then_some("1");
                self.pages[page].person = format!("person-{person}");
                self.captures += 1;
                let properties = format!(r#"{{"n":{}}}"#, self.captures);
                let event = self.new_event(page, "$identify", &properties, team);
                self.take(page, event)
            }
            64..=67 => self.say(page, Input::FlushRequested),
            68 => self.say(page, Input::Purged),
            70..=81 => self.say(page, if hidden { Input::Returned } else { Input::Hidden }),
            82..=83 => self.say(page, Input::Online),
            84..=90 => self.close(page),
            91..=93 if self.faults.has(Fault::Cached) => self.cache(page),
            94 => self.say(page, Input::ShutDown),
            _ => Ok(()),
        }
    }

    /// An event is captured that waits, and when it is due every other page wants the lock as well.
    fn contend(&mut self, page: PageId) -> Verdict {
        for other in 0..self.pages.len() {
            if other != page && self.pages[other].is_running() {
                let delay = self.chance.between(10_000, 10_080);
                self.schedule_job(delay, other, Job::Say(Input::Online));
            }
        }
        let event = self.some_event(page, Some("date_changed"));
        self.take(page, event)
    }

    /// A page takes an event, unless its gate has refused it: in its journal, where it has no tracker.
    pub(crate) fn take(&mut self, page: PageId, event: Option<NewEvent>) -> Verdict {
        match event {
            None => Ok(()),
            Some(event) if self.pages[page].tracker.is_none() => {
                self.note_in_journal(page, &event);
                Ok(())
            }
            Some(event) if !self.contends && self.chance.percent(15) => self.capture_raw(page, event),
            Some(event) => self.say(page, Input::Captured(event)),
        }
    }

    pub(crate) fn capture(&mut self, page: PageId) -> Verdict {
        let burst = self.faults.has(Fault::Burst) && self.chance.percent(6);
        let count = if burst { self.chance.between(15, 130) } else { 1 };
        for _ in 0..count {
            if self.pages[page].is_running() {
                let event = self.some_event(page, None);
                self.take(page, event)?;
            }
        }
        Ok(())
    }

    fn some_event(&mut self, page: PageId, name: Option<&'static str>) -> Option<NewEvent> {
        let large = self.faults.has(Fault::Large) && self.chance.percent(25);
        let padding = if large { self.chance.between(4_000, 33_500) } else { self.chance.below(150) };
        let poison = self.faults.has(Fault::Poison) && self.chance.percent(8);
        let forbidden = self.faults.has(Fault::Forbidden) && self.forbidden_left > 0 && self.chance.percent(8);
        self.forbidden_left -= u32::from(forbidden);
        self.captures += 1;
        let properties = format!(
            r#"{{"n":{},"poison":{poison},"forbidden":{forbidden},"padding":"{}"}}"#,
            self.captures,
            // What is not ASCII takes another number of bytes on the wire than in storage.
            if large || self.chance.percent(90) {
                "x".repeat(padding as usize)
            } else {
                "é😀".repeat(padding as usize / 6)
            }
        );
        let team = *self.chance.pick(&[None, Some("1"), Some("2"), Some("1")]);
        let name = name.unwrap_or(*self.chance.pick(&NAMES));
        self.new_event(page, name, &properties, team)
    }

    /// An event as its page makes it (`src/event/compose.rs`), unless its gate refuses it.
    pub(crate) fn new_event(
        &mut self,
        page: PageId,
        name: &str,
        properties: &str,
        team: Option<&str>,
    ) -> Option<NewEvent> {
        let (team, open) = self.admit(page, team)?;
        let wall = self.wall() + self.captures % 7;
        let uuid = self.new_uuid();
        let timestamp = iso_timestamp(wall);
        let person = &self.pages[page].person;
        let body = format!(
            r#"{{"event":"{name}","uuid":"{uuid}","distinct_id":"{person}","timestamp":"{timestamp}","properties":{properties}}}"#
        );
        Some(NewEvent {
            key: record_key(1, PROJECT, wall, self.captures, &uuid),
            name: name.to_owned(),
            body,
            team,
            open,
            // What its page wants to go at once counts as must-send, whatever it is called.
            must_send: self.chance.percent(2) || is_must_send(name),
            sealed: true,
        })
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
                if self.chance.percent(60) {
                    // It is just time to ask again, whatever the page has under way.
                    self.ask_again(page);
                }
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

    fn steal_lock(&mut self) {
        if let crate::locks::Holder::Page(holder) = self.locks.holder {
            self.note(|_| format!("the lock of page {holder} is stolen"));
            self.free_lock(holder);
            let delay = self.chance.between(0, 5);
            self.schedule_job(delay, holder, Job::LockLost);
        }
    }
}
