//! What takes the calls of a page that has no tracker (`js/src/facade.ts`): they wait in memory, what must not be lost is stored as an
//! entry of the journal (`js/src/journal.ts`), and the tracker does all of it when it comes.

use posthog_booking_tracker::event::{PageAddress, is_legal_distinct_id, is_must_send};
use posthog_booking_tracker::outbox::{Monotonic, Store, Wall};
use posthog_booking_tracker::person::ConsentState;
use posthog_booking_tracker::tracker::{Call, Input, Moment, Person, Step};
use serde_json::{Value, json};

use crate::book::Fact;
use crate::keys::{journal_key, replayed_key};
use crate::page::{PROJECT, PageGate};
use crate::people::About;
use crate::storage::{Op, PageId};
use crate::task::What;
use crate::world::{HREF, Verdict, World};

/// At most so many entries are stored for a project.
const ENTRIES_MAX: usize = 100;

/// A call that waits.
#[derive(Debug, Clone)]
struct Waiting {
    call: Call,
    number: Option<u64>,
    moment: Moment,
    team: String,
    /// Whether it goes at once; `None`, where the journal stores nothing of it.
    must_send: Option<bool>,
    /// What the page had said of its visitor by then.
    said: Vec<Value>,
    /// Who the visitor was, and the key of its entry, where it has one.
    entry: Option<(String, String)>,
    /// Who is on the page from this call on.
    stretch: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Facade {
    waiting: Vec<Waiting>,
    said: Vec<Value>,
    /// The stored identity of the visitor.
    visitor: String,
    last_ms: u64,
    sequence: u64,
    /// What it knows of consent.
    told: Option<(ConsentState, String)>,
}

fn identity_key() -> String {
    format!("phbt:identity:{PROJECT}")
}

impl World {
    /// Something happens on a page that has no tracker.
    pub(crate) fn tell_facade(&mut self, page: PageId, what: What) -> Verdict {
        self.origin.borrow_mut().deliver(page);
        self.see_stored_person(page);
        self.refresh_facade(page);
        match what {
            What::Call(call, number) => self.call_facade(page, call, number),
            What::Input(Input::Hidden) => self.pages[page].hidden = true,
            What::Input(Input::Returned) => (self.pages[page].hidden, self.pages[page].left) = (false, false),
            What::Input(Input::Leaving) => self.pages[page].left = true,
            What::Input(_) | What::AskFlag(_) | What::AskVisitor => {}
        }
        self.store_calls(page, false);
        self.end_facade_task(page)
    }

    fn end_facade_task(&mut self, page: PageId) -> Verdict {
        let ops = self.origin.borrow_mut().take_ops();
        if self.origin.borrow().dead.contains(&page) {
            self.die_inside(page);
            return Ok(());
        }
        let at = self.now + self.chance.between(2, 60);
        self.origin.borrow_mut().mirror.end_task(page, at);
        self.announce();
        crate::checkers::look_at_facade(self, page, &ops)
    }

    /// A call is made now.
    fn moment_of(&mut self, page: PageId, uuid: &str) -> Moment {
        let (wall, monotonic) = (self.wall(), self.monotonic(page));
        let facade = &mut self.pages[page].facade;
        facade.last_ms = wall.max(facade.last_ms + 1);
        facade.sequence += 1;
        Moment {
            captured: Wall(facade.last_ms),
            sequence: facade.sequence,
            monotonic: Monotonic(monotonic),
            address: PageAddress::reduce(HREF, ""),
            uuid: Some(uuid.to_owned()),
            person: None,
        }
    }

