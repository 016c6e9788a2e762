//! People: who the visitor is, which groups it belongs to, and the events that tell PostHog so, named as posthog-js names them.

use super::call::{Call, GroupKey, Original};
use super::input::PostHogVisitor;
use super::options::PersonProfiles;
use super::output::PostHogCall;
use super::{Person, Tracker};
use crate::event::json::{Object, Value, object};
use crate::event::{CaptureOptions, Draft, PageAddress, Who, is_legal_distinct_id, uuid_v7};
use crate::outbox::{Store, TabStore, Wall, is_broken};
use crate::person::IdentityBootstrap;

/// Who is on the page.
#[derive(Debug, Clone, Default)]
pub(super) struct Present {
    /// Who; whether PostHog keeps a profile depends on the event.
    pub(super) who: Who,
    /// Whether PostHog keeps a profile of this one already.
    pub(super) has_profile: bool,
}

/// Whether an event is about the person, whatever the person's profile was before.
fn is_about_person(event: &str) -> bool {
    matches!(event, "$identify" | "$set" | "$create_alias" | "$groupidentify")
}

impl<S: Store + TabStore> Tracker<S> {
    /// Changes who the visitor is or what is known of it. Nothing keeps the page from doing so any more.
    pub(super) fn change(&mut self, call: Call) {
        match call {
            Call::Identify { distinct_id, set, set_once } => {
                self.settle_sharing();
                self.identify(distinct_id.as_deref(), set, set_once);
            }
            Call::Alias { alias, original } => {
                self.settle_sharing();
                self.alias(alias, original);
            }
            Call::SetPersonProperties { set, set_once, unset } => self.set_person_properties(set, set_once, &unset),
            Call::CreatePersonProfile => self.create_person_profile(),
            Call::Group { is_join, group, properties } => self.group(is_join, group, properties),
            Call::ResetGroups => self.leave_groups(None),
            Call::Register(properties) => self.registered.register(self.outbox.store_mut(), properties),
            Call::RegisterOnce(properties) => self.registered.register_once(self.outbox.store_mut(), properties),
            Call::Unregister(name) => self.registered.unregister(self.outbox.store_mut(), name),
            Call::RegisterForSession(properties) => {
                self.session.register(self.outbox.store_mut(), &properties, self.facts.wall, &mut self.entropy);
            }
            Call::Reset { is_purge, is_new_device, bootstrap, is_illegal } => {
                self.settle_sharing();
                if is_purge {
                    self.purge(false);
                }
                if is_illegal {
                    self.notices.warn("reset: bootstrap.distinctId is no id; it is ignored");
                }
                self.reset(is_new_device, bootstrap);
            }
            Call::SetTeam(team) => self.join_team(&team.unwrap_or_default()),
            Call::SetPersonPropertiesForFlags(properties) => self.add_person_for_flags(Some(properties)),
            Call::ResetPersonPropertiesForFlags => {
                self.flags.cache.reset_person(self.outbox.store_mut());
                self.flags.changed(self.facts.monotonic);
            }
            Call::SetGroupPropertiesForFlags(groups) => {
                for (kind, properties) in groups.members() {
                    // What is no object says nothing of the group, but that there is one.
                    let is_nothing = matches!(properties.raw(), "null" | "false" | "0" | "\"\"");
                    if let Some(kind) = kind.text().filter(|_| !is_nothing) {
                        self.add_group_for_flags(&kind, Some(Object::of(properties).unwrap_or_default()));
                    }
                }
            }
            Call::ResetGroupPropertiesForFlags(kind) => self.reset_groups_for_flags(kind),
            Call::MeetFlag(key) => self.meet_flag(key),
            Call::Capture(_) | Call::Answer { .. } | Call::Debug(_) => {}
        }
    }

    /// From here on what is known of the visitor is stored; `is_tracked`, where a team is known to be tracked.
    pub(super) fn keep(&mut self, is_tracked: bool) {
        let store = self.outbox.store_mut();
        self.identity.current(store, self.facts.wall, &mut self.entropy);
        self.identity.keep(store, is_tracked);
        self.registered.keep(store);
        self.session.keep(store);
        self.attempts.keep(store);
        self.flags.cache.keep(store);
        self.keep_timezone();
    }

