//! Where the page is and where its visitor came from, reduced to what analytics needs before anything is stored.
//!
//! The address of a booking's success page carries names, e-mail addresses, guests and payment secrets in its query (Cal.com's
//! `forwardParams`, Stripe's `payment_intent_client_secret`). So only the origin, the path and an allow-list of query keys are
//! kept; never the fragment, never credentials. E-mail addresses in what remains are replaced.

use super::emails::replace_emails;
use super::json::Object;
use crate::text::{cut, percent_decoded};

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

/// What PostHog writes where a visit has no referrer.
pub const DIRECT: &str = "$direct";

/// Reduces an absolute http(s) URL to origin, path and the query keys of [`QUERY_KEYS`], e-mail addresses replaced.
/// Empty for any other address, whose text (`file:` paths, `data:` bodies) says more than it should.
///
/// # Example
/// ```
/// use posthog_booking_tracker::event::reduce_address;
/// let href = "https://book.example/success?email=ada%40lovelace.org&utm_source=mail#top";
/// assert_eq!(reduce_address(href), "https://book.example/success?utm_source=mail");
/// assert_eq!(reduce_address("file:///home/ada/page.html"), "");
/// ```
#[must_use]
pub fn reduce_address(href: &str) -> String {
    let Some(parts) = Parts::of(href) else {
        return String::new();
    };
    let mut out = String::with_capacity(href.len());
    for part in [parts.scheme, parts.host, parts.path] {
        out.push_str(part);
    }
    let mut separator = "?";
    for pair in pairs(parts.query) {
        if QUERY_KEYS.contains(&cut(pair, b'=').0) {
            out.push_str(separator);
            out.push_str(pair);
            separator = "&";
        }
    }
    replace_emails(&out)
}

/// The address of a page and that of the page before it, reduced.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageAddress {
    /// Empty, where the page has no http(s) address.
    pub url: String,
    /// Empty, where there is none.
    pub referrer: String,
}

impl PageAddress {
    /// Reduces both.
    #[must_use]
    pub fn reduce(href: &str, referrer: &str) -> Self {
        Self { url: reduce_address(href), referrer: reduce_address(referrer) }
    }

    /// What PostHog's events say of the page, by the names that posthog-js gives them.
    ///
    /// # Example
    /// ```
    /// use posthog_booking_tracker::event::PageAddress;
    /// let address = PageAddress::reduce("https://book.example/ada?x=1", "");
    /// assert_eq!(
    ///     address.properties().text(),
    ///     r#"{"$current_url":"https://book.example/ada","$host":"book.example","$pathname":"/ada","$referrer":"$direct","$referring_domain":"$direct"}"#
    /// );
    /// ```
    #[must_use]
    pub fn properties(&self) -> Object {
        let mut properties = Object::default();
        if let Some(parts) = Parts::of(&self.url) {
            properties.set_text("$current_url", &self.url);
            properties.set_text("$host", parts.host);
            properties.set_text("$pathname", parts.path);
        }
        let parts = Parts::of(&self.referrer);
        properties.set_text("$referrer", if parts.is_some() { &self.referrer } else { DIRECT });
        properties.set_text("$referring_domain", parts.map_or(DIRECT, |parts| parts.host));
        properties
    }

    /// The campaign that the address names: each of the [`QUERY_KEYS`] that has a value.
    ///
    /// # Example
    /// ```
    /// use posthog_booking_tracker::event::PageAddress;
    /// let address = PageAddress::reduce("https://book.example/?utm_source=spring+mail&utm_term=", "");
    /// assert_eq!(address.campaign().text(), r#"{"utm_source":"spring mail"}"#);
    /// ```
    #[must_use]
    pub fn campaign(&self) -> Object {
        let mut campaign = Object::default();
        for pair in pairs(cut(&self.url, b'?').1) {
            let (name, value) = cut(pair, b'=');
            if !value.is_empty() {
                // What is decoded may be an e-mail address that was encoded otherwise.
                campaign.set_text(name, &replace_emails(&percent_decoded(value)));
            }
        }
        campaign
    }
}

fn pairs(query: &str) -> impl Iterator<Item = &str> {
    query.split('&').filter(|pair| !pair.is_empty())
}

/// An absolute http(s) address in its parts.
struct Parts<'a> {
    /// With the slashes behind it.
    scheme: &'a str,
    /// With a port that is not the default.
    host: &'a str,
    path: &'a str,
    query: &'a str,
}

impl<'a> Parts<'a> {
    /// Splits the address as a browser has normalised it (`location.href`, `document.referrer`).
    fn of(href: &'a str) -> Option<Self> {
        let rest = href.strip_prefix("https://").or_else(|| href.strip_prefix("http://"))?;
        let scheme = &href[..href.len() - rest.len()];
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
    fn the_fixture_holds() {
        let fixture: Vec<(String, String)> =
            serde_json::from_str(include_str!("../../tests/fixtures/page-urls.json")).unwrap();
        assert!(fixture.len() > 20);
        for (href, reduced) in fixture {
            assert_eq!(reduce_address(&href), reduced, "{href}");
        }
    }

    #[test]
    fn a_page_without_an_address_says_where_its_visitor_came_from_only() {
        let address = PageAddress::reduce("about:blank", "https://ada.example/a?b");
        let expected = r#"{"$referrer":"https://ada.example/a","$referring_domain":"ada.example"}"#;
        assert_eq!(address.properties().text(), expected);
    }

    #[test]
    fn a_campaign_is_decoded_as_a_form() {
        let address = PageAddress::reduce("https://b.example/?utm_source=a%20b+c&gclid&utm_term=%E2%82%AC%zz&x=1", "");
        assert_eq!(address.campaign().text(), r#"{"utm_source":"a b c","utm_term":"€%zz"}"#);
    }

    proptest! {
        #[test]
        fn prop_reducing_twice_changes_nothing(href in "https?://[a-z]{1,8}(/[a-z@.%0-9]{0,12})?(\\?[a-z_=&@.]{0,30})?(#.{0,5})?") {
            let once = reduce_address(&href);
            prop_assert_eq!(reduce_address(&once), once);
        }
    }
}
