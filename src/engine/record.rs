//! The record format: how one event lies in storage, and the keys of everything else that is stored.
//!
//! The format is shared with the keel (`js/src/record.ts`) and with every later version; the fixture
//! `tests/fixtures/records.json` pins it. One key for each event, so that two tabs never overwrite each other:
//! `phbt:<format>:<project>:<captured ms, base 36>:<sequence>:<uuid>`. The value is one JSON object:
//!
//! - `{"stage":"raw","uuid","timestamp","event","team"?,"url","referrer","distinct_id"?,"session_id"?,"properties"}`
//!   is what a page knows without the engine. The ids stand there when the keel knew them.
//! - `{"stage":"sealed","team"?,"body":{…}}` holds the event exactly as it is sent, for ever.
//!
//! `team` names the team whose gate must be open; it is absent where no gate holds the event.

use super::json::{self, ObjectWriter, push_base36};
use super::{Uuid, Wall};

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

/// The key of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordKey {
    /// [`project_hash`] of the project key.
    pub project: u32,
    /// When the event was captured; what is sorted and expired by.
    pub captured: Wall,
    /// Counts the captures of one page, to keep the order of those within a millisecond.
    pub sequence: u64,
    /// The event's uuid.
    pub uuid: Uuid,
}

/// A key that starts as a record's does, as far as this version understands it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FoundKey {
    /// A record of the format that this version reads.
    Record(RecordKey),
    /// A record of another format, or one whose key is damaged behind the time.
    Foreign { captured: Wall },
}

impl RecordKey {
    /// The text of the key.
    ///
    /// # Example
    /// ```
    /// use posthog_booking_tracker::engine::{RecordKey, Uuid, Wall};
    /// let uuid = Uuid::parse("0190b3a2-7c1e-7a3b-9f00-0123456789ab").ok_or("no uuid")?;
    /// let key = RecordKey { project: 71, captured: Wall(36), sequence: 2, uuid };
    /// assert_eq!(key.text(), "phbt:1:1z:10:2:0190b3a2-7c1e-7a3b-9f00-0123456789ab");
    /// # Ok::<(), &str>(())
    /// ```
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::with_capacity(72);
        out.push_str(KEY_PREFIX);
        for part in [RECORD_FORMAT, self.project.into(), self.captured.0, self.sequence] {
            push_base36(&mut out, part);
            out.push(':');
        }
        out.push_str(&self.uuid.text());
        out
    }

    /// The order in which records are sent: by capture time, then by sequence.
    #[must_use]
    pub fn order(&self) -> (Wall, u64, Uuid) {
        (self.captured, self.sequence, self.uuid)
    }
}

impl FoundKey {
    /// Reads a key; `None` where it is not a record's.
    pub(super) fn parse(key: &str) -> Option<Self> {
        let mut parts = key.strip_prefix(KEY_PREFIX)?.split(':');
        let format = base36(parts.next()?)?;
        let project = base36(parts.next()?)?;
        let captured = Wall(base36(parts.next()?)?);
        let mut rest = || {
            let sequence = base36(parts.next()?)?;
            let uuid = Uuid::parse(parts.next()?)?;
            let project = u32::try_from(project).ok()?;
            parts.next().is_none().then_some(RecordKey { project, captured, sequence, uuid })
        };
        match rest() {
            Some(key) if format == RECORD_FORMAT => Some(Self::Record(key)),
            _ => Some(Self::Foreign { captured }),
        }
    }
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

/// An event as a page knows it before it is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RawEvent {
    pub(super) uuid: Uuid,
    /// ISO 8601 in UTC.
    pub(super) timestamp: String,
    pub(super) name: String,
    pub(super) team: Option<String>,
    /// Reduced already.
    pub(super) url: String,
    /// Reduced already.
    pub(super) referrer: String,
    pub(super) distinct_id: Option<String>,
    pub(super) session_id: Option<String>,
    /// The text of a JSON object.
    pub(super) properties: String,
}

/// The value of a record, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Raw(RawEvent),
    Sealed { name: String, team: Option<String>, body: String },
}

impl Value {
    /// Reads a record's value; `None` where it is torn or written by somebody else. The whole text is scanned, so what
    /// this gives can be joined into a request.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut fields = Fields::default();
        for member in json::members(text) {
            let member = member.ok()?;
            fields.set(&member.name, member.raw)?;
        }
        fields.value()
    }
}

/// The members of a record's value, each as far as it was there.
#[derive(Default)]
struct Fields {
    stage: String,
    uuid: Option<Uuid>,
    timestamp: Option<String>,
    event: Option<String>,
    team: Option<String>,
    url: String,
    referrer: String,
    distinct_id: Option<String>,
    session_id: Option<String>,
    object: Option<String>,
}

