//! The time of events. PostHog keys rows by it, and two events of a millisecond keep their order by it.

use crate::outbox::Wall;

/// A larger step back than this is a clock that was set, and is taken as it is.
const STEP_BACK_MAX_MS: u64 = 1_000;

/// The clock of one page. The time that it says is unique on this page: a tie or a small step back becomes the next millisecond.
#[derive(Debug, Default)]
pub(super) struct Clock {
    last: Wall,
    last_wall: Wall,
    sequence: u64,
}

impl Clock {
    /// Says when something happens that happens now, and as which of its page.
    pub(super) fn tick(&mut self, wall: Wall) -> (Wall, u64) {
        let was_set_back = wall.0 + STEP_BACK_MAX_MS <= self.last_wall.0;
        self.last_wall = wall;
        self.last = if !was_set_back && self.last >= wall { Wall(self.last.0 + 1) } else { wall };
        self.sequence += 1;
        (self.last, self.sequence - 1)
    }

    /// Something has happened at this time, as another clock of the page says.
    pub(super) fn note(&mut self, captured: Wall, sequence: u64) {
        self.last = self.last.max(captured);
        self.last_wall = self.last_wall.max(captured);
        self.sequence = self.sequence.max(sequence + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_and_small_steps_back_become_the_next_millisecond() {
        let mut clock = Clock::default();
        let times = [10_000, 10_000, 9_500, 10_005, 8_000, 8_000];
        let said: Vec<_> = times.map(|wall| clock.tick(Wall(wall))).into_iter().map(|(time, _)| time.0).collect();
        assert_eq!(said, [10_000, 10_001, 10_002, 10_005, 8_000, 8_001]);
        assert_eq!(clock.tick(Wall(8_002)).1, 6);
    }

    #[test]
    fn what_the_facade_has_timed_is_behind() {
        let mut clock = Clock::default();
        clock.note(Wall(500), 7);
        assert_eq!(clock.tick(Wall(500)), (Wall(501), 8));
    }
}
