//! The record format: how one event lies in storage, and the keys of everything else that is stored.
//!
//! The format is shared with the keel (`js/src/record.ts`) and with every later version; the fixture
//! `tests/fixtures/records.json` pins it. One key for each event, so that two tabs never overwrite each other:
//! `phbt:<format>:<project>:<captured ms, base 36>:<sequence>:<uuid>`. The value is one JSON object:
//!
//! - `{"stage":"raw","team"?,"body":{…}}` holds an event of which its own page may still change who it is about, while it
//!   waits for another tracker to say so (`js/src/shared-identity.ts`). Whoever else finds it takes it as it is.
//! - `{"stage":"sealed","held"?,"team"?,"body":{…}}` holds the event exactly as it is sent, for ever.
//!
//! `team` names the team whose gate must be open; it is absent where no gate holds the event. `held` is true where nobody
//! knew whether that team is tracked when the event was captured: it is not kept for longer than 24 hours.

use super::Wall;
use super::json::{self, ObjectWriter, push_base36};
use super::text::cut;

/// What every key of this product starts with.
pub const KEY_PREFIX: &str = "phbt:";

/// The format that this version writes. Records of a higher one are left alone until their key says they expired.
pub const RECORD_FORMAT: u64 = 1;

/// The hash of a project key in storage keys: 32-bit FNV-1a. It keeps projects that share an origin apart; it is no
/// secret, project keys are public.
///
/// # Example
/// ```
/// assert_eq!(posthog_booking_tracker::engine::project_hash("phc_demo"), 0xddfa_b0cc);
/// ```
#[must_use]
pub fn project_hash(api_key: &str) -> u32 {
    api_key.bytes().fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// The key of something that is stored once for each project, e.g. `phbt:identity:1tz8x0l`.
#[must_use]
pub fn noun_key(noun: &str, project: u32) -> String {
    let mut key = String::from(KEY_PREFIX);
    key.push_str(noun);
    key.push(':');
    push_base36(&mut key, project.into());
    key
}

/// The storage key of the record of an event: captured at `captured`, as number `sequence` of its page.
///
/// # Example
/// ```
/// use posthog_booking_tracker::engine::{Wall, record_key};
/// let key = record_key("phc_demo", Wall(35), 1, "0190b3a2-7c1e-7a3b-9f00-0123456789ab");
/// assert_eq!(key, "phbt:1:1plaeh8:z:1:0190b3a2-7c1e-7a3b-9f00-0123456789ab");
/// ```
#[must_use]
pub fn record_key(api_key: &str, captured: Wall, sequence: u64, uuid: &str) -> String {
    RecordKey::new(project_hash(api_key), captured, sequence, uuid).text
}

/// The key of one record, as text and as what the text says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RecordKey {
    pub(super) text: String,
    /// When the event was captured; what is sorted and expired by.
    pub(super) captured: Wall,
    /// Counts the captures of one page, to keep the order of those within a millisecond.
    pub(super) sequence: u64,
}

/// A key in storage, as far as this version and project understand it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FoundKey {
    /// A record of this project in the format that this version reads.
    Own(RecordKey),
    /// A record of another project or format, or one whose key is damaged behind the time.
    Foreign(Wall),
    /// No record.
    Other,
}

impl RecordKey {
    pub(super) fn new(project: u32, captured: Wall, sequence: u64, uuid: &str) -> Self {
        let mut text = String::with_capacity(72);
        text.push_str(KEY_PREFIX);
        for part in [RECORD_FORMAT, project.into(), captured.0, sequence] {
            push_base36(&mut text, part);
            text.push(':');
        }
        text.push_str(uuid);
        Self { text, captured, sequence }
    }

    /// The uuid of the record's event.
    pub(super) fn uuid(&self) -> &str {
        &self.text[self.text.len() - UUID_LENGTH..]
    }

    /// Whether this record was captured before `other`.
    pub(super) fn is_before(&self, other: &Self) -> bool {
        (self.captured, self.sequence, &self.text) < (other.captured, other.sequence, &other.text)
    }
}

const UUID_LENGTH: usize = 36;