    fn call_facade(&mut self, page: PageId, call: Call, number: Option<u64>) {
        let state = self.consent_of(page);
        match &call {
            Call::Answer { is_granted } => return self.answer_facade(page, *is_granted),
            Call::SetTeam(Some(team)) => self.pages[page].team.clone_from(team),
            Call::Reset { is_purge: true, .. } => self.drop_events(page, "purged"),
            _ => {}
        }
        // Whatever the visitor says, the page is about its team.
        if state == ConsentState::Denied && !matches!(call, Call::SetTeam(_)) {
            return;
        }
        let here = &mut self.pages[page];
        let is_capture = matches!(call, Call::Capture(_));
        let (named, must_send) = match &call {
            Call::Capture(capture) => {
                let name = capture.name.clone().unwrap_or_default();
                let team = capture.properties.get("teamId").and_then(|team| Some(team.text()?.into_owned()));
                (team, Some(is_must_send(&name) || capture.options.send_instantly))
            }
            Call::Identify { .. } => (None, Some(true)),
            _ => (None, None),
        };
        let team = named.unwrap_or_else(|| here.team.clone());
        if is_capture && here.gate == PageGate::OwnTeam(false) && team == crate::page::OWN_TEAM {
            return;
        }
        let uuid = self.new_uuid();
        let moment = self.moment_of(page, &uuid);
        let facade = &mut self.pages[page].facade;
        let said = facade.said.clone();
        match &call {
            Call::Identify { distinct_id, .. } => facade.said.push(json!(["identify", distinct_id, uuid])),
            Call::Reset { .. } => facade.said.push(json!(["reset", {}, uuid])),
            _ => {}
        }
        let is_urgent = must_send == Some(true);
        let waiting = Waiting { call: call.clone(), number, moment, team, must_send, said, entry: None, stretch: 0 };
        facade.waiting.push(waiting);
        self.follow(page, &call, number);
        let stretch = self.pages[page].stretch;
        if let Some(waiting) = self.pages[page].facade.waiting.last_mut() {
            waiting.stretch = stretch;
        }
        if let Call::Reset { .. } = call {
            // Who it is then is settled by the call.
            self.people.stretches[stretch].id = Some(uuid);
        }
        if is_urgent {
            self.store_calls(page, true);
        }
    }

    fn answer_facade(&mut self, page: PageId, is_granted: bool) {
        let word = self.hear_answer(page, is_granted);
        let key = crate::consent::consent_key();
        if self.store(page).put(&key, &word).is_err() {
            // A full storage keeps the earlier answer, which counts no more.
            let _ = self.store(page).remove(&key);
        }
        if !is_granted {
            self.deny_everything("denied");
        }
        self.refresh_facade(page);
    }

    /// Looks whether the visitor has said something since, on this page or in another tab.
    fn refresh_facade(&mut self, page: PageId) {
        let state = self.consent_of(page);
        let present = (state, self.pages[page].word.last_denied().to_owned());
        let Some((told, denied)) = self.pages[page].facade.told.replace(present.clone()) else { return };
        if denied != present.1 || state == ConsentState::Denied && told != state {
            self.forget_facade(page);
        }
        if state == ConsentState::Denied && told != state {
            let keys = self.store(page).keys("phbt:").unwrap_or_default();
            let others = keys.iter().filter(|key| key.contains(PROJECT) && !key.contains("consent"));
            for key in others {
                let _ = self.store(page).remove(key);
            }
            self.deny_everything("denied");
        }
    }

    /// Gives up the events that wait; other calls are still made, and the journal stores nothing of them any more.
    fn drop_events(&mut self, page: PageId, why: &str) {
        let mut waiting = std::mem::take(&mut self.pages[page].facade.waiting);
        for call in &mut waiting {
            if let Some((_, key)) = call.entry.take() {
                let _ = self.store(page).remove(&key);
                self.book.excuse(crate::book::uuid_of(&key), why);
            }
            call.must_send = None;
        }
        waiting.retain(|call| !matches!(call.call, Call::Capture(_)));
        self.pages[page].facade.waiting = waiting;
    }

    /// What was called was denied.
    fn forget_facade(&mut self, page: PageId) {
        self.drop_events(page, "denied");
        self.pages[page].facade.waiting.retain(|waiting| matches!(waiting.call, Call::SetTeam(_)));
        let facade = &mut self.pages[page].facade;
        facade.said.clear();
        facade.visitor.clear();
        self.begin_stretch(page, None, false);
        let stretch = self.pages[page].stretch;
        for waiting in &mut self.pages[page].facade.waiting {
            // What is kept happens when it is done.
            waiting.moment.uuid = None;
            waiting.stretch = stretch;
        }
    }

