//! Feature flags: loads them for the visitor when the page wants them first, keeps them up to date, and says which of them PostHog
//! is to be told that the visitor has met: once for each flag and value (PostHog's SDK specification, feature-flag-called-tracker).

use super::answer::{Flag, FlagValue, FlagsAnswer};
use super::cache::{FlagCache, MetFlag};
use super::request::{FlagsProject, Outcome, Request};
use super::{JsonAnswer, Question, earlier};
use crate::event::json::{Object, Value};
use crate::event::{iso_time, library};
use crate::outbox::{Monotonic, Store, TabStore, Wall};

/// How long to wait for further changes before flags are loaded anew, as posthog-js does.
pub const FLAGS_DEBOUNCE_MS: u64 = 5;

/// Flags are loaded anew after this time, while the page is seen.
pub const FLAGS_REFRESH_MS: u64 = 300_000;

/// So many values of flags are remembered as met, the ones that were met last.
pub const FLAG_CALLS_MAX: usize = 200;

/// What the server knows of flags that renders the page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FlagsBootstrap {
    /// The values of flags, by their keys; `None`, where it says nothing of flags.
    pub values: Option<Object>,
    /// The JSON values that come with them.
    pub payloads: Object,
}

/// The visitor, as flags are evaluated for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FlagsVisitor {
    /// Who it is.
    pub distinct_id: String,
    /// What stands for the browser.
    pub device_id: String,
    /// The groups that it belongs to, key by type.
    pub groups: Object,
    /// Where it came from first.
    pub initial: Object,
    /// The name of the time zone.
    pub timezone: Option<String>,
}

/// What somebody has to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlagsNews {
    /// Listeners are told of the flags.
    Loaded,
    /// Whoever has asked for a load by this ticket or an earlier one need not wait any more.
    Settled(u32),
}

#[derive(Debug)]
struct Load {
    request: Request,
    /// Who it is about.
    distinct_id: String,
    /// Who has waited for it.
    ticket: u32,
}

/// The feature flags of one tracker.
#[derive(Debug)]
pub struct FeatureFlags {
    /// What is known of them.
    pub cache: FlagCache,
    project: FlagsProject,
    bootstrap: FlagsBootstrap,
    is_wanted: bool,
    load: Option<Load>,
    /// When they are loaded.
    load_at: Option<Monotonic>,
    /// When they are loaded anew.
    refresh_at: Option<Monotonic>,
    /// Whether something has changed since the request that is under way.
    is_outdated: bool,
    /// Whether a request has come to an end, however it ended.
    has_loaded: bool,
    /// Whether an answer has come, so that a bootstrap is not what is read any more.
    has_answer: bool,
    /// What was wrong with the last request.
    error: Option<String>,
    /// Who the visitor was until it became known, told once.
    anonymous_id: Option<String>,
    /// When the last load began; `None`, where the next may begin at any time.
    loaded_at: Option<Monotonic>,
    /// The ticket of whoever asks for a load next.
    ticket: u32,
    /// What every event says of the flags, and what it was made of.
    ready: Object,
    ready_for: Object,
}

impl FeatureFlags {
    /// The flags of a project.
    #[must_use]
    pub fn new(project_hash: &str, project: FlagsProject, bootstrap: FlagsBootstrap) -> Self {
        let values = bootstrap.values.clone().unwrap_or_default();
        Self {
            cache: FlagCache::new(project_hash, &values, &bootstrap.payloads),
            project,
            bootstrap,
            is_wanted: false,
            load: None,
            load_at: None,
            refresh_at: None,
            is_outdated: false,
            has_loaded: false,
            has_answer: false,
            error: None,
            anonymous_id: None,
            loaded_at: None,
            ticket: 0,
            ready: Object::default(),
            ready_for: Object::default(),
        }
    }

    /// What every event says of the flags; of those that posthog-js has loaded (`shared`), where this page has none of its own. It is
    /// made anew where they have changed only.
    pub fn properties(&mut self, store: &mut (impl Store + TabStore), wall: Wall, shared: &Object) -> &Object {
        let flags = self.cache.flags(store, wall);
        let is_news = if flags.is_empty() { *shared != self.ready_for } else { *flags != self.ready_for };
        if is_news {
            self.ready_for = if flags.is_empty() { shared.clone() } else { flags.clone() };
            let own = self.values(store, wall);
            self.ready = properties_of(if own.is_empty() { shared } else { &own });
        }
        &self.ready
    }

