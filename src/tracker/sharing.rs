//! Sharing a page with posthog-js: one person stays one person. Its instance says who the events are about, in which session and
//! in which groups, whenever one is captured; its opt-out is ours, and its reset as well.

use super::Tracker;
use super::input::{PostHog, PostHogVisitor};
use super::options::IdentitySource;
use super::output::{Output, PostHogCall};
use crate::event::json::Object;
use crate::outbox::{Monotonic, Store, TabStore};

/// How long events wait for posthog-js before they are sealed.
pub const SHARE_TIMEOUT_MS: u64 = 2_000;

/// How often it is looked for.
pub const SHARE_POLL_MS: u64 = 50;

/// The identity that posthog-js lends.
#[derive(Debug)]
pub(super) struct Sharing {
    source: IdentitySource,
    /// Whether events wait, because it is still open who they are about.
    pub(super) is_waiting: bool,
    /// When nobody waits any more, and when it is looked for next; `None`, before the wait has begun.
    wait: Option<(Monotonic, Monotonic)>,
    /// What it says in the present input.
    pub(super) present: Option<PostHog>,
}

impl Sharing {
    pub(super) fn new(source: IdentitySource) -> Self {
        let is_waiting = source != IdentitySource::Own;
        Self { source, is_waiting, wait: None, present: None }
    }

    /// Who is on the page, as posthog-js says.
    pub(super) fn visitor(&self) -> Option<&PostHogVisitor> {
        self.present.as_ref()?.visitor.as_ref()
    }

    /// The values of its feature flags.
    pub(super) fn flags(&self) -> Object {
        self.present.as_ref().map(|present| present.flags.clone()).unwrap_or_default()
    }

    /// Whether the visitor has told it not to capture.
    pub(super) fn is_opted_out(&self) -> bool {
        self.present.as_ref().is_some_and(|present| present.is_opted_out)
    }

    pub(super) fn wake_at(&self) -> Option<Monotonic> {
        let (end, look) = self.wait.filter(|_| self.is_waiting)?;
        Some(end.min(look))
    }

    /// What posthog-js says once it has heard this.
    fn apply(&mut self, call: &PostHogCall) {
        let Some(present) = &mut self.present else { return };
        match (call, &mut present.visitor) {
            (PostHogCall::Identify(id), Some(visitor)) => {
                visitor.distinct_id.clone_from(id);
                visitor.is_identified = true;
            }
            // Who it makes of the visitor then is known when it is looked at next.
            (PostHogCall::Reset { .. }, visitor) => *visitor = None,
            (PostHogCall::Identify(_), None) => {}
        }
    }
}

impl<S: Store + TabStore> Tracker<S> {
    /// Ends the wait for posthog-js where it has come.
    pub(super) fn look_at_posthog(&mut self) {
        if self.sharing.present.is_some() && self.sharing.is_waiting {
            self.end_wait(true);
        }
    }

    /// Passes something on to posthog-js, now or when it has come.
    pub(super) fn tell_posthog(&mut self, call: PostHogCall) {
        if self.sharing.source != IdentitySource::Own {
            self.sharing.apply(&call);
            self.outputs.push(Output::TellPostHog(call));
        }
    }

    /// Waits for posthog-js from now on.
    pub(super) fn wait_for_posthog(&mut self) {
        let now = self.facts.monotonic;
        self.sharing.wait = Some((now + SHARE_TIMEOUT_MS, now + SHARE_POLL_MS));
    }

    /// Nothing waits any more: the page is left, or something has to be done now. posthog-js may still come.
    pub(super) fn settle_sharing(&mut self) {
        if self.sharing.is_waiting {
            self.end_wait(false);
        }
    }

    pub(super) fn advance_sharing(&mut self) {
        let Some((end, look)) = self.sharing.wait.filter(|_| self.sharing.is_waiting) else { return };
        let now = self.facts.monotonic;
        if end <= now {
            self.end_wait(false);
        } else if look <= now {
            self.sharing.wait = Some((end, now + SHARE_POLL_MS));
        }
    }

    /// It is known whether posthog-js says who events are about.
    fn end_wait(&mut self, has_come: bool) {
        self.sharing.is_waiting = false;
        if self.sharing.wait.is_none() {
            return;
        }
        if !has_come {
            let text = "there is no posthog-js with this project key on the page";
            if self.sharing.source == IdentitySource::Auto { self.notices.debug(text) } else { self.notices.warn(text) }
        }
        self.seal(has_come);
        self.flags.refresh(self.facts.monotonic, self.facts.is_seen);
    }
}
