//! Randomness, of which the core has none of its own: it stretches what is passed in.

/// Stretches the 128 bits of entropy that come with an input over everything that this input draws.
///
/// The generator is xoroshiro128++ (<https://prng.di.unimi.it/>), seeded afresh for each input from the platform's
/// cryptographic source. Waits are spread by it; nothing is made secret.
#[derive(Debug, Clone)]
pub struct Entropy {
    state: [u64; 2],
}

impl Entropy {
    /// Starts from `seed`.
    #[must_use]
    pub fn new(seed: u128) -> Self {
        // An all-zero state is the generator's one fixed point, so it is moved off it.
        let seed = if seed == 0 { u128::MAX / 3 } else { seed };
        Self { state: [(seed >> 64) as u64, seed as u64] }
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        let [first, mut second] = self.state;
        let result = first.wrapping_add(second).rotate_left(17).wrapping_add(first);
        second ^= first;
        self.state = [first.rotate_left(49) ^ second ^ (second << 21), second.rotate_left(28)];
        result
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn numbers_of_one_input_and_of_neighbouring_seeds_differ() {
        let mut seen = HashSet::new();
        for seed in 0..2_000 {
            let mut entropy = Entropy::new(seed);
            for _ in 0..4 {
                assert!(seen.insert(entropy.next_u64()));
            }
        }
    }
}
