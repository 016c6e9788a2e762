//! `fetch`, as a request that needs no preflight and follows no redirect.

use js_sys::{Promise, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::{AbortSignal, RequestCredentials, RequestInit, RequestRedirect};

#[wasm_bindgen]
extern "C" {
    // Declared here because pages replace `fetch`, and what they put there may throw or return no promise.
    #[wasm_bindgen(catch)]
    fn fetch(url: &str, init: &RequestInit) -> Result<JsValue, JsValue>;
}

/// Posts `body` as `text/plain` without credentials, and gives the promise of the response.
///
/// A redirect is an error: it is a proxy's or a login's, and a followed one turns the POST into a GET.
///
/// # Errors
/// Whatever `fetch` threw.
pub(crate) fn post(url: &str, body: &str, keepalive: bool, signal: Option<&AbortSignal>) -> Result<Promise, JsValue> {
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_body(&JsValue::from_str(body));
    init.set_credentials(RequestCredentials::Omit);
    init.set_redirect(RequestRedirect::Error);
    init.set_signal(signal);
    // web-sys knows no `keepalive` yet.
    Reflect::set(&init, &JsValue::from_str("keepalive"), &JsValue::from_bool(keepalive))?;
    Ok(Promise::resolve(&fetch(url, &init)?))
}
