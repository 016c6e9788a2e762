//! The team gate: which events may be stored, and which stored ones may leave (DESIGN §6).

use super::Monotonic;
use super::backoff::backoff_ms;
use super::config::{GateSource, Ungated};
use super::ledger::DropReason;
use super::outbox::Record;

/// What is known of one team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GateState {
    /// Nobody has said yet: hold its events and ask.
    Unknown,
    /// It is tracked.
    Open,
    /// It is definitely not tracked.
    Shut,
}

#[derive(Debug)]
pub(super) struct Gate {
    source: GateSource,
    ungated: Ungated,
    teams: Vec<Team>,
}

/// A team that the callback answers for.
#[derive(Debug)]
struct Team {
    id: String,
    state: GateState,
    asking: bool,
    failures: u32,
    ask_at: Monotonic,
}

impl Gate {
    pub(super) fn new(source: GateSource, ungated: Ungated) -> Self {
        Self { source, ungated, teams: Vec::new() }
    }

    /// Decides on an event of `team` that is being captured: stored, it leaves when the gate of the team that this names
    /// is open, or at any time where it names none.
    ///
    /// # Errors
    /// The reason to drop it for.
    pub(super) fn admit(&self, team: Option<&str>) -> Result<Option<String>, DropReason> {
        match (&self.source, team) {
            (GateSource::Constant { open: false, .. }, _) => Err(DropReason::GateShut),
            // A page that names its team has answered for that one, whatever the event says; else for the event's own.
            (GateSource::Constant { team: own, .. }, team) => {
                Ok(Some(if own.is_empty() { team.unwrap_or_default().to_owned() } else { own.clone() }))
            }
            (GateSource::Callback, Some(team)) => match self.team_state(Some(team)) {
                GateState::Shut => Err(DropReason::GateShut),
                GateState::Unknown | GateState::Open => Ok(Some(team.to_owned())),
            },
            (GateSource::Callback, None) | (GateSource::Absent, _) => match self.ungated {
                Ungated::Track => Ok(None),
                Ungated::Ignore => Err(DropReason::Ungated),
            },
        }
    }

    /// What is known of the team of a stored record. Where this page has no source, a record that some page gated
    /// stays unknown here, and so never leaves by this page.
    pub(super) fn state(&self, record: &Record) -> GateState {
        self.team_state(record.team.as_deref())
    }

    /// Whether it is definite that a team is not tracked.
    pub(super) fn is_shut(&self, team: Option<&str>) -> bool {
        self.team_state(team) == GateState::Shut
    }

    fn team_state(&self, team: Option<&str>) -> GateState {
        let Some(team) = team else {
            return GateState::Open;
        };
        match &self.source {
            GateSource::Constant { team: own, open } if own == team || own.is_empty() => {
                if *open {
                    GateState::Open
                } else {
                    GateState::Shut
                }
            }
            GateSource::Callback => {
                self.teams.iter().find(|known| known.id == team).map_or(GateState::Unknown, |known| known.state)
            }
            GateSource::Constant { .. } | GateSource::Absent => GateState::Unknown,
        }
    }

    /// Notes that a record of `team` waits, so that the team is asked for.
    pub(super) fn expect(&mut self, team: Option<&str>, now: Monotonic) {
        let (GateSource::Callback, Some(team)) = (&self.source, team) else {
            return;
        };
        // The empty team is that of pages with a constant answer and no team; no callback can be asked for it.
        if !team.is_empty() && !self.teams.iter().any(|known| known.id == team) {
            let team = Team { id: team.to_owned(), state: GateState::Unknown, asking: false, failures: 0, ask_at: now };
            self.teams.push(team);
        }
    }

    /// A team to ask for now; it counts as asked from here on.
    pub(super) fn next_question(&mut self, now: Monotonic) -> Option<String> {
        let team = self.teams.iter_mut().find(|team| team.is_open_question() && team.ask_at <= now)?;
        team.asking = true;
        Some(team.id.clone())
    }

    /// When a team has to be asked for again.
    pub(super) fn next_question_at(&self) -> Option<Monotonic> {
        self.teams.iter().filter(|team| team.is_open_question()).map(|team| team.ask_at).min()
    }

    /// Notes the answer for `team`: a definite one for the rest of the page's life, or none, to be asked for again.
    pub(super) fn answer(&mut self, team: &str, open: Option<bool>, now: Monotonic, jitter: u64) {
        let Some(team) = self.teams.iter_mut().find(|known| known.id == team) else {
            return;
        };
        team.asking = false;
        match open {
            Some(open) => team.state = if open { GateState::Open } else { GateState::Shut },
            None => {
                team.failures += 1;
                team.ask_at = now + backoff_ms(team.failures, jitter);
            }
        }
    }
}

impl Team {
    fn is_open_question(&self) -> bool {
        self.state == GateState::Unknown && !self.asking
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Monotonic = Monotonic(0);

    fn constant(open: bool) -> Gate {
        Gate::new(GateSource::Constant { team: "42".to_owned(), open }, Ungated::Ignore)
    }

    #[test]
    fn without_a_source_ungated_decides_and_gated_records_stay() {
        let ignoring = Gate::new(GateSource::Absent, Ungated::Ignore);
        assert_eq!(ignoring.admit(Some("42")), Err(DropReason::Ungated));
        let tracking = Gate::new(GateSource::Absent, Ungated::Track);
        assert_eq!(tracking.admit(Some("42")), Ok(None));
        assert_eq!(tracking.team_state(None), GateState::Open);
        assert_eq!(tracking.team_state(Some("42")), GateState::Unknown);
    }

    #[test]
    fn a_constant_speaks_for_its_own_team_only() {
        assert_eq!(constant(true).admit(None), Ok(Some("42".to_owned())));
        assert_eq!(constant(false).admit(Some("7")), Err(DropReason::GateShut));
        assert_eq!(constant(true).team_state(Some("42")), GateState::Open);
        assert_eq!(constant(false).team_state(Some("42")), GateState::Shut);
        assert_eq!(constant(false).team_state(Some("7")), GateState::Unknown);
    }

    #[test]
    fn a_callback_is_asked_once_at_a_time_and_again_after_no_answer() {
        let mut gate = Gate::new(GateSource::Callback, Ungated::Ignore);
        assert_eq!(gate.admit(None), Err(DropReason::Ungated));
        assert_eq!(gate.admit(Some("42")), Ok(Some("42".to_owned())));
        gate.expect(Some("42"), NOW);
        gate.expect(Some("42"), NOW);
        assert_eq!(gate.next_question(NOW).as_deref(), Some("42"));
        assert_eq!(gate.next_question(NOW), None);
        assert_eq!(gate.next_question_at(), None);
        gate.answer("42", None, NOW, 0);
        assert_eq!(gate.team_state(Some("42")), GateState::Unknown);
        assert_eq!(gate.next_question(NOW), None);
        assert_eq!(gate.next_question_at(), Some(Monotonic(800)));
        assert_eq!(gate.next_question(Monotonic(800)).as_deref(), Some("42"));
        gate.answer("42", Some(false), NOW, 0);
        assert_eq!(gate.team_state(Some("42")), GateState::Shut);
        assert_eq!(gate.admit(Some("42")), Err(DropReason::GateShut));
        assert_eq!(gate.next_question_at(), None);
    }

    #[test]
    fn the_empty_team_is_never_asked_for() {
        let mut gate = Gate::new(GateSource::Callback, Ungated::Track);
        gate.expect(Some(""), NOW);
        assert_eq!(gate.next_question(NOW), None);
    }
}