    /// Brings the person of the bootstrap together with the stored one.
    pub(super) fn bootstrap(&mut self) {
        let store = self.outbox.store_mut();
        self.identity.current(store, self.facts.wall, &mut self.entropy);
        if let Some(known) = self.identity.bootstrap(store) {
            self.identify(Some(&known), None, None);
        }
    }

    /// Who is on the page at this time. Asking is no activity.
    pub(super) fn present(&mut self, wall: Wall, is_activity: bool) -> Present {
        let shared = self.follow();
        // The page was opened then, more or less.
        let opened = Wall(self.facts.wall.0.saturating_sub(self.facts.monotonic.0));
        let wall = if is_broken!(self, NeverRenewSession) { opened } else { wall };
        let store = self.outbox.store_mut();
        let ids = self.session.at(store, wall, self.facts.wall, is_activity, &mut self.entropy);
        let identity = self.identity.current(store, self.facts.wall, &mut self.entropy);
        let (mut who, has_profile) = match shared {
            Some(shared) => who_of(shared),
            None => (
                Who {
                    distinct_id: identity.distinct_id.clone(),
                    device_id: identity.device_id.clone(),
                    is_identified: identity.is_identified,
                    ..Who::default()
                },
                identity.has_profile,
            ),
        };
        if who.session_id.is_empty() {
            (who.session_id, who.window_id) = (ids.session_id, ids.window_id);
        }
        who.groups.merge(self.registered.groups(store));
        Present { who, has_profile }
    }

    /// The id of who is on the page now.
    pub(super) fn present_id(&mut self) -> String {
        self.present(self.facts.wall, false).who.distinct_id
    }

    /// Whether an event is about who is on the page now; so is one of which nobody says otherwise.
    pub(super) fn is_present(&mut self, person: Option<&Person>) -> bool {
        person.is_none_or(|person| person.distinct_id == self.present_id())
    }

    /// Who an event is about.
    pub(super) fn who(&mut self, draft: &Draft, person: Option<&Person>) -> Who {
        let Present { who: visitor, has_profile } = self.present(draft.captured, true);
        let is_present = person.is_none_or(|person| person.distinct_id == visitor.distinct_id);
        let mut who = visitor;
        if let Some(person) = person {
            who.distinct_id.clone_from(&person.distinct_id);
            who.device_id.clone_from(&person.device_id);
            who.is_identified = person.is_identified;
            if !is_present {
                who.groups = Object::default();
            }
        }
        let profiles = self.options.person_profiles;
        let is_person =
            who.is_identified || has_profile && is_present || !who.groups.is_empty() || is_about_person(&draft.name);
        if is_person && is_present && profiles == PersonProfiles::IdentifiedOnly {
            self.identity.note_profile(self.outbox.store_mut());
        }
        who.has_profile = match profiles {
            PersonProfiles::Always => true,
            PersonProfiles::IdentifiedOnly => is_person,
            PersonProfiles::Never => false,
        };
        match &draft.options.distinct_id {
            Some(id) if *id != who.distinct_id => {
                who.distinct_id.clone_from(id);
                who.is_identified = false;
                who.has_profile = profiles != PersonProfiles::Never;
            }
            _ => {}
        }
        who
    }

    /// Who posthog-js says is on the page. Where it was reset, nothing of what the last one had is left.
    pub(super) fn follow(&mut self) -> Option<PostHogVisitor> {
        let visitor = self.sharing.visitor()?.clone();
        let followed = self.registered.followed(self.outbox.store());
        if !followed.is_empty() && followed != visitor.distinct_id {
            if visitor.is_identified {
                self.flags.identified(self.outbox.store_mut(), None, self.facts.monotonic);
            } else {
                self.clear_person();
            }
        }
        self.registered.follow(self.outbox.store_mut(), &visitor.distinct_id);
        Some(visitor)
    }