impl FoundKey {
    /// Reads a key as `project` sees it.
    pub(super) fn parse(key: &str, project: u32) -> Self {
        let Some(rest) = key.strip_prefix(KEY_PREFIX) else {
            return Self::Other;
        };
        let (format, rest) = cut(rest, b':');
        let (owner, rest) = cut(rest, b':');
        let (captured, rest) = cut(rest, b':');
        let (sequence, uuid) = cut(rest, b':');
        let (Some(format), Some(owner), Some(captured)) = (base36(format), base36(owner), base36(captured)) else {
            return Self::Other;
        };
        let captured = Wall(captured);
        match base36(sequence) {
            Some(sequence) if format == RECORD_FORMAT && owner == u64::from(project) && is_uuid(uuid) => {
                Self::Own(RecordKey { text: key.to_owned(), captured, sequence })
            }
            _ => Self::Foreign(captured),
        }
    }
}

/// Whether a text is a UUID with its hyphens, of any version and in either case: PostHog refuses a body for any other.
fn is_uuid(text: &str) -> bool {
    let fits = |(index, byte): (usize, u8)| match index {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == UUID_LENGTH && text.bytes().enumerate().all(fits)
}

/// Reads a number in base 36; `None` where `text` is none or names more than 64 bits.
pub(super) fn base36(text: &str) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.bytes().try_fold(0_u64, |number, byte| {
        let digit = char::from(byte).to_digit(36)?;
        number.checked_mul(36)?.checked_add(digit.into())
    })
}

/// What the value of a record says of its event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Event {
    /// Whether nobody changes `body` any more.
    pub(super) sealed: bool,
    pub(super) name: String,
    /// The team whose gate must be open, if any.
    pub(super) team: Option<String>,
    /// Whether nobody knew about that team when it was captured.
    pub(super) held: bool,
    /// The event as it is sent: the text of a JSON object.
    pub(super) body: String,
}

impl Event {
    /// Reads a record's value; `None` where it is torn or written by somebody else. The whole text is scanned, so the body
    /// can be joined into a request.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut stage = String::new();
        let mut team = None;
        let mut held = false;
        let mut event = None;
        json::members(text, &mut |name, raw| match name {
            "stage" => stage = json::string(raw).unwrap_or_default(),
            // The empty team is that of pages which were tracked whole before there was a gate for each team.
            "team" => team = json::string(raw).filter(|team| !team.is_empty()),
            "held" => held = raw == "true",
            "body" => event = Self::whole(raw),
            // A member that a later version adds is none of this version's business.
            _ => {}
        })
        .ok()?;
        let event = event.filter(|event| !event.name.is_empty())?;
        let sealed = stage == "sealed";
        (sealed || stage == "raw").then_some(Self { sealed, team, held, ..event })
    }

    /// Reads the text of an event as it is sent; `None` where it is no JSON object.
    pub(super) fn whole(text: &str) -> Option<Self> {
        let mut event = Self { sealed: true, ..Self::default() };
        json::copy(text, &mut event.body).ok()?;
        json::members(text, &mut |member, raw| {
            if member == "event" {
                event.name = json::string(raw).unwrap_or_default();
            }
        })
        .ok()?;
        Some(event)
    }
}

/// The value of a sealed record.
pub(super) fn sealed_value(team: Option<&str>, held: bool, body: &str) -> String {
    let mut out = String::with_capacity(body.len() + 48);
    let mut object = ObjectWriter::begin(&mut out);
    object.string("stage", "sealed");
    if held {
        object.raw("held", "true");
    }
    object.optional_string("team", team);
    object.raw("body", body);
    object.end();
    out
}

/// Whether an event of this name goes at once: a page is usually left right after it, or money depends on it.
///
/// # Example
/// ```
/// use posthog_booking_tracker::engine::is_must_send;
/// assert!(is_must_send("booking_completed") && is_must_send("payment_processed"));
/// assert!(!is_must_send("booking_started"));
/// ```
#[must_use]
pub fn is_must_send(event: &str) -> bool {
    matches!(event, "booking_completed" | "booking_failed" | "$identify") || event.starts_with("payment_")
}

