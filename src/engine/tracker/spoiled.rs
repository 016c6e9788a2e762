//! The broken engines, as far as a wrong condition alone does not make one. Built for the simulator only.

use super::super::Outcome;
use super::super::record::sealed_value;
use super::super::sabotage::Sabotage;
use super::super::store::Store;
use super::super::time::push_iso_timestamp;
use super::super::{DropReason, Monotonic};
use super::Tracker;

impl<S: Store> Tracker<S> {
    /// Breaks this engine.
    pub fn sabotage(&mut self, way: Sabotage) {
        self.sabotage = Some(way);
    }

    /// What goes wrong when a request takes its records along.
    pub(super) fn spoil_send(&mut self, request: u32, exit: bool) {
        let mut now = String::new();
        push_iso_timestamp(&mut now, self.wall);
        for record in self.outbox.records.iter_mut().filter(|record| record.request == request) {
            // Only what has been on its way before is due since ever.
            let retried = record.due == Monotonic(0);
            match self.sabotage {
                Some(Sabotage::RemoveBeforeConfirm) => {
                    let _ = self.store.remove(&record.key.text);
                }
                Some(Sabotage::ConfirmByBeacon) if exit => {
                    let _ = self.store.remove(&record.key.text);
                }
                Some(Sabotage::RestampOnRetry) if retried => {
                    if let Some(at) = record.body.find("\"timestamp\":\"") {
                        record.body.replace_range(at + 13..at + 13 + now.len(), &now);
                    }
                }
                Some(Sabotage::EditRecordInPlace) if retried => {
                    record.body.insert_str(1, "\"retried\":true,");
                    let value = sealed_value(record.team.as_deref(), record.held, &record.body);
                    let _ = self.store.put(&record.key.text, &value);
                }
                _ => {}
            }
        }
    }

    /// What goes wrong when a request has ended; `true`, where nothing else happens.
    pub(super) fn spoil_finish(&mut self, request: u32, outcome: &Outcome, events: usize) -> bool {
        let confirmed = matches!(outcome, Outcome::Answered { status: 200..=204, .. });
        let reason = match (self.sabotage, outcome) {
            (Some(Sabotage::AcknowledgeByPosition | Sabotage::TrustWebPage), _) if confirmed => None,
            (Some(Sabotage::DropOnTooLarge), Outcome::Answered { status: 413, .. }) => Some(DropReason::TooLarge),
            _ => return false,
        };
        let by_position = self.sabotage == Some(Sabotage::AcknowledgeByPosition);
        for _ in 0..events {
            if let Some(record) = self.outbox.take(&|record| by_position || record.request == request) {
                self.forget(&record);
                match reason {
                    None => self.stats.confirmed += 1,
                    Some(reason) => self.drop_event(reason, ""),
                }
            }
        }
        self.outbox.unload(request);
        true
    }
}
