//! What is wrong with a configuration, and how it is said on the console.

use crate::tracker::Level;

/// What can be wrong. `docs/options.md` has a row for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingCode {
    /// There is no project key: the tracker is off on purpose.
    ApiKeyMissing,
    /// The key is a personal one (`phx_`), which must never be in a page.
    ApiKeyPersonal,
    /// PostHog gives no such key.
    ApiKeyInvalid,
    /// The host is no http(s) URL.
    HostInvalid,
    /// The host is the address of PostHog's application; the one that takes events is used.
    HostCorrected,
    /// An option has a value that it does not take.
    OptionInvalid,
    /// A number is too small, too large or none.
    OptionOutOfRange,
    /// Reading an option throws.
    OptionUnreadable,
    /// A name is no option, but looks like one that is.
    OptionMisspelt,
    /// A name is no option.
    OptionUnknown,
    /// The second argument holds no options.
    OptionsInvalid,
}

impl FindingCode {
    /// The stable name of the code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::ApiKeyMissing => "api_key_missing",
            Self::ApiKeyPersonal => "api_key_personal",
            Self::ApiKeyInvalid => "api_key_invalid",
            Self::HostInvalid => "host_invalid",
            Self::HostCorrected => "host_corrected",
            Self::OptionInvalid => "option_invalid",
            Self::OptionOutOfRange => "option_out_of_range",
            Self::OptionUnreadable => "option_unreadable",
            Self::OptionMisspelt => "option_misspelt",
            Self::OptionUnknown => "option_unknown",
            Self::OptionsInvalid => "options_invalid",
        }
    }
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingLevel {
    /// The tracker is off.
    Error,
    /// The tracker runs.
    Warning,
    /// The tracker is off on purpose.
    Info,
}

impl FindingLevel {
    /// The stable name of the level.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// One thing that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of thing.
    pub code: FindingCode,
    /// The option as the page spells it; `apiKey` and `options` for the arguments.
    pub option: String,
    /// How much it matters.
    pub level: FindingLevel,
    /// What is wrong, and how to mend it.
    pub message: String,
}

/// What is said of findings: all errors at once, everything else on its own. A page without a key is silent, unless somebody
/// wants to hear everything.
///
/// # Example
/// ```
/// use posthog_booking_tracker::configuration::{Finding, FindingCode, FindingLevel, spoken};
/// use posthog_booking_tracker::tracker::Level;
/// let finding = Finding {
///     code: FindingCode::HostInvalid,
///     option: "host".to_owned(),
///     level: FindingLevel::Error,
///     message: "host must be a URL.".to_owned(),
/// };
/// assert_eq!(spoken(&[finding], false), [(Level::Error, "The tracker is off. host must be a URL.".to_owned())]);
/// ```
#[must_use]
pub fn spoken(findings: &[Finding], is_verbose: bool) -> Vec<(Level, String)> {
    if !is_verbose && findings.iter().any(|finding| finding.code == FindingCode::ApiKeyMissing) {
        return Vec::new();
    }
    let mut errors = String::new();
    let mut others = Vec::new();
    for Finding { level, message, .. } in findings {
        match level {
            FindingLevel::Error => {
                errors.push_str(" ");
                errors.push_str(message);
            }
            FindingLevel::Info => others.push((Level::Debug, message.clone())),
            FindingLevel::Warning => others.push((Level::Warn, message.clone())),
        }
    }
    if !errors.is_empty() {
        others.insert(0, (Level::Error, ["The tracker is off.", &errors].concat()));
    }
    others
}
