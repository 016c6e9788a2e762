//! The time zone of the browser. Without `Temporal` it is slow to find out (20 to 100 ms of `Intl.DateTimeFormat` in Chromium, once a
//! page). It is stored for later pages as soon as something about the visitor may be stored, under `phbt:timezone:<project>` as
//! `<found out ms, base 36>:<name>`.

use super::{Facts, Tracker};
use crate::event::json::Value;
use crate::outbox::{Store, TabStore, noun_key};
use crate::text::{base36, cut, push_base36};

/// A page finds it out anew where it was found out longer ago: a visitor may travel. One day.
pub const TIMEZONE_AGE_MAX_MS: u64 = 24 * 3_600_000;

/// What is kept of the time zone.
#[derive(Debug, Default)]
pub(super) struct Timezone {
    /// The name that storage has, as far as this page knows.
    kept: String,
}

impl<S: Store + TabStore> Tracker<S> {
    /// The time zone that an earlier page has found out, while that may still hold; nothing, where the page may know nothing of its visitor.
    pub fn timezone(&mut self, facts: &Facts) -> Option<String> {
        if !self.may_know_visitor(facts) {
            return None;
        }
        let stored = self.outbox.store().get(&self.timezone_key()).ok().flatten()?;
        let (found, name) = cut(&stored, b':');
        let is_fresh = facts.wall.0.abs_diff(base36(found)?) < TIMEZONE_AGE_MAX_MS;
        self.timezone.kept = if is_fresh { name.to_owned() } else { String::new() };
        is_fresh.then(|| name.to_owned())
    }

    /// Keeps the time zone of this page for later ones.
    pub(super) fn keep_timezone(&mut self) {
        let Some(name) = self.facts.environment.get("$timezone").and_then(Value::text) else { return };
        if name == self.timezone.kept {
            return;
        }
        let mut text = String::new();
        push_base36(&mut text, self.facts.wall.0);
        text.push_str(":");
        text.push_str(&name);
        self.timezone.kept = name.into_owned();
        let key = self.timezone_key();
        let _ = self.outbox.store_mut().put(&key, &text);
    }

    /// Removes what is kept.
    pub(super) fn withdraw_timezone(&mut self) {
        self.timezone.kept.clear();
        let key = self.timezone_key();
        let _ = self.outbox.store_mut().remove(&key);
    }

    fn timezone_key(&self) -> String {
        noun_key("timezone", self.options.project())
    }
}
