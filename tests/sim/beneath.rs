//! A posthog-js on the same page: it comes late or never, says who is on the page, and hears of what the page calls.

use posthog_booking_tracker::event::json::Object;
use posthog_booking_tracker::tracker::{PostHogCall, PostHogVisitor};

use crate::page::Job;
use crate::storage::PageId;
use crate::world::World;

impl World {
    /// A page is configured to share its visitor; its posthog-js comes after a while, or never.
    pub(crate) fn share(&mut self, page: PageId, comes_in: Option<u64>) {
        self.pages[page].beneath.is_shared = true;
        if let Some(delay) = comes_in {
            self.schedule_job(delay, page, Job::PostHogComes);
        }
    }

    /// posthog-js has come. Who is on the page it knows from its own storage.
    pub(crate) fn bring_posthog(&mut self, page: PageId) {
        if self.posthog_id.is_empty() {
            self.posthog_id = self.new_uuid();
        }
        let distinct_id = self.posthog_id.clone();
        self.people.say(page, &distinct_id);
        self.note(|_| format!("posthog-js comes to page {page}: {distinct_id}"));
        self.pages[page].beneath.visitor = Some(PostHogVisitor {
            is_identified: distinct_id.starts_with("person-"),
            device_id: "device-of-posthog-js".into(),
            has_profile: false,
            session_id: String::new(),
            window_id: String::new(),
            groups: Object::default(),
            distinct_id,
        });
    }

    /// It hears what the page has called.
    pub(crate) fn tell_posthog(&mut self, page: PageId, call: &PostHogCall) {
        let id = match call {
            PostHogCall::Identify(id) => id.clone(),
            PostHogCall::Reset { .. } => self.new_uuid(),
        };
        self.posthog_id.clone_from(&id);
        // One that comes later hears of it then.
        if let Some(visitor) = &mut self.pages[page].beneath.visitor {
            visitor.is_identified = matches!(call, PostHogCall::Identify(_));
            visitor.distinct_id.clone_from(&id);
            self.people.say(page, &id);
        }
    }
}
