//! What pages say of themselves: the `stats()` of their trackers. What a page holds or drops never arrives here, so nobody
//! else could tell of it.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::moment::Moment;

/// Pages that are remembered, those that said something last.
const PAGES_MAX: usize = 20;

/// The longest report in bytes. With [`PAGES_MAX`] this bounds what pages can make the collector remember.
pub(crate) const REPORT_BYTES_MAX: usize = 16 * 1024;

/// The body of `POST /page-stats`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PageReport {
    /// An id of the page's own choice, for as long as it lives.
    page: String,
    /// Counts the reports of a page, so that one which was overtaken on its way is known as such.
    number: u64,
    /// The path of its address.
    path: String,
    /// The team that it is about.
    team: String,
    /// Whether this was its last word, as far as it knows.
    #[serde(default)]
    has_left: bool,
    stats: TrackerStats,
}

/// What `stats()` of a tracker gives, as far as it is shown.
#[derive(Debug, Deserialize)]
struct TrackerStats {
    captured: u64,
    confirmed: u64,
    waiting: u64,
    held: u64,
    /// Counts by reason; most are zero.
    dropped: BTreeMap<String, u64>,
    #[serde(default)]
    teams: BTreeMap<String, GateState>,
}

/// What a tracker knows of a team.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum GateState {
    #[default]
    Unknown,
    Open,
    Shut,
}

/// A page as it is shown, by what it said last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page {
    page: String,
    #[serde(skip)]
    number: u64,
    path: String,
    has_left: bool,
    said_at: Moment,
    team: String,
    gate: GateState,
    captured: u64,
    confirmed: u64,
    waiting: u64,
    held: u64,
    /// The reasons that there were, with their counts.
    dropped: BTreeMap<String, u64>,
}

/// The pages that said something lately, the last one first.
#[derive(Debug, Default)]
pub(crate) struct PageBoard {
    pages: VecDeque<Page>,
}

impl Page {
    fn of(report: PageReport, said_at: Moment) -> Self {
        let PageReport { page, number, path, team, has_left, stats } = report;
        let gate = stats.teams.get(&team).copied().unwrap_or_default();
        let TrackerStats { captured, confirmed, waiting, held, mut dropped, .. } = stats;
        dropped.retain(|_, count| *count > 0);
        Self { page, number, path, has_left, said_at, team, gate, captured, confirmed, waiting, held, dropped }
    }
}

impl PageBoard {
    /// Notes what a page says; whether that is news, and was not overtaken by what the page said later.
    pub(crate) fn take(&mut self, report: PageReport, said_at: Moment) -> bool {
        if let Some(place) = self.pages.iter().position(|known| known.page == report.page) {
            if self.pages[place].number >= report.number {
                return false;
            }
            self.pages.remove(place);
        }
        self.pages.push_front(Page::of(report, said_at));
        self.pages.truncate(PAGES_MAX);
        true
    }

    pub(crate) const fn pages(&self) -> &VecDeque<Page> {
        &self.pages
    }

    pub(crate) fn clear(&mut self) {
        self.pages.clear();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]

    use serde_json::{Value, json};

    use super::*;

    fn report(page: &str, number: u64, teams: &Value) -> PageReport {
        let stats = json!({
            "engine": "wasm", "captured": 5, "adopted": 0, "confirmed": 1, "waiting": 3, "held": 2,
            "dropped": {"gate_shut": 1, "gate_unknown": 0}, "teams": teams,
        });
        serde_json::from_value(json!({"page": page, "number": number, "path": "/", "team": "42", "stats": stats}))
            .unwrap()
    }

    fn take(board: &mut PageBoard, page: &str, number: u64) -> bool {
        board.take(report(page, number, &json!({"42": "open"})), Moment::EPOCH)
    }

    #[test]
    fn a_page_is_shown_with_its_own_team_and_the_reasons_that_there_were() {
        let mut board = PageBoard::default();
        board.take(report("a", 1, &json!({"7": "open", "42": "shut"})), Moment::EPOCH);
        assert_eq!(
            serde_json::to_value(board.pages()).unwrap(),
            json!([{
                "page": "a", "path": "/", "hasLeft": false, "saidAt": "1970-01-01T00:00:00.000Z", "team": "42", "gate": "shut",
                "captured": 5, "confirmed": 1, "waiting": 3, "held": 2, "dropped": {"gate_shut": 1},
            }])
        );
    }

    #[test]
    fn a_team_that_the_page_says_nothing_of_is_unknown() {
        let mut board = PageBoard::default();
        board.take(report("a", 1, &json!({})), Moment::EPOCH);
        assert_eq!(board.pages()[0].gate, GateState::Unknown);
    }

    #[test]
    fn a_report_that_was_overtaken_changes_nothing() {
        let mut board = PageBoard::default();
        assert!(take(&mut board, "a", 2));
        assert!(!take(&mut board, "a", 1));
        assert!(!take(&mut board, "a", 2));
        assert!(take(&mut board, "a", 3));
        assert_eq!(board.pages().len(), 1);
    }

    #[test]
    fn the_last_twenty_pages_are_remembered_the_newest_first() {
        let mut board = PageBoard::default();
        for number in 0..25 {
            take(&mut board, &format!("page {number}"), 1);
        }
        take(&mut board, "page 7", 2);
        assert_eq!(board.pages().len(), PAGES_MAX);
        assert_eq!(board.pages()[0].page, "page 7");
        assert_eq!(board.pages()[PAGES_MAX - 1].page, "page 5");
    }
}
