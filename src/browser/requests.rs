//! Requests: CORS-simple, without credentials, never redirected, compressed unless they are keepalive. Beacons: never compressed; the
//! browser sets the rest.

use std::cell::RefCell;

use js_sys::Promise;
use wasm_bindgen::prelude::*;
use web_sys::AbortController;

use super::facts;
use super::tasks::{Tasks, on_settled};
use super::value::{member, method, object_with};
use super::web::{clear_timeout, fetch, page, queue_microtask, set_timeout};
use crate::flags::JsonAnswer;
use crate::outbox::{Outcome, request_body};

// Replaced by the core's own gzip when that is there, which need not wait for anybody.
#[wasm_bindgen(
    inline_js = "export const gzip = (body) => new Response(new Blob([body]).stream().pipeThrough(new CompressionStream('gzip'))).blob().then((packed) => packed.slice(0, packed.size, 'text/plain'));"
)]
extern "C" {
    #[wasm_bindgen(catch)]
    fn gzip(body: &str) -> Result<Promise, JsValue>;
}

/// The path of PostHog's capture endpoint.
const CAPTURE_PATH: &str = "/i/v0/e/";

/// The requests of one tracker.
#[derive(Debug)]
pub(super) struct Requests {
    tasks: &'static Tasks,
    /// Where events are sent.
    url: String,
    api_key: String,
    timeout_ms: i32,
    under_way: RefCell<Vec<(u32, AbortController)>>,
}