    /// Notes how the visitor has come: once a page, and again for each visitor.
    pub(super) fn arrive(&mut self, address: &PageAddress) {
        if core::mem::replace(&mut self.has_arrived, true) {
            return;
        }
        let campaign = address.campaign();
        let store = self.outbox.store_mut();
        if !campaign.is_empty() {
            self.registered.arrive(store, campaign);
        }
        self.registered.initial(store, address);
    }

    /// Where the person came from first: once a page, and always with `$identify`.
    pub(super) fn initial_properties(&mut self, event: &str, present: &PageAddress) -> Object {
        let initial = self.initial_of(present);
        if event != "$identify" && self.has_told_initial {
            return Object::default();
        }
        self.has_told_initial |= event != "$groupidentify";
        initial
    }

    pub(super) fn initial_of(&mut self, present: &PageAddress) -> Object {
        let initial = self.registered.initial(self.outbox.store_mut(), present);
        let mut said = initial.properties();
        said.merge(&initial.campaign());
        let mut properties = Object::default();
        for (name, value) in said.members() {
            let name = name.text().unwrap_or_default();
            properties.set(&["$initial_", name.strip_prefix('$').unwrap_or(&name)].concat(), value);
        }
        properties
    }

    fn identify(&mut self, distinct_id: Option<&str>, set: Option<Object>, set_once: Option<Object>) {
        let Some(id) = distinct_id.filter(|id| is_legal_distinct_id(id)) else {
            return self.notices.warn("identify: pass your own id of the person, as a text");
        };
        if self.is_without_people("identify") {
            return;
        }
        let Person { distinct_id: earlier, is_identified, .. } = self.earlier();
        self.identity.name(self.outbox.store_mut(), id);
        self.tell_posthog(PostHogCall::Identify(id.to_owned()));
        if self.sharing.visitor().is_none() && !self.registered.followed(self.outbox.store()).is_empty() {
            // If a posthog-js loads later and names the same visitor, nothing has changed.
            self.registered.follow(self.outbox.store_mut(), id);
        }
        if earlier != id {
            if is_identified {
                // What flags were evaluated by was said of somebody else.
                self.flags.cache.reset_person(self.outbox.store_mut());
            }
            let anonymous = (!is_identified).then(|| earlier.clone());
            self.flags.identified(self.outbox.store_mut(), anonymous, self.facts.monotonic);
        }
        self.add_person_for_flags(set.clone());
        // Two known people are never merged, and who has this id already is not news.
        if is_identified {
            self.set_person_properties(set, set_once, &[]);
        } else if earlier == id {
            self.set(Some(set.unwrap_or_default()), set_once, &[]);
        } else {
            self.told = telling_of(id, set.as_ref(), set_once.as_ref(), &[]);
            let mut properties = Object::default();
            properties.set_text("$anon_distinct_id", &earlier);
            let options =
                CaptureOptions { distinct_id: Some(id.to_owned()), set, set_once, ..CaptureOptions::default() };
            self.emit("$identify", properties, options);
        }
    }

    /// Who the visitor was when the call was made that is being done.
    fn earlier(&mut self) -> Person {
        let Who { distinct_id, device_id, is_identified, .. } = self.present(self.facts.wall, false).who;
        let then = self.moment.as_ref().and_then(|moment| moment.person.clone());
        then.unwrap_or(Person { distinct_id, device_id, is_identified })
    }

    fn alias(&mut self, alias: Option<String>, original: Original) {
        let current = self.earlier().distinct_id;
        let of = match original {
            Original::Present => Some(current.clone()),
            Original::Id(id) => Some(id),
            Original::Invalid => None,
        };
        let is_legal = |id: &String| is_legal_distinct_id(id);
        let (Some(alias), Some(of)) = (alias.filter(is_legal), of.filter(is_legal)) else {
            return self.notices.warn("alias: pass two ids of one person, as texts");
        };
        if self.is_without_people("alias") {
            return;
        }
        if alias == current {
            return self.identify(Some(&alias), None, None);
        }
        let mut properties = Object::default();
        properties.set_text("alias", &alias);
        properties.set_text("distinct_id", &of);
        self.emit("$create_alias", properties, CaptureOptions { distinct_id: Some(of), ..CaptureOptions::default() });
    }

