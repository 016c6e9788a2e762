//! The browser and the device: properties by which PostHog's web analytics breaks events down, with the names that posthog-js
//! gives them (its `event-utils.ts`).

use super::json::Object;
use crate::text::find;

/// What a browser says of itself. Each part that it does not say is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Environment {
    /// `navigator.userAgent`.
    pub user_agent: String,
    /// `navigator.maxTouchPoints`.
    pub touch_points: u32,
    /// `navigator.language`.
    pub language: Option<String>,
    /// Width and height of the screen, in CSS pixels.
    pub screen: Option<(u32, u32)>,
    /// Width and height of the page's visible part, in CSS pixels.
    pub viewport: Option<(u32, u32)>,
    /// The name of the time zone, e.g. `Europe/Berlin`.
    pub timezone: Option<String>,
}

/// A browser by its name, and what stands before its version; of the list, the first that fits is it.
const BROWSERS: [(&str, &[&str]); 7] = [
    ("Opera", &["OPR/", "OPiOS/", "Opera/"]),
    ("Microsoft Edge", &["Edg/", "Edge/", "EdgA/", "EdgiOS/"]),
    ("Samsung Internet", &["SamsungBrowser/"]),
    ("Firefox iOS", &["FxiOS/"]),
    ("Chrome iOS", &["CriOS/"]),
    ("Firefox", &["Firefox/"]),
    ("Chrome", &["Chrome/", "Chromium/"]),
];

impl Environment {
    /// What every event of the page says of browser and device.
    ///
    /// # Example
    /// ```
    /// use posthog_booking_tracker::event::Environment;
    /// let environment = Environment {
    ///     user_agent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36".into(),
    ///     ..Environment::default()
    /// };
    /// assert_eq!(
    ///     environment.properties().text(),
    ///     r#"{"$browser":"Chrome","$browser_version":140,"$os":"Linux","$device_type":"Desktop"}"#
    /// );
    /// ```
    #[must_use]
    pub fn properties(&self) -> Object {
        let mut properties = Object::default();
        if let Some((name, version)) = browser(&self.user_agent) {
            properties.set_text("$browser", name);
            properties.set_integer("$browser_version", version);
        }
        let system = system(&self.user_agent);
        // An iPad asks for desktop pages under the name of a Mac, and is the only one that can be touched.
        let is_pad = self.touch_points > 1 && matches!(system, Some(("Mac OS X", _)));
        let system = if is_pad { Some(("iOS", String::new())) } else { system };
        if let Some((name, version)) = system {
            properties.set_text("$os", name);
            if !version.is_empty() {
                properties.set_text("$os_version", &version);
            }
        }
        properties.set_text("$device_type", if is_pad { "Tablet" } else { device_type(&self.user_agent) });
        if let Some(language) = &self.language {
            properties.set_text("$browser_language", language);
        }
        let sizes =
            [("$screen_width", "$screen_height", self.screen), ("$viewport_width", "$viewport_height", self.viewport)];
        for (width_name, height_name, size) in sizes {
            if let Some((width, height)) = size {
                properties.set_integer(width_name, width.into());
                properties.set_integer(height_name, height.into());
            }
        }
        if let Some(timezone) = &self.timezone {
            properties.set_text("$timezone", timezone);
        }
        properties
    }
}

/// Name and major version.
fn browser(agent: &str) -> Option<(&'static str, i64)> {
    for (name, marks) in BROWSERS {
        if let Some(version) = marks.iter().find_map(|mark| version_behind(agent, mark)) {
            return Some((name, version));
        }
    }
    let version = version_behind(agent, "Version/")?;
    let rest = behind(agent, "Version/").unwrap_or_default();
    let on_mobile = behind(rest, "Mobile").and_then(|rest| behind(rest, "Safari"));
    match (on_mobile, behind(rest, "Safari")) {
        (Some(_), _) => Some(("Mobile Safari", version)),
        (None, Some(_)) => Some(("Safari", version)),
        (None, None) => None,
    }
}

