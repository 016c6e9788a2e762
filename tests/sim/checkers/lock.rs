//! A page that was left holds no lock: in the back/forward cache it keeps the lock, and the browser throws it out of
//! the cache when another page asks for it (measured in Chromium 156).

use posthog_booking_tracker::tracker::{Input, Output};

use super::Finding;
use crate::task::Task;
use crate::world::World;

pub(crate) fn check(world: &mut World, task: &Task) -> Finding {
    let page = &world.pages[task.page];
    if page.left && page.holds_lock {
        return Err(format!("page {} was left and holds the lock", page.id));
    }
    // What asks again without having been answered has lost count.
    let asks = task.outputs.iter().filter(|output| matches!(output, Output::AskLock)).count();
    let released = task.outputs.contains(&Output::ReleaseLock);
    let is_about_lock = matches!(task.input(), Some(Input::LockLost | Input::LockAnswered(_)));
    if asks > 1 || asks == 1 && task.locked && !is_about_lock && !released {
        return Err(format!("page {} asks {asks} times for a lock that it holds", page.id));
    }
    Ok(())
}
