//! Copies on the wire: one where nothing fails, two for what was waiting when a page was left or sent without the lock
//! beside its holder, and otherwise one more for each thing that went wrong.

use posthog_booking_tracker::outbox::{ALONE_MARGIN_MS, FRESH_AGE_MAX_MS};

use super::Finding;
use crate::book::Fact;
use crate::faults::Faults;
use crate::world::World;

pub(crate) fn check(world: &World) -> Finding {
    for fact in &world.book.facts {
        let allowed =
            if world.faults == Faults::NONE { allowed_in_calm(world, fact) } else { allowed_in_storm(world, fact) };
        if fact.copies.len() > allowed {
            return Err(format!(
                "{} has {} copies, allowed {allowed}: {:?}",
                fact.uuid,
                fact.copies.len(),
                fact.copies
            ));
        }
    }
    Ok(())
}

fn allowed_in_calm(world: &World, fact: &Fact) -> usize {
    let told = fact.told_at.unwrap_or(u64::MAX);
    // It was under way or handed over when its page was left, which so never heard of it.
    let unheard = fact.copies.iter().filter(|copy| !copy.confirmed).count();
    // No longer fresh it went without the lock, because its page was hidden or left, beside another page that held it and
    // may have adopted it.
    let beside = fact.copies.iter().any(|copy| {
        !copy.locked
            && copy.at.saturating_sub(fact.captured_wall) >= FRESH_AGE_MAX_MS
            && world
                .lock_spans
                .iter()
                .any(|(page, from, to)| *page != copy.page && *from <= told && *to >= fact.captured_wall)
    });
    // What was called before there was a tracker, or before the visitor has agreed, is recorded late: a page that was told that it is
    // alone takes it for what one that is gone has left.
    let late = fact.journal.is_some() || fact.captured_at.saturating_sub(fact.captured_wall) > ALONE_MARGIN_MS;
    // The mirror is a few milliseconds behind: who reads it then takes for lost what another page has just settled.
    let first = fact.copies.first().map(|copy| copy.page);
    let mirrored = fact.mirrored_to.iter().filter(|reader| first.is_some_and(|page| page != **reader));
    1 + unheard + usize::from(beside) + usize::from(late) + mirrored.count()
}

/// A page tries an event again after each failure, and each further page may take it over.
fn allowed_in_storm(world: &World, fact: &Fact) -> usize {
    let unheard = fact.copies.iter().filter(|copy| !copy.confirmed).count();
    let instances: usize = world.pages.iter().map(|page| page.instance as usize).sum();
    unheard + 2 * instances
}