    fn set_person_properties(&mut self, set: Option<Object>, set_once: Option<Object>, unset: &[String]) {
        let is_empty = |object: &Option<Object>| object.as_ref().is_none_or(Object::is_empty);
        if self.is_without_people("setPersonProperties") || is_empty(&set) && is_empty(&set_once) && unset.is_empty() {
            return;
        }
        let mut for_flags = set_once.clone().unwrap_or_default();
        for_flags.merge(set.as_ref().unwrap_or(&Object::default()));
        self.add_person_for_flags(Some(for_flags));
        let id = self.present_id();
        if telling_of(&id, set.as_ref(), set_once.as_ref(), unset) != self.told {
            self.set(set, set_once, unset);
        }
    }

    fn create_person_profile(&mut self) {
        if self.is_without_people("createPersonProfile") {
            return;
        }
        let Present { who, has_profile } = self.present(self.facts.wall, false);
        if !who.is_identified && !has_profile && self.options.person_profiles != PersonProfiles::Always {
            self.set(Some(Object::default()), Some(Object::default()), &[]);
        }
    }

    fn group(&mut self, is_join: bool, group: Option<(String, GroupKey)>, properties: Option<Object>) {
        let call = if is_join { "group" } else { "groupIdentify" };
        let Some((kind, GroupKey(key))) = group else {
            return self.notices.warn(&[call, ": pass the type of the group and its key"].concat());
        };
        if self.is_without_people(call) {
            return;
        }
        if is_join {
            self.join(&kind, &key, properties);
        } else {
            self.identify_group(&kind, &key, properties);
        }
    }

    fn join(&mut self, kind: &str, key: &str, properties: Option<Object>) {
        let is_news = self.registered.join(self.outbox.store_mut(), kind, key);
        if is_news {
            self.reset_groups_for_flags(Some(kind.to_owned()));
        }
        self.add_group_for_flags(kind, properties.clone());
        if is_news || properties.is_some() {
            self.identify_group(kind, key, properties);
        }
    }

    /// The visitor belongs to the team of the page, or to none any more.
    fn join_team(&mut self, team: &str) {
        let now = self.gate_now();
        self.gate.want(self.outbox.store_mut(), team, now);
        if team.is_empty() {
            self.leave_groups(Some("team".to_owned()));
        } else {
            self.group(true, Some(("team".to_owned(), GroupKey(team.to_owned()))), None);
        }
    }

    /// The visitor belongs to no group any more, or to none of a type.
    fn leave_groups(&mut self, kind: Option<String>) {
        self.registered.leave_groups(self.outbox.store_mut(), kind.clone());
        self.reset_groups_for_flags(kind);
    }

    /// Somebody else uses the page from now on.
    fn reset(&mut self, is_new_device: bool, bootstrap: IdentityBootstrap) {
        self.tell_posthog(PostHogCall::Reset { is_new_device });
        let team = self.team_of_groups();
        self.clear_person();
        let store = self.outbox.store_mut();
        // The page is still about its team, whoever uses it.
        if let Some(team) = team {
            self.registered.join(store, "team", &team);
        }
        self.session.renew(store, bootstrap.session_id.as_deref(), self.facts.wall, &mut self.entropy);
        let given = self.moment.as_ref().and_then(|moment| moment.uuid.clone());
        let id = given.unwrap_or_else(|| uuid_v7(self.facts.wall.0, &mut self.entropy));
        self.identity.current(store, self.facts.wall, &mut self.entropy);
        if !is_broken!(self, KeepIdAfterReset) {
            self.identity.reset(store, is_new_device, bootstrap, id);
        }
        // Who posthog-js makes of the visitor is known when it is looked at next.
        let followed = self.sharing.visitor().map(|visitor| visitor.distinct_id.clone()).unwrap_or_default();
        self.registered.follow(store, &followed);
    }

    /// The team of the page, where its visitor belongs to the group of that team.
    fn team_of_groups(&mut self) -> Option<String> {
        let groups = self.registered.groups(self.outbox.store());
        let team = groups.get("team").and_then(Value::text)?.into_owned();
        (team == self.gate.team).then_some(team)
    }

