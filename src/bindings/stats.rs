//! The counters as JavaScript sees them.

use serde::{Serialize, Serializer};
use wasm_bindgen::prelude::*;

use crate::engine::{DropReason, Stats};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** What became of a page's events, in whole events. */
export interface EngineStats {
  captured: number;
  adopted: number;
  confirmed: number;
  waiting: number;
  held: number;
  settledElsewhere: number;
  /** How many were given up for each reason. */
  dropped: Record<string, number>;
}
"#;

/// The counters of one page.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EngineStats {
    captured: u32,
    adopted: u32,
    confirmed: u32,
    waiting: u32,
    held: u32,
    settled_elsewhere: u32,
    #[serde(serialize_with = "by_reason")]
    dropped: Stats,
}

impl From<Stats> for EngineStats {
    fn from(stats: Stats) -> Self {
        let Stats { captured, adopted, confirmed, waiting, held, settled_elsewhere, .. } = stats;
        Self { captured, adopted, confirmed, waiting, held, settled_elsewhere, dropped: stats }
    }
}

/// Each reason by its code, with how many were given up for it.
fn by_reason<S: Serializer>(stats: &Stats, serializer: S) -> Result<S::Ok, S::Error> {
    use serde::ser::SerializeStruct;
    let mut object = serializer.serialize_struct("Dropped", DropReason::ALL.len())?;
    for reason in DropReason::ALL {
        object.serialize_field(reason.code(), &stats.dropped(reason))?;
    }
    object.end()
}
