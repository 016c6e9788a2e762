//! People: who each page is about, as PostHog's rules say and whatever the tracker does. A page is about one person for a stretch; a new
//! stretch begins where the page names somebody, resets, or the visitor denies to be known, and for no other cause.

use std::collections::{BTreeMap, BTreeSet};

use posthog_booking_tracker::event::is_legal_distinct_id;
use posthog_booking_tracker::person::ConsentState;
use posthog_booking_tracker::tracker::Call;
use serde_json::Value;

use crate::page::PROJECT;
use crate::storage::{Op, PageId};
use crate::world::World;

/// One person on one page.
#[derive(Debug, Clone)]
pub(crate) struct Stretch {
    pub(crate) page: PageId,
    /// Who it is; `None`, until the first event says so.
    pub(crate) id: Option<String>,
    /// Whether it has to be somebody whom nobody has been before.
    is_new: bool,
    /// Who it may be, as the page has seen in storage.
    stored: BTreeSet<String>,
}

/// Whom an event has to be about.
#[derive(Debug, Clone)]
pub(crate) enum About {
    Stretch(usize),
    /// The same, where several follow each other in one task.
    OneOf(Vec<usize>),
    /// Who the page itself says.
    Exactly(String),
}

#[derive(Debug, Default)]
pub(crate) struct People {
    pub(crate) stretches: Vec<Stretch>,
    /// By the numbers of events.
    of_number: BTreeMap<u64, About>,
    /// By the uuids of events that have no number.
    of_uuid: BTreeMap<String, About>,
    /// Everybody so far.
    ids: BTreeSet<String>,
    /// Whom a posthog-js on a page has said to be there.
    pub(crate) beneath: BTreeMap<PageId, BTreeSet<String>>,
    /// How often somebody was named.
    pub(crate) named: usize,
}

/// The number of an event.
pub(crate) fn number_of(event: &Value) -> Option<u64> {
    event["properties"]["n"].as_u64()
}

impl People {
    /// A posthog-js says who is on a page.
    pub(crate) fn say(&mut self, page: PageId, id: &str) {
        self.ids.insert(id.to_owned());
        self.beneath.entry(page).or_default().insert(id.to_owned());
    }

    pub(crate) fn begin(&mut self, page: PageId, id: Option<String>, is_new: bool) -> usize {
        self.ids.extend(id.clone());
        self.stretches.push(Stretch { page, id, is_new, stored: BTreeSet::new() });
        self.stretches.len() - 1
    }

    pub(crate) fn is_expected(&self, number: u64) -> bool {
        self.of_number.contains_key(&number)
    }

    pub(crate) fn expect(&mut self, number: Option<u64>, uuid: &str, about: About) {
        match number {
            Some(number) => drop(self.of_number.insert(number, about)),
            None => drop(self.of_uuid.entry(uuid.to_owned()).or_insert(about)),
        }
    }

    /// Whether an event is about whom it has to be about; otherwise says what is wrong.
    ///
    /// # Errors
    /// What is wrong.
    pub(crate) fn judge(&mut self, event: &Value) -> Result<(), String> {
        let uuid = event["uuid"].as_str().unwrap_or_default();
        let id = event["distinct_id"].as_str().unwrap_or_default();
        let about = match number_of(event) {
            Some(number) => self.of_number.get(&number),
            None => self.of_uuid.get(uuid),
        };
        match about {
            None => Err(format!("nobody has captured {event}")),
            Some(About::Exactly(expected)) if expected == id => Ok(()),
            Some(About::Exactly(expected)) => Err(format!("{uuid} is about {id:?}, not about {expected:?}")),
            Some(About::OneOf(places)) => {
                // Whose id is open it says nothing of: which of them it is about is not known.
                let may_be = |place: &usize| self.stretches[*place].id.as_deref().is_none_or(|known| known == id);
                let is_beneath = |place: &usize| self.is_beneath(self.stretches[*place].page, id);
                if places.iter().any(|place| may_be(place) || is_beneath(place)) {
                    Ok(())
                } else {
                    Err(format!("{uuid} is about {id:?}, who has not been there"))
                }
            }
            Some(About::Stretch(place)) => {
                let place = *place;
                self.is_who(place, id).map_err(|story| format!("{uuid}: {story}"))
            }
        }
    }

    /// Whether a posthog-js has said that somebody is on a page.
    fn is_beneath(&self, page: PageId, id: &str) -> bool {
        self.beneath.get(&page).is_some_and(|ids| ids.contains(id))
    }

    /// The stretches of a page, the present one first.
    fn stretches_of(&self, page: PageId) -> impl Iterator<Item = usize> + use<> {
        let its = (0..self.stretches.len()).filter(|place| self.stretches[*place].page == page);
        its.collect::<Vec<_>>().into_iter().rev()
    }

    /// Whether somebody is on a page, or was before.
    pub(crate) fn was_there(&mut self, page: PageId, id: &str) -> bool {
        self.stretches_of(page).any(|place| self.is_who(place, id).is_ok())
    }

    /// Whether this may be who a page is about.
    ///
    /// # Errors
    /// What is wrong.
    pub(crate) fn is_who(&mut self, place: usize, id: &str) -> Result<(), String> {
        self.may_be(place, id)?;
        let stretch = &mut self.stretches[place];
        if stretch.id.is_none() && !self.beneath.get(&stretch.page).is_some_and(|ids| ids.contains(id)) {
            stretch.id = Some(id.to_owned());
            self.ids.insert(id.to_owned());
        }
        Ok(())
    }

