//! PostHog is told once that a visitor has met a value of a flag, and again only where the visitor is somebody else; and flags are
//! asked for about whom the page is about.

use posthog_booking_tracker::tracker::Output;

use super::Finding;
use crate::knowledge::visitor_of;
use crate::task::Task;
use crate::world::World;

pub(crate) fn check(world: &mut World, task: &Task) -> Finding {
    for output in &task.outputs {
        if let Output::Ask(question) = output
            && let Some(id) = visitor_of(question)
        {
            // A request that failed is repeated as it was.
            if !world.people.was_there(task.page, &id) {
                return Err(format!("page {} asks for the flags of {id:?}, who has not been there", task.page));
            }
        }
    }
    for event in task.events_written(world) {
        if event["event"] != "$feature_flag_called" {
            continue;
        }
        let properties = &event["properties"];
        let met = format!(
            "{} of {}={}",
            event["distinct_id"], properties["$feature_flag"], properties["$feature_flag_response"]
        );
        let page = &mut world.pages[task.page];
        world.flags_met += 1;
        if !page.met.insert((page.stretch, met.clone())) {
            return Err(format!("page {} tells twice of {met}: {event}", page.id));
        }
    }
    Ok(())
}
