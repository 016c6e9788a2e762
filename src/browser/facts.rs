//! What the tracker is told with everything that happens: the two clocks, chance, the address of the page, and what the browser says of
//! itself. A page that has replaced what is read here goes without.

use js_sys::Date;
use wasm_bindgen::prelude::*;

use super::value::{member, method, plain_text};
use crate::event::json::Object;
use crate::event::{Environment, VisitorKind};
use crate::outbox::{Monotonic, Wall};
use crate::tracker::Facts;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now, catch)]
    fn performance_now() -> Result<f64, JsValue>;

    // Every browser that runs WebAssembly has it, in insecure contexts too.
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues, catch)]
    fn get_random_values(bytes: &mut [u8]) -> Result<(), JsValue>;

    // What is read before each input is asked for by getters of its own: no name has to cross the boundary.
    type Page;

    #[wasm_bindgen(thread_local_v2, js_name = location)]
    static LOCATION: Page;

    #[wasm_bindgen(thread_local_v2, js_name = document)]
    static DOCUMENT: Page;

    #[wasm_bindgen(thread_local_v2, js_name = navigator)]
    static NAVIGATOR: Page;

    #[wasm_bindgen(method, getter, catch)]
    fn href(this: &Page) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, getter, catch)]
    fn referrer(this: &Page) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, getter, catch, js_name = visibilityState)]
    fn visibility_state(this: &Page) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, getter, catch, js_name = doNotTrack)]
    fn do_not_track(this: &Page) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, getter, catch, js_name = globalPrivacyControl)]
    fn global_privacy_control(this: &Page) -> Result<JsValue, JsValue>;
}

/// The wall clock, `Date.now()`.
pub(crate) fn wall() -> Wall {
    Wall(Date::now() as u64)
}

/// `performance.now()`, which no change of the wall clock moves.
pub(crate) fn monotonic() -> Monotonic {
    Monotonic(performance_now().unwrap_or_else(|_| Date::now()) as u64)
}

/// Reads everything except what posthog-js says and the [`environment`].
pub(crate) fn read() -> Facts {
    let mut entropy = [0; 16];
    if get_random_values(&mut entropy).is_err() {
        entropy.fill_with(|| (js_sys::Math::random() * 256.0) as u8);
    }
    let asks_dnt = NAVIGATOR.with(Page::do_not_track).unwrap_or_default();
    Facts {
        wall: wall(),
        monotonic: monotonic(),
        entropy: u128::from_le_bytes(entropy),
        href: text(LOCATION.with(Page::href)),
        referrer: text(DOCUMENT.with(Page::referrer)),
        is_seen: text(DOCUMENT.with(Page::visibility_state)) != "hidden",
        asks_dnt: !asks_dnt.is_undefined() && matches!(plain_text(&asks_dnt).as_str(), "1" | "yes"),
        asks_gpc: NAVIGATOR.with(Page::global_privacy_control).is_ok_and(|asks| asks.is_truthy()),
        ..Facts::default()
    }
}

/// Who visits the page, as its browser says.
pub(crate) fn visitor_kind() -> VisitorKind {
    let navigator = |name| NAVIGATOR.with(|navigator| member(navigator, name));
    VisitorKind::of(&plain_text(&navigator("userAgent")), navigator("webdriver").is_truthy())
}

/// What the browser says of itself. Asking for the size of the page makes the browser lay it out, so it is the size at the first event.
pub(crate) fn environment(timezone: Option<String>) -> Object {
    let navigator = |name| NAVIGATOR.with(|navigator| member(navigator, name));
    let global = js_sys::global();
    let size = |object: &JsValue, width, height| {
        let number = |name| member(object, name).as_f64().map(|size| size as u32);
        Some((number(width)?, number(height)?))
    };
    let environment = Environment {
        user_agent: plain_text(&navigator("userAgent")),
        vendor: plain_text(&navigator("vendor")),
        language: navigator("language").as_string(),
        screen: size(&member(&global, "screen"), "width", "height"),
        viewport: size(&global, "innerWidth", "innerHeight"),
        timezone,
    };
    environment.properties()
}

/// The name of the time zone. `Temporal` (Chrome since 144, Firefox since 139) says it at once; without it, finding it out takes 20 to
/// 100 ms in Chromium, because `Intl` loads the texts of the visitor's language first.
pub(crate) fn timezone() -> Option<String> {
    let now = member(&member(&js_sys::global(), "Temporal"), "Now");
    if let Some(zone) = method(&now, "timeZoneId", &[]).and_then(|zone| zone.as_string()) {
        return Some(zone);
    }
    let format = method(&member(&js_sys::global(), "Intl"), "DateTimeFormat", &[])?;
    member(&method(&format, "resolvedOptions", &[])?, "timeZone").as_string()
}

fn text(value: Result<JsValue, JsValue>) -> String {
    value.ok().and_then(|value| value.as_string()).unwrap_or_default()
}
