//! Replaying the journal: makes events of what other pages have stored there while they had no tracker, once each (the format and what
//! may be stored stand in `js/src/journal.ts`).
//!
//! An entry lies under `phbt:journal:<project>:<captured ms>:<sequence>:<uuid>`, numbers in base 36, as a JSON object: the method of
//! the tracker and what it was given, page, team, visitor, address.

use super::recorder::Origin;
use super::{Person, Tracker};
use crate::event::json::{Object, Value};
use crate::event::{
    CaptureOptions, Draft, PageAddress, clean, id_text, is_iso_time, is_legal_distinct_id, is_must_send, is_uuid,
    iso_time, uuid_v7,
};
use crate::outbox::{DropReason, Input as OutboxInput, Monotonic, Store, TabStore, Wall, is_broken, noun_key};
use crate::text::{base36, cut};

/// Entries older than this are not replayed: 7 days.
const ENTRY_AGE_MAX_MS: u64 = 7 * 24 * 3_600_000;

/// What replaying knows of the journal.
#[derive(Debug, Default)]
pub(super) struct Replay {
    /// When attempts at a booking began, by page and attempt: an entry that ends one may come before the last of it.
    starts: Vec<(String, Monotonic)>,
    /// The uuids of entries that are replayed: where storage takes no record, they stay in it.
    replayed: Vec<String>,
}

/// An entry as it lies in storage.
#[derive(Debug)]
struct Entry {
    key: String,
    captured: Wall,
    sequence: u64,
    uuid: String,
    stored: Object,
    name: String,
    args: Vec<String>,
}

impl Entry {
    /// Reads an entry; `None`, where somebody has damaged it.
    fn read(key: &str, prefix: &str, text: &str) -> Option<Self> {
        let (captured, rest) = cut(key.strip_prefix(prefix)?, b':');
        let (sequence, uuid) = cut(rest, b':');
        let stored = Object::read(text)?;
        let is_text = |name: &&str| stored.get(name).is_some_and(|value| value.text().is_some());
        let is_array = |name: &&str| stored.get(name).is_some_and(|value| value.raw().starts_with('['));
        let is_whole = ["name", "page", "team", "visitor", "href", "referrer"].iter().all(is_text)
            && ["args", "identity"].iter().all(is_array)
            && stored.get("mustSend").is_some_and(|value| value.boolean().is_some());
        let args = stored.get("args")?.items().map(|arg| arg.raw().to_owned()).collect();
        is_whole.then_some(Self {
            key: key.to_owned(),
            captured: Wall(base36(captured)?),
            sequence: base36(sequence)?,
            uuid: uuid.to_owned(),
            name: text_of(&stored, "name"),
            stored,
            args,
        })
    }

    fn text(&self, name: &str) -> String {
        text_of(&self.stored, name)
    }

    fn arg(&self, place: usize) -> Value<'_> {
        self.args.get(place).and_then(|arg| Value::read(arg).ok()).unwrap_or_default()
    }

    fn object(&self, place: usize) -> Object {
        Object::of(self.arg(place)).unwrap_or_default()
    }

    fn is_expired(&self, now: Wall) -> bool {
        now.0.abs_diff(self.captured.0) > ENTRY_AGE_MAX_MS
    }

    fn monotonic(&self) -> Option<Monotonic> {
        // A reader of doubles would be the largest part of this file.
        let whole = self.stored.get("monotonicMs").map(|ms| cut(ms.raw(), b'.').0)?;
        whole.parse().ok().filter(|ms| *ms > 0).map(Monotonic)
    }

    /// Names the attempt at a booking that it belongs to; empty, where it belongs to none.
    fn attempt(&self) -> String {
        let properties = self.object(0);
        let attempt = properties.get("attemptId").map(Value::raw).unwrap_or_default();
        if attempt.is_empty() { String::new() } else { [&self.text("page"), ":", attempt].concat() }
    }
}

/// An event that an entry makes.
struct Made {
    name: String,
    properties: Object,
    options: CaptureOptions,
    person: Option<Person>,
}