    /// Stores what waits, as far as it may be stored.
    fn store_calls(&mut self, page: PageId, must_send: bool) {
        let here = &self.pages[page];
        let may_store = here.hooks == 0 && !here.beneath.is_shared && !here.is_prerendered;
        if !may_store || self.consent_of(page) != ConsentState::Granted {
            return;
        }
        for place in 0..self.pages[page].facade.waiting.len() {
            let waiting = &self.pages[page].facade.waiting[place];
            let is_wanted = waiting.must_send.is_some_and(|is_urgent| is_urgent || !must_send);
            if waiting.entry.is_none() && is_wanted {
                self.store_call(page, place);
            }
        }
    }

    fn store_call(&mut self, page: PageId, place: usize) {
        let mut store = self.store(page);
        let visitor = self.visitor_of(page);
        let waiting = self.pages[page].facade.waiting[place].clone();
        let Moment { captured, sequence, uuid, .. } = &waiting.moment;
        let uuid = uuid.clone().unwrap_or_default();
        let key = journal_key(captured.0, *sequence, &uuid);
        let text = self.entry_text(page, &waiting, &visitor);
        let is_full = store.keys(&crate::keys::journal_prefix()).map_or(0, |keys| keys.len()) >= ENTRIES_MAX;
        if is_full || store.put(&key, &text).is_err() {
            return;
        }
        self.note(|_| format!("page {page} stores {key} = {text}"));
        let said = Value::from(waiting.said.clone()).to_string();
        if let Some(person) = Person::read(&visitor, &said) {
            self.pages[page].facade.waiting[place].entry = Some((visitor, key.clone()));
            self.enter_entry(page, &waiting, &key, person);
        }
    }

    /// What the book has to know of an entry.
    fn enter_entry(&mut self, page: PageId, waiting: &Waiting, key: &str, person: Person) {
        let uuid = waiting.moment.uuid.clone().unwrap_or_default();
        let died = self.origin.borrow().dead.contains(&page);
        match &waiting.call {
            Call::Identify { distinct_id, .. } => {
                let id = distinct_id.clone().unwrap_or_default();
                // It makes no event of a person who is known.
                if !person.is_identified && id != person.distinct_id && is_legal_distinct_id(&id) {
                    self.people.expect(None, &uuid, About::Exactly(id));
                    self.enter_journaled(page, (key, &uuid), &waiting.team, (true, died), Value::Null);
                }
            }
            Call::Capture(capture) => {
                // Whoever was not known until then is known by the entry.
                let about = capture.options.distinct_id.clone().unwrap_or(person.distinct_id);
                self.people.expect(waiting.number, &uuid, About::Exactly(about));
                let must_send = waiting.must_send == Some(true);
                let properties = serde_json::from_str(capture.properties.text()).unwrap_or_default();
                self.enter_journaled(page, (key, &uuid), &waiting.team, (must_send, died), properties);
            }
            _ => {}
        }
    }

    fn enter_journaled(
        &mut self,
        page: PageId,
        (entry, uuid): (&str, &str),
        team: &str,
        (must_send, died): (bool, bool),
        properties: Value,
    ) {
        let fact = Fact {
            key: replayed_key(entry),
            team: Some(team.to_owned()).filter(|team| !team.is_empty()),
            must_send,
            captured_at: self.now,
            returned: !died,
            journal: Some(entry.to_owned()),
            ..Fact::new(uuid.to_owned(), (page, self.pages[page].instance))
        };
        self.book.enter_journaled(fact, &properties);
    }

    /// The stored identity of the visitor, which is made where there is none.
    fn visitor_of(&mut self, page: PageId) -> String {
        let known = self.pages[page].facade.visitor.clone();
        if !known.is_empty() {
            return known;
        }
        let key = identity_key();
        let stored = self.store(page).get(&key).ok().flatten();
        let visitor = stored.unwrap_or_else(|| {
            let id = self.new_uuid();
            let made =
                json!({ "distinct_id": id, "device_id": id, "identified": false, "untracked": true }).to_string();
            let _ = self.store(page).put(&key, &made);
            made
        });
        self.pages[page].facade.visitor.clone_from(&visitor);
        visitor
    }