/// How many bytes a key and its value take in storage: two for each UTF-16 unit, as browsers count them.
pub(super) fn stored_bytes(key: &str, value: &str) -> usize {
    let units = |text: &str| {
        // Every byte that starts a character is one unit, and one that starts a four-byte character is two.
        text.bytes().map(|byte| usize::from(byte & 0xc0 != 0x80) + usize::from(byte >= 0xf0)).sum::<usize>()
    };
    2 * (units(key) + units(value))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test states its expectations by failing")]

    use proptest::prelude::*;

    use super::*;

    const UUID: &str = "0190b3a2-7c1e-7a3b-9f00-0123456789ab";

    #[test]
    fn the_fixture_that_the_keel_shares() {
        let fixture: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/fixtures/records.json")).unwrap();
        let text = |pointer: &str| fixture.pointer(pointer).unwrap().as_str().unwrap().to_owned();
        let project = project_hash(&text("/apiKey"));
        let captured = Wall(fixture["capturedMs"].as_u64().unwrap());
        let key = RecordKey::new(project, captured, fixture["sequence"].as_u64().unwrap(), &text("/uuid"));
        assert_eq!(key.text, text("/key"));
        assert_eq!(key.uuid(), text("/uuid"));
        assert_eq!(noun_key("identity", project), text("/identityKey"));
        let sealed = Event::parse(&text("/sealed")).unwrap();
        assert!(sealed.sealed);
        assert_eq!((sealed.name.as_str(), sealed.team.as_deref()), ("booking_completed", Some("42")));
        assert_eq!(sealed_value(sealed.team.as_deref(), sealed.held, &sealed.body), text("/sealed"));
        let held = Event::parse(&text("/held")).unwrap();
        assert!(held.held && !sealed.held);
        assert_eq!(sealed_value(held.team.as_deref(), held.held, &held.body), text("/held"));
    }

    #[test]
    fn foreign_and_damaged_keys_are_told_apart() {
        let key = RecordKey::new(7, Wall(1_000), 0, UUID);
        let text = key.text.clone();
        assert_eq!(FoundKey::parse(&text, 7), FoundKey::Own(key));
        for foreign in [text.replace("phbt:1:", "phbt:2:"), text[..text.len() - 1].to_owned(), format!("{text}:x")] {
            assert_eq!(FoundKey::parse(&foreign, 7), FoundKey::Foreign(Wall(1_000)), "{foreign}");
        }
        assert_eq!(FoundKey::parse(&text, 8), FoundKey::Foreign(Wall(1_000)));
        for other in ["phbt:identity:7", "phbt:", "phbt:1", "phbt:1:7", "ph_phc_x_posthog", "phbt:1:7:!:0:x", ""] {
            assert_eq!(FoundKey::parse(other, 7), FoundKey::Other, "{other}");
        }
    }

    #[test]
    fn a_uuid_has_36_characters_each_in_its_place() {
        assert!(is_uuid(UUID) && is_uuid(&UUID.to_uppercase()));
        for (index, byte) in UUID.bytes().enumerate() {
            let mut other = UUID.to_owned();
            other.replace_range(index..=index, if byte == b'-' { "0" } else { "-" });
            assert!(!is_uuid(&other), "{other}");
        }
        for other in ["", &UUID[1..], "0190b3a27c1e7a3b9f000123456789ab", "0190b3a2-7c1e-7a3b-9f00-0123456789ag"] {
            assert!(!is_uuid(other), "{other}");
        }
    }

    #[test]
    fn bytes_are_counted_in_utf_16() {
        for text in ["", "a", "é", "€", "😀", "a😀é"] {
            assert_eq!(stored_bytes(text, text), 4 * text.encode_utf16().count(), "{text}");
        }
    }

    #[test]
    fn a_value_that_lacks_what_it_needs_is_torn() {
        for value in [
            r#"{"stage":"raw"}"#,
            r#"{"stage":"raw","body":{}}"#,
            r#"{"stage":"raw","body":[]}"#,
            r#"{"stage":"sealed","body":{}}"#,
            r#"{"stage":"other","body":{"event":"e"}}"#,
            r#"{"body":{"event":"e"}}"#,
            "null",
        ] {
            assert_eq!(Event::parse(value), None, "{value}");
        }
    }

    proptest! {
        #[test]
        fn prop_a_key_is_read_as_it_was_written(project: u32, captured: u64, sequence: u64) {
            let key = RecordKey::new(project, Wall(captured), sequence, UUID);
            prop_assert_eq!(FoundKey::parse(&key.text, project), FoundKey::Own(key));
        }

        #[test]
        fn prop_every_cut_of_a_value_is_torn(cut in 0_usize..100) {
            let value = sealed_value(Some("42"), false, r#"{"event":"booking_started","properties":{"a":"é"}}"#);
            if cut < value.len() && value.is_char_boundary(cut) {
                prop_assert_eq!(Event::parse(&value[..cut]), None);
            }
            prop_assert!(Event::parse(&value).is_some());
        }

        #[test]
        fn prop_no_text_makes_the_readers_panic(text in ".*") {
            let _ = FoundKey::parse(&format!("phbt:{text}"), 7);
            let _ = FoundKey::parse(&text, 7);
            let _ = Event::parse(&text);
        }
    }
}
