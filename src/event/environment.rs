//! The browser and the device: properties by which PostHog's web analytics breaks events down, with the names that posthog-js
//! gives them (its `event-utils.ts`).

use super::UserAgent;
use super::json::{Object, Value};

/// What a browser says of itself. Each part that it does not say is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Environment {
    /// `navigator.userAgent`.
    pub user_agent: String,
    /// `navigator.vendor`.
    pub vendor: String,
    /// `navigator.language`.
    pub language: Option<String>,
    /// Width and height of the screen, in CSS pixels.
    pub screen: Option<(u32, u32)>,
    /// Width and height of the page's visible part, in CSS pixels.
    pub viewport: Option<(u32, u32)>,
    /// The name of the time zone, e.g. `Europe/Berlin`.
    pub timezone: Option<String>,
}

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
        let agent = UserAgent { text: &self.user_agent, vendor: &self.vendor };
        if let Some((name, version)) = agent.browser() {
            properties.set_text("$browser", name);
            if let Ok(version) = Value::read(&version) {
                properties.set("$browser_version", version);
            }
        }
        if let Some((name, version)) = agent.system() {
            properties.set_text("$os", name);
            if !version.is_empty() {
                properties.set_text("$os_version", &version);
            }
        }
        properties.set_text("$device_type", agent.device_type());
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
