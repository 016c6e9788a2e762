//! The surface that JavaScript sees: parse, call, convert. No logic.
#![expect(unreachable_pub, reason = "wasm-bindgen exports these, and asks for `pub`")]

use std::cell::OnceCell;

use wasm_bindgen::prelude::*;

use crate::browser::{Driver, PageSide};
use crate::engine::{Config, Handover, Input, LockAnswer, NewEvent, Outcome};

/// What can happen, as it crosses the boundary. Beside each stand the numbers and texts that it comes with.
#[wasm_bindgen]
#[derive(Debug, Clone, Copy)]
pub enum Happening {
    /// An event is captured; 1 where it goes at once; its record's key, the event as JSON, its team or nothing.
    Captured,
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
    /// What came of asking for the drain lock: 0 for granted, 1 for granted beside other living pages, 2 for
    /// refused, 3 for missing, 4 for lost after all.
    LockAnswered,
    /// The mirror has been read; its records, a line each.
    Mirrored,
    /// Everything that waits is given up.
    Purged,
}

impl Happening {
    /// All of them, each at the place of its number.
    const ORDER: [Self; 13] = [
        Self::Captured,
        Self::GateAnswered,
        Self::Answered,
        Self::Hidden,
        Self::Leaving,
        Self::Returned,
        Self::Online,
        Self::Woke,
        Self::FlushRequested,
        Self::ShutDown,
        Self::LockAnswered,
        Self::Mirrored,
        Self::Purged,
    ];
}

thread_local! {
    /// The engine of this instance; each tracker has an instance of its own.
    static ENGINE: OnceCell<Driver> = const { OnceCell::new() };
}

/// Starts the engine of this instance. `start` is what `js/src/engine.ts` writes as one JSON object: the checked options
/// and what the keel hands over.
#[wasm_bindgen]
pub fn start(start: &str, page_side: PageSide) {
    ENGINE.with(|engine| {
        let driver = engine.get_or_init(|| Driver::new(Config::parse(start), page_side));
        driver.enter(Input::Started(Handover::parse(start)));
    });
}

/// Tells the engine what happened. There is one door for everything, because each exported function costs some 250
/// bytes; `js/src/engine.ts` gives it typed ones.
#[wasm_bindgen]
pub fn handle(happening: u8, number: u32, status: u32, first: &str, second: &str, third: &str) {
    let some = |text: &str| if text.is_empty() { None } else { Some(text.to_owned()) };
    let definite = |answer: u32| if answer > 1 { None } else { Some(answer == 1) };
    let Some(happening) = Happening::ORDER.get(usize::from(happening)) else {
        return;
    };
    let input = match happening {
        Happening::Captured => {
            let (key, body) = (first.to_owned(), second.to_owned());
            Input::Captured(NewEvent { key, body, team: some(third), open: definite(status), at_once: number == 1 })
        }
        Happening::GateAnswered => Input::GateAnswered { team: first.to_owned(), open: definite(number) },
        Happening::Answered if status == 0 => Input::SendFinished { request: number, outcome: Outcome::Failed },
        Happening::Answered => Input::SendFinished {
            request: number,
            outcome: Outcome::Answered { status: status as u16, body: first.to_owned(), retry_after: some(second) },
        },
        Happening::Hidden => Input::Hidden,
        Happening::Leaving => Input::Leaving,
        Happening::Returned => Input::Returned,
        Happening::Online => Input::Online,
        Happening::Woke => Input::Woke,
        Happening::FlushRequested => Input::FlushRequested,
        Happening::ShutDown => Input::ShutDown,
        Happening::LockAnswered => match number {
            0 => Input::LockAnswered(LockAnswer::Granted),
            1 => Input::LockAnswered(LockAnswer::GrantedBeside),
            2 => Input::LockAnswered(LockAnswer::Refused),
            3 => Input::LockAnswered(LockAnswer::Missing),
            _ => Input::LockLost,
        },
        Happening::Mirrored => Input::Mirrored(first.to_owned()),
        Happening::Purged => Input::Purged,
    };
    ENGINE.with(|engine| {
        if let Some(driver) = engine.get() {
            driver.enter(input);
        }
    });
}

/// The counters: captured, adopted, confirmed, waiting, settled elsewhere, then the dropped by reason, in the order of
/// the engine's `DropReason::ALL`, separated by commas.
#[wasm_bindgen]
#[must_use]
pub fn stats() -> String {
    ENGINE.with(|engine| engine.get().map(|driver| driver.stats().line()).unwrap_or_default())
}

/// Test builds only: kills every engine of this page that meets `needle`.
#[cfg(feature = "planted-trap")]
#[wasm_bindgen(js_name = plantTrap)]
pub fn plant_trap(needle: &str) {
    crate::browser::planted_trap::plant(needle);
}
