//! What JavaScript does for one tracker (`js/src/instance.ts`): the browser enters the module only through functions made
//! there, and it keeps what must outlive an instance that traps. Only `touch` throws. The methods that tell the page something may call the
//! tracker again.

use js_sys::Function;
use wasm_bindgen::prelude::*;

use super::Heard;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** What JavaScript does for one tracker. */
export interface Host {
  hearer(what: Heard, id: number): (value?: unknown) => void;
  holder(lock: string, hear: (lock: unknown) => void): (lock: unknown) => Promise<void> | undefined;
  letGo(lock: string): void;
  touch(key: string): void;
  recall(key: string): string | undefined;
  remember(key: string, value: string | undefined): void;
  notes(): number;
  opened(): void;
  tellTeam(team: string, state: TeamGateState): void;
  tellFlags(): void;
  tellConsent(state: ConsentState): void;
  tellNear(key: string): void;
  flagsSettled(ticket: number): void;
  flushed(): void;
  isShutDown(): void;
}
"#;

/// The word for what is known of a team.
pub(crate) fn gate_word(is_open: Option<bool>) -> &'static str {
    match is_open {
        None => "unknown",
        Some(true) => "open",
        Some(false) => "shut",
    }
}

#[wasm_bindgen]
extern "C" {
    /// The object that the wrapper passes in.
    #[wasm_bindgen(typescript_type = "Host")]
    #[derive(Debug, Clone)]
    pub type Host;

    /// A function for the browser to call: it enters the module through its guard and has it hear of `what`, with the value that the
    /// function is called with. It does nothing once the instance is dead.
    #[wasm_bindgen(method)]
    pub(super) fn hearer(this: &Host, what: Heard, id: u32) -> Function;

    /// A function for the lock manager to call: it passes on what that says, and holds the lock until `let_go`, or until the instance
    /// is dead.
    #[wasm_bindgen(method)]
    pub(super) fn holder(this: &Host, lock: &str, hear: &Function) -> Function;

    /// Lets a lock go.
    #[wasm_bindgen(method, js_name = letGo)]
    pub(super) fn let_go(this: &Host, lock: &str);

    /// A record is under work: after a trap it is the one that has killed the module; none, where the key is empty. It throws where the
    /// instance is dead, so that what is left of its last call ends.
    #[wasm_bindgen(method)]
    pub(super) fn touch(this: &Host, key: &str);

    /// What the trackers of this page know under a key.
    #[wasm_bindgen(method)]
    pub(super) fn recall(this: &Host, key: &str) -> Option<String>;

    /// Notes what the trackers of this page know under a key from now on.
    #[wasm_bindgen(method)]
    pub(super) fn remember(this: &Host, key: &str, value: Option<String>);

    /// How often something was noted.
    #[wasm_bindgen(method)]
    pub(super) fn notes(this: &Host) -> u32;

    /// Flags and gate can be read from now on.
    #[wasm_bindgen(method)]
    pub(super) fn opened(this: &Host);

    /// Tells the page's listeners what is known of a team.
    #[wasm_bindgen(method, js_name = tellTeam)]
    pub(super) fn tell_team(this: &Host, team: &str, state: &str);

    /// Tells the page's listeners of the feature flags.
    #[wasm_bindgen(method, js_name = tellFlags)]
    pub(super) fn tell_flags(this: &Host);

    /// Tells the page's listeners of a change of consent.
    #[wasm_bindgen(method, js_name = tellConsent)]
    pub(super) fn tell_consent(this: &Host, state: &str);

    /// Tells the other trackers of this page that something is stored under this key.
    #[wasm_bindgen(method, js_name = tellNear)]
    pub(super) fn tell_near(this: &Host, key: &str);

    /// Whoever has asked for flags by this ticket or an earlier one need not wait any more.
    #[wasm_bindgen(method, js_name = flagsSettled)]
    pub(super) fn flags_settled(this: &Host, ticket: u32);

    /// The flush that was asked for is over.
    #[wasm_bindgen(method)]
    pub(super) fn flushed(this: &Host);

    /// The shutdown that was asked for is over.
    #[wasm_bindgen(method, js_name = isShutDown)]
    pub(super) fn is_shut_down(this: &Host);
}