    /// The same, and what is open stays open.
    fn may_be(&self, place: usize, id: &str) -> Result<(), String> {
        let stretch = &self.stretches[place];
        match &stretch.id {
            _ if self.is_beneath(stretch.page, id) => Ok(()),
            Some(known) if known == id => Ok(()),
            Some(known) => Err(format!("page {} is about {known:?}, and this about {id:?}", stretch.page)),
            None if self.ids.contains(id) && (stretch.is_new || !stretch.stored.contains(id)) => {
                Err(format!("page {} is about somebody new, and this about {id:?}, who is known", stretch.page))
            }
            None => Ok(()),
        }
    }
}

impl World {
    /// Notes who is stored, as a page sees it: whoever is asked for the first time there may be that one.
    pub(crate) fn see_stored_person(&mut self, page: PageId) {
        let stored = self.origin.borrow().seen(page, &format!("phbt:identity:{PROJECT}"));
        let stored: Option<Value> = stored.and_then(|text| serde_json::from_str(&text).ok());
        let Some(id) = stored.as_ref().and_then(|stored| stored["distinct_id"].as_str()) else { return };
        let is_open = |stretch: &&mut Stretch| stretch.page == page && stretch.id.is_none() && !stretch.is_new;
        for stretch in self.people.stretches.iter_mut().filter(is_open) {
            stretch.stored.insert(id.to_owned());
        }
    }

    /// Who a page stores is who it is about.
    ///
    /// # Errors
    /// What is wrong.
    pub(crate) fn judge_stored_person(&mut self, page: PageId, ops: &[Op], is_late: bool) -> Result<(), String> {
        let key = format!("phbt:identity:{PROJECT}");
        let stored = ops.iter().enumerate().rev().find_map(|(place, op)| match op {
            Op::Put { key: other, value, .. } if *other == key => {
                Some((place, serde_json::from_str::<Value>(value).ok()?))
            }
            _ => None,
        });
        let Some((place, stored)) = stored else { return Ok(()) };
        let is_removed = ops[place..].iter().any(|op| matches!(op, Op::Remove { key: other } if *other == key));
        let id = stored["distinct_id"].as_str().unwrap_or_default();
        // What a facade has kept is done one after the other, and who it makes of the visitor is known from the start.
        // Where it is removed again, it is that of somebody before; of whom, the events will say.
        let people = &mut self.people;
        if is_late && is_removed && people.stretches_of(page).any(|place| people.may_be(place, id).is_ok()) {
            return Ok(());
        }
        if is_late && people.was_there(page, id) {
            return Ok(());
        }
        self.people.is_who(self.pages[page].stretch, id).map_err(|story| format!("page {page} stores: {story}"))
    }

    /// Somebody else is on a page from now on.
    pub(crate) fn begin_stretch(&mut self, page: PageId, id: Option<String>, is_new: bool) {
        self.people.named += usize::from(id.is_some());
        self.pages[page].stretch = self.people.begin(page, id, is_new);
    }

    /// A call is done on a page: who it is about, and whom it makes of the visitor.
    pub(crate) fn follow(&mut self, page: PageId, call: &Call, number: Option<u64>) {
        let stretch = self.pages[page].stretch;
        match call {
            Call::Capture(capture) => {
                let about = match &capture.options.distinct_id {
                    Some(id) => About::Exactly(id.clone()),
                    None => About::Stretch(stretch),
                };
                self.people.expect(number, "", about);
            }
            Call::Identify { distinct_id: Some(id), .. } if is_legal_distinct_id(id) => {
                let is_same = self.people.stretches[stretch].id.as_ref() == Some(id);
                if !is_same {
                    self.begin_stretch(page, Some(id.clone()), false);
                }
            }
            Call::Reset { .. } => {
                self.begin_stretch(page, None, true);
                self.begin_visitor(page);
            }
            _ => {}
        }
    }

    /// Somebody sees a page: what was called there is done in its order.
    pub(crate) fn follow_prerendered(&mut self, page: PageId, was: ConsentState) {
        let mut state = was;
        for (call, number, at) in std::mem::take(&mut self.pages[page].held) {
            match (&call, state) {
                (Call::Answer { is_granted: true }, _) => {
                    self.hear_answer(page, true);
                    state = ConsentState::Granted;
                    self.follow_calls(page, None, state);
                }
                (Call::Answer { is_granted: false }, _) => {
                    self.hear_answer(page, false);
                    state = ConsentState::Denied;
                    self.pages[page].held.clear();
                    self.begin_stretch(page, None, false);
                }
                (_, ConsentState::Granted) => self.follow(page, &call, number),
                (_, ConsentState::Pending) => self.pages[page].held.push((call, number, at)),
                (_, ConsentState::Denied) => {}
            }
        }
    }

    /// Calls are done: those that were held first, where nothing holds them any more.
    pub(crate) fn follow_calls(&mut self, page: PageId, call: Option<(&Call, Option<u64>)>, is: ConsentState) {
        if let Some((call, number)) = call
            && (self.pages[page].is_prerendered || !matches!(call, Call::Answer { .. }))
        {
            let at = self.wall();
            self.pages[page].held.push((call.clone(), number, at));
        }
        if self.pages[page].is_prerendered {
            return;
        }
        match is {
            ConsentState::Pending => {}
            ConsentState::Denied => self.pages[page].held.clear(),
            ConsentState::Granted => {
                for (call, number, _) in std::mem::take(&mut self.pages[page].held) {
                    if !self.pages[page].shut_down {
                        self.follow(page, &call, number);
                    }
                }
            }
        }
    }
}
