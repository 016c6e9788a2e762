//! Visitors that are programs: crawlers, which nobody wants to count, and browsers that a program drives, among which are the tests of
//! those who develop the page.

/// What stands in the user agents of crawlers, in small letters: the list of `@posthog/core` 1.55, without the browsers that are merely
/// [driven by a program](AUTOMATED).
const CRAWLERS: [&str; 75] = [
    "amazonbot",
    "amazonproductbot",
    "app.hypefactors.com",
    "applebot",
    "archive.org_bot",
    "awariobot",
    "backlinksextendedbot",
    "baiduspider",
    "bingbot",
    "bingpreview",
    "chrome-lighthouse",
    "dataforseobot",
    "deepscan",
    "duckduckbot",
    "facebookexternal",
    "facebookcatalog",
    "http://yandex.com/bots",
    "hubspot",
    "ia_archiver",
    "leikibot",
    "linkedinbot",
    "meta-externalagent",
    "mj12bot",
    "msnbot",
    "nessus",
    "petalbot",
    "pinterestbot",
    "prerender",
    "rogerbot",
    "screaming frog",
    "sebot-wa",
    "sitebulb",
    "slackbot",
    "slurp",
    "trendictionbot",
    "turnitin",
    "twitterbot",
    "vercel-screenshot",
    "vercelbot",
    "yahoo! slurp",
    "yandexbot",
    "zoombot",
    "bot.htm",
    "bot.php",
    "(bot;",
    "bot/",
    "crawler",
    "ahrefsbot",
    "ahrefssiteaudit",
    "semrushbot",
    "siteauditbot",
    "splitsignalbot",
    "gptbot",
    "oai-searchbot",
    "chatgpt-user",
    "perplexitybot",
    "better uptime bot",
    "sentryuptimebot",
    "uptimerobot",
    "google-hoteladsverifier",
    "adsbot-google",
    "apis-google",
    "duplexweb-google",
    "feedfetcher-google",
    "google favicon",
    "google web preview",
    "google-read-aloud",
    "googlebot",
    "googleother",
    "google-cloudvertexbot",
    "googleweblight",
    "mediapartners-google",
    "storebot-google",
    "google-inspectiontool",
    "bytespider",
];

/// What stands in the user agents of browsers that a program drives, in small letters, from the same list.
const AUTOMATED: [&str; 3] = ["headlesschrome", "lightpanda", "cypress"];

/// Who visits a page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum VisitorKind {
    /// A person, as far as anybody can tell.
    #[default]
    Person,
    /// A crawler.
    Crawler,
    /// A browser that a program drives.
    Automated,
}

impl VisitorKind {
    /// Who visits a page with this user agent; `is_driven`, where the browser says so itself (`navigator.webdriver`).
    ///
    /// # Example
    /// ```
    /// use posthog_booking_tracker::event::VisitorKind;
    /// assert_eq!(VisitorKind::of("Mozilla/5.0 (compatible; Googlebot/2.1)", false), VisitorKind::Crawler);
    /// assert_eq!(VisitorKind::of("Mozilla/5.0 HeadlessChrome/140.0.0.0", false), VisitorKind::Automated);
    /// ```
    #[must_use]
    pub fn of(user_agent: &str, is_driven: bool) -> Self {
        let small = user_agent.to_ascii_lowercase();
        let has = |names: &[&str]| names.iter().any(|name| crate::text::find(&small, name).is_some());
        if has(&CRAWLERS) {
            Self::Crawler
        } else if is_driven || has(&AUTOMATED) {
            Self::Automated
        } else {
            Self::Person
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crawlers_and_driven_browsers_are_told_from_people() {
        let chrome =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
        for (agent, is_driven, kind) in [
            (chrome, false, VisitorKind::Person),
            (chrome, true, VisitorKind::Automated),
            ("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", false, VisitorKind::Crawler),
            ("Mozilla/5.0 (compatible; GPTBot/1.2)", true, VisitorKind::Crawler),
            ("Mozilla/5.0 Chrome/140.0.0.0 Cypress/15.0.0", false, VisitorKind::Automated),
            ("", false, VisitorKind::Person),
        ] {
            assert_eq!(VisitorKind::of(agent, is_driven), kind, "{agent}");
        }
    }
}
