//! Attempts at a booking: one id on all the events of each, and the time since it began.
//!
//! Without them a funnel counts people, and one success hides the failures before it.

use super::json::Object;
use crate::outbox::Monotonic;

/// The present attempt of a page. One lasts from one `booking_started` to the next.
#[derive(Debug, Default)]
pub struct Attempts {
    present: Option<Attempt>,
}

#[derive(Debug)]
struct Attempt {
    /// The text of a JSON value: a page may name its attempts by numbers.
    id: String,
    started: Monotonic,
}

const ID: &str = "attemptId";
const ELAPSED: &str = "elapsedMs";

impl Attempts {
    /// Begins an attempt: the one that the event of `booking_started` names itself, or `uuid`, which it is given.
    pub fn begin(&mut self, properties: &mut Object, uuid: &str, now: Monotonic) {
        if !names(properties, ID) {
            properties.set_text(ID, uuid);
        }
        let id = properties.get(ID).map(|id| id.raw().to_owned()).unwrap_or_default();
        self.present = Some(Attempt { id, started: now });
    }

    /// Gives an event the present attempt, where it names none itself, and the milliseconds since that began.
    ///
    /// # Example
    /// ```
    /// use posthog_booking_tracker::outbox::Monotonic;
    /// use posthog_booking_tracker::event::{Attempts, json::Object};
    /// let mut attempts = Attempts::default();
    /// attempts.begin(&mut Object::default(), "019b7c8b-1e2e-7a3b-9f00-0123456789ab", Monotonic(1_000));
    /// let mut failed = Object::default();
    /// attempts.join(&mut failed, Monotonic(3_500));
    /// assert_eq!(failed.text(), r#"{"attemptId":"019b7c8b-1e2e-7a3b-9f00-0123456789ab","elapsedMs":2500}"#);
    /// ```
    pub fn join(&self, properties: &mut Object, now: Monotonic) {
        let Some(present) = &self.present else { return };
        if !names(properties, ID) {
            properties.set(ID, super::json::Value::read(&present.id).unwrap_or_default());
        }
        let is_present = properties.get(ID).is_some_and(|id| id.raw() == present.id);
        if is_present && !names(properties, ELAPSED) {
            properties.set_integer(ELAPSED, now.0.saturating_sub(present.started.0) as i64);
        }
    }

    /// What comes next belongs to no attempt.
    pub fn end(&mut self) {
        self.present = None;
    }
}

fn names(properties: &Object, name: &str) -> bool {
    properties.get(name).is_some_and(|value| value.raw() != "null")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(attempts: &Attempts, given: &str, now: u64) -> String {
        let mut properties = Object::read(given).unwrap_or_default();
        attempts.join(&mut properties, Monotonic(now));
        properties.text().to_owned()
    }

    #[test]
    fn an_event_belongs_to_the_attempt_that_goes_on() {
        let mut attempts = Attempts::default();
        assert_eq!(joined(&attempts, "{}", 1), "{}");
        attempts.begin(&mut Object::default(), "one", Monotonic(5));
        assert_eq!(joined(&attempts, "{}", 15), r#"{"attemptId":"one","elapsedMs":10}"#);
        attempts.end();
        assert_eq!(joined(&attempts, "{}", 15), "{}");
    }

    #[test]
    fn what_an_event_says_itself_stays() {
        let mut attempts = Attempts::default();
        attempts.begin(&mut Object::read(r#"{"attemptId":"own"}"#).unwrap_or_default(), "made", Monotonic(5));
        assert_eq!(joined(&attempts, r#"{"elapsedMs":3}"#, 15), r#"{"elapsedMs":3,"attemptId":"own"}"#);
        assert_eq!(joined(&attempts, r#"{"attemptId":"other"}"#, 15), r#"{"attemptId":"other"}"#);
        assert_eq!(joined(&attempts, r#"{"attemptId":null}"#, 15), r#"{"attemptId":"own","elapsedMs":10}"#);
    }
}
