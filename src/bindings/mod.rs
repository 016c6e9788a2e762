//! The surface that JavaScript sees: parse, call, convert. No logic.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::prelude::*;

use crate::browser::{Driver, PageSide};
use crate::engine::{Config, Handover, Input, NewEvent, Outcome, Page};

/// What can happen, as it crosses the boundary. Beside each stand the numbers and texts that it comes with.
#[wasm_bindgen]
#[derive(Debug, Clone, Copy)]
pub enum Happening {
    /// An event is captured; its name, its properties as JSON, its team or nothing.
    Captured,
    /// The visitor is named; the distinct id, the page's team or nothing.
    Identified,
    /// The page has another address; the address and the referrer, reduced.
    Moved,
    /// 1 for open, 0 for shut, anything else where no answer could be had; the team.
    GateAnswered,
    /// A request has ended; its number, the status or 0 where there was none; the body, `Retry-After` or nothing.
    Answered,
    /// `visibilitychange` to hidden.
    Hidden,
    /// `pagehide`.
    Leaving,
    /// `visibilitychange` to visible, `pageshow`.
    Returned,
    /// `online`.
    Online,
    /// The time of `wakeIn` is over.
    Woke,
    /// `flush()` was called.
    FlushRequested,
    /// `shutdown()` was called.
    ShutDown,
}

thread_local! {
    /// The engines of this page, one for each tracker. They live as long as the page.
    static ENGINES: RefCell<Vec<Rc<Driver>>> = const { RefCell::new(Vec::new()) };
}

fn engine(number: usize) -> Option<Rc<Driver>> {
    ENGINES.with_borrow(|engines| engines.get(number).cloned())
}

/// Starts an engine and gives its number. `start` is what `js/src/engine.ts` writes as one JSON object: the checked
/// options and what the keel hands over.
#[wasm_bindgen]
#[must_use]
pub fn start(start: &str, page_side: PageSide) -> usize {
    let driver = Rc::new(Driver::start(Config::parse(start), page_side, Handover::parse(start)));
    ENGINES.with_borrow_mut(|engines| {
        engines.push(driver);
        engines.len() - 1
    })
}

/// Tells an engine what happened. There is one door for everything, because each exported function costs some 250
/// bytes; `js/src/engine.ts` gives it typed ones.
#[wasm_bindgen]
pub fn handle(
    engine: usize,
    happening: Happening,
    number: u32,
    status: u16,
    first: String,
    second: String,
    third: String,
) {
    let some = |text: String| if text.is_empty() { None } else { Some(text) };
    let input = match happening {
        Happening::Captured => Input::Captured(NewEvent { name: first, properties: second, team: some(third) }),
        Happening::Identified => Input::Identified { distinct_id: first, team: some(second) },
        Happening::Moved => Input::Moved(Page { url: first, referrer: second }),
        Happening::GateAnswered => {
            Input::GateAnswered { team: first, open: if number > 1 { None } else { Some(number == 1) } }
        }
        Happening::Answered => Input::SendFinished {
            request: number,
            outcome: if status == 0 {
                Outcome::Failed
            } else {
                Outcome::Answered { status, body: first, retry_after: some(second) }
            },
        },
        Happening::Hidden => Input::Hidden,
        Happening::Leaving => Input::Leaving,
        Happening::Returned => Input::Returned,
        Happening::Online => Input::Online,
        Happening::Woke => Input::Woke,
        Happening::FlushRequested => Input::FlushRequested,
        Happening::ShutDown => Input::ShutDown,
    };
    if let Some(driver) = self::engine(engine) {
        driver.enter(input);
    }
}

/// An engine's counters: captured, adopted, confirmed, waiting, settled elsewhere, then the dropped by reason, in the
/// order of the engine's `DropReason::ALL`, separated by commas.
#[wasm_bindgen]
#[must_use]
pub fn stats(engine: usize) -> String {
    self::engine(engine).map(|driver| driver.stats().line()).unwrap_or_default()
}

/// Test builds only: kills every engine of this page that meets `needle`.
#[cfg(feature = "planted-trap")]
#[wasm_bindgen(js_name = plantTrap)]
pub fn plant_trap(needle: &str) {
    crate::browser::planted_trap::plant(needle);
}
