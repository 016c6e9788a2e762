//! The lives of pages: opened, hidden, frozen, cached, hung, closed, killed, and killed with the whole browser.

use posthog_booking_tracker::tracker::{Call, Input};

use crate::locks::Holder;
use crate::page::{Job, Life, OWN_TEAM, Page, PageGate};
use crate::storage::PageId;
use crate::tab::Beside;
use crate::world::{Happening, Verdict, Violation, World};

impl World {
    /// Opens a page in a tab of its own, whose tracker is there at once.
    pub(crate) fn open(&mut self, gate: PageGate) -> Result<PageId, Violation> {
        let page = self.open_without_tracker(gate, Beside::default());
        self.run(page, Job::Start)?;
        Ok(page)
    }

    /// Opens a page whose tracker has not come yet.
    pub(crate) fn open_without_tracker(&mut self, gate: PageGate, beside: Beside) -> PageId {
        let id = self.pages.len();
        let mut page = Page::new(id, gate, beside, self.now);
        page.slept = self.slept;
        page.clock_zero = self.chance.below(5_000);
        page.stretch = self.people.begin(id, None, false);
        self.pages.push(page);
        let blocked = self.blocked && !self.is_healed;
        self.origin.borrow_mut().open(id, blocked, self.quota);
        self.note(|_| format!("page {id} opens: {gate:?}, blocked {blocked}"));
        id
    }

    pub(crate) fn say(&mut self, page: PageId, input: Input) -> Verdict {
        self.run(page, Job::Say(input))
    }

    /// The page is suspended in the middle of whatever it does.
    pub(crate) fn suspend(&mut self, page: PageId, life: Life) {
        self.note(|_| format!("page {page} is {life:?}"));
        self.pages[page].life = life;
    }

    /// A suspended page goes on: its tasks come in the order in which they were due.
    pub(crate) fn resume(&mut self, page: PageId) -> Verdict {
        self.note(|_| format!("page {page} goes on"));
        self.pages[page].life = Life::Live;
        for job in std::mem::take(&mut self.pages[page].backlog) {
            self.run(page, job)?;
        }
        Ok(())
    }

    /// The page is left and stays in the back/forward cache.
    pub(crate) fn cache(&mut self, page: PageId) -> Verdict {
        self.say(page, Input::Leaving)?;
        if self.pages[page].is_running() {
            self.suspend(page, Life::Cached);
        }
        Ok(())
    }

    /// It comes back from there; what was answered meanwhile comes before or after it hears so.
    pub(crate) fn uncache(&mut self, page: PageId) -> Verdict {
        let told_first = self.chance.percent(50);
        if told_first {
            self.pages[page].backlog.insert(0, Job::Say(Input::Returned));
        } else {
            self.pages[page].backlog.push(Job::Say(Input::Returned));
        }
        self.resume(page)
    }

    /// The page is left for good. Its keepalive requests get there, but the dying page is told that they failed (20 of
    /// 20 in Chromium 156).
    pub(crate) fn close(&mut self, page: PageId) -> Verdict {
        self.say(page, Input::Leaving)?;
        let requests: Vec<u32> = self.pages[page].under_way.keys().copied().collect();
        for request in requests {
            if self.chance.percent(50) {
                let outcome = posthog_booking_tracker::outbox::Outcome::Failed;
                self.schedule_job(1, page, Job::Finish { request, outcome });
            }
        }
        self.cut_requests(page, false);
        let delay = self.chance.between(2, 6);
        self.schedule(delay, Happening::Gone(page));
        Ok(())
    }

    /// The page is gone, whatever it was doing.
    pub(crate) fn bury(&mut self, page: PageId, why: &str) {
        if !self.pages[page].is_alive() {
            return;
        }
        self.note(|_| format!("page {page} is gone: {why}"));
        let kept = self.chance.below(3) as usize;
        let kept = if self.faults == crate::faults::Faults::NONE { usize::MAX } else { kept };
        let why = format!("{why}, with the only copy");
        self.destroy(&why, |world| {
            world.pages[page].life = Life::Dead;
            world.pages[page].backlog.clear();
            let mut origin = world.origin.borrow_mut();
            origin.mirror.lose_page(page, kept);
            origin.close(page);
        });
        let delay = self.chance.between(5, 140);
        self.schedule(delay, Happening::LockFreed(page));
    }

    /// The renderer is killed without any notice.
    pub(crate) fn kill(&mut self, page: PageId) {
        self.cut_requests(page, false);
        self.bury(page, "killed");
    }

    /// The page died inside a storage call, and its browser with it where the script says so.
    pub(crate) fn die_inside(&mut self, page: PageId) {
        self.note(|_| format!("page {page} dies inside a storage call"));
        self.origin.borrow_mut().mirror.lose_task(page);
        if self.crash_kills_browser {
            self.kill_browser();
        } else {
            self.kill(page);
        }
    }

    /// The browser is killed: every page is gone, and both stores are what they were on the disk.
    pub(crate) fn kill_browser(&mut self) {
        let log = self.origin.borrow().log_length();
        let batches = self.origin.borrow().mirror.pending();
        let log_kept = if self.chance.percent(70) { 0 } else { self.chance.below(log as u64 + 1) as usize };
        let batches_kept = self.chance.below(batches as u64 + 1) as usize;
        self.note(|_| {
            format!(
                "the browser is killed; {log_kept} of {log} writes and {batches_kept} of {batches} batches are kept"
            )
        });
        for page in 0..self.pages.len() {
            if self.pages[page].is_alive() {
                self.cut_requests(page, true);
            }
        }
        self.destroy("the browser was killed before the mirror was written", |world| {
            for page in &mut world.pages {
                page.life = Life::Dead;
                page.backlog.clear();
            }
            world.origin.borrow_mut().revert(log_kept, batches_kept);
        });
        let origin = self.origin.borrow();
        for fact in self.book.facts.iter_mut().filter(|fact| fact.raw.is_some() && fact.sealed.is_some()) {
            fact.came_back_raw |= origin.truth.get(&fact.key) == fact.raw.as_ref();
        }
        drop(origin);
        self.locks.holder = Holder::Nobody;
        self.forget_lost_foreign();
        let now = self.now;
        for span in self.lock_spans.iter_mut().filter(|span| span.2 == u64::MAX) {
            span.2 = now;
        }
    }

    /// What others have stored may be gone with a commit that never came.
    pub(crate) fn forget_lost_foreign(&mut self) {
        let origin = self.origin.borrow();
        self.foreign.retain(|key, _| origin.truth.contains_key(key));
    }

    /// The instance of a page traps: a facade takes its place until there is a fresh one, once; what traps twice gets none.
    pub(crate) fn trap(&mut self, page: PageId) -> Verdict {
        self.note(|_| format!("the instance of page {page} traps"));
        let keeps_lock = self.pages[page].holds_lock && self.chance.percent(50);
        if !self.pages[page].is_released {
            // What it had yet to do is lost with it, whom it was to be about included.
            self.begin_stretch(page, None, false);
        }
        self.destroy("the instance trapped, and storage had not taken it", |world| {
            world.pages[page].forget_instance();
        });
        if !keeps_lock {
            self.free_lock(page);
        }
        let team = self.pages[page].team.clone();
        if !team.is_empty() && team != OWN_TEAM {
            self.call(page, Call::SetTeam(Some(team)))?;
        }
        if self.pages[page].instance == 2 {
            let delay = self.chance.between(0, 3);
            self.schedule_job(delay, page, Job::Start);
        }
        Ok(())
    }
}
