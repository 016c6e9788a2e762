//! What a user agent says of browser, system and device, by the names that posthog-js gives them: dashboards that break visitors down by
//! `$browser` know a visitor by one name, whichever of the two has seen it. The rules are those of `user-agent-utils` in
//! `@posthog/core` 1.55; `tests/fixtures/user-agents.json` holds both to the same answers.

use crate::text::{cut, find};

/// A browser, what its user agent holds, and what stands before its version.
struct Browser {
    name: &'static str,
    marks: &'static [&'static str],
    versions: &'static [&'static str],
}

const fn browser(name: &'static str, marks: &'static [&'static str], versions: &'static [&'static str]) -> Browser {
    Browser { name, marks, versions }
}

const EXPLORER_MOBILE: Browser = browser("Internet Explorer Mobile", &["IEMobile", "WPDesktop"], &["rv:"]);
const BLACKBERRY: Browser = browser("BlackBerry", &["BlackBerry", "PlayBook", "BB10"], &["BlackBerry ", "Version/"]);
const CHROME: Browser = browser("Chrome", &["CrMo", "Chrome"], &["Chrome/", "CrMo/"]);
const ANDROID: Browser = browser("Android Mobile", &["Android"], &["Android "]);
const FIREFOX: Browser = browser("Firefox", &["Firefox"], &["Firefox/"]);
const EXPLORER: Browser = browser("Internet Explorer", &["MSIE", "Trident/"], &["rv:", "MSIE "]);
const AI_VERSIONS: &[&str] = &["Claude/", "Codex/", "ChatGPT/"];

/// In this order: most of them are built on Chrome or Safari, and say that too.
const BROWSERS: [Browser; 18] = [
    browser("Opera", &[" OPR/"], &["Opera/", "OPR/"]),
    BLACKBERRY,
    EXPLORER_MOBILE,
    browser("Oculus Browser", &["OculusBrowser"], &["OculusBrowser/"]),
    browser("Samsung Internet", &["SamsungBrowser"], &["SamsungBrowser/"]),
    browser("Microsoft Edge", &["Edge", "Edg/"], &["Edge/", "Edg/"]),
    browser("Vivaldi", &["Vivaldi/"], &["Vivaldi/"]),
    browser("Yandex", &["YaBrowser/"], &["YaBrowser/"]),
    browser("Whale", &["Whale/"], &["Whale/"]),
    browser("DuckDuckGo", &["DuckDuckGo/", "Ddg/"], &["DuckDuckGo/", "Ddg/"]),
    browser("Claude", &["Claude/"], AI_VERSIONS),
    browser("Codex", &["Codex/"], AI_VERSIONS),
    browser("ChatGPT", &["ChatGPT/"], AI_VERSIONS),
    browser("Facebook Mobile", &["FBIOS"], &[]),
    browser("UC Browser", &["UCWEB", "UCBrowser"], &["UCBrowser/", "UCWEB/"]),
    browser("Chrome iOS", &["CriOS"], &["CriOS/"]),
    CHROME,
    browser("Firefox iOS", &["FxiOS"], &["FxiOS/"]),
];

/// What is left, where it is not Safari.
const OTHERS: [Browser; 5] = [
    browser("Pale Moon", &["PaleMoon/"], &["PaleMoon/"]),
    browser("Waterfox", &["Waterfox/"], &["Waterfox/"]),
    FIREFOX,
    EXPLORER,
    browser("Firefox", &["Gecko"], &["Firefox/"]),
];

/// The names of Windows by the numbers that it calls itself.
const WINDOWS: [(&str, &str); 9] = [
    ("5.0", "2000"),
    ("5.1", "XP"),
    ("5.2", "XP"),
    ("6.0", "Vista"),
    ("6.1", "7"),
    ("6.2", "8"),
    ("6.3", "8.1"),
    ("6.4", "10"),
    ("10.0", "10"),
];

/// A user agent.
#[derive(Debug, Clone, Copy)]
pub struct UserAgent<'a> {
    /// `navigator.userAgent`.
    pub text: &'a str,
    /// `navigator.vendor`.
    pub vendor: &'a str,
}

impl UserAgent<'_> {
    fn has(&self, mark: &str) -> bool {
        find(self.text, mark).is_some()
    }

    fn has_any(&self, marks: &[&str]) -> bool {
        marks.iter().any(|mark| self.has(mark))
    }

    fn has_in_any_case(&self, marks: &[&str]) -> bool {
        let small = self.text.to_ascii_lowercase();
        marks.iter().any(|mark| find(&small, mark).is_some())
    }

    /// Name and version of the browser; the version as a JSON number, empty where none is said. `None`, where it is none that is known.
    ///
    /// # Example
    /// ```
    /// use posthog_booking_tracker::event::UserAgent;
    /// let text = "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15";
    /// let agent = UserAgent { text, vendor: "Apple Computer, Inc." };
    /// assert_eq!(agent.browser(), Some(("Safari", "17.4".to_owned())));
    /// ```
    #[must_use]
    pub fn browser(&self) -> Option<(&'static str, String)> {
        if self.has(" OPR/") && self.has("Mini") {
            return Some(("Opera Mini", String::new()));
        }
        let known = BROWSERS.iter().find(|browser| self.has_any(browser.marks) && !self.is_android_before(browser));
        if let Some(browser) = known {
            return Some((browser.name, self.version(browser.versions)));
        }
        if self.has("Android") && self.has("Safari") {
            return Some((ANDROID.name, self.version(ANDROID.versions)));
        }
        if self.has_in_any_case(&["konqueror"]) {
            return Some(("Konqueror", self.version(&["Konqueror/"])));
        }
        if self.has("Brave/") {
            return Some(("Brave", self.version(&["Brave/"])));
        }
        if find(self.vendor, "Apple").is_some() || self.has("Safari") && !self.has("Android") {
            let name = if self.has("Mobile") { "Mobile Safari" } else { "Safari" };
            return Some((name, self.version(&["Version/"])));
        }
        let other = OTHERS.iter().find(|browser| self.has_any(browser.marks))?;
        Some((other.name, self.version(other.versions)))
    }

    /// Whether an old Android's own browser comes before this one.
    fn is_android_before(&self, browser: &Browser) -> bool {
        browser.name == "Firefox iOS" && self.has("Android") && self.has("Safari")
    }

    /// The number behind the first of these marks that has one.
    fn version(&self, marks: &[&str]) -> String {
        let mut first = (self.text.len(), "");
        for mark in marks {
            let mut at = 0;
            while let Some(found) = find(&self.text[at..], mark) {
                let behind = at + found + mark.len();
                if self.text[behind..].starts_with(|next: char| next.is_ascii_digit()) && at + found < first.0 {
                    first = (at + found, &self.text[behind..]);
                }
                at = behind;
            }
        }
        let (whole, rest) = first.1.split_at(digits(first.1));
        let fraction = rest.strip_prefix('.').map_or("", |rest| &rest[..digits(rest)]);
        let fraction = &fraction[..fraction.bytes().rposition(|digit| digit != b'0').map_or(0, |last| last + 1)];
        let whole = &whole[whole.bytes().take_while(|digit| *digit == b'0').count()..];
        match (whole, fraction) {
            _ if first.1.is_empty() => String::new(),
            ("", "") => "0".to_owned(),
            (whole, "") => whole.to_owned(),
            (whole, fraction) => [if whole.is_empty() { "0" } else { whole }, ".", fraction].concat(),
        }
    }

    /// Name and version of the system; an empty version, where none is said. `None`, where it is none that is known.
    #[must_use]
    pub fn system(&self) -> Option<(&'static str, String)> {
        let none = String::new();
        if let Some(rest) = behind(self.text, "Xbox; Xbox ") {
            return Some(("Xbox", cut(cut(rest, b')').0, b';').0.to_owned()));
        }
        for (name, marks) in [("Nintendo", &["nintendo"][..]), ("PlayStation", &["playstation"])] {
            if self.has_in_any_case(marks) {
                return Some((name, none));
            }
        }
        if self.has_in_any_case(&["blackberry", "playbook", "bb10"]) {
            return Some(("BlackBerry", none));
        }
        if self.has_in_any_case(&["windows"]) {
            return Some(self.windows());
        }
        let device = ["iPhone", "iPad", "iPod"].iter().find_map(|device| behind(self.text, device));
        let version = device.and_then(|rest| three_parts(rest, "OS ", &['_']));
        if version.is_some() || self.has("iPhone") {
            return Some(("iOS", version.unwrap_or_default()));
        }
        if self.has_in_any_case(&["android"]) {
            return Some(("Android", three_parts(self.text, "Android ", &['.']).unwrap_or_default()));
        }
        if self.has_in_any_case(&["mac"]) {
            return Some(("Mac OS X", three_parts(self.text, "Mac OS X ", &['_', '.']).unwrap_or_default()));
        }
        if self.has("CrOS") {
            return Some(("Chrome OS", none));
        }
        self.has_in_any_case(&["linux", "debian"]).then_some(("Linux", none))
    }

    fn windows(&self) -> (&'static str, String) {
        if self.has_any(&["Phone", "WPDesktop"]) {
            return ("Windows Phone", String::new());
        }
        if self.has("Mobile") && !self.has("IEMobile") {
            return ("Windows Mobile", String::new());
        }
        let number = behind(self.text, "Windows NT ").unwrap_or_default();
        let length = number.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
        let known = WINDOWS.iter().find(|(known, _)| *known == &number[..length]);
        let is_rt = length > 0 && self.has_in_any_case(&["arm"]);
        let name = if is_rt { "RT" } else { known.map_or("", |(_, name)| name) };
        ("Windows", name.to_owned())
    }

    /// The kind of device.
    #[must_use]
    pub fn device_type(&self) -> &'static str {
        let small = self.text.to_ascii_lowercase();
        let has = |marks: &[&str]| marks.iter().any(|mark| find(&small, mark).is_some());
        if has(&["nintendo ", "playstation ", "xbox", "ouya"]) {
            "Console"
        } else if has(&["windows phone", "wpdesktop"]) {
            "Mobile"
        } else if self.has("iPad") {
            "Tablet"
        } else if self.has_any(&["iPod", "iPhone"]) || has(&["blackberry", "playbook", "bb10", "nokia"]) {
            "Mobile"
        } else if has(&["kobo ereader", "kobo touch"]) || is_kindle(&small) {
            "Tablet"
        } else if has(&["android", "zte"]) {
            if self.is_android_phone(&small) { "Mobile" } else { "Tablet" }
        } else if has(&["pda", "mobile"]) {
            "Mobile"
        } else if has(&["tablet"]) && !has(&["tablet pc"]) {
            "Tablet"
        } else {
            "Desktop"
        }
    }

    /// An Android browser on a phone says "Mobile"; some do so on tablets, and some do not on phones.
    fn is_android_phone(&self, small: &str) -> bool {
        let has = |marks: &[&str]| marks.iter().any(|mark| find(small, mark).is_some());
        let tablets =
            ["9138b", "tb782b", "nexus 9", "nexus 7", "pixel c", "huaweisht", "btv", "noble nook", "smart ultra 6"];
        if self.has("Mobile") && !has(&tablets) {
            return true;
        }
        let pixel = behind(small, "pixel").is_some_and(|rest| {
            rest.starts_with(|next: char| next.is_ascii_digit() || matches!(next, 'a' | 'x' | 'l' | ' '))
        });
        let phones = ["huaweimed-al00", "tah-", "apa", "sm-g92", "i980", "zte", "u304aa"];
        pixel && !has(&["pixel c"]) || has(&phones) || has(&["lmy47v"]) && !has(&["qtaqz3"])
    }
}

