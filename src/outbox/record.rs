//! The record format: how one event lies in storage, and the keys of everything else that is stored.
//!
//! The format is shared with every later version; the fixture
//! `tests/fixtures/records.json` pins it. One key for each event, so that two tabs never overwrite each other:
//! `phbt:<format>:<project>:<captured ms, base 36>:<sequence>:<uuid>`. The value is `<marks>⇥<team>⇥<event>`, with a
//! tabulator between its parts, which none of them holds:
//!
//! - the marks, a letter each: `s` for a sealed record, which holds the event exactly as it is sent, for ever; `r` for a raw
//!   one, of which its own page may still change who it is about, while it waits for another tracker to say so
//!   (`tracker/sharing.rs`); whoever else finds it takes it as it is; `h`, where nobody knew whether the team is tracked
//!   when the event was captured: it is not kept for longer than 24 hours; `m` for a must-send event; `f`, once for each page on
//!   which it was refused alone (403) and another event passed;
//! - the team whose gate must be open, in which `%` and control characters are percent-encoded; empty, where no gate holds the
//!   event;
//! - the event as it is sent, the text of a JSON object.

use super::Wall;
use crate::event::whole_event;
use crate::text::{base36, cut, push_base36};

/// What every key of this product starts with.
pub const KEY_PREFIX: &str = "phbt:";

/// The format that this version writes. Records of another one are left alone until their key says they expired.
pub const RECORD_FORMAT: &str = "1";

/// What stands in place of the format in the key of a journal's entry.
const JOURNAL: &str = "journal";

/// The key of something that is stored once for each project, e.g. `phbt:identity:1plaeh8`.
#[must_use]
pub fn noun_key(noun: &str, project: &str) -> String {
    let mut key = String::from(KEY_PREFIX);
    key.push_str(noun);
    key.push_str(":");
    key.push_str(project);
    key
}

/// How a project is called in storage keys: 32-bit FNV-1a of its key in base 36. The facade computes the same
/// (`js/src/storage-keys.ts`).
///
/// # Example
/// ```
/// assert_eq!(posthog_booking_tracker::outbox::project_hash("phc_demo"), "1plaeh8");
/// ```
#[must_use]
pub fn project_hash(api_key: &str) -> String {
    let mix = |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    let mut text = String::new();
    push_base36(&mut text, api_key.bytes().fold(0x811c_9dc5, mix).into());
    text
}

/// The storage key of the record of an event: captured at `captured`, as number `sequence` of its page.
///
/// # Example
/// ```
/// use posthog_booking_tracker::outbox::{Wall, record_key};
/// let key = record_key("1plaeh8", Wall(35), 1, "0190b3a2-7c1e-7a3b-9f00-0123456789ab");
/// assert_eq!(key, "phbt:1:1plaeh8:z:1:0190b3a2-7c1e-7a3b-9f00-0123456789ab");
/// ```
#[must_use]
pub fn record_key(project: &str, captured: Wall, sequence: u64, uuid: &str) -> String {
    RecordKey::new(project, captured, sequence, uuid).text
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
    /// What a page of this project noted in its journal while it had no tracker: the affair of the page's side.
    Journal,
    /// No record.
    Other,
}