impl Fields {
    fn set(&mut self, name: &str, raw: &str) -> Option<()> {
        if matches!(name, "properties" | "body") {
            let mut object = String::with_capacity(raw.len());
            json::copy(raw, &mut object).ok().filter(|()| object.starts_with('{'))?;
            self.object = Some(object);
            return Some(());
        }
        // A member that a later version adds is none of this version's business.
        let text = json::string(raw).unwrap_or_default().into_owned();
        match name {
            "stage" => self.stage = text,
            "uuid" => self.uuid = Uuid::parse(&text),
            "timestamp" => self.timestamp = Some(text),
            "event" => self.event = Some(text),
            "team" => self.team = Some(text),
            "url" => self.url = text,
            "referrer" => self.referrer = text,
            "distinct_id" => self.distinct_id = Some(text),
            "session_id" => self.session_id = Some(text),
            _ => {}
        }
        Some(())
    }

    fn value(self) -> Option<Value> {
        let object = self.object?;
        match self.stage.as_str() {
            "raw" => Some(Value::Raw(RawEvent {
                uuid: self.uuid?,
                timestamp: self.timestamp?,
                name: self.event?,
                team: self.team,
                url: self.url,
                referrer: self.referrer,
                distinct_id: self.distinct_id,
                session_id: self.session_id,
                properties: object,
            })),
            "sealed" => {
                let name = json::members(&object).flatten().find(|member| member.name == "event")?;
                let name = json::string(name.raw)?.into_owned();
                Some(Value::Sealed { name, team: self.team, body: object })
            }
            _ => None,
        }
    }
}

/// The value of a sealed record.
pub(super) fn sealed_value(team: Option<&str>, body: &str) -> String {
    let mut out = String::with_capacity(body.len() + 48);
    let mut object = ObjectWriter::begin(&mut out);
    object.string("stage", "sealed");
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
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test states its expectations by failing")]

    use proptest::prelude::*;

    use super::*;

    fn uuid() -> Uuid {
        Uuid::parse("0190b3a2-7c1e-7a3b-9f00-0123456789ab").unwrap()
    }

    #[test]
    fn the_fixture_that_the_keel_shares() {
        let fixture: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/fixtures/records.json")).unwrap();
        let text = |pointer: &str| fixture.pointer(pointer).unwrap().as_str().unwrap().to_owned();
        let key = RecordKey {
            project: project_hash(&text("/apiKey")),
            captured: Wall(fixture["capturedMs"].as_u64().unwrap()),
            sequence: fixture["sequence"].as_u64().unwrap(),
            uuid: Uuid::parse(&text("/uuid")).unwrap(),
        };
        assert_eq!(key.text(), text("/key"));
        assert_eq!(noun_key("identity", key.project), text("/identityKey"));
        let Some(Value::Raw(raw)) = Value::parse(&text("/raw")) else { panic!("the raw record is read") };
        assert_eq!(raw.uuid, key.uuid);
        assert_eq!(raw.name, "booking_completed");
        assert_eq!(raw.team.as_deref(), Some("42"));
        assert_eq!(raw.distinct_id.as_deref(), Some(text("/distinctId").as_str()));
        assert_eq!(raw.session_id.as_deref(), Some(text("/sessionId").as_str()));
        let Some(Value::Sealed { name, team, body }) = Value::parse(&text("/sealed")) else {
            panic!("the sealed record is read")
        };
        assert_eq!((name.as_str(), team.as_deref()), ("booking_completed", Some("42")));
        assert_eq!(sealed_value(team.as_deref(), &body), text("/sealed"));
    }

    #[test]
    fn foreign_and_damaged_keys_are_told_apart() {
        let text = RecordKey { project: 7, captured: Wall(1_000), sequence: 0, uuid: uuid() }.text();
        assert!(matches!(FoundKey::parse(&text), Some(FoundKey::Record(_))));
        for foreign in [text.replace("phbt:1:", "phbt:2:"), text[..text.len() - 1].to_owned(), format!("{text}:x")] {
            assert_eq!(FoundKey::parse(&foreign), Some(FoundKey::Foreign { captured: Wall(1_000) }), "{foreign}");
        }
        for other in ["phbt:identity:7", "phbt:", "phbt:1", "phbt:1:7", "ph_phc_x_posthog", "phbt:1:7:!:0:x", ""] {
            assert_eq!(FoundKey::parse(other), None, "{other}");
        }
    }

    #[test]
    fn bytes_are_counted_in_utf_16() {
        for text in ["", "a", "é", "€", "😀", "a😀é"] {
            assert_eq!(stored_bytes(text, text), 4 * text.encode_utf16().count(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn prop_a_key_is_read_as_it_was_written(project: u32, captured: u64, sequence: u64) {
            let key = RecordKey { project, captured: Wall(captured), sequence, uuid: uuid() };
            prop_assert_eq!(FoundKey::parse(&key.text()), Some(FoundKey::Record(key)));
        }

        #[test]
        fn prop_every_cut_of_a_value_is_torn(cut in 0_usize..100) {
            let value = sealed_value(Some("42"), r#"{"event":"booking_started","properties":{"a":"é"}}"#);
            if cut < value.len() && value.is_char_boundary(cut) {
                prop_assert_eq!(Value::parse(&value[..cut]), None);
            }
            prop_assert!(Value::parse(&value).is_some());
        }

        #[test]
        fn prop_no_text_makes_the_readers_panic(text in ".*") {
            let _ = FoundKey::parse(&text);
            let _ = FoundKey::parse(&format!("phbt:{text}"));
            let _ = Value::parse(&text);
        }
    }
}