    pub(super) fn clear_person(&mut self) {
        let store = self.outbox.store_mut();
        self.registered.clear(store);
        self.flags.clear(store, self.facts.monotonic);
        self.told.clear();
        self.has_told_initial = false;
        self.has_arrived = false;
    }

    /// Forgets the visitor, and removes what is stored of it; where it is not `is_ours`, what other tabs have stored stays.
    pub(super) fn forget(&mut self, is_ours: bool) {
        let store = self.outbox.store_mut();
        self.identity.forget(store, is_ours);
        self.registered.forget(store, is_ours);
        self.session.forget(store, is_ours);
        self.attempts.end(store);
        self.flags.forget(store, is_ours);
        self.meetings.clear();
    }

    /// Removes what is stored of a visitor whose teams are not tracked.
    pub(super) fn withdraw(&mut self) {
        let store = self.outbox.store_mut();
        if self.identity.withdraw(store) {
            self.registered.withdraw(store);
            self.session.withdraw(store, true);
            self.attempts.withdraw(store);
            self.flags.cache.withdraw(store);
            self.withdraw_timezone();
        }
    }

    fn set(&mut self, set: Option<Object>, set_once: Option<Object>, unset: &[String]) {
        let id = self.present_id();
        self.told = telling_of(&id, set.as_ref(), set_once.as_ref(), unset);
        // PostHog's capture server reads `$set` and `$set_once` at an event's root too, `$unset` among its properties only.
        let mut properties = Object::default();
        if !unset.is_empty() {
            properties.set_texts("$unset", unset);
        }
        self.emit("$set", properties, CaptureOptions { set, set_once, ..CaptureOptions::default() });
    }

    fn identify_group(&mut self, kind: &str, key: &str, group: Option<Object>) {
        let mut properties = Object::default();
        properties.set_text("$group_type", kind);
        properties.set_text("$group_key", key);
        if let Some(group) = group {
            properties.set_object("$group_set", &group);
        }
        self.emit("$groupidentify", properties, CaptureOptions::default());
    }

    fn is_without_people(&mut self, call: &str) -> bool {
        let is_without = self.options.person_profiles == PersonProfiles::Never;
        if is_without {
            self.notices.debug(&[call, " is ignored, because personProfiles is \"never\""].concat());
        }
        is_without
    }

    fn add_person_for_flags(&mut self, properties: Option<Object>) {
        if let Some(properties) = properties
            && self.flags.cache.add_person(self.outbox.store_mut(), &properties)
        {
            self.flags.changed(self.facts.monotonic);
        }
    }

    fn add_group_for_flags(&mut self, kind: &str, properties: Option<Object>) {
        if let Some(properties) = properties
            && self.flags.cache.add_group(self.outbox.store_mut(), kind, &properties)
        {
            self.flags.changed(self.facts.monotonic);
        }
    }

    fn reset_groups_for_flags(&mut self, kind: Option<String>) {
        self.flags.cache.reset_groups(self.outbox.store_mut(), kind);
        self.flags.changed(self.facts.monotonic);
    }
}

fn who_of(shared: PostHogVisitor) -> (Who, bool) {
    let PostHogVisitor { distinct_id, device_id, is_identified, has_profile, session_id, window_id, groups } = shared;
    let who = Who { distinct_id, device_id, is_identified, session_id, window_id, groups, has_profile: false };
    (who, has_profile)
}

/// What tells the same of the same person.
fn telling_of(id: &str, set: Option<&Object>, set_once: Option<&Object>, unset: &[String]) -> String {
    object(&mut |telling| {
        telling.text("id", id);
        for (name, said) in [("set", set), ("setOnce", set_once)] {
            if let Some(said) = said {
                telling.kept(name, said);
            }
        }
        let mut names = Object::default();
        if !unset.is_empty() {
            names.set_texts("unset", unset);
        }
        telling.value("unset", names.get("unset").unwrap_or_else(Value::default));
    })
}