impl<S: Store + TabStore> Tracker<S> {
    /// Replays every entry of another page that is at least this old; looks again for younger ones. `false`, where it is not known yet what
    /// the browser says of itself, in which they happened.
    pub(super) fn replay_journal(&mut self, age_min_ms: u64) -> bool {
        let entries = self.entries();
        if !entries.is_empty() && !self.knows_environment() {
            return false;
        }
        for entry in &entries {
            let attempt = entry.attempt();
            let is_known = self.replay.starts.iter().any(|(other, _)| *other == attempt);
            if entry.name == "trackBookingStarted" && !is_known {
                self.replay.starts.push((attempt, entry.monotonic().unwrap_or_default()));
            }
        }
        let age_ms = |entry: &Entry| self.facts.wall.0.abs_diff(entry.captured.0);
        let oldest_young = entries.iter().map(age_ms).filter(|age_ms| *age_ms < age_min_ms).max();
        let old: Vec<Entry> = {
            let wall = self.facts.wall.0;
            entries.into_iter().filter(|entry| wall.abs_diff(entry.captured.0) >= age_min_ms).collect()
        };
        if let Some(age_ms) = oldest_young {
            self.tell_outbox(OutboxInput::LookAgain { in_ms: age_min_ms - age_ms });
        }
        for entry in &old {
            self.settle(entry);
        }
        true
    }

    /// The entries of other pages that are not known to kill this version, in the order of capture. What is damaged is removed.
    fn entries(&mut self) -> Vec<Entry> {
        let mut prefix = noun_key("journal", self.options.project());
        prefix.push_str(":");
        let store = self.outbox.store_mut();
        let mut entries = Vec::new();
        for key in store.keys(&prefix).unwrap_or_default() {
            let text = store.get(&key).ok().flatten().unwrap_or_default();
            match Entry::read(&key, &prefix, &text) {
                Some(entry) => entries.push(entry),
                None => drop(store.remove(&key)),
            }
        }
        let (wall, page, version) = (self.facts.wall, &self.options.page, &self.options.version);
        entries.retain(|entry| {
            let may_kill = entry.text("trapped") == *version && !entry.is_expired(wall);
            entry.text("page") != *page && !self.replay.replayed.contains(&entry.uuid) && !may_kill
        });
        entries.sort_by_key(|entry| (entry.captured, entry.sequence));
        entries
    }

    /// The event of an entry has become this record, or is given up. Where the record waits and storage has not taken it, the entry stays.
    pub(super) fn replayed(&mut self, entry: &str, record: &str, uuid: &str) {
        self.replay.replayed.push(uuid.to_owned());
        if !self.outbox.has(record) || matches!(self.outbox.store().get(record), Ok(Some(_))) {
            let _ = self.outbox.store_mut().remove(entry);
        }
    }

    /// Makes the event of an entry. One that makes none is removed.
    fn settle(&mut self, entry: &Entry) {
        let is_expired = entry.is_expired(self.facts.wall);
        let made = if is_uuid(&entry.uuid) { self.made_of(entry) } else { None };
        let Some(made) = made.filter(|_| !is_expired) else {
            if is_expired {
                let is_quarantined = !entry.text("trapped").is_empty();
                let reason = if is_quarantined { DropReason::Quarantined } else { DropReason::Expired };
                self.give_up_replayed(reason, &entry.name);
            }
            let _ = self.outbox.store_mut().remove(&entry.key);
            return;
        };
        let must_send = entry.stored.get("mustSend").and_then(Value::boolean) == Some(true);
        let options = CaptureOptions {
            send_instantly: made.options.send_instantly || must_send && !is_must_send(&made.name),
            ..made.options
        };
        let uuid = if is_broken!(self, ReplayWithoutUuid) {
            uuid_v7(self.facts.wall.0, &mut self.entropy)
        } else {
            entry.uuid.clone()
        };
        let draft = Draft {
            name: made.name,
            properties: made.properties,
            options,
            uuid,
            captured: entry.captured,
            sequence: entry.sequence,
            team: entry.text("team"),
            address: PageAddress::reduce(&entry.text("href"), &entry.text("referrer")),
            is_minimal: false,
        };
        self.record(draft, made.person, Origin::Journal(entry.key.clone()), None);
    }

