//! What the wrapper passes in at the start, read without a deserialiser (reference/size.md: `from_value` costs over
//! 10 KB). It is the wrapper's own, checked by `js/src/options.ts`, so nothing in it can be missing.

use wasm_bindgen::prelude::*;

use crate::engine::{Config, GateSource, HandedRecord, Handover, Ungated};

#[wasm_bindgen]
extern "C" {
    /// `EngineOptions` of `js/src/engine.ts`.
    #[derive(Debug)]
    pub type EngineOptions;

    #[wasm_bindgen(method, getter, js_name = apiKey)]
    fn api_key(this: &EngineOptions) -> String;
    /// `flushAt`, `flushInterval`, `maxRetries`, `requestTimeout`.
    #[wasm_bindgen(method, getter)]
    fn numbers(this: &EngineOptions) -> Vec<f64>;
    /// Empty without a source, `open` or `shut` where the page has said it, `ask` where it wants to be asked.
    #[wasm_bindgen(method, getter)]
    fn gate(this: &EngineOptions) -> String;
    #[wasm_bindgen(method, getter)]
    fn team(this: &EngineOptions) -> String;
    #[wasm_bindgen(method, getter, js_name = trackUngated)]
    fn track_ungated(this: &EngineOptions) -> bool;
    #[wasm_bindgen(method, getter)]
    fn minted(this: &EngineOptions) -> bool;
    /// Lines of the storage key of each record that the keel hands over, with a space and the value where storage does
    /// not hold it. Neither holds a line break.
    #[wasm_bindgen(method, getter)]
    fn records(this: &EngineOptions) -> String;
    /// Lines of uuids.
    #[wasm_bindgen(method, getter)]
    fn quarantined(this: &EngineOptions) -> String;
}

impl EngineOptions {
    /// The engine's configuration.
    pub(crate) fn config(&self) -> Config {
        let numbers = self.numbers();
        let number = |index: usize| numbers.get(index).map_or(0, |number| *number as u64);
        let team = self.team();
        Config {
            api_key: self.api_key(),
            flush_at: number(0) as usize,
            flush_interval_ms: number(1),
            max_retries: number(2) as u32,
            request_timeout_ms: number(3),
            gate: match self.gate().as_str() {
                "" => GateSource::Absent,
                "ask" => GateSource::Callback,
                answer => GateSource::Constant { team, open: answer == "open" },
            },
            ungated: if self.track_ungated() { Ungated::Track } else { Ungated::Ignore },
        }
    }

    /// What the keel hands over.
    pub(crate) fn handover(&self) -> Handover {
        let records = self
            .records()
            .lines()
            .map(|line| {
                let (key, value) =
                    line.split_once(' ').map_or((line, None), |(key, value)| (key, Some(value.to_owned())));
                HandedRecord { key: key.to_owned(), value }
            })
            .collect();
        let quarantined = self.quarantined().lines().map(str::to_owned).collect();
        Handover { records, quarantined, minted: self.minted() }
    }
}
