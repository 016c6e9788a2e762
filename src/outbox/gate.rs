//! The team gate: which stored events may leave. Only those of a team that is known to be tracked may, and only a
//! definite no shuts. Where answers come from, how long they hold and when to ask again is the page's affair
//! (`flags/gate.rs`).

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

/// The team of a record, by its place among those of this page, from 1 on; 0, where no gate holds the record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct TeamId(usize);

#[derive(Debug)]
struct Team {
    name: String,
    state: GateState,
    /// Whether the page knows that its answer is wanted here.
    told: bool,
}

impl Gate {
    /// The id of a team; of none, where it is empty. The page will be asked about it.
    pub(super) fn id(&mut self, name: &str) -> TeamId {
        if name.is_empty() {
            return TeamId(0);
        }
        let place = self.teams.iter().position(|team| team.name == name);
        TeamId(
            1 + place.unwrap_or_else(|| {
                self.teams.push(Team { name: name.to_owned(), state: GateState::Untold, told: false });
                self.teams.len() - 1
            }),
        )
    }

    /// What is known of a team. What no team gates may always leave.
    pub(super) fn state(&self, team: TeamId) -> GateState {
        match team.0.checked_sub(1) {
            None => GateState::Open,
            Some(place) => self.teams.get(place).map_or(GateState::Untold, |team| team.state),
        }
    }

    /// A team to ask the page about; it goes on answering by itself.
    pub(super) fn next_question(&mut self) -> Option<String> {
        let team = self.teams.iter_mut().find(|team| !team.told)?;
        team.told = true;
        Some(team.name.clone())
    }

    /// Notes what the page knows of a team from now on.
    pub(super) fn answer(&mut self, team: TeamId, open: Option<bool>) {
        if let Some(team) = self.teams.get_mut(team.0.wrapping_sub(1)) {
            team.state = GateState::of(open);
            team.told = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_team_is_asked_for_once_and_every_answer_counts() {
        let mut gate = Gate::default();
        let none = gate.id("");
        assert_eq!((gate.state(none), gate.next_question()), (GateState::Open, None));
        let team = gate.id("42");
        assert_eq!(gate.id("42"), team);
        assert_eq!(gate.state(team), GateState::Untold);
        assert_eq!(gate.next_question().as_deref(), Some("42"));
        assert_eq!(gate.next_question(), None);
        let other = gate.id("7");
        let states = [(Some(true), GateState::Open), (Some(false), GateState::Shut), (None, GateState::Unknown)];
        for (open, state) in states {
            gate.answer(team, open);
            assert_eq!((gate.state(team), gate.state(other)), (state, GateState::Untold));
        }
    }

    #[test]
    fn who_has_answered_is_not_asked() {
        let mut gate = Gate::default();
        let team = gate.id("42");
        gate.answer(team, Some(true));
        assert_eq!((gate.id("42"), gate.next_question()), (team, None));
    }
}
