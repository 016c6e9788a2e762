//! `navigator.sendBeacon`.

/// Hands a body over for sending after the page is gone; `false` where the browser refuses it.
///
/// As a string it goes as `text/plain`, which needs no preflight. `true` says only that the browser has queued it: above
/// some 256 requests in flight Chromium drops beacons without a word, so this is never a confirmation.
#[must_use]
pub fn send_beacon(url: &str, body: &str) -> bool {
    web_sys::window()
        .and_then(|window| window.navigator().send_beacon_with_opt_str(url, Some(body)).ok())
        .unwrap_or(false)
}
