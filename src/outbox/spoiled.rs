//! The broken outboxes, as far as a wrong condition alone does not make one. Built for the simulator only.

use super::Outbox;
use super::Outcome;
use super::sabotage::Sabotage;
use super::store::Store;
use super::{DropReason, Monotonic};

impl<S: Store> Outbox<S> {
    /// Breaks this outbox.
    pub fn sabotage(&mut self, way: Sabotage) {
        self.sabotage = Some(way);
    }

    /// What goes wrong when a request takes its records along.
    pub(super) fn spoil_send(&mut self, request: u32, exit: bool) {
        // As long as a timestamp is, and one that no page makes.
        let now = "2030-01-01T00:00:00.000Z";
        for record in self.waiting.records.iter_mut().filter(|record| record.request == request) {
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
                    let text = &mut record.value.text;
                    if let Some(at) = text.find("\"timestamp\":\"") {
                        text.replace_range(at + 13..at + 13 + now.len(), now);
                    }
                }
                Some(Sabotage::EditRecordInPlace) if retried => {
                    let body = record.value.body().replacen('{', "{\"retried\":true,", 1);
                    let text = record.value.text.replace(record.value.body(), &body);
                    record.value.text = text;
                    let _ = self.store.put(&record.key.text, &record.value.text);
                }
                _ => {}
            }
        }
    }

    /// What goes wrong when a request has ended; `true`, where nothing else happens.
    pub(super) fn spoil_finish(&mut self, request: u32, outcome: Outcome, events: usize) -> bool {
        let confirmed = matches!(outcome, Outcome::Answered { status: 200..=204, .. } | Outcome::WebPage);
        let reason = match (self.sabotage, outcome) {
            (Some(Sabotage::AcknowledgeByPosition | Sabotage::TrustWebPage), _) if confirmed => None,
            (Some(Sabotage::DropOnTooLarge), Outcome::Answered { status: 413, .. }) => Some(DropReason::TooLarge),
            _ => return false,
        };
        let by_position = self.sabotage == Some(Sabotage::AcknowledgeByPosition);
        for _ in 0..events {
            if let Some(record) = self.waiting.take(&|record| by_position || record.request == request) {
                self.forget(&record);
                match reason {
                    None => self.stats.confirmed += 1,
                    Some(reason) => self.drop_event(reason, ""),
                }
            }
        }
        self.waiting.unload(request);
        true
    }
}
