//! The two clocks, as values that the edges pass in.

use std::ops::Add;

/// Milliseconds of the wall clock since 1970-01-01 UTC. It may jump in both directions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wall(pub u64);

/// Milliseconds of a clock that never goes back; its zero is the edge's choice (in browsers, `performance.now()`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Monotonic(pub u64);

impl Add<u64> for Monotonic {
    type Output = Self;

    fn add(self, span_ms: u64) -> Self {
        Self(self.0.saturating_add(span_ms))
    }
}

/// What the outbox is told with every input, because it has neither a clock nor randomness of its own.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// The wall clock.
    pub wall: Wall,
    /// The monotonic clock.
    pub monotonic: Monotonic,
    /// 128 bits from a cryptographic source, fresh for each input.
    pub entropy: u128,
}