    /// What the call of an entry makes; `None`, where it makes no event.
    fn made_of(&self, entry: &Entry) -> Option<Made> {
        let identity = entry.stored.get("identity").map(Value::raw).unwrap_or_default();
        let person = Person::read(&entry.text("visitor"), identity);
        let made = |name: &str, properties: Object, options: CaptureOptions, person: Option<Person>| {
            Some(Made { name: name.to_owned(), properties, options, person })
        };
        let none = CaptureOptions::default;
        let name = entry.arg(0).text();
        let first = id_text(entry.arg(0));
        match entry.name.as_str() {
            "capture" => made(&name?, cleaned(entry.object(1)), options_of(&entry.object(2)), person),
            "identify" => {
                let (person, id) = (person?, first.filter(|id| is_legal_distinct_id(id))?);
                // PostHog knows that one, and two known people are never merged.
                if person.is_identified || id == person.distinct_id {
                    return None;
                }
                let mut properties = Object::default();
                properties.set_text("$anon_distinct_id", &person.distinct_id);
                made("$identify", properties, none(), Some(Person { distinct_id: id, is_identified: true, ..person }))
            }
            "alias" => {
                let (person, alias) = (person?, first.filter(|id| is_legal_distinct_id(id))?);
                if alias == person.distinct_id {
                    return None;
                }
                let original = id_text(entry.arg(1)).filter(|id| is_legal_distinct_id(id));
                let of = original.unwrap_or_else(|| person.distinct_id.clone());
                let mut properties = Object::default();
                properties.set_text("alias", &alias);
                properties.set_text("distinct_id", &of);
                let options = CaptureOptions { distinct_id: Some(of), ..none() };
                made("$create_alias", properties, options, Some(person))
            }
            name => {
                let mut event = String::from("booking_");
                event.push_str(name.strip_prefix("trackBooking")?);
                event.make_ascii_lowercase();
                made(&event, self.with_elapsed(entry), none(), person)
            }
        }
    }

    /// The properties of a booking's event with its attempt, and the time since that began, where the page has noted that too.
    fn with_elapsed(&self, entry: &Entry) -> Object {
        let mut properties = cleaned(entry.object(0));
        let attempt = entry.attempt();
        let started = self.replay.starts.iter().rev().find(|(other, _)| !attempt.is_empty() && *other == attempt);
        if let (Some((_, started)), Some(now)) = (started, entry.monotonic())
            && entry.name != "trackBookingStarted"
            && properties.get("elapsedMs").is_none()
        {
            properties.set_integer("elapsedMs", now.0.saturating_sub(started.0) as i64);
        }
        if attempt.is_empty() {
            // Whoever replays the entry says the same.
            properties.set_text("attemptId", &entry.uuid);
        }
        properties
    }
}

fn cleaned(mut properties: Object) -> Object {
    clean(&mut properties);
    properties
}

/// The options of a capture, as far as the journal has stored them.
fn options_of(given: &Object) -> CaptureOptions {
    let is = |name| given.get(name).and_then(Value::boolean) == Some(true);
    // Not before it was stored, nor here, was it read as a date: what is none counts for nothing, as on its own page.
    let timestamp = given.get("timestamp").and_then(|given| match given.integer() {
        Some(ms) => u64::try_from(ms).ok().map(|ms| iso_time(Wall(ms))),
        None => given.text().map(std::borrow::Cow::into_owned).filter(|text| is_iso_time(text)),
    });
    let distinct_id = given.get("distinctId").and_then(id_text).unwrap_or_default();
    CaptureOptions {
        timestamp,
        distinct_id: Some(distinct_id).filter(|id| is_legal_distinct_id(id)),
        disable_geoip: is("disableGeoip"),
        send_instantly: is("sendInstantly"),
        ..CaptureOptions::default()
    }
}

fn text_of(object: &Object, name: &str) -> String {
    object.get(name).and_then(Value::text).map(std::borrow::Cow::into_owned).unwrap_or_default()
}
