//! What the page says while the visitor has not said whether it may be tracked: kept in memory, and done when it may.

use super::{Call, Moment, Person};
use crate::event::Draft;
use crate::outbox::Wall;

/// At most so many events wait, and beside them as many calls that change who the visitor is.
pub const HELD_MAX: usize = 200;

/// A call that waits for consent.
#[derive(Debug)]
pub(super) enum HeldCall {
    /// It has captured an event.
    Event { draft: Box<Draft>, person: Option<Person>, is_urgent: bool },
    /// It changes who the visitor is, or what is known of it.
    Change(Call, Box<Moment>),
}

impl HeldCall {
    /// When it was made.
    pub(super) fn captured(&self) -> Wall {
        match self {
            Self::Event { draft, .. } => draft.captured,
            Self::Change(_, moment) => moment.captured,
        }
    }
}

/// Calls that wait for consent.
#[derive(Debug, Default)]
pub(super) struct HeldCalls {
    calls: Vec<HeldCall>,
}

impl HeldCalls {
    /// How many events wait.
    pub(super) fn events(&self) -> usize {
        self.calls.iter().filter(|call| matches!(call, HeldCall::Event { .. })).count()
    }

    /// Keeps a call. Where there are too many events, gives the name of the one that had to make room: the oldest that is not
    /// urgent, else the oldest.
    pub(super) fn hold(&mut self, call: HeldCall) -> Option<String> {
        let events = self.events();
        let is_event = matches!(call, HeldCall::Event { .. });
        if !is_event && self.calls.len() - events >= HELD_MAX {
            return None;
        }
        let evicted = if is_event && events >= HELD_MAX { self.evict() } else { None };
        self.calls.push(call);
        evicted
    }

    /// Gives up the calls, in their order.
    pub(super) fn release(&mut self) -> Vec<HeldCall> {
        core::mem::take(&mut self.calls)
    }

    fn evict(&mut self) -> Option<String> {
        let place_of = |is_wanted: fn(&HeldCall) -> bool| self.calls.iter().position(is_wanted);
        let place = place_of(|call| matches!(call, HeldCall::Event { is_urgent: false, .. }))
            .or_else(|| place_of(|call| matches!(call, HeldCall::Event { .. })))?;
        match self.calls.remove(place) {
            HeldCall::Event { draft, .. } => Some(draft.name),
            HeldCall::Change(..) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, is_urgent: bool) -> HeldCall {
        let draft = Box::new(Draft { name: name.to_owned(), ..Draft::default() });
        HeldCall::Event { draft, person: None, is_urgent }
    }

    #[test]
    fn the_oldest_event_that_is_not_urgent_makes_room() {
        let mut held = HeldCalls::default();
        for n in 0..HELD_MAX {
            assert_eq!(held.hold(event(&n.to_string(), n != 7)), None);
        }
        assert_eq!(held.hold(HeldCall::Change(Call::ResetGroups, Box::default())), None);
        assert_eq!(held.hold(event("a", true)).as_deref(), Some("7"));
        assert_eq!(held.hold(event("b", true)).as_deref(), Some("0"));
        assert_eq!((held.events(), held.release().len()), (HELD_MAX, HELD_MAX + 1));
    }
}