/// Whether it is a Kindle Fire, which names its model between "kf" and its build.
fn is_kindle(small: &str) -> bool {
    let Some(rest) = behind(small, "kf") else { return false };
    let model = rest.bytes().take_while(u8::is_ascii_lowercase).count();
    let is_built = rest[model..].starts_with(" bui") || rest[model..].starts_with(')');
    model > 0 && is_built && (find(rest, "silk/").is_some() || model == 4 && rest[..model].ends_with("wi"))
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// The version behind the first `mark` that has two numbers at least, with a third, as `1.2.0`.
fn three_parts(text: &str, mark: &str, separators: &[char]) -> Option<String> {
    let mut rest = text;
    loop {
        rest = behind(rest, mark)?;
        let (first, more) = rest.split_at(digits(rest));
        let Some(more) = more.strip_prefix(separators).filter(|_| !first.is_empty()) else { continue };
        let (second, more) = more.split_at(digits(more));
        if second.is_empty() {
            continue;
        }
        let third = more.strip_prefix(separators).unwrap_or(more);
        let third = &third[..digits(third)];
        return Some([first, ".", second, ".", if third.is_empty() { "0" } else { third }].concat());
    }
}

/// What stands behind the first `mark`.
fn behind<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    find(text, mark).map(|at| &text[at + mark.len()..])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test states its expectations by failing")]

    use super::*;

    #[test]
    fn posthog_js_gives_the_same_names() {
        let fixture = include_str!("../../tests/fixtures/user-agents.json");
        let cases: Vec<serde_json::Value> = serde_json::from_str(fixture).unwrap();
        assert!(cases.len() >= 60);
        for case in cases {
            let text = |name: &str| case[name].as_str().unwrap_or_default();
            let agent = UserAgent { text: text("userAgent"), vendor: text("vendor") };
            let (browser, version) = agent.browser().unwrap_or_default();
            let (system, system_version) = agent.system().unwrap_or_default();
            let found = (browser, version, system, system_version.as_str(), agent.device_type());
            let version = if case["version"].is_null() { String::new() } else { case["version"].to_string() };
            let expected = (text("browser"), version, text("os"), text("osVersion"), text("deviceType"));
            assert_eq!(found, expected, "{}", agent.text);
        }
    }
}
