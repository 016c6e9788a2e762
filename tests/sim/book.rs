//! The book: what the simulator knows of every captured event, independently of the instance. It learns of an event by the
//! record that is written when it is captured.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::parcel::{Parcel, WireEvent};
use crate::record::RecordValue;
use crate::storage::PageId;

/// One time that an event left a page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Copy {
    pub(crate) at: u64,
    pub(crate) page: PageId,
    /// Whether the page held the drain lock.
    pub(crate) locked: bool,
    /// `None` for an exit, of which nobody hears.
    pub(crate) request: Option<u32>,
    /// Whether the page was told that the server has it.
    pub(crate) confirmed: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Fact {
    pub(crate) uuid: String,
    /// The number that its page has given it, where it has.
    pub(crate) number: Option<u64>,
    pub(crate) key: String,
    pub(crate) team: Option<String>,
    /// Whether its record says that nobody knew of that team when it was captured.
    pub(crate) held: bool,
    /// Whether its record says that it goes at once.
    pub(crate) must_send: bool,
    pub(crate) page: PageId,
    /// Which instance of the page has it in memory.
    pub(crate) instance: u32,
    pub(crate) captured_at: u64,
    /// The wall clock that its key names.
    pub(crate) captured_wall: u64,
    /// Whether the call that captured it has returned; else nothing is promised.
    pub(crate) returned: bool,
    /// Whether localStorage took it when it was captured.
    pub(crate) stored: bool,
    /// The whole value of the raw record, where it was captured so.
    pub(crate) raw: Option<String>,
    /// Whether a browser that was killed has brought its raw record back after it was sealed. Then nobody can know the seal any
    /// more, a stated limit.
    pub(crate) came_back_raw: bool,
    /// The key of its entry in the journal of a page that had no tracker, and that page.
    pub(crate) journal: Option<String>,
    pub(crate) noted_by: PageId,
    /// The whole value of the sealed record, as it was seen first.
    pub(crate) sealed: Option<String>,
    /// What others have made of its entry in a journal: the same row, in other words.
    pub(crate) made: Vec<String>,
    /// The page, and which instance of it, that has sealed it, and whether localStorage ever took the seal.
    pub(crate) sealed_by: (PageId, u32),
    pub(crate) seal_stored: bool,
    pub(crate) is_poisoned: bool,
    pub(crate) is_forbidden: bool,
    /// How often it was refused by 403 in a body of its own.
    pub(crate) refused_alone: u32,
    /// The pages that heard of it from the mirror.
    pub(crate) mirrored_to: Vec<PageId>,
    /// Whether the simulator has damaged its record.
    pub(crate) torn: bool,
    pub(crate) copies: Vec<Copy>,
    /// When a page was first told that the server has it.
    pub(crate) told_at: Option<u64>,
    /// Why it need not arrive.
    pub(crate) excuse: Option<String>,
}

impl Fact {
    pub(crate) fn new(uuid: String, (page, instance): (PageId, u32)) -> Self {
        Self {
            uuid,
            number: None,
            key: String::new(),
            team: None,
            held: false,
            must_send: false,
            page,
            instance,
            captured_at: 0,
            captured_wall: 0,
            returned: false,
            stored: false,
            raw: None,
            came_back_raw: false,
            journal: None,
            noted_by: page,
            sealed: None,
            made: Vec::new(),
            sealed_by: (page, instance),
            seal_stored: false,
            is_poisoned: false,
            is_forbidden: false,
            refused_alone: 0,
            mirrored_to: Vec::new(),
            torn: false,
            copies: Vec::new(),
            told_at: None,
            excuse: None,
        }
    }

    /// The teams that it is recorded for; pages that replay an entry may know of another one, or of none.
    pub(crate) fn teams(&self) -> impl Iterator<Item = Option<&str>> {
        let made = self.made.iter().filter_map(|made| RecordValue::read(made).map(|record| record.team));
        std::iter::once(self.team.as_deref()).chain(made)
    }

    /// The event as it is sent, where it is sealed.
    pub(crate) fn body(&self) -> Option<&str> {
        self.sealed.as_deref().and_then(body_of)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(crate) facts: Vec<Fact>,
    /// The uuids of those that need not arrive, in the order in which that was found.
    pub(crate) excused: Vec<String>,
    by_uuid: BTreeMap<String, usize>,
}

/// The text of the event inside a record, damaged or not.
pub(crate) fn body_of(value: &str) -> Option<&str> {
    value.splitn(3, '\t').nth(2)
}

/// The uuid that a record's key names.
pub(crate) fn uuid_of(key: &str) -> &str {
    key.rsplit(':').next().unwrap_or_default()
}

/// The wall clock that a record's key names.
pub(crate) fn captured_of(key: &str) -> u64 {
    key.split(':').nth(3).and_then(|text| u64::from_str_radix(text, 36).ok()).unwrap_or_default()
}

impl Book {
    pub(crate) fn index(&self, uuid: &str) -> Option<usize> {
        self.by_uuid.get(uuid).copied()
    }

