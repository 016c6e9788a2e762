//! The driver: passes inputs to the engine, drains its outputs and carries them out.
//!
//! The engine is never borrowed while anything of the page runs, save for storage itself. A call that comes in while it
//! is (a page may have replaced `Storage.prototype.setItem`) is queued behind.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use js_sys::{Function, Promise};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AbortController, Response};

use super::lifecycle::Lifecycle;
use super::page::page;
use super::wake_timer::WakeTimer;
use super::{LocalStore, PageCallbacks, clock, entropy, fetch, send_beacon, storage};
use crate::engine::{Config, DropReason, Handover, Input, Notice, Now, Outcome, Output, Stats, Tracker};

/// Longest answer that is looked at, in UTF-16 units: PostHog's are under a hundred, a web page's may be megabytes.
const ANSWER_UNITS_MAX: u32 = 4_096;

/// One engine in its browser.
#[derive(Debug)]
pub struct Driver {
    tracker: RefCell<Tracker<LocalStore>>,
    behind: RefCell<VecDeque<Input>>,
    requests: RefCell<Vec<(u32, AbortController)>>,
    timer: RefCell<WakeTimer>,
    wake: RefCell<Option<Function>>,
    lifecycle: RefCell<Lifecycle>,
    settled: RefCell<Vec<Function>>,
    callbacks: PageCallbacks,
    url: String,
}

impl Driver {
    /// Starts an engine that delivers to `host`, an origin with an optional path and no slash at its end.
    pub fn start(host: &str, config: Config, callbacks: PageCallbacks, handover: Handover) -> Rc<Self> {
        let driver = Rc::new(Self {
            tracker: RefCell::new(Tracker::new(config, LocalStore::open())),
            behind: RefCell::default(),
            requests: RefCell::default(),
            timer: RefCell::new(WakeTimer::new()),
            wake: RefCell::new(None),
            lifecycle: RefCell::default(),
            settled: RefCell::default(),
            callbacks,
            url: [host, "/i/v0/e/"].concat(),
        });
        let weak = Rc::downgrade(&driver);
        let wake = Closure::<dyn FnMut()>::new(move || {
            if let Some(driver) = weak.upgrade() {
                driver.enter(Input::Woke);
            }
        });
        *driver.wake.borrow_mut() = Some(driver.callbacks.guard(wake.into_js_value().unchecked_ref()));
        *driver.lifecycle.borrow_mut() = Lifecycle::listen(&driver);
        driver.enter(Input::Started(handover));
        driver
    }

    /// Tells the engine what happened and does what follows from it.
    pub fn enter(self: &Rc<Self>, input: Input) {
        self.behind.borrow_mut().push_back(input);
        loop {
            let Ok(mut tracker) = self.tracker.try_borrow_mut() else {
                return;
            };
            let Some(input) = self.behind.borrow_mut().pop_front() else {
                return;
            };
            let stops = input == Input::ShutDown;
            storage::begin_input();
            #[cfg(feature = "planted-trap")]
            super::planted_trap::spring(&input);
            let now = Now { wall: clock::wall(), monotonic: clock::monotonic(), entropy: entropy() };
            tracker.handle(now, input);
            let outputs: Vec<Output> = std::iter::from_fn(|| tracker.poll()).collect();
            drop(tracker);
            for output in outputs {
                self.perform(output);
            }
            if stops {
                self.lifecycle.borrow_mut().stop();
            }
        }
    }

    /// Like [`enter`](Self::enter) for an input whose end is announced: `settled` is called once the flush is over.
    pub fn enter_until_settled(self: &Rc<Self>, input: Input, settled: Function) {
        self.settled.borrow_mut().push(settled);
        self.enter(input);
    }

    /// Captures an event of the page as it is now.
    pub fn capture(self: &Rc<Self>, event: String, properties: String, team: Option<String>) {
        self.enter(Input::Captured { event, properties, team, page: page() });
    }

    /// Names the visitor of the page.
    pub fn identify(self: &Rc<Self>, distinct_id: String, team: Option<String>) {
        self.enter(Input::Identified { distinct_id, team, page: page() });
    }

    /// The page's counters.
    pub fn stats(&self) -> Stats {
        self.tracker.try_borrow().map(|tracker| tracker.stats()).unwrap_or_default()
    }

    pub(crate) fn callbacks(&self) -> &PageCallbacks {
        &self.callbacks
    }

