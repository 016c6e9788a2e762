//! The names of the options, and which of them somebody has meant by another name.

use super::finding::FindingLevel;

/// The options, each with the level of a finding about its value: where the option decides whether, where or about whom something is sent,
/// the tracker is off (an error); otherwise the default is used (a warning).
pub(super) const OPTIONS: [(&str, FindingLevel); 25] = [
    ("host", FindingLevel::Error),
    ("consent", FindingLevel::Error),
    ("respectDnt", FindingLevel::Error),
    ("respectGpc", FindingLevel::Error),
    ("teamId", FindingLevel::Error),
    ("isTeamEnabled", FindingLevel::Error),
    ("teamGateUrl", FindingLevel::Error),
    ("teamFlag", FindingLevel::Error),
    ("holdUnknown", FindingLevel::Error),
    ("ungated", FindingLevel::Error),
    ("personProfiles", FindingLevel::Error),
    ("identity", FindingLevel::Error),
    ("ignoreBots", FindingLevel::Error),
    ("crossSubdomain", FindingLevel::Error),
    ("bootstrap", FindingLevel::Error),
    ("beforeSend", FindingLevel::Error),
    ("posthog", FindingLevel::Warning),
    ("debug", FindingLevel::Warning),
    ("featureFlags", FindingLevel::Warning),
    ("flushAt", FindingLevel::Warning),
    ("flushInterval", FindingLevel::Warning),
    ("maxRetries", FindingLevel::Warning),
    ("requestTimeout", FindingLevel::Warning),
    ("gateTtl", FindingLevel::Warning),
    ("flagRetries", FindingLevel::Warning),
];

/// The options that turn the tracker off where they are misspelt: to ignore them would send events to the wrong host, without consent, or
/// unfiltered by the hook.
const STRICT_NAMES: [&str; 5] = ["host", "consent", "respectDnt", "respectGpc", "beforeSend"];

/// Options of posthog-js, and what does the same here.
const POSTHOG_JS_NAMES: [(&str, &str); 21] = [
    ("api_host", "host"),
    ("flags_api_host", "host"),
    ("ui_host", "host"),
    ("opt_out_capturing_by_default", "consent"),
    ("opt_out_persistence_by_default", "consent"),
    ("cookieless_mode", "consent"),
    ("disable_persistence", "consent"),
    ("persistence", "consent"),
    ("respect_dnt", "respectDnt"),
    ("person_profiles", "personProfiles"),
    ("process_person", "personProfiles"),
    ("before_send", "beforeSend"),
    ("sanitize_properties", "beforeSend"),
    ("property_denylist", "beforeSend"),
    ("opt_out_useragent_filter", "ignoreBots"),
    ("cross_subdomain_cookie", "crossSubdomain"),
    ("cross_subdomain_tracking", "crossSubdomain"),
    ("request_queue_config", "flushInterval"),
    ("feature_flag_request_timeout_ms", "requestTimeout"),
    ("feature_flag_request_max_retries", "flagRetries"),
    ("advanced_disable_feature_flags_on_first_load", "featureFlags"),
];

/// The longest name that is compared; nobody misspells one of ours by something longer.
const NAME_LENGTH_MAX: usize = 40;

/// What a name may have been meant to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MeantOption {
    pub(super) name: &'static str,
    /// Whether posthog-js has an option of this name.
    pub(super) is_posthog_js: bool,
    /// Whether the tracker must not run without it.
    pub(super) is_strict: bool,
}

/// Whether a name is an option.
pub(super) fn is_option(name: &str) -> bool {
    OPTIONS.iter().any(|(option, _)| *option == name)
}

/// What a finding about the value of an option means.
pub(super) fn level_of(name: &str) -> FindingLevel {
    OPTIONS.iter().find(|(option, _)| *option == name).map_or(FindingLevel::Error, |(_, level)| *level)
}

/// The option that `unknown` is nearest to; nothing, where none is near.
pub(super) fn meant_option(unknown: &str) -> Option<MeantOption> {
    let plain = plain_name(unknown);
    let of_posthog_js = POSTHOG_JS_NAMES.iter().find(|(name, _)| plain_name(name) == plain);
    let name = of_posthog_js.map(|(_, option)| *option).or_else(|| nearest(&plain))?;
    let is_posthog_js = POSTHOG_JS_NAMES.iter().any(|(name, _)| name.eq_ignore_ascii_case(unknown));
    Some(MeantOption { name, is_posthog_js, is_strict: STRICT_NAMES.contains(&name) })
}

/// The bytes of a name as they are compared: small letters, without what parts words.
fn plain_name(name: &str) -> Vec<u8> {
    let parts = |byte: &u8| !matches!(byte, b'_' | b'-') && !byte.is_ascii_whitespace();
    name.bytes().filter(parts).take(NAME_LENGTH_MAX).map(|byte| byte.to_ascii_lowercase()).collect()
}

/// A third of a name may differ. Where two names are equally near, the first one counts.
fn nearest(plain: &[u8]) -> Option<&'static str> {
    let steps = OPTIONS.iter().map(|(name, _)| (edit_distance(plain, &plain_name(name)), *name));
    let (steps, name) = steps.min_by_key(|(steps, _)| *steps)?;
    if steps * 3 <= name.len() { Some(name) } else { told_by_part(plain) }
}

/// The option that a part of a name leaves no doubt about.
fn told_by_part(plain: &[u8]) -> Option<&'static str> {
    let has = |part: &[u8]| plain.windows(part.len()).any(|window| window == part);
    if plain.starts_with(b"host") || plain.ends_with(b"host") {
        Some("host")
    } else if has(b"consent") {
        Some("consent")
    } else if has(b"dnt") || has(b"donottrack") {
        Some("respectDnt")
    } else if has(b"gpc") || has(b"globalprivacycontrol") {
        Some("respectGpc")
    } else {
        None
    }
}

/// How many letters have to be put in, left out, replaced or swapped with their neighbour to make one text of the other.
fn edit_distance(one: &[u8], other: &[u8]) -> usize {
    let mut row_before = Vec::new();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.iter().enumerate() {
        let mut next = vec![line + 1];
        for (column, known) in other.iter().enumerate() {
            let replaced = row[column] + usize::from(letter != known);
            let mut steps = replaced.min(row[column + 1] + 1).min(next[column] + 1);
            if line > 0 && column > 0 && *letter == other[column - 1] && one[line - 1] == *known {
                let before: &Vec<usize> = &row_before;
                steps = steps.min(before[column - 1] + 1);
            }
            next.push(steps);
        }
        row_before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_a_letter_more_less_other_or_swapped() {
        for (one, other, steps) in [
            ("host", "host", 0),
            ("hst", "host", 1),
            ("hosst", "host", 1),
            ("hots", "host", 1),
            ("most", "host", 1),
            ("", "host", 4),
            ("host", "", 4),
            ("ca", "abc", 3),
        ] {
            assert_eq!(edit_distance(one.as_bytes(), other.as_bytes()), steps, "{one} {other}");
        }
    }

    #[test]
    fn every_option_of_a_table_is_an_option() {
        for (_, option) in POSTHOG_JS_NAMES {
            assert!(is_option(option), "{option}");
        }
        for option in STRICT_NAMES {
            assert_eq!(level_of(option), FindingLevel::Error);
        }
    }
}
