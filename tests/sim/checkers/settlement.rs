//! After healing every event is a row, or the book has a stated excuse for it. What still lies somewhere does not get
//! on (liveness); what lies nowhere is lost.

use super::Finding;
use crate::book::Fact;
use crate::world::World;

/// The events that are owed and have not arrived.
pub(crate) fn owed(world: &World) -> impl Iterator<Item = &Fact> {
    world.book.facts.iter().filter(|fact| {
        // What is refused by 403 stays until another event shows that it is not the way that is closed.
        fact.returned && fact.excuse.is_none() && !fact.is_forbidden && !world.server.has(&fact.uuid)
    })
}

pub(crate) fn check_loss(world: &World) -> Finding {
    for fact in owed(world) {
        let origin = world.origin.borrow();
        let stored = origin.truth.contains_key(&fact.key);
        let mirrored = origin.mirror.will_hold(&fact.key);
        let noted = fact.journal.as_ref().is_some_and(|entry| origin.truth.contains_key(entry));
        let page = &world.pages[fact.page];
        // A page that lives has it, unless its ledger says that nothing waits there.
        let waiting = page.tracker.as_ref().map_or(0, |tracker| tracker.stats().waiting);
        let waits = world.is_waiting(fact);
        let remembered = waits || page.is_alive() && page.instance == fact.instance && waiting > 0;
        if !stored && !mirrored && !noted && !remembered {
            return Err(format!("nothing is left of {fact:?}"));
        }
    }
    let refused =
        world.book.facts.iter().find(|fact| (fact.is_poisoned || fact.is_forbidden) && world.server.has(&fact.uuid));
    refused.map_or(Ok(()), |fact| Err(format!("a refused event has a row: {fact:?}")))
}

pub(crate) fn check_liveness(world: &World) -> Finding {
    if let Some(fact) = owed(world).next() {
        return Err(format!("{} wait, the first is {fact:?}", owed(world).count()));
    }
    let origin = world.origin.borrow();
    let stored = origin.truth.keys().filter(|key| is_settled(world, key)).count();
    let mirrored = origin.mirror.written.keys().filter(|key| is_settled(world, key)).count();
    if stored + mirrored > 0 {
        let of = |key: &String| world.book.find(crate::book::uuid_of(key));
        let first =
            origin.truth.keys().chain(origin.mirror.written.keys()).find(|key| is_settled(world, key)).and_then(of);
        return Err(format!(
            "{stored} stored and {mirrored} mirrored records are left of settled events, first {first:?}"
        ));
    }
    Ok(())
}

/// Whether this is the record of an event that is done, or its entry in a journal, and so should not be there any more.
pub(crate) fn is_settled(world: &World, key: &str) -> bool {
    world
        .book
        .find(crate::book::uuid_of(key))
        .is_some_and(|fact| !fact.is_forbidden && (fact.key == *key || fact.journal.as_deref() == Some(key)))
}
