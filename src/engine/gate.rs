//! The team gate: which stored events may leave (DESIGN §6). Where answers come from, how long they hold and when to ask
//! again is the page's affair (`js/src/team-gate.ts`), which has to know it before there is an engine and without one.

use super::outbox::Record;

/// Events that were captured while nobody knew whether their team is tracked are held this long: 24 hours.
pub const HOLD_MAX_MS: u64 = 24 * 3_600_000;

/// What is known of one team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GateState {
    /// The page has said nothing of it yet: hold its events, and ask.
    Untold,
    /// Nobody knows: hold its events.
    Unknown,
    /// It is tracked.
    Open,
    /// It is definitely not tracked.
    Shut,
}

impl GateState {
    fn of(open: Option<bool>) -> Self {
        match open {
            None => Self::Unknown,
            Some(true) => Self::Open,
            Some(false) => Self::Shut,
        }
    }
}

/// What this page was told of the teams whose records it has.
#[derive(Debug, Default)]
pub(super) struct Gate {
    teams: Vec<Team>,
}

#[derive(Debug)]
struct Team {
    id: String,
    state: GateState,
    /// Whether the page knows that its answer is wanted here.
    told: bool,
}

impl Gate {
    /// What is known of the team of a stored record.
    pub(super) fn state(&self, record: &Record) -> GateState {
        self.team_state(record.team.as_deref())
    }

    /// What is known of a team. What no team gates may always leave.
    pub(super) fn team_state(&self, team: Option<&str>) -> GateState {
        let Some(team) = team else {
            return GateState::Open;
        };
        self.teams.iter().find(|known| known.id == team).map_or(GateState::Untold, |known| known.state)
    }

    /// Notes that a record of `team` waits, so that the page is asked about it.
    pub(super) fn expect(&mut self, team: Option<&str>) {
        if let Some(team) = team
            && !self.teams.iter().any(|known| known.id == team)
        {
            self.teams.push(Team { id: team.to_owned(), state: GateState::Untold, told: false });
        }
    }

    /// A team to ask the page about; it goes on answering by itself.
    pub(super) fn next_question(&mut self) -> Option<String> {
        let team = self.teams.iter_mut().find(|team| !team.told)?;
        team.told = true;
        Some(team.id.clone())
    }

    /// Notes what the page knows of `team` from now on.
    pub(super) fn answer(&mut self, team: &str, open: Option<bool>) {
        self.expect(Some(team));
        for known in self.teams.iter_mut().filter(|known| known.id == team) {
            known.state = GateState::of(open);
            known.told = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_team_is_asked_for_once_and_every_answer_counts() {
        let mut gate = Gate::default();
        assert_eq!(gate.team_state(None), GateState::Open);
        gate.expect(None);
        assert_eq!(gate.next_question(), None);
        gate.expect(Some("42"));
        gate.expect(Some("42"));
        assert_eq!(gate.team_state(Some("42")), GateState::Untold);
        assert_eq!(gate.next_question().as_deref(), Some("42"));
        assert_eq!(gate.next_question(), None);
        let states = [(Some(true), GateState::Open), (Some(false), GateState::Shut), (None, GateState::Unknown)];
        for (open, state) in states {
            gate.answer("42", open);
            assert_eq!((gate.team_state(Some("42")), gate.team_state(Some("7"))), (state, GateState::Untold));
        }
    }

    #[test]
    fn who_has_answered_is_not_asked() {
        let mut gate = Gate::default();
        gate.answer("42", Some(true));
        gate.expect(Some("42"));
        assert_eq!(gate.next_question(), None);
    }
}