    pub(crate) fn find(&self, uuid: &str) -> Option<&Fact> {
        self.index(uuid).map(|index| &self.facts[index])
    }

    pub(crate) fn find_mut(&mut self, uuid: &str) -> Option<&mut Fact> {
        self.index(uuid).map(|index| &mut self.facts[index])
    }

    /// Enters an event by the record that was written for it.
    ///
    /// # Errors
    /// What is wrong with the record.
    pub(crate) fn enter(
        &mut self,
        page: PageId,
        instance: u32,
        at: u64,
        put: (&str, &str, bool),
    ) -> Result<(), String> {
        let (key, value, stored) = put;
        let record = RecordValue::read(value).ok_or_else(|| format!("this is no record: {value}"))?;
        let event: Value = serde_json::from_str(record.body).map_err(|error| format!("{error} in {value}"))?;
        let properties = &event["properties"];
        let uuid = uuid_of(key).to_owned();
        if event["uuid"] != uuid.as_str() {
            return Err(format!("the key {key} names another event than {value}"));
        }
        self.add(Fact {
            number: properties["n"].as_u64(),
            key: key.to_owned(),
            team: record.team.map(str::to_owned),
            held: record.held,
            must_send: record.must_send,
            captured_at: at,
            stored,
            raw: (!record.sealed).then(|| value.to_owned()),
            sealed: record.sealed.then(|| value.to_owned()),
            seal_stored: record.sealed && stored,
            is_poisoned: properties["poison"] == true,
            is_forbidden: properties["forbidden"] == true,
            ..Fact::new(uuid, (page, instance))
        });
        Ok(())
    }

    pub(crate) fn add(&mut self, fact: Fact) {
        self.by_uuid.insert(fact.uuid.clone(), self.facts.len());
        self.facts.push(Fact { captured_wall: captured_of(&fact.key), ..fact });
    }

    /// Notes the first sealed version of a record, whoever wrote it and whether he lived on.
    pub(crate) fn note_seal(&mut self, by: (PageId, u32), key: &str, value: &str, taken: bool) {
        let value = &crate::record::without_refusals(value);
        if let Some(fact) = self.find_mut(uuid_of(key)).filter(|fact| fact.key == key)
            && RecordValue::read(value).is_some_and(|record| record.sealed)
        {
            if fact.journal.is_some() && !fact.made.iter().any(|made| made == value.as_str()) {
                fact.made.push(value.to_owned());
                // Each who replays it says of its team what he knows.
                if let Some(record) = RecordValue::read(value) {
                    fact.held = record.held;
                    fact.team = record.team.map(str::to_owned);
                }
            }
            if fact.sealed.is_none() {
                if fact.journal.is_some() {
                    // From here on it is in the hands of whoever has replayed it.
                    (fact.page, fact.instance) = by;
                    fact.stored = taken;
                }
                fact.sealed = Some(value.to_owned());
                fact.sealed_by = by;
                fact.seal_stored = false;
            }
            fact.seal_stored |= taken;
        }
    }

    /// Enters an event that has an entry in a journal, and no record yet.
    pub(crate) fn enter_journaled(&mut self, fact: Fact, properties: &Value) {
        self.add(Fact {
            number: properties["n"].as_u64(),
            is_poisoned: properties["poison"] == true,
            is_forbidden: properties["forbidden"] == true,
            ..fact
        });
    }

    pub(crate) fn note_copies(&mut self, parcel: &Parcel, copy: Copy) {
        for uuid in parcel.uuids() {
            if let Some(fact) = self.find_mut(uuid) {
                fact.copies.push(copy);
            }
        }
    }

    pub(crate) fn excuse(&mut self, uuid: &str, why: &str) {
        if let Some(fact) = self.find_mut(uuid).filter(|fact| fact.excuse.is_none()) {
            fact.excuse = Some(why.to_owned());
            self.excused.push(uuid.to_owned());
        }
    }

    pub(crate) fn of(&self, event: &WireEvent) -> Option<&Fact> {
        self.find(&event.uuid)
    }
}
