//! The bounds of bodies, of exits, of the keepalive budget and of storage. Browsers share 64 KiB between all unanswered
//! keepalive requests and beacons of a document (Fetch standard, "HTTP-network-or-cache fetch").

use posthog_booking_tracker::outbox::{
    BATCH_BYTES_MAX, BATCH_EVENTS_MAX, EVENT_BYTES_MAX, EXIT_BYTES_MAX, RECORDS_MAX, STORED_BYTES_MAX,
};

use super::Finding;
use crate::accounts;
use crate::task::Task;
use crate::world::World;

/// The most that is not events in a body.
const ENVELOPE: usize = 192;

pub(crate) fn check_bodies(world: &mut World, task: &Task) -> Finding {
    for sent in &task.sent {
        let parcel = &sent.parcel;
        let bytes_max = if sent.keepalive { EXIT_BYTES_MAX } else { BATCH_BYTES_MAX + ENVELOPE };
        if parcel.bytes > bytes_max {
            return Err(format!("a body of {} bytes, keepalive {}", parcel.bytes, sent.keepalive));
        }
        if parcel.events.len() > BATCH_EVENTS_MAX {
            return Err(format!("a body of {} events", parcel.events.len()));
        }
        if let Some(large) = parcel.events.iter().find(|event| event.text.len() > EVENT_BYTES_MAX) {
            return Err(format!("an event of {} bytes", large.text.len()));
        }
        let is_must_send = |event| world.book.of(event).is_some_and(|fact| fact.must_send);
        if !sent.keepalive && parcel.events.iter().any(is_must_send) {
            return Err("a must-send event in a request that dies with its page".to_owned());
        }
        let mut uuids: Vec<&str> = parcel.uuids().collect();
        uuids.sort_unstable();
        if uuids.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err("an event twice in one body".to_owned());
        }
    }
    Ok(())
}

pub(crate) fn check_page(world: &mut World, task: &Task) -> Finding {
    let page = &world.pages[task.page];
    let leaving = page.keepalive_bytes() + if page.left { page.exit_bytes } else { 0 };
    if leaving > EXIT_BYTES_MAX {
        return Err(format!("page {} has {leaving} bytes in keepalive requests and exits", page.id));
    }
    if task.after.waiting as usize > RECORDS_MAX + BATCH_EVENTS_MAX {
        return Err(format!("{} records wait on page {}", task.after.waiting, page.id));
    }
    let tabs = world.pages.iter().filter(|page| page.is_alive()).count();
    // Each tab may add to a full store what its own requests carry, and what it writes in one task.
    let bytes_max = (STORED_BYTES_MAX + 2 * BATCH_BYTES_MAX) * (tabs + 1);
    if task.written.is_empty() {
        return Ok(());
    }
    let bytes = accounts::stored_bytes(world, task);
    if bytes > bytes_max {
        return Err(format!("{bytes} bytes are stored"));
    }
    Ok(())
}
