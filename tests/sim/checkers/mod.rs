//! The checkers: one property each, asked after every task, after a page has done what it wanted, or at the end of a run.

mod bounds;
mod captures;
mod consents;
mod copies;
mod flags;
mod foreign;
mod gates;
mod hooked;
mod ledger;
mod lock;
mod once;
mod persons;
mod purge;
mod reasons;
mod removals;
mod seals;
mod sessions;
pub(crate) mod settlement;

use crate::storage::{Op, PageId};
use crate::task::Task;
use crate::world::{Verdict, Violation, World};

/// What a checker answers: nothing, or the story of what is wrong.
pub(crate) type Finding = Result<(), String>;

type TaskChecker = (&'static str, fn(&mut World, &Task) -> Finding);
type EndChecker = (&'static str, fn(&World) -> Finding);

/// Asked when the tracker has answered, before anything of it is carried out.
const AFTER_TASK: [TaskChecker; 16] = [
    ("consent", consents::check),
    ("once", once::check_task),
    ("flag", flags::check),
    ("hook", hooked::check),
    ("cause", persons::check_own),
    ("person", persons::check_others),
    ("session", sessions::check),
    ("gate", gates::check),
    ("ledger", ledger::check),
    ("capture", captures::check),
    ("seal", seals::check),
    ("reason", reasons::check),
    ("removal", removals::check),
    ("purge", purge::check),
    ("foreign", foreign::check),
    ("body", bounds::check_bodies),
];

/// Asked when it has been carried out.
const AFTER_OUTPUTS: [TaskChecker; 3] =
    [("bounds", bounds::check_page), ("lock", lock::check), ("consent", consents::check_page)];

/// Asked when the world has healed and gone quiet.
const AT_THE_END: [EndChecker; 4] = [
    ("loss", settlement::check_loss),
    ("liveness", settlement::check_liveness),
    ("once", once::check),
    ("copies", copies::check),
];

pub(crate) fn look_at_task(world: &mut World, task: &Task) -> Verdict {
    AFTER_TASK.iter().try_for_each(|(checker, check)| named(checker, check(world, task)))
}

/// What a page without a tracker does is looked at as well.
pub(crate) fn look_at_facade(world: &mut World, page: PageId, ops: &[Op]) -> Verdict {
    named("consent", consents::check_facade(world, page, ops))
}

pub(crate) fn look_at_page(world: &mut World, task: &Task) -> Verdict {
    AFTER_OUTPUTS.iter().try_for_each(|(checker, check)| named(checker, check(world, task)))
}

pub(crate) fn look_at_the_end(world: &World) -> Verdict {
    AT_THE_END.iter().try_for_each(|(checker, check)| named(checker, check(world)))
}

fn named(checker: &'static str, finding: Finding) -> Verdict {
    finding.map_err(|story| Violation { checker, story })
}