impl Requests {
    pub(super) fn new(tasks: &'static Tasks, host: &str, api_key: &str, timeout_ms: u64) -> &'static Self {
        let url = [host, CAPTURE_PATH].concat();
        Box::leak(Box::new(Self {
            tasks,
            url,
            api_key: api_key.to_owned(),
            timeout_ms: timeout_ms as i32,
            under_way: RefCell::default(),
        }))
    }

    /// Sends events, which have commas between them, as `text/plain`, which needs no preflight. Returns the outcome, or `None` if the
    /// request was aborted. The request starts in a microtask, so that the call need not wait for it, unless the page `is_leaving`.
    pub(super) async fn send(
        &'static self,
        request: u32,
        events: String,
        keepalive: bool,
        is_leaving: bool,
    ) -> Option<Outcome> {
        let controller = AbortController::new().ok();
        if let Some(controller) = &controller {
            self.under_way.borrow_mut().push((request, controller.clone()));
        }
        if !is_leaving {
            let _ = self.tasks.until(&mut |resumed, _| queue_microtask(resumed)).await;
        }
        let body = request_body(&self.api_key, facts::wall(), &events);
        drop(events);
        // Only requests that need not outlive the page wait for this: what such a request carries goes out again with a leave, so
        // there is no moment in which an event is nowhere.
        let packed = if keepalive { None } else { self.tasks.settled(gzip(&body)).await.ok() };
        let outcome = self.post(packed.as_ref(), &body, keepalive, controller.as_ref()).await;
        let is_wanted = controller.is_none() || self.take(request).is_some();
        is_wanted.then(|| outcome.unwrap_or(Outcome::Failed))
    }

    async fn post(
        &'static self,
        packed: Option<&JsValue>,
        body: &str,
        keepalive: bool,
        controller: Option<&AbortController>,
    ) -> Option<Outcome> {
        let signal = controller.map_or(JsValue::NULL, |controller| member(controller, "signal"));
        let text = JsValue::from_str(body);
        let how = object_with(&[
            ("method", &"POST".into()),
            ("body", packed.unwrap_or(&text)),
            ("keepalive", &keepalive.into()),
            ("credentials", &"omit".into()),
            ("redirect", &"manual".into()),
            ("signal", &signal),
        ]);
        self.tasks.check_alive();
        let url = [self.url.as_str(), if packed.is_some() { "?compression=gzip-js" } else { "" }].concat();
        let response = self.tasks.settled(fetch(&url, &how)).await.ok()?;
        if member(&response, "type").as_string().as_deref() == Some("opaqueredirect") {
            return Some(Outcome::Redirected);
        }
        // Read to its end: a keepalive request whose body is left unread may hold its quota for ever.
        let text = self.tasks.settled(text_of(&response)).await.ok()?.as_string()?;
        let retry_after = method(&member(&response, "headers"), "get", &["Retry-After".into()]);
        let retry_after = retry_after.and_then(|value| value.as_string()).unwrap_or_default();
        Some(Outcome::of(member(&response, "status").as_f64()? as u16, &retry_after, &text))
    }

    /// Gives a request up.
    pub(super) fn abort(&self, request: u32) {
        if let Some(controller) = self.take(request) {
            controller.abort();
        }
    }

    fn take(&self, request: u32) -> Option<AbortController> {
        let mut under_way = self.under_way.borrow_mut();
        let place = under_way.iter().position(|(other, _)| *other == request)?;
        Some(under_way.swap_remove(place).1)
    }

    /// Hands events over for sending after the page is gone, by beacon or, where that is refused, by a keepalive request. Nobody hears of
    /// the answer: a beacon that the browser accepts is no confirmation, above some 256 in flight Chromium drops them without a word.
    pub(super) fn exit(&'static self, events: &str) {
        self.tasks.check_alive();
        let body = request_body(&self.api_key, facts::wall(), events);
        let url = [self.url.as_str(), "?beacon=1"].concat();
        let navigator = member(&page(), "navigator");
        let is_accepted = method(&navigator, "sendBeacon", &[url.into(), JsValue::from_str(&body)]);
        if is_accepted.is_none_or(|is_accepted| !is_accepted.is_truthy()) {
            self.tasks.spawn(Box::pin(async move {
                let _ = self.post(None, &body, true, None).await;
            }));
        }
    }

    /// Asks for a JSON value: by GET, or by POST where there is a body.
    pub(super) async fn ask(&'static self, url: &str, body: Option<&str>) -> JsonAnswer {
        let controller = AbortController::new().ok();
        let signal = controller.as_ref().map_or(JsValue::NULL, |controller| member(controller, "signal"));
        let mut members = vec![
            ("cache", JsValue::from("no-store")),
            ("credentials", "omit".into()),
            ("redirect", "error".into()),
            ("signal", signal),
        ];
        if let Some(body) = body {
            members.extend([("method", "POST".into()), ("body", body.into())]);
        }
        let members: Vec<(&str, &JsValue)> = members.iter().map(|(name, value)| (*name, value)).collect();
        let started = facts::monotonic();
        let mut answer = JsonAnswer { status: 0, text: String::new(), is_late: false };
        match self.in_time(fetch(url, &object_with(&members)), 0).await {
            Ok(response) => {
                answer.status = member(&response, "status").as_f64().unwrap_or_default() as u16;
                let passed_ms = facts::monotonic().0.saturating_sub(started.0) as i32;
                let text = self.in_time(text_of(&response), passed_ms).await;
                answer.text = text.ok().and_then(|text| text.as_string()).unwrap_or_default();
            }
            // Only the timer says nothing.
            Err(error) => answer.is_late = error.is_undefined(),
        }
        if let Some(controller) = controller {
            controller.abort();
        }
        answer
    }

    /// Waits for a promise until the time of a request is over.
    async fn in_time(&'static self, promise: Result<Promise, JsValue>, passed_ms: i32) -> Result<JsValue, JsValue> {
        let mut timer = JsValue::UNDEFINED;
        let answer = self.tasks.until(&mut |resumed, rejected| {
            timer = set_timeout(rejected, self.timeout_ms - passed_ms)?;
            on_settled(promise.as_ref()?, resumed, rejected)
        });
        let answer = answer.await;
        let _ = clear_timeout(&timer);
        answer
    }
}

/// The body of a response.
fn text_of(response: &JsValue) -> Result<Promise, JsValue> {
    method(response, "text", &[]).map(JsCast::unchecked_into).ok_or(JsValue::UNDEFINED)
}