impl RecordKey {
    fn new(project: &str, captured: Wall, sequence: u64, uuid: &str) -> Self {
        let mut text = String::from(KEY_PREFIX);
        text.push_str(RECORD_FORMAT);
        text.push_str(":");
        text.push_str(project);
        text.push_str(":");
        for part in [captured.0, sequence] {
            push_base36(&mut text, part);
            text.push_str(":");
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
    pub(super) fn parse(key: &str, project: &str) -> Self {
        let Some(rest) = key.strip_prefix(KEY_PREFIX) else {
            return Self::Other;
        };
        let (format, rest) = cut(rest, b':');
        let (owner, rest) = cut(rest, b':');
        let (captured, rest) = cut(rest, b':');
        let (sequence, uuid) = cut(rest, b':');
        let Some(captured) = base36(captured).map(Wall) else {
            return Self::Other;
        };
        match base36(sequence) {
            Some(sequence) if format == RECORD_FORMAT && owner == project && is_uuid(uuid) => {
                Self::Own(RecordKey { text: key.to_owned(), captured, sequence })
            }
            _ if format == JOURNAL && owner == project => Self::Journal,
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

/// What stands between the parts of a value.
const SEPARATOR: u8 = b'\t';

/// What the value of a record says of its event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    /// Whether it was sealed already.
    pub(super) sealed: bool,
    /// Whether nobody knew about its team when it was captured.
    pub(super) held: bool,
    /// Whether it goes at once.
    pub(super) must_send: bool,
    /// On how many pages it was refused alone, while another event passed.
    pub(super) refusals: usize,
    /// The team whose gate must be open; empty, where no gate holds it.
    pub(super) team: String,
    /// What is stored of it.
    pub(super) value: RecordValue,
}

/// The value of a record, and where its event begins in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RecordValue {
    pub(super) text: String,
    body_at: usize,
}

impl RecordValue {
    /// Joins the value of these marks, this team as it is stored, and this event.
    fn join(marks: &str, team: &str, body: &str) -> Self {
        let mut text = [marks, "\t", team, "\t"].concat();
        let body_at = text.len();
        text.push_str(body);
        Self { text, body_at }
    }

    /// The event as it is sent: the text of a JSON object.
    pub(super) fn body(&self) -> &str {
        &self.text[self.body_at..]
    }

    /// This value, marked as refused on one page more.
    pub(super) fn refused(&self) -> Self {
        let (seal, rest) = self.text.split_at(1);
        Self { text: [seal, "f", rest].concat(), body_at: self.body_at + 1 }
    }

    /// This raw value, sealed with the final text of its event.
    pub(super) fn sealed_with(&self, body: &str) -> Self {
        // The seal is the first mark of what is written here.
        let mut text = String::from("s");
        text.push_str(&self.text[1..self.body_at]);
        text.push_str(body);
        Self { text, body_at: self.body_at }
    }
}

impl Event {
    /// An event that is captured now.
    pub(super) fn new(team: &str, sealed: bool, held: bool, must_send: bool, body: &str) -> Self {
        let marks = [if sealed { "s" } else { "r" }, if held { "h" } else { "" }, if must_send { "m" } else { "" }];
        let value = RecordValue::join(&marks.concat(), &stored_team(team), body);
        Self { sealed, held, must_send, refusals: 0, team: team.to_owned(), value }
    }

    /// Reads a record's value and gives it sealed; `None` where it is torn or written by somebody else.
    pub(super) fn parse(value: &str) -> Option<Self> {
        let (found, rest) = cut(value, SEPARATOR);
        let (team, body) = cut(rest, SEPARATOR);
        // A mark that a later version adds is none of this version's business.
        let has = |mark: u8| found.bytes().any(|found| found == mark);
        if has(b's') == has(b'r') || body.len() > cut(body, SEPARATOR).0.len() {
            return None;
        }
        let body = whole_event(body)?;
        let (held, must_send) = (has(b'h'), has(b'm'));
        let refusals = found.bytes().filter(|mark| *mark == b'f').count();
        // What a later version has marked it with, it finds again.
        let marks = ["s", &found.replace(['s', 'r'], "")].concat();
        let value = RecordValue::join(&marks, team, &body);
        Some(Self { sealed: has(b's'), held, must_send, refusals, team: plain_team(team), value })
    }
}

/// Whether a value is marked as that of a raw record.
pub(super) fn is_raw(value: &str) -> bool {
    cut(value, SEPARATOR).0.bytes().any(|mark| mark == b'r')
}

/// A team as it is stored: without a character that could be taken for the end of something.
fn stored_team(team: &str) -> String {
    let mut out = Vec::new();
    for byte in team.bytes() {
        if byte == b'%' || byte.is_ascii_control() {
            let digit = |value: u8| b"0123456789ABCDEF"[usize::from(value & 15)];
            out.extend([b'%', digit(byte >> 4), digit(byte)]);
        } else {
            out.push(byte);
        }
    }
    // Only whole characters have been replaced, so this is text as before.
    String::from_utf8(out).unwrap_or_default()
}

/// The team that is stored as this text; a text that nobody has encoded is the team.
fn plain_team(stored: &str) -> String {
    let bytes = stored.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let digit = |offset: usize| bytes.get(at + offset).and_then(|&digit| char::from(digit).to_digit(16));
        match (byte, digit(1), digit(2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| stored.to_owned())
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
    fn the_fixture_that_the_page_shares() {
        let fixture: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/fixtures/records.json")).unwrap();
        let text = |pointer: &str| fixture.pointer(pointer).unwrap().as_str().unwrap().to_owned();
        let project = text("/project");
        let captured = Wall(fixture["capturedMs"].as_u64().unwrap());
        let key = RecordKey::new(&project, captured, fixture["sequence"].as_u64().unwrap(), &text("/uuid"));
        assert_eq!(key.text, text("/key"));
        assert_eq!(key.uuid(), text("/uuid"));
        assert_eq!(project_hash(&text("/apiKey")), project);
        assert_eq!(noun_key("identity", &project), text("/identityKey"));
        for (name, sealed, held, team) in [
            ("/sealed", true, false, "42"),
            ("/raw", false, false, "42"),
            ("/held", true, true, "a & b"),
            ("/ungated", true, false, ""),
        ] {
            let value = text(name);
            let event = Event::parse(&value).unwrap();
            let parts = (event.sealed, event.held, event.must_send, event.team.as_str());
            assert_eq!(parts, (sealed, held, true, team), "{name}");
            assert_eq!(event.value.text, if sealed { value } else { text("/sealed") });
        }
    }

    #[test]
    fn foreign_and_damaged_keys_are_told_apart() {
        let key = RecordKey::new("7", Wall(1_000), 0, UUID);
        let text = key.text.clone();
        assert_eq!(FoundKey::parse(&text, "7"), FoundKey::Own(key));
        for foreign in [text.replace("phbt:1:", "phbt:2:"), text[..text.len() - 1].to_owned(), format!("{text}:x")] {
            assert_eq!(FoundKey::parse(&foreign, "7"), FoundKey::Foreign(Wall(1_000)), "{foreign}");
        }
        assert_eq!(FoundKey::parse(&text, "8"), FoundKey::Foreign(Wall(1_000)));
        let journal = text.replace("phbt:1:", "phbt:journal:");
        assert_eq!(FoundKey::parse(&journal, "7"), FoundKey::Journal);
        assert_eq!(FoundKey::parse(&journal, "8"), FoundKey::Foreign(Wall(1_000)));
        for other in ["phbt:identity:7", "phbt:", "phbt:1", "phbt:1:7", "ph_phc_x_posthog", "phbt:1:7:!:0:x", ""] {
            assert_eq!(FoundKey::parse(other, "7"), FoundKey::Other, "{other}");
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
    fn a_team_is_stored_without_what_ends_something() {
        for (team, stored) in [("42", "42"), ("a & é", "a & é"), ("5%\t\n", "5%25%09%0A"), ("", "")] {
            assert_eq!((stored_team(team).as_str(), plain_team(stored).as_str()), (stored, team));
        }
        for damaged in ["%", "%4", "%zz", "%FF"] {
            assert_eq!(plain_team(damaged), damaged);
        }
    }

    #[test]
    fn a_value_that_lacks_what_it_needs_is_torn() {
        for value in ["", "s", "s\t42", "s\t42\t", "s\t42\t{", "s\t42\t{}", "{}", r#"{"event":"e"}"#, "s\t42\t[]"] {
            assert_eq!(Event::parse(value), None, "{value}");
        }
        for marks in ["", "rs", "m"] {
            assert_eq!(Event::parse(&format!("{marks}\t42\t{{\"event\":\"e\"}}")), None, "{marks}");
        }
        assert_eq!(Event::parse("s\t42\t{\"event\":\"e\"}\t"), None, "a part too many");
        for marks in ["rzm", "szm"] {
            let value = Event::parse(&format!("{marks}\t42\t{{\"event\":\"e\"}}")).map(|event| event.value.text);
            assert_eq!(value.as_deref(), Some("szm\t42\t{\"event\":\"e\"}"), "the mark of a later version stays");
        }
    }

    proptest! {
        #[test]
        fn prop_a_key_is_read_as_it_was_written(project in "[0-9a-z]{1,7}", captured: u64, sequence: u64) {
            let key = RecordKey::new(&project, Wall(captured), sequence, UUID);
            prop_assert_eq!(FoundKey::parse(&key.text, &project), FoundKey::Own(key));
        }

        #[test]
        fn prop_a_value_is_read_as_it_was_written(team: String, held: bool, must_send: bool, note: String) {
            let body = serde_json::json!({ "event": "e", "properties": { "note": note } }).to_string();
            let event = Event::new(&team, true, held, must_send, &body);
            prop_assert_eq!(event.value.body(), &body);
            prop_assert_eq!((event.held, event.must_send, &event.team), (held, must_send, &team));
            prop_assert_eq!(Event::parse(&event.value.text), Some(event.clone()));
            let earlier = r#"{"event":"e"}"#;
            let raw = Event::new(&team, false, held, must_send, earlier);
            let found = Event::parse(&raw.value.text);
            prop_assert_eq!(found.map(|found| (found.sealed, found.value)), Some((false, raw.value.sealed_with(earlier))));
            prop_assert_eq!(raw.value.sealed_with(&body), event.value);
        }

        #[test]
        fn prop_no_text_makes_the_readers_panic(text in ".*") {
            let _ = FoundKey::parse(&format!("phbt:{text}"), "7");
            let _ = FoundKey::parse(&text, "7");
            let _ = Event::parse(&text);
        }
    }
}
