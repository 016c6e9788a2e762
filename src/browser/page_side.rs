//! What the page's side does for the tracker. `js/src/page-side.ts` implements it; none of its methods throws, and each may call
//! the tracker.

use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** What the page's side does for the tracker. */
export interface PageSide {
  get(key: string): string | undefined;
  put(key: string, value: string): boolean;
  remove(key: string): void;
  keys(prefix: string): string[];
  tabGet(key: string): string | undefined;
  tabPut(key: string, value: string): void;
  tabRemove(key: string): void;
  recall(key: string): string | undefined;
  remember(key: string, value: string | undefined): void;
  notes(): number;
  send(request: number, events: string, keepalive: boolean): void;
  abort(request: number): void;
  exit(events: string): void;
  ask(question: number, url: string, body: string | undefined): void;
  askCallback(question: number, team: string): void;
  wakeIn(waitMs: number): void;
  askLock(): void;
  releaseLock(): void;
  opened(opensMirror: boolean): void;
  readMirror(): void;
  tryLater(uuid: string): void;
  eraseMirror(erasesRecords: boolean, isUsed: boolean): void;
  tellTeam(team: string, isOpen: boolean | undefined): void;
  tellFlags(): void;
  tellConsent(state: ConsentWord): void;
  tellNear(key: string): void;
  flagsSettled(ticket: number): void;
  flushed(): void;
  isShutDown(): void;
  say(level: "error" | "warn" | "debug", text: string): void;
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

    /// The value of a key in the tab's storage; none, where there is none to be had.
    #[wasm_bindgen(method, js_name = tabGet)]
    pub(crate) fn tab_get(this: &PageSide, key: &str) -> Option<String>;

    /// Stores a value in the tab's storage, where that is possible.
    #[wasm_bindgen(method, js_name = tabPut)]
    pub(crate) fn tab_put(this: &PageSide, key: &str, value: &str);

    /// Removes a key from the tab's storage.
    #[wasm_bindgen(method, js_name = tabRemove)]
    pub(crate) fn tab_remove(this: &PageSide, key: &str);

    /// What the trackers of this page know under a key.
    #[wasm_bindgen(method)]
    pub(crate) fn recall(this: &PageSide, key: &str) -> Option<String>;

    /// Notes what the trackers of this page know under a key from now on.
    #[wasm_bindgen(method)]
    pub(crate) fn remember(this: &PageSide, key: &str, value: Option<String>);

    /// How often something was noted.
    #[wasm_bindgen(method)]
    pub(crate) fn notes(this: &PageSide) -> u32;

    /// Posts a body of these events; its end is reported by `answered`, `failed`, `quotaLimited` or `webPageAnswered`.
    #[wasm_bindgen(method)]
    pub(crate) fn send(this: &PageSide, request: u32, events: &str, keepalive: bool);

    /// Gives a request up; nothing is reported.
    #[wasm_bindgen(method)]
    pub(crate) fn abort(this: &PageSide, request: u32);

    /// Hands a body of these events over for sending after the page is gone.
    #[wasm_bindgen(method)]
    pub(crate) fn exit(this: &PageSide, events: &str);

    /// Asks a server, and reports its answer by `jsonAnswered`.
    #[wasm_bindgen(method)]
    pub(crate) fn ask(this: &PageSide, question: u32, url: &str, body: Option<String>);

    /// Asks the page's callback about a team behind what is going on, and reports its answer by `callbackAnswered`.
    #[wasm_bindgen(method, js_name = askCallback)]
    pub(crate) fn ask_callback(this: &PageSide, question: u32, team: &str);

    /// Reports `woke` after this time and not at any earlier named one; never, where it is negative.
    #[wasm_bindgen(method, js_name = wakeIn)]
    pub(crate) fn wake_in(this: &PageSide, wait_ms: f64);

    /// Asks for the drain lock without waiting for it; what came of it is reported by `lockAnswered`.
    #[wasm_bindgen(method, js_name = askLock)]
    pub(crate) fn ask_lock(this: &PageSide);

    /// Lets the drain lock go.
    #[wasm_bindgen(method, js_name = releaseLock)]
    pub(crate) fn release_lock(this: &PageSide);

    /// The stores are in use from now on.
    #[wasm_bindgen(method)]
    pub(crate) fn opened(this: &PageSide, opens_mirror: bool);

    /// Reads the mirror, and reports what it holds by `mirrored`.
    #[wasm_bindgen(method, js_name = readMirror)]
    pub(crate) fn read_mirror(this: &PageSide);

    /// Reports a record by `retryQuarantined`, in a task of its own.
    #[wasm_bindgen(method, js_name = tryLater)]
    pub(crate) fn try_later(this: &PageSide, uuid: &str);

    /// Removes the project's records from the mirror, or nothing, and the whole mirror where nothing is left in it.
    #[wasm_bindgen(method, js_name = eraseMirror)]
    pub(crate) fn erase_mirror(this: &PageSide, erases_records: bool, is_used: bool);

    /// Tells the page's listeners what is known of a team.
    #[wasm_bindgen(method, js_name = tellTeam)]
    pub(crate) fn tell_team(this: &PageSide, team: &str, is_open: Option<bool>);

    /// Tells the page's listeners of the feature flags.
    #[wasm_bindgen(method, js_name = tellFlags)]
    pub(crate) fn tell_flags(this: &PageSide);

    /// Tells the page's listeners of a change of consent.
    #[wasm_bindgen(method, js_name = tellConsent)]
    pub(crate) fn tell_consent(this: &PageSide, state: &str);

    /// Tells the other trackers of this page that something is stored under this key.
    #[wasm_bindgen(method, js_name = tellNear)]
    pub(crate) fn tell_near(this: &PageSide, key: &str);

    /// Whoever has asked for flags by this ticket or an earlier one need not wait any more.
    #[wasm_bindgen(method, js_name = flagsSettled)]
    pub(crate) fn flags_settled(this: &PageSide, ticket: u32);

    /// The flush that was asked for is over.
    #[wasm_bindgen(method)]
    pub(crate) fn flushed(this: &PageSide);

    /// The shutdown that was asked for is over.
    #[wasm_bindgen(method, js_name = isShutDown)]
    pub(crate) fn is_shut_down(this: &PageSide);

    /// Says something on the console.
    #[wasm_bindgen(method)]
    pub(crate) fn say(this: &PageSide, level: &str, text: &str);
}
