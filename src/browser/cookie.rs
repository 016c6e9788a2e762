//! The cookies that carry visitor and session from one subdomain to the other, where the page wants that (`crossSubdomain`): localStorage
//! ends at the origin. They are first-party cookies of the widest domain that the browser takes, as posthog-js makes them.

use std::cell::{OnceCell, RefCell};

use js_sys::{Reflect, decode_uri_component, encode_uri_component};
use wasm_bindgen::prelude::*;

use super::value::member;
use super::web::page;
use crate::text::{cut, find};

/// How long a browser keeps them: a year, as posthog-js has it. Chromium allows no more than 400 days.
const AGE_MAX_S: &str = "31536000";

/// What is carried over: who the visitor is, and its session.
const NOUNS: [&str; 2] = ["phbt:identity:", "phbt:session:"];

/// The cookies of one page.
#[derive(Debug, Default)]
pub(super) struct Cookies {
    /// The domain that they are set for; empty, where the browser takes none but the host.
    domain: OnceCell<String>,
    /// The keys whose cookies this page has set anew.
    renewed: RefCell<Vec<String>>,
}

impl Cookies {
    /// Whether what is stored under a key is carried over.
    pub(super) fn has(key: &str) -> bool {
        NOUNS.iter().any(|noun| key.starts_with(noun))
    }

    /// The value of a key.
    pub(super) fn get(key: &str) -> Option<String> {
        let prefix = [name_of(key).as_str(), "="].concat();
        let cookies = member(&document(), "cookie").as_string()?;
        let mut rest = cookies.as_str();
        let text = loop {
            let (cookie, more) = cut(rest, b';');
            match cookie.trim_ascii_start().strip_prefix(prefix.as_str()) {
                Some(text) => break text,
                None if more.is_empty() => return None,
                None => rest = more,
            }
        };
        decode_uri_component(text).ok().map(String::from)
    }

    /// Sets the value of a key.
    pub(super) fn put(&self, key: &str, value: &str) {
        set(&name_of(key), value, AGE_MAX_S, self.domain.get_or_init(widest_domain));
    }

    /// Has the cookie of a key live for its whole time again, once a page: one that is only read would end while its visitor comes back.
    pub(super) fn renew(&self, key: &str, value: &str) {
        if !self.renewed.borrow().iter().any(|known| known == key) {
            self.renewed.borrow_mut().push(key.to_owned());
            self.put(key, value);
        }
    }

    /// Removes a key, whatever domain it was set for. No cookie is set to find that out: the visitor may have denied.
    pub(super) fn remove(key: &str) {
        let host = location("hostname");
        for domain in domains(&host).chain([""]) {
            set(&name_of(key), "", "0", domain);
        }
    }
}

/// A cookie's name has no colons.
fn name_of(key: &str) -> String {
    let mut name = key.as_bytes().to_vec();
    name.iter_mut().filter(|byte| **byte == b':').for_each(|colon| *colon = b'_');
    String::from_utf8(name).unwrap_or_default()
}

fn document() -> JsValue {
    member(&page(), "document")
}

fn location(name: &str) -> String {
    member(&member(&page(), "location"), name).as_string().unwrap_or_default()
}

fn set(name: &str, value: &str, age_s: &str, domain: &str) {
    let value = String::from(encode_uri_component(value));
    let secure = if location("protocol") == "https:" { "; Secure" } else { "" };
    let domain = if domain.is_empty() { String::new() } else { ["; Domain=", domain].concat() };
    let cookie = [name, "=", &value, "; Path=/; SameSite=Lax; Max-Age=", age_s, &domain, secure].concat();
    // Where cookies are blocked, localStorage is all there is.
    let _ = Reflect::set(&document(), &"cookie".into(), &cookie.into());
}

/// The domains that a host is in, the widest first. The last part alone is nobody's.
fn domains(host: &str) -> impl Iterator<Item = &str> {
    let starts = (0..host.len()).rev().filter(|at| *at == 0 || host.as_bytes()[*at - 1] == b'.');
    starts.skip(1).map(|start| &host[start..])
}

/// The widest domain of this host that the browser takes cookies for: it refuses them for what many share, `co.uk` for example.
fn widest_domain() -> String {
    const PROBE: &str = "phbt_probe";
    let host = location("hostname");
    for domain in domains(&host) {
        set(PROBE, "1", "3", domain);
        let cookies = member(&document(), "cookie").as_string().unwrap_or_default();
        if find(&cookies, PROBE).is_some() {
            set(PROBE, "", "0", domain);
            return domain.to_owned();
        }
    }
    String::new()
}
