//! The surface that JavaScript sees: parse, call, convert. No logic.
#![expect(unreachable_pub, reason = "wasm-bindgen exports these, and asks for `pub`")]

use std::cell::Cell;

use wasm_bindgen::prelude::*;

use crate::browser::{Driver, PageSide};
use crate::engine::{Config, Handover, Input, LockAnswer, NewEvent, Outcome, cut};

/// What can happen, as it crosses the boundary. Beside each stand the numbers and texts that it comes with; the texts cross as
/// one, with tabulators between them.
#[wasm_bindgen]
#[derive(Debug, Clone, Copy)]
pub enum Happening {
    /// The engine has been made; what the keel hands over: the quarantined uuids, its records.
    Started,
    /// An event is captured; 1 where it goes at once; 1, 0 or anything else for what is known of its team; its record's key,
    /// its team or nothing, the event as JSON, its name.
    Captured,
    /// 1 for open, 0 for shut, anything else where no answer could be had; the team.
    GateAnswered,
    /// A request has ended; its number, the status or 0 where there was none, the seconds of `Retry-After` or 0.
    Answered,
    /// PostHog has answered a request that it takes no events; its number.
    QuotaLimited,
    /// Something else than PostHog has answered a request; its number.
    WebPageAnswered,
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
    const ORDER: [Self; 16] = [
        Self::Started,
        Self::Captured,
        Self::GateAnswered,
        Self::Answered,
        Self::QuotaLimited,
        Self::WebPageAnswered,
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

/// What stands between the texts of a call. Of what crosses only an event's name and the records of others may hold it, and
/// these come last.
const SEPARATOR: u8 = b'\t';

thread_local! {
    /// The engine of this instance; each tracker has an instance of its own, with which it goes, so nothing drops it.
    static ENGINE: Cell<Option<&'static Driver>> = const { Cell::new(None) };
}

/// Makes the engine of this instance with the checked options; times in ms.
#[wasm_bindgen]
pub fn start(
    project: String,
    flush_at: u32,
    flush_interval: u32,
    max_retries: u32,
    request_timeout: u32,
    page_side: PageSide,
) {
    let config = Config {
        project,
        flush_at: flush_at as usize,
        flush_interval_ms: flush_interval.into(),
        max_retries,
        request_timeout_ms: request_timeout.into(),
    };
    ENGINE.set(Some(Box::leak(Box::new(Driver::new(config, page_side)))));
}

/// Tells the engine what happened. There is one door for everything, because each exported function costs some 250
/// bytes; `js/src/engine.ts` gives it typed ones.
#[wasm_bindgen]
pub fn handle(happening: u8, number: u32, status: u32, wait: u32, text: String) {
    let definite = |answer: u32| if answer > 1 { None } else { Some(answer == 1) };
    let Some(happening) = Happening::ORDER.get(usize::from(happening)) else {
        return;
    };
    let finished = |outcome: Outcome| Input::SendFinished { request: number, outcome };
    let (first, rest) = cut(&text, SEPARATOR);
    let input = match happening {
        Happening::Started => Input::Started(Handover { records: rest.to_owned(), quarantined: first.to_owned() }),
        Happening::Captured => {
            let (team, rest) = cut(rest, SEPARATOR);
            let (body, name) = cut(rest, SEPARATOR);
            Input::Captured(NewEvent {
                key: first.to_owned(),
                name: name.to_owned(),
                body: body.to_owned(),
                team: if team.is_empty() { None } else { Some(team.to_owned()) },
                open: definite(status),
                must_send: number == 1,
            })
        }
        Happening::GateAnswered => Input::GateAnswered { team: text, open: definite(number) },
        Happening::Answered if status == 0 => finished(Outcome::Failed),
        Happening::Answered => finished(Outcome::Answered { status: status as u16, retry_after_s: wait }),
        Happening::QuotaLimited => finished(Outcome::QuotaLimited),
        Happening::WebPageAnswered => finished(Outcome::WebPage),
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
        Happening::Mirrored => Input::Mirrored(text),
        Happening::Purged => Input::Purged,
    };
    if let Some(driver) = ENGINE.get() {
        driver.enter(input);
    }
}

/// Gives the page's side the counters by its `count`: captured, adopted, confirmed, waiting, held, settled elsewhere, then the
/// dropped by reason, in the order of the engine's `DropReason::ALL`.
#[wasm_bindgen]
pub fn stats() {
    if let Some(driver) = ENGINE.get() {
        driver.count();
    }
}

/// Test builds only: kills every engine of this page that meets `needle`.
#[cfg(feature = "planted-trap")]
#[wasm_bindgen(js_name = plantTrap)]
pub fn plant_trap(needle: &str) {
    crate::browser::planted_trap::plant(needle);
}
