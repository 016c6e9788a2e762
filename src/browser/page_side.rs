//! What the page's side does for the engine. `js/src/page-side.ts` implements it; none of its methods throws, and each may call
//! the engine.

use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** What the page's side does for the engine. */
export interface PageSide {
  get(key: string): string | undefined;
  put(key: string, value: string): boolean;
  remove(key: string): void;
  keys(prefix: string): string[];
  send(request: number, events: string, keepalive: boolean): void;
  abort(request: number): void;
  exit(events: string): void;
  wakeIn(waitMs: number): void;
  askGate(team: string): void;
  askLock(): void;
  releaseLock(): void;
  settled(): void;
  notice(code: string, event: string): void;
  replayJournal(ageMinMs: number): void;
}
"#;

#[wasm_bindgen]
extern "C" {
    /// The object that the wrapper passes in.
    #[wasm_bindgen(typescript_type = "PageSide")]
    #[derive(Debug, Clone)]
    pub type PageSide;

    /// The stored value of a key; none, where there is none; empty, where storage is blocked.
    #[wasm_bindgen(method)]
    pub(crate) fn get(this: &PageSide, key: &str) -> Option<String>;

    /// Stores a value; `false`, where storage is full or blocked. The mirror takes sealed records only: a raw one there could
    /// outlive its seal, and be taken for one that nobody has sent.
    #[wasm_bindgen(method)]
    pub(crate) fn put(this: &PageSide, key: &str, value: &str) -> bool;

    /// Removes a key.
    #[wasm_bindgen(method)]
    pub(crate) fn remove(this: &PageSide, key: &str);

    /// All keys with this prefix.
    #[wasm_bindgen(method)]
    pub(crate) fn keys(this: &PageSide, prefix: &str) -> Vec<String>;

    /// Posts a body of these events; its end is reported by `answered`, `failed`, `quotaLimited` or `webPageAnswered`.
    #[wasm_bindgen(method)]
    pub(crate) fn send(this: &PageSide, request: u32, events: &str, keepalive: bool);

    /// Gives a request up; nothing is reported.
    #[wasm_bindgen(method)]
    pub(crate) fn abort(this: &PageSide, request: u32);

    /// Hands a body of these events over for sending after the page is gone.
    #[wasm_bindgen(method)]
    pub(crate) fn exit(this: &PageSide, events: &str);

    /// Reports `woke` after this time and not at any earlier named one; never, where it is negative.
    #[wasm_bindgen(method, js_name = wakeIn)]
    pub(crate) fn wake_in(this: &PageSide, wait_ms: f64);

    /// Finds out whether a team is tracked, and reports it by `gateAnswered`.
    #[wasm_bindgen(method, js_name = askGate)]
    pub(crate) fn ask_gate(this: &PageSide, team: &str);

    /// Asks for the drain lock without waiting for it; what came of it is reported by `lockAnswered`.
    #[wasm_bindgen(method, js_name = askLock)]
    pub(crate) fn ask_lock(this: &PageSide);

    /// Lets the drain lock go.
    #[wasm_bindgen(method, js_name = releaseLock)]
    pub(crate) fn release_lock(this: &PageSide);

    /// The flush that was asked for is over.
    #[wasm_bindgen(method)]
    pub(crate) fn settled(this: &PageSide);

    /// Tells the people who run the page something, by the code of the notice.
    #[wasm_bindgen(method)]
    pub(crate) fn notice(this: &PageSide, code: &str, event: &str);

    /// Reports what other pages have noted in their journals and is at least this old, by `replay`; for younger entries asks to
    /// be asked again, by `lookAgain`.
    #[wasm_bindgen(method, js_name = replayJournal)]
    pub(crate) fn replay_journal(this: &PageSide, age_min_ms: f64);
}
