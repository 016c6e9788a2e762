//! What goes on behind the calls of a page: futures, each of which waits for one thing of the browser at a time.
//!
//! `wasm-bindgen-futures` would wake them from closures of the module, past its guard (`js/src/instance.ts`). Here the browser calls a
//! function of the host, and that enters the module as everything else does.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;

use super::{Heard, Host};

#[wasm_bindgen]
extern "C" {
    /// A promise whose `then` the page may have replaced.
    type Thenable;

    #[wasm_bindgen(method, catch)]
    fn then(this: &Thenable, fulfilled: &Function, rejected: &Function) -> Result<JsValue, JsValue>;
}

/// What the browser has said: a value, or that something has failed.
pub(super) type Answer = Result<JsValue, JsValue>;

/// Something that goes on behind a call.
pub(super) type Task = Pin<Box<dyn Future<Output = ()>>>;

/// The futures of one tracker.
#[derive(Debug)]
pub(super) struct Tasks {
    host: Host,
    waiting: RefCell<Vec<Waiting>>,
    /// Names the wait that was begun last.
    last_wait: Cell<u32>,
    /// The wait that the future that is being polled is in now.
    present_wait: Cell<u32>,
    /// What the future that is being polled has waited for.
    answer: RefCell<Option<Answer>>,
    /// The wait for which the browser is being asked, and what it has said to that at once.
    asking: Cell<u32>,
    early: RefCell<Option<Answer>>,
}

/// A future, and the wait that it is in.
struct Waiting {
    wait: u32,
    task: Task,
}

impl core::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Waiting").field("wait", &self.wait).finish_non_exhaustive()
    }
}

impl Tasks {
    pub(super) fn new(host: Host) -> &'static Self {
        let (waiting, answer, early) = (RefCell::default(), RefCell::default(), RefCell::default());
        Box::leak(Box::new(Self {
            host,
            waiting,
            last_wait: Cell::new(0),
            present_wait: Cell::new(0),
            answer,
            asking: Cell::new(0),
            early,
        }))
    }

    /// What is left of the last call of a dead instance ends here.
    pub(super) fn check_alive(&self) {
        self.host.touch("");
    }

    /// Begins a future now, and takes it as far as it can go.
    pub(super) fn spawn(&self, task: Task) {
        self.poll(task);
    }

    /// Goes on with the future that is in this wait; with none, where the wait is over already.
    pub(super) fn resume(&self, wait: u32, answer: Answer) {
        let Some(Waiting { task, .. }) = self.take(wait) else {
            // What stands in the place of the browser's own may answer at once.
            if wait == self.asking.get() {
                self.early.borrow_mut().get_or_insert(answer);
            }
            return;
        };
        self.answer.replace(Some(answer));
        self.poll(task);
    }

    fn take(&self, wait: u32) -> Option<Waiting> {
        let mut waiting = self.waiting.borrow_mut();
        let place = waiting.iter().position(|waiting| waiting.wait == wait)?;
        Some(waiting.swap_remove(place))
    }

    fn poll(&self, mut task: Task) {
        if task.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            self.waiting.borrow_mut().push(Waiting { wait: self.present_wait.get(), task });
        }
    }

    /// Waits for the first call of one of two functions: the one says that something has come, the other that it has failed. `ask` passes
    /// them to the browser.
    pub(super) fn until(&'static self, ask: &mut dyn FnMut(&Function, &Function) -> Result<(), JsValue>) -> Until {
        let wait = self.last_wait.get() + 1;
        self.last_wait.set(wait);
        let resumed = self.host.hearer(Heard::Resumed, wait);
        let rejected = self.host.hearer(Heard::Rejected, wait);
        let outer = self.asking.replace(wait);
        let outer_early = self.early.take();
        let failure = ask(&resumed, &rejected).err().map(Err);
        let early = self.early.replace(outer_early);
        self.asking.set(outer);
        Until { tasks: self, wait, early: early.or(failure), is_asked: false }
    }

    /// Waits for a promise, which may be none.
    pub(super) fn settled(&'static self, promise: Result<Promise, JsValue>) -> Until {
        self.until(&mut |resumed, rejected| on_settled(promise.as_ref()?, resumed, rejected))
    }
}

/// Has one of two functions called when a promise is settled.
pub(super) fn on_settled(promise: &JsValue, fulfilled: &Function, rejected: &Function) -> Result<(), JsValue> {
    promise.unchecked_ref::<Thenable>().then(fulfilled, rejected).map(drop)
}

/// A wait.
#[derive(Debug)]
pub(super) struct Until {
    tasks: &'static Tasks,
    wait: u32,
    /// What is known without waiting.
    early: Option<Answer>,
    is_asked: bool,
}

impl Future for Until {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Answer> {
        if let Some(answer) = self.early.take() {
            return Poll::Ready(answer);
        }
        if !core::mem::replace(&mut self.is_asked, true) {
            self.tasks.present_wait.set(self.wait);
            return Poll::Pending;
        }
        Poll::Ready(self.tasks.answer.take().unwrap_or(Err(JsValue::UNDEFINED)))
    }
}
