//! Page addresses, reduced to what analytics needs before anything is stored.
//!
//! The address of a booking's success page carries names, e-mail addresses, guests and payment secrets in its query
//! (reference: Cal.com's `forwardParams`, Stripe's `payment_intent_client_secret`). So only the origin, the path and an
//! allow-list of query keys are kept; never the fragment, never credentials. E-mail addresses in what remains are
//! replaced. The keel follows the same rules; `tests/fixtures/page-urls.json` holds both to them.

use super::scrub::replace_emails;
use super::text::cut;

/// The query keys that are kept: PostHog's campaign parameters and click ids, without which attribution is blind.
pub const QUERY_KEYS: [&str; 24] = [
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_content",
    "utm_term",
    "gad_source",
    "mc_cid",
    "gclid",
    "gclsrc",
    "dclid",
    "gbraid",
    "wbraid",
    "fbclid",
    "msclkid",
    "twclid",
    "li_fat_id",
    "igshid",
    "ttclid",
    "rdt_cid",
    "epik",
    "qclid",
    "sccid",
    "irclid",
    "_kx",
];

/// Where an event happened, as the page knows it. Both addresses may be whole: the engine reduces them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// `location.href`.
    pub url: String,
    /// `document.referrer`, empty where there is none.
    pub referrer: String,
}

/// Reduces an absolute http(s) URL to origin, path and the query keys of [`QUERY_KEYS`], e-mail addresses replaced.
/// Empty for any other address, whose text (`file:` paths, `data:` bodies) says more than it should.
///
/// # Example
/// ```
/// use posthog_booking_tracker::engine::reduce_url;
/// let href = "https://book.example/success?email=ada%40lovelace.org&utm_source=mail#top";
/// assert_eq!(reduce_url(href), "https://book.example/success?utm_source=mail");
/// assert_eq!(reduce_url("file:///home/ada/page.html"), "");
/// ```
#[must_use]
pub fn reduce_url(href: &str) -> String {
    let Some(parts) = Parts::of(href) else {
        return String::new();
    };
    let mut out = String::with_capacity(href.len().min(256));
    out.push_str(parts.scheme);
    out.push_str("://");
    out.push_str(parts.host);
    out.push_str(parts.path);
    let mut separator = '?';
    let mut query = parts.query;
    while !query.is_empty() {
        let (pair, rest) = cut(query, b'&');
        if QUERY_KEYS.contains(&cut(pair, b'=').0) {
            out.push(separator);
            out.push_str(pair);
            separator = '&';
        }
        query = rest;
    }
    replace_emails(&out)
}

/// Host (with a port that is not the default) and path of a URL that [`reduce_url`] has reduced.
///
/// # Example
/// ```
/// use posthog_booking_tracker::engine::host_and_path;
/// assert_eq!(host_and_path("https://book.example:8443/ada/intro?utm_source=x"), ("book.example:8443", "/ada/intro"));
/// assert_eq!(host_and_path(""), ("", ""));
/// ```
#[must_use]
pub fn host_and_path(reduced: &str) -> (&str, &str) {
    Parts::of(reduced).map_or(("", ""), |parts| (parts.host, parts.path))
}

struct Parts<'a> {
    scheme: &'a str,
    host: &'a str,
    path: &'a str,
    query: &'a str,
}

impl<'a> Parts<'a> {
    /// Splits the address as a browser has normalised it (`location.href`, `document.referrer`).
    fn of(href: &'a str) -> Option<Self> {
        let (scheme, rest) = match href.strip_prefix("https://") {
            Some(rest) => ("https", rest),
            None => ("http", href.strip_prefix("http://")?),
        };
        let (address, query) = cut(cut(rest, b'#').0, b'?');
        let authority = cut(address, b'/').0;
        let path = &address[authority.len()..];
        // What stands before the last `@` is a user name and a password.
        let host = authority.bytes().rposition(|byte| byte == b'@').map_or(authority, |at| &authority[at + 1..]);
        let path = if path.is_empty() { "/" } else { path };
        (!host.is_empty()).then_some(Self { scheme, host, path, query })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test states its expectations by failing")]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_fixture_that_the_keel_shares() {
        let fixture: Vec<(String, String)> =
            serde_json::from_str(include_str!("../../tests/fixtures/page-urls.json")).unwrap();
        assert!(fixture.len() > 15);
        for (href, reduced) in fixture {
            assert_eq!(reduce_url(&href), reduced, "{href}");
        }
    }

    proptest! {
        #[test]
        fn prop_nothing_but_allowed_keys_survives(href in "https?://[a-z@:.]{0,12}(/[a-z%@.]{0,8}){0,3}(\\?([a-z_]{0,8}=?[a-z@%0-9.]{0,8}&?){0,4})?(#[a-z=]{0,9})?") {
            let reduced = reduce_url(&href);
            prop_assert!(!reduced.contains('#'));
            if let Some((_, query)) = reduced.split_once('?') {
                for pair in query.split('&') {
                    prop_assert!(QUERY_KEYS.contains(&pair.split('=').next().unwrap()));
                }
            }
        }

        #[test]
        fn prop_reducing_twice_changes_nothing(href in ".*") {
            let once = reduce_url(&href);
            prop_assert_eq!(reduce_url(&once), once);
        }
    }
}
