//! The objects that the wrapper passes in, read by typed getters (reference/size.md: `from_value` costs over 10 KB).
//! They are the wrapper's own, checked by `js/src/options.ts`, so nothing here can be missing.

use js_sys::Array;
use wasm_bindgen::prelude::*;

use crate::engine::{Config, GateSource, HandedRecord, Handover, Ungated, Uuid};

#[wasm_bindgen]
extern "C" {
    /// `EngineOptions` of `js/src/engine-options.ts`.
    #[derive(Debug)]
    pub type EngineOptions;

    #[wasm_bindgen(method, getter, js_name = apiKey)]
    fn api_key(this: &EngineOptions) -> String;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn host(this: &EngineOptions) -> String;
    #[wasm_bindgen(method, getter, js_name = flushAt)]
    fn flush_at(this: &EngineOptions) -> f64;
    #[wasm_bindgen(method, getter, js_name = flushInterval)]
    fn flush_interval(this: &EngineOptions) -> f64;
    #[wasm_bindgen(method, getter, js_name = maxRetries)]
    fn max_retries(this: &EngineOptions) -> f64;
    #[wasm_bindgen(method, getter, js_name = requestTimeout)]
    fn request_timeout(this: &EngineOptions) -> f64;
    #[wasm_bindgen(method, getter)]
    fn gate(this: &EngineOptions) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn team(this: &EngineOptions) -> String;
    #[wasm_bindgen(method, getter, js_name = trackUngated)]
    fn track_ungated(this: &EngineOptions) -> bool;

    /// `EngineHandover` of `js/src/engine-options.ts`.
    #[derive(Debug)]
    pub type EngineHandover;

    #[wasm_bindgen(method, getter)]
    fn records(this: &EngineHandover) -> Array;
    #[wasm_bindgen(method, getter)]
    fn quarantined(this: &EngineHandover) -> Array;
    #[wasm_bindgen(method, getter)]
    fn minted(this: &EngineHandover) -> bool;
}

impl EngineOptions {
    /// The engine's configuration.
    pub(crate) fn config(&self) -> Config {
        let gate = self.gate();
        Config {
            api_key: self.api_key(),
            flush_at: self.flush_at() as usize,
            flush_interval_ms: self.flush_interval() as u64,
            max_retries: self.max_retries() as u32,
            request_timeout_ms: self.request_timeout() as u64,
            gate: match gate.as_bool() {
                Some(open) => GateSource::Constant { team: self.team(), open },
                None if gate.is_undefined() => GateSource::Absent,
                None => GateSource::Callback,
            },
            ungated: if self.track_ungated() { Ungated::Track } else { Ungated::Ignore },
        }
    }
}

impl EngineHandover {
    /// What the keel hands over. Records are pairs of key and value, the value `undefined` where storage holds it.
    pub(crate) fn handover(&self) -> Handover {
        let (records, quarantined) = (self.records(), self.quarantined());
        let records = records.iter().filter_map(|pair| {
            let pair = Array::from(&pair);
            Some(HandedRecord { key: pair.get(0).as_string()?, value: pair.get(1).as_string() })
        });
        let quarantined = quarantined.iter().filter_map(|uuid| Uuid::parse(&uuid.as_string()?));
        Handover { records: records.collect(), quarantined: quarantined.collect(), minted: self.minted() }
    }
}