/// Name and version; an empty version, where none is said.
fn system(agent: &str) -> Option<(&'static str, String)> {
    let device = ["iPhone", "iPad", "iPod"].iter().find_map(|device| behind(agent, device));
    if let Some(version) = device.and_then(|rest| behind(rest, " OS ")).map(version_of)
        && !version.is_empty()
    {
        return Some(("iOS", version));
    }
    if let Some(rest) = behind(agent, "Windows NT ") {
        return Some(("Windows", version_of(rest)));
    }
    if let Some(rest) = behind(agent, "Android") {
        return Some(("Android", version_of(rest.strip_prefix(' ').unwrap_or(rest))));
    }
    if let Some(rest) = behind(agent, "CrOS ") {
        return Some(("Chrome OS", behind(rest, " ").map(version_of).unwrap_or_default()));
    }
    if let Some(rest) = behind(agent, "Mac OS X") {
        return Some(("Mac OS X", version_of(rest.strip_prefix(' ').unwrap_or(rest))));
    }
    find(agent, "Linux").map(|_| ("Linux", String::new()))
}

fn device_type(agent: &str) -> &'static str {
    let has = |mark| find(agent, mark).is_some();
    // An Android browser on a phone says "Mobile" behind its system.
    let is_android_tablet = behind(agent, "Android").is_some_and(|rest| find(rest, "Mobile").is_none());
    if has("iPad") || has("Tablet") || is_android_tablet {
        "Tablet"
    } else if has("Mobi") || has("iPhone") || has("iPod") {
        "Mobile"
    } else {
        "Desktop"
    }
}

/// The number that stands right behind `mark`.
fn version_behind(agent: &str, mark: &str) -> Option<i64> {
    let rest = behind(agent, mark)?;
    rest[..digits(rest)].parse().ok()
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// The version that a text begins with, its parts with points between them.
fn version_of(text: &str) -> String {
    let length = text.bytes().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'_')).count();
    let mut version = String::new();
    for part in text[..length].split('_') {
        if !version.is_empty() {
            version.push_str(".");
        }
        version.push_str(part);
    }
    version
}

/// What stands behind the first `mark`.
fn behind<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    find(text, mark).map(|at| &text[at + mark.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::json::Value;

    fn read(user_agent: &str, touch_points: u32) -> String {
        let environment = Environment { user_agent: user_agent.to_owned(), touch_points, ..Environment::default() };
        let properties = environment.properties();
        let text = |name| properties.get(name).and_then(|value| value.text().map(std::borrow::Cow::into_owned));
        let version = properties.get("$browser_version").and_then(Value::integer);
        let browser = text("$browser").zip(version).map(|(name, version)| format!("{name} {version}"));
        let system = text("$os").map(|name| format!("{name} {}", text("$os_version").unwrap_or_default()));
        [browser, system, text("$device_type")].map(Option::unwrap_or_default).join(", ")
    }

    #[test]
    fn browsers_systems_and_devices() {
        let mac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15";
        let cases = [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
                0,
                "Microsoft Edge 140, Windows 10.0, Desktop",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1",
                5,
                "Mobile Safari 17, iOS 17.5.1, Mobile",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 CriOS/126.0 Mobile/15E148 Safari/604.1",
                5,
                "Chrome iOS 126, iOS 17.5, Mobile",
            ),
            (
                "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36",
                5,
                "Chrome 140, Android 14, Mobile",
            ),
            (
                "Mozilla/5.0 (Linux; Android 13; SM-X700) AppleWebKit/537.36 SamsungBrowser/23.0 Chrome/115.0.0.0 Safari/537.36",
                5,
                "Samsung Internet 23, Android 13, Tablet",
            ),
            (
                "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36",
                0,
                "Chrome 140, Chrome OS 14541.0.0, Desktop",
            ),
            (
                "Mozilla/5.0 (Android 14; Mobile; rv:130.0) Gecko/130.0 Firefox/130.0",
                5,
                "Firefox 130, Android 14, Mobile",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36 OPR/120.0",
                0,
                "Opera 120, Linux , Desktop",
            ),
            (mac, 0, "Safari 18, Mac OS X 10.15.7, Desktop"),
            (mac, 5, "Safari 18, iOS , Tablet"),
            ("curl/8.0", 0, ", , Desktop"),
            ("", 0, ", , Desktop"),
        ];
        for (agent, touch_points, expected) in cases {
            assert_eq!(read(agent, touch_points), expected, "{agent}");
        }
    }
}