    /// A flag; `None`, where it is not known.
    pub fn flag(&mut self, store: &mut (impl Store + TabStore), key: &str, wall: Wall) -> Option<Flag> {
        self.cache.flags(store, wall).get(key).and_then(Flag::read)
    }

    /// All flags, by their keys.
    pub fn all(&mut self, store: &mut (impl Store + TabStore), wall: Wall) -> Vec<(String, Flag)> {
        let flags = self.cache.flags(store, wall);
        flags.members().filter_map(|(key, flag)| Some((key.text()?.into_owned(), Flag::read(flag)?))).collect()
    }

    /// The values of all flags, by their keys.
    pub fn values(&mut self, store: &mut (impl Store + TabStore), wall: Wall) -> Object {
        let mut values = Object::default();
        for (key, flag) in self.all(store, wall) {
            flag.value.set(&mut values, &key);
        }
        values
    }

    /// Whether it is known what the flags are, or that it cannot be known.
    pub fn is_ready(&mut self, store: &mut (impl Store + TabStore), wall: Wall) -> bool {
        self.has_loaded || !self.cache.flags(store, wall).is_empty()
    }

    /// Whether the last load has failed.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.error.is_some()
    }

    /// The page wants flags: loads them, and keeps them up to date from now on.
    pub fn want(&mut self, now: Monotonic) {
        if !self.is_wanted {
            self.is_wanted = true;
            self.schedule(now);
        }
    }

    /// Loads them anew; gives a ticket by which [`FlagsNews::Settled`] says when that has succeeded or failed, or may not be done.
    pub fn reload(&mut self, now: Monotonic) -> u32 {
        self.is_wanted = true;
        self.schedule(now);
        self.ticket
    }

    /// Something that flags are evaluated by has changed.
    pub fn changed(&mut self, now: Monotonic) {
        if self.is_wanted {
            self.schedule(now);
        }
    }

    /// The visitor is known by another id from now on; `earlier`, while it was anonymous.
    pub fn identified(&mut self, store: &mut (impl Store + TabStore), earlier: Option<String>, now: Monotonic) {
        self.anonymous_id = earlier;
        self.cache.forget_met(store);
        self.changed(now);
    }

    /// Somebody else uses the page from now on.
    pub fn clear(&mut self, store: &mut (impl Store + TabStore), now: Monotonic) {
        self.cache.clear(store);
        self.bootstrap.values = None;
        self.anonymous_id = None;
        self.has_loaded = false;
        self.changed(now);
    }

    /// What kept flags from being loaded may be over, or the page is seen again.
    pub fn refresh(&mut self, now: Monotonic, is_seen: bool) {
        let is_due = self.loaded_at.is_none_or(|loaded| now.0.saturating_sub(loaded.0) >= FLAGS_REFRESH_MS);
        if self.is_wanted && is_due && is_seen {
            self.schedule(now);
        }
    }

    /// Forgets everything, as the cache does.
    pub fn forget(&mut self, store: &mut (impl Store + TabStore), is_ours: bool) {
        self.cache.forget(store, is_ours);
        self.has_loaded = false;
        self.loaded_at = None;
    }

    /// Nothing is loaded by itself any more. Nobody waits for a load any more.
    pub fn rest(&mut self) -> FlagsNews {
        self.is_wanted = false;
        self.load_at = None;
        self.refresh_at = None;
        self.settle()
    }

    /// When something is due here.
    #[must_use]
    pub fn wake_at(&self) -> Option<Monotonic> {
        let retry_at = self.load.as_ref().and_then(|load| load.request.retry_at());
        earlier(retry_at, earlier(self.load_at, self.refresh_at))
    }

    /// Whether something is due here but a repetition.
    #[must_use]
    pub fn is_due(&self, now: Monotonic) -> bool {
        earlier(self.load_at, self.refresh_at).is_some_and(|at| at <= now)
    }

    /// Whether a load is due, so that [`start`](Self::start) is to be called with who the visitor is.
    pub fn is_load_due(&mut self, now: Monotonic, is_seen: bool) -> bool {
        if self.refresh_at.is_some_and(|at| at <= now) {
            self.refresh_at = None;
            self.refresh(now, is_seen);
        }
        if self.load_at.is_none_or(|at| at > now) {
            return false;
        }
        self.load_at = None;
        self.is_outdated |= self.load.is_some();
        self.load.is_none()
    }

    /// Loads the flags of the visitor; of nobody, where nothing of it may be sent.
    pub fn start(
        &mut self,
        store: &(impl Store + TabStore),
        visitor: Option<FlagsVisitor>,
        wall: Wall,
        now: Monotonic,
        id: u32,
    ) -> Result<Question, FlagsNews> {
        let Some(visitor) = visitor else {
            // Until it is allowed, which whoever allows it says.
            self.loaded_at = None;
            return Err(self.settle());
        };
        self.loaded_at = Some(now);
        let body = self.body(store, &visitor, wall);
        let (request, question) = Request::start(&self.project, &body, id);
        self.load = Some(Load { request, distinct_id: visitor.distinct_id, ticket: self.ticket });
        self.ticket += 1;
        Ok(question)
    }

    /// Whether a repetition of the request is due, so that [`retry`](Self::retry) is to be called.
    #[must_use]
    pub fn is_retry_due(&self, now: Monotonic) -> bool {
        self.load.as_ref().and_then(|load| load.request.retry_at()).is_some_and(|at| at <= now)
    }

    /// Repeats the request; where nothing may be sent of the visitor any more, gives it up.
    pub fn retry(
        &mut self,
        store: &mut (impl Store + TabStore),
        is_allowed: bool,
        wall: Wall,
        now: Monotonic,
        id: u32,
    ) -> (Option<Question>, Vec<FlagsNews>) {
        let Some(load) = &mut self.load else { return (None, Vec::new()) };
        match load.request.retry(&self.project, is_allowed, id) {
            Ok(question) => (Some(question), Vec::new()),
            Err(outcome) => (None, self.finish(store, &outcome, false, wall, now)),
        }
    }

    /// Whether this has asked a question.
    #[must_use]
    pub fn has_asked(&self, id: u32) -> bool {
        self.load.as_ref().is_some_and(|load| load.request.has_asked(id))
    }

    /// Takes an answer; `visitor` is who is on the page now, where something of it may be sent.
    pub fn answered(
        &mut self,
        store: &mut (impl Store + TabStore),
        answer: &JsonAnswer,
        visitor: Option<&str>,
        wall: Wall,
        now: Monotonic,
    ) -> Vec<FlagsNews> {
        let Some(load) = &mut self.load else { return Vec::new() };
        let Some(outcome) = load.request.answered(&self.project, answer, now) else { return Vec::new() };
        // An answer about an earlier visitor is none.
        let is_about_visitor = visitor == Some(load.distinct_id.as_str());
        self.finish(store, &outcome, is_about_visitor, wall, now)
    }

    /// What PostHog is told where the visitor meets a flag: the properties of the event, whether it is a minimal one, and what is
    /// to be noted when it is captured. `None`, where it knows already.
    pub fn meeting(
        &mut self,
        store: &mut (impl Store + TabStore),
        key: &str,
        wall: Wall,
    ) -> Option<(Object, bool, MetFlag)> {
        let flag = self.flag(store, key, wall);
        let mut met = key.to_owned();
        met.push_str("=");
        met.push_str(flag.as_ref().map_or("undefined", |flag| flag.value.word()));
        let met = MetFlag(met);
        if self.cache.has_met(store, &met) {
            return None;
        }
        let mut properties = Object::default();
        properties.set_text("$feature_flag", key);
        if let Some(flag) = &flag {
            flag.value.set(&mut properties, "$feature_flag_response");
        }
        properties.set("$feature_flag_payload", flag.as_ref().and_then(Flag::payload).unwrap_or_default());
        let about = self.cache.about(store);
        copy(about, &mut properties, "requestId", "$feature_flag_request_id");
        copy(about, &mut properties, "evaluatedAt", "$feature_flag_evaluated_at");
        let wants_minimal = about.get("minimalFlagCalledEvents").and_then(Value::boolean) == Some(true);
        let is_minimal = wants_minimal && flag.as_ref().and_then(Flag::has_experiment) == Some(false);
        if let Some(flag) = &flag {
            copy(&flag.about, &mut properties, "id", "$feature_flag_id");
            copy(&flag.about, &mut properties, "version", "$feature_flag_version");
            copy(&flag.about, &mut properties, "reason", "$feature_flag_reason");
            copy(&flag.about, &mut properties, "hasExperiment", "$feature_flag_has_experiment");
        }
        let missing = flag.is_none().then_some("flag_missing");
        let errors: Vec<&str> = self.error.as_deref().into_iter().chain(missing).collect();
        if !errors.is_empty() {
            properties.set_text("$feature_flag_error", &errors.join(","));
        }
        if let Some(values) = &self.bootstrap.values {
            let bootstrapped = values.get(key).unwrap_or_default();
            properties.set("$feature_flag_bootstrapped_response", bootstrapped);
            properties.set("$feature_flag_bootstrapped_payload", self.bootstrap.payloads.get(key).unwrap_or_default());
            properties.set_boolean("$used_bootstrap_value", !self.has_answer);
        }
        Some((properties, is_minimal, met))
    }

    fn schedule(&mut self, now: Monotonic) {
        // Whoever wakes the tracker adds a millisecond.
        self.load_at.get_or_insert(now + (FLAGS_DEBOUNCE_MS - 1));
    }

    fn settle(&mut self) -> FlagsNews {
        self.ticket += 1;
        FlagsNews::Settled(self.ticket - 1)
    }

    fn body(&mut self, store: &(impl Store + TabStore), visitor: &FlagsVisitor, wall: Wall) -> Object {
        let (person, group_properties) = self.cache.evaluated_by(store);
        let mut person_properties = visitor.initial.clone();
        person_properties.merge(person);
        person_properties.merge(&library());
        let mut body = Object::default();
        body.set_text("distinct_id", &visitor.distinct_id);
        if let Some(anonymous_id) = &self.anonymous_id {
            body.set_text("$anon_distinct_id", anonymous_id);
        }
        body.set_text("$device_id", &visitor.device_id);
        body.set_object("groups", &visitor.groups);
        body.set_object("person_properties", &person_properties);
        body.set_object("group_properties", group_properties);
        if let Some(timezone) = &visitor.timezone {
            body.set_text("timezone", timezone);
        }
        body.set_text("sent_at", &iso_time(wall));
        body
    }

    fn finish(
        &mut self,
        store: &mut (impl Store + TabStore),
        outcome: &Outcome,
        is_about_visitor: bool,
        wall: Wall,
        now: Monotonic,
    ) -> Vec<FlagsNews> {
        let Some(load) = self.load.take() else { return Vec::new() };
        let mut news = Vec::new();
        if is_about_visitor {
            self.take(store, outcome, wall);
            // What is known stays as it was, and there is nothing wrong that a page could do something about.
            if self.error.as_deref() != Some("quota_limited") {
                news.push(FlagsNews::Loaded);
            }
        }
        // It is tried again as soon as there is a network.
        if matches!(outcome, Err(error) if error == "connection_error") {
            self.loaded_at = None;
        }
        self.refresh_at = self.is_wanted.then_some(now + FLAGS_REFRESH_MS);
        news.push(FlagsNews::Settled(load.ticket));
        if core::mem::take(&mut self.is_outdated) && self.is_wanted {
            self.schedule(now);
        }
        news
    }

    fn take(&mut self, store: &mut (impl Store + TabStore), outcome: &Outcome, wall: Wall) {
        self.has_loaded = true;
        self.error = match outcome {
            Err(error) => Some(error.clone()),
            Ok(FlagsAnswer { is_quota_limited: true, .. }) => Some("quota_limited".to_owned()),
            Ok(answer) => {
                self.anonymous_id = None;
                self.has_answer = true;
                self.cache.take(store, answer, wall);
                answer.has_errors.then(|| "errors_while_computing_flags".to_owned())
            }
        };
    }
}

/// What events say of flags with these values.
fn properties_of(values: &Object) -> Object {
    let mut properties = Object::default();
    for (key, value) in values.members() {
        properties.set(&["$feature/", &*key.text().unwrap_or_default()].concat(), value);
    }
    if !properties.is_empty() {
        properties.set_texts("$active_feature_flags", &active_of(values));
    }
    properties
}

/// The keys of the flags that are on.
pub(super) fn active_of(values: &Object) -> Vec<String> {
    let is_on = |value| FlagValue::of(value).is_none_or(|value| value.is_on());
    values.members().filter(|(_, value)| is_on(*value)).filter_map(|(key, _)| Some(key.text()?.into_owned())).collect()
}

fn copy(from: &Object, to: &mut Object, name: &str, as_name: &str) {
    if let Some(value) = from.get(name) {
        to.set(as_name, value);
    }
}
