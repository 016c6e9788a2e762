//! A page that was left holds no lock: in the back/forward cache it keeps the lock, and the browser throws it out of
//! the cache when another page asks for it (measured in Chromium 156).

use posthog_booking_tracker::outbox::Input;

use super::Finding;
use crate::tasks::Task;
use crate::world::World;

pub(crate) fn check(world: &mut World, task: &Task) -> Finding {
    let page = &world.pages[task.page];
    if page.left && page.holds_lock {
        return Err(format!("page {} was left and holds the lock", page.id));
    }
    // What asks again without having been answered has lost count.
    let asks =
        task.outputs.iter().filter(|output| matches!(output, posthog_booking_tracker::outbox::Output::AskLock)).count();
    if asks > 1 || asks == 1 && task.locked && !matches!(task.input, Input::LockLost | Input::LockAnswered(_)) {
        return Err(format!("page {} asks {asks} times for a lock that it holds", page.id));
    }
    Ok(())
}
