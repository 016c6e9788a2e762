//! The network between the pages and the server: what gets through, what comes back, and what gets lost on either way.

use std::rc::Rc;

use posthog_booking_tracker::outbox::Outcome;

use crate::chance::Chance;
use crate::faults::{Fault, Faults};
use crate::page::Job;
use crate::parcel::Parcel;
use crate::storage::PageId;
use crate::world::{Happening, World};

/// How requests fare in this run.
#[derive(Debug)]
pub(crate) struct Weather {
    /// Of a hundred requests so many have a fault.
    pub(crate) bad_percent: u64,
    pub(crate) latency: (u64, u64),
}

impl Weather {
    pub(crate) fn of(faults: Faults, chance: &mut Chance) -> Self {
        let bad_percent = if faults == Faults::NONE { 0 } else { *chance.pick(&[15, 40, 70, 95]) };
        let latency = *chance.pick(&[(1, 5), (20, 120), (100, 900)]);
        Self { bad_percent, latency }
    }
}

/// What happens to a request on its way.
#[derive(Debug, Clone)]
pub(crate) enum Fate {
    Well,
    /// It never gets there.
    Lost,
    /// It gets there, and the page is told that it failed.
    AnswerLost,
    /// It gets there twice: Chromium sends again when a connection is cut.
    Twice,
    /// Nobody ever answers; it got there or not.
    Hangs {
        arrives: bool,
    },
    /// Somebody in between answers; the server got it or not.
    Answered {
        outcome: Outcome,
        arrives: bool,
    },
}

/// A request on its way.
#[derive(Debug)]
pub(crate) struct Flight {
    pub(crate) page: PageId,
    pub(crate) instance: u32,
    /// `None` for an exit, whose answer nobody hears.
    pub(crate) request: Option<u32>,
    pub(crate) parcel: Rc<Parcel>,
    pub(crate) keepalive: bool,
    pub(crate) fate: Fate,
    /// How often it is still to arrive.
    pub(crate) arrivals: u32,
}

impl World {
    pub(crate) fn launch(&mut self, page: PageId, request: Option<u32>, parcel: Rc<Parcel>, keepalive: bool) {
        let fate = self.draw_fate(request.is_none());
        let (low, high) = self.weather.latency;
        let (there, back) = (self.chance.between(low, high), self.chance.between(low, high));
        let instance = self.pages[page].instance;
        let arrivals = match &fate {
            Fate::Lost | Fate::Hangs { arrives: false } | Fate::Answered { arrives: false, .. } => 0,
            Fate::Twice => 2,
            _ => 1,
        };
        self.note(|_| format!("  request {request:?} of page {page}: {fate:?}"));
        let number = self.flights.len();
        // Without an arrival there is no server to answer, so somebody on the way does.
        let early = match &fate {
            Fate::Lost => Some(Outcome::Failed),
            Fate::Answered { outcome, arrives: false } => Some(*outcome),
            _ => None,
        };
        self.flights.push(Flight { page, instance, request, parcel, keepalive, fate, arrivals });
        for again in 0..arrivals {
            let delay = there + u64::from(again) * self.chance.between(1, 3_000);
            self.schedule(delay, Happening::Arrival(number));
        }
        if let (Some(outcome), Some(request)) = (early, request) {
            self.schedule_job(there + back, page, Job::Finish { request, outcome });
        }
    }

    fn draw_fate(&mut self, exit: bool) -> Fate {
        if self.is_healed || !self.chance.percent(self.weather.bad_percent) {
            return Fate::Well;
        }
        let arrives = self.chance.percent(50);
        if exit {
            let lost = self.faults.has(Fault::LostBeacon) || self.faults.has(Fault::LostRequest);
            return if lost && arrives { Fate::Lost } else { Fate::Well };
        }
        let status = |status: u16, arrives: bool| Fate::Answered { outcome: Outcome::of(status, "", ""), arrives };
        let mut fates = Vec::new();
        for fault in self.faults.list() {
            fates.push(match fault {
                Fault::LostRequest => Fate::Lost,
                Fault::LostAnswer => Fate::AnswerLost,
                Fault::Twice => Fate::Twice,
                Fault::Hanging => Fate::Hangs { arrives },
                Fault::Redirect => Fate::Answered { outcome: Outcome::Redirected, arrives: false },
                Fault::WebPage => Fate::Answered { outcome: Outcome::of(200, "", "<!doctype html>"), arrives: false },
                Fault::ServerError => status(*self.chance.pick(&[408, 500, 502, 503, 504]), arrives),
                Fault::TooManyRequests => {
                    let seconds = self.chance.between(1, 90) as u32;
                    // PostHog does not expose the header to other origins.
                    let retry_after_s = if self.chance.percent(50) { seconds } else { 0 };
                    let outcome = Outcome::Answered { status: 429, retry_after_s };
                    Fate::Answered { outcome, arrives: false }
                }
                Fault::QuotaLimited => Fate::Answered {
                    outcome: Outcome::of(200, "", r#"{"status":"Ok","quota_limited":["events"]}"#),
                    arrives: false,
                },
                Fault::Unauthorised => status(401, false),
                Fault::Refusing => status(403, false),
                _ => continue,
            });
        }
        if fates.is_empty() { Fate::Well } else { self.chance.pick(&fates).clone() }
    }

    pub(crate) fn arrive(&mut self, number: usize) {
        let flight = &mut self.flights[number];
        if flight.arrivals == 0 {
            return;
        }
        flight.arrivals -= 1;
        let (page, instance, request, first) = (flight.page, flight.instance, flight.request, flight.arrivals == 0);
        let (parcel, fate) = (Rc::clone(&flight.parcel), flight.fate.clone());
        let outcome = self.server.take(&parcel, self.now);
        self.note(|_| {
            format!("server: request {request:?} of page {page} arrives, {} events, {outcome:?}", parcel.events.len())
        });
        let told = match fate {
            Fate::Hangs { .. } => return,
            Fate::AnswerLost => Outcome::Failed,
            Fate::Answered { outcome, .. } => outcome,
            _ => outcome,
        };
        if let (Some(request), true) = (request, first) {
            let (low, high) = self.weather.latency;
            let back = self.chance.between(low, high);
            self.schedule(back, Happening::Task { page, instance, job: Job::Finish { request, outcome: told } });
        }
    }

    /// A page dies: what it sent by plain requests gets there or not, the rest is the browser's business.
    pub(crate) fn cut_requests(&mut self, page: PageId, all: bool) {
        for number in 0..self.flights.len() {
            let flight = &self.flights[number];
            if flight.page == page && flight.arrivals > 0 && (all || !flight.keepalive) && self.chance.percent(50) {
                self.flights[number].arrivals = 0;
            }
        }
    }

    /// The device falls asleep: what is on its way gets there at once or never, or the clock's skew would be a day.
    pub(crate) fn settle_flights(&mut self) {
        for number in 0..self.flights.len() {
            while self.flights[number].arrivals > 0 {
                if self.chance.percent(50) {
                    self.arrive(number);
                } else {
                    self.flights[number].arrivals = 0;
                }
            }
        }
    }
}