    /// An entry as `js/src/journal.ts` stores it: of properties the numbers, the booleans and identifiers.
    fn entry_text(&self, page: PageId, waiting: &Waiting, visitor: &str) -> String {
        let (name, args) = match &waiting.call {
            Call::Capture(capture) => {
                let properties: Value = serde_json::from_str(capture.properties.text()).unwrap_or_default();
                let mut kept = properties.as_object().cloned().unwrap_or_default();
                kept.retain(|name, value| value.is_number() || value.is_boolean() || name == "teamId");
                match capture.step {
                    Step::None => ("capture".to_owned(), json!([capture.name, kept, options_of(&waiting.call)])),
                    _ => (method_of(capture.name.as_deref().unwrap_or_default()), json!([kept])),
                }
            }
            Call::Identify { distinct_id, .. } => ("identify".to_owned(), json!([distinct_id])),
            _ => (String::new(), json!([])),
        };
        let entry = json!({
            "name": name, "args": args, "page": self.pages[page].name(), "team": waiting.team,
            "mustSend": waiting.must_send == Some(true), "visitor": visitor, "identity": waiting.said,
            "href": "https://book.test/ada", "referrer": "", "monotonicMs": waiting.moment.monotonic.0,
            "isCapture": matches!(waiting.call, Call::Capture(_)),
        });
        entry.to_string()
    }

    /// The tracker of a page has come: it does what waits. What is stored no more another page has replayed.
    pub(crate) fn release_facade(&mut self, page: PageId) -> Verdict {
        let waiting = std::mem::take(&mut self.pages[page].facade.waiting);
        let has_visitor = self.origin.borrow().seen(page, &identity_key()).is_some();
        for Waiting { call, number, mut moment, said, entry, stretch, .. } in waiting {
            if !self.pages[page].is_alive() {
                return Ok(());
            }
            if moment.uuid.is_none() {
                let uuid = self.new_uuid();
                moment = self.moment_of(page, &uuid);
            }
            let is_capture = matches!(call, Call::Capture(_));
            if let Some((visitor, key)) = &entry {
                if is_capture && has_visitor && self.origin.borrow().seen(page, key).is_none() {
                    self.excuse_taken_for_replayed(key);
                    continue;
                }
                moment.person = Person::read(visitor, &Value::from(said).to_string());
            }
            self.call_then(page, (call, number), moment, stretch)?;
            if let Some((_, key)) = entry
                && self.pages[page].is_alive()
            {
                let _ = self.store(page).remove(&key);
                let _: Vec<Op> = self.origin.borrow_mut().take_ops();
                if self.origin.borrow().dead.contains(&page) {
                    self.die_inside(page);
                }
            }
        }
        Ok(())
    }

    /// Where somebody has cleared storage, and another page has stored its visitor since, a facade takes what was cleared for what others
    /// have replayed, and gives it up: an open defect (`js/src/waiting-calls.ts`, `release`).
    fn excuse_taken_for_replayed(&mut self, key: &str) {
        let uuid = crate::book::uuid_of(key).to_owned();
        let Some(fact) = self.book.find(&uuid) else { return };
        let origin = self.origin.borrow();
        let is_left = origin.truth.contains_key(&fact.key) || origin.mirror.will_hold(&fact.key);
        drop(origin);
        if self.cleared_at.is_some() && !is_left && !self.server.has(&uuid) {
            self.book.excuse(&uuid, "cleared, and taken for replayed by its page");
        }
    }

    /// Whether the page that has noted an event remembers it; what has trapped twice has no tracker ever again.
    pub(crate) fn is_waiting(&self, fact: &Fact) -> bool {
        let page = &self.pages[fact.noted_by];
        let is_its = |waiting: &Waiting| waiting.moment.uuid.as_ref() == Some(&fact.uuid);
        page.is_alive() && page.instance < 3 && page.facade.waiting.iter().any(is_its)
    }
}

/// The method of the tracker that captures an event of a booking.
fn method_of(event: &str) -> String {
    let step = event.strip_prefix("booking_").unwrap_or_default();
    let (first, rest) = step.split_at(1.min(step.len()));
    format!("trackBooking{}{rest}", first.to_uppercase())
}

fn options_of(call: &Call) -> Value {
    let Call::Capture(capture) = call else { return Value::Null };
    let mut options = serde_json::Map::new();
    if capture.options.send_instantly {
        options.insert("sendInstantly".into(), true.into());
    }
    if let Some(id) = &capture.options.distinct_id {
        options.insert("distinctId".into(), id.clone().into());
    }
    options.into()
}