    fn perform(self: &Rc<Self>, output: Output) {
        match output {
            Output::Send { request, body, keepalive } => self.send(request, &body, keepalive),
            Output::Abort { request } => {
                if let Some(controller) = self.take_request(request) {
                    controller.abort();
                }
            }
            Output::Exit { body } => {
                let url = [&self.url, "?beacon=1"].concat();
                if !send_beacon(&url, &body)
                    && let Ok(promise) = fetch::post(&self.url, &body, true, None)
                {
                    // Nobody listens to a page that is gone, but an unheard rejection is an error of the page.
                    let nothing = self.once(|_, _| {});
                    let _ = then(&promise, &nothing, &nothing);
                }
            }
            Output::WakeAt(time) => {
                if let Some(wake) = &*self.wake.borrow() {
                    self.timer.borrow_mut().set(clock::monotonic(), time, wake);
                }
            }
            Output::AskGate { team } => self.callbacks.ask_gate(&team),
            Output::Settled => {
                for settled in self.settled.take() {
                    let _ = settled.call0(&JsValue::UNDEFINED);
                }
            }
            Output::Notice(notice) => {
                let (code, event) = notice_text(&notice);
                self.callbacks.notice(code, event);
            }
        }
    }

    fn send(self: &Rc<Self>, request: u32, body: &str, keepalive: bool) {
        let controller = AbortController::new().ok();
        let signal = controller.as_ref().map(AbortController::signal);
        if let Some(controller) = controller {
            self.requests.borrow_mut().push((request, controller));
        }
        let failed = self.once(move |driver, _| driver.finish(request, Outcome::Failed));
        match fetch::post(&self.url, body, keepalive, signal.as_ref()) {
            Ok(promise) => {
                let answered = self.once(move |driver, response| driver.read(request, response));
                let _ = then(&promise, &answered, &failed);
            }
            // The page's own `fetch` threw. The failure is reported later, as every other one.
            Err(_) => {
                let _ = then(&Promise::resolve(&JsValue::NULL), &failed, &failed);
            }
        }
    }

    /// Reads the answer's body to its end: a keepalive request whose body is left unread may hold its quota for ever.
    fn read(self: &Rc<Self>, request: u32, response: JsValue) {
        let Some(response) = response.dyn_ref::<Response>() else {
            return self.finish(request, Outcome::Failed);
        };
        let status = response.status();
        let retry_after = response.headers().get("Retry-After").ok().flatten();
        let Ok(text) = response.text() else {
            return self.finish(request, Outcome::Failed);
        };
        let read = self.once(move |driver, text| {
            let text = js_sys::JsString::from(text);
            // A cut text is no JSON, and none of this length is PostHog's answer.
            let body = String::from(text.slice(0, ANSWER_UNITS_MAX));
            driver.finish(request, Outcome::Answered { status, body, retry_after });
        });
        let failed = self.once(move |driver, _| driver.finish(request, Outcome::Failed));
        let _ = then(&text, &read, &failed);
    }

    fn finish(self: &Rc<Self>, request: u32, outcome: Outcome) {
        self.take_request(request);
        self.enter(Input::SendFinished { request, outcome });
    }

    fn take_request(&self, request: u32) -> Option<AbortController> {
        let mut requests = self.requests.borrow_mut();
        let place = requests.iter().position(|(id, _)| *id == request)?;
        Some(requests.swap_remove(place).1)
    }

    /// A guarded function that runs `run` once with its argument.
    fn once(self: &Rc<Self>, run: impl FnOnce(&Rc<Self>, JsValue) + 'static) -> Function {
        let driver = self.clone();
        let function = Closure::once_into_js(move |value: JsValue| run(&driver, value));
        self.callbacks.guard(function.unchecked_ref())
    }
}

/// `promise.then(fulfilled, rejected)` with functions that are JavaScript's already.
fn then(promise: &Promise, fulfilled: &Function, rejected: &Function) -> Result<JsValue, JsValue> {
    let method = js_sys::Reflect::get(promise, &JsValue::from_str("then"))?;
    method.unchecked_ref::<Function>().call2(promise, fulfilled, rejected)
}

/// The code of a notice and the name of the event that it is about.
fn notice_text(notice: &Notice) -> (&'static str, &str) {
    match notice {
        Notice::Ungated => ("ungated", ""),
        Notice::Unauthorised => ("unauthorised", ""),
        Notice::WebPage => ("web_page", ""),
        Notice::IllegalDistinctId => ("illegal_distinct_id", ""),
        Notice::Dropped { reason, event } => (drop_code(*reason), event),
    }
}

fn drop_code(reason: DropReason) -> &'static str {
    match reason {
        DropReason::GateShut => "dropped_gate_shut",
        DropReason::Ungated => "dropped_ungated",
        DropReason::Invalid => "dropped_invalid",
        DropReason::TooLarge => "dropped_too_large",
        DropReason::Rejected => "dropped_rejected",
        DropReason::Expired => "dropped_expired",
        DropReason::Evicted => "dropped_evicted",
        DropReason::Torn => "dropped_torn",
        DropReason::Duplicate => "dropped_duplicate",
        DropReason::ShutDown => "dropped_shut_down",
    }
}
