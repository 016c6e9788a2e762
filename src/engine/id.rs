//! UUIDs of version 7, made from a time and entropy that are passed in.

use super::Wall;

/// A UUID. Any version is carried; [`Uuid::v7`] makes those of our own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid([u8; 16]);

impl Uuid {
    /// Makes a version 7 UUID (RFC 9562 §5.7): 48 bits of milliseconds, then version, variant and 74 random bits.
    ///
    /// PostHog wants version 7 for session ids, or it builds no session row, and event ids of this kind keep rows that
    /// belong together close in time.
    ///
    /// # Example
    /// ```
    /// use posthog_booking_tracker::engine::{Entropy, Uuid, Wall};
    /// let uuid = Uuid::v7(Wall(0x017f_22e2_79b0), &mut Entropy::new(1));
    /// assert!(uuid.text().starts_with("017f22e2-79b0-7"));
    /// ```
    #[must_use]
    pub fn v7(wall: Wall, entropy: &mut Entropy) -> Self {
        let high = (wall.0 << 16) | 0x7000 | (entropy.next_u64() >> 52);
        let low = (0b10 << 62) | (entropy.next_u64() >> 2);
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&high.to_be_bytes());
        bytes[8..].copy_from_slice(&low.to_be_bytes());
        Self(bytes)
    }

    /// Reads the hyphenated text of a UUID of any version, in either case.
    ///
    /// # Example
    /// ```
    /// use posthog_booking_tracker::engine::Uuid;
    /// let text = "0190b3a2-7c1e-7a3b-9f00-0123456789ab";
    /// assert_eq!(Uuid::parse(text).map(Uuid::text).as_deref(), Some(text));
    /// assert_eq!(Uuid::parse("0190b3a27c1e7a3b9f000123456789ab"), None);
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 36 {
            return None;
        }
        let mut uuid = [0; 16];
        let mut nibbles = 0;
        for (index, byte) in bytes.iter().enumerate() {
            if matches!(index, 8 | 13 | 18 | 23) {
                if *byte != b'-' {
                    return None;
                }
            } else {
                uuid[nibbles / 2] = (uuid[nibbles / 2] << 4) | char::from(*byte).to_digit(16)? as u8;
                nibbles += 1;
            }
        }
        Some(Self(uuid))
    }

    /// The hyphenated text in small letters, 36 characters.
    #[must_use]
    pub fn text(self) -> String {
        let mut out = String::with_capacity(36);
        for (index, byte) in self.0.into_iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                out.push('-');
            }
            for nibble in [byte >> 4, byte & 0xf] {
                out.push(char::from(b"0123456789abcdef"[usize::from(nibble)]));
            }
        }
        out
    }
}

/// Stretches the 128 bits of entropy that come with an input over all the ids which that input needs.
///
/// The generator is xoroshiro128++ (<https://prng.di.unimi.it/>), seeded afresh for each input from the platform's
/// cryptographic source. Ids are made unique by it, never secret.
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
    #![allow(clippy::unwrap_used, reason = "a test states its expectations by failing")]

    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn prop_v7_has_time_version_and_variant_where_rfc_9562_wants_them(ms in 0_u64..(1 << 48), seed: u128) {
            let text = Uuid::v7(Wall(ms), &mut Entropy::new(seed)).text();
            prop_assert_eq!(u64::from_str_radix(&text[..13].replace('-', ""), 16).unwrap(), ms);
            prop_assert_eq!(&text[14..15], "7");
            prop_assert!(matches!(&text[19..20], "8" | "9" | "a" | "b"));
            let oracle: Vec<usize> = text.split('-').map(str::len).collect();
            prop_assert_eq!(oracle, [8, 4, 4, 4, 12]);
        }

        #[test]
        fn prop_text_and_parse_are_inverse(bytes: [u8; 16]) {
            let uuid = Uuid(bytes);
            prop_assert_eq!(Uuid::parse(&uuid.text()), Some(uuid));
            prop_assert_eq!(Uuid::parse(&uuid.text().to_uppercase()), Some(uuid));
        }

        #[test]
        fn prop_no_text_makes_parse_panic(text in ".{0,40}") {
            let _ = Uuid::parse(&text);
        }
    }

    #[test]
    fn the_example_of_rfc_9562_is_read_and_written() {
        let text = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
        assert_eq!(Uuid::parse(text).unwrap().text(), text);
    }

    #[test]
    fn ids_of_one_input_and_of_neighbouring_seeds_differ() {
        let mut seen = HashSet::new();
        for seed in 0..2_000 {
            let mut entropy = Entropy::new(seed);
            for _ in 0..4 {
                assert!(seen.insert(Uuid::v7(Wall(5), &mut entropy)));
            }
        }
    }

    #[test]
    fn later_ids_sort_after_earlier_ones() {
        let mut entropy = Entropy::new(7);
        let earlier = Uuid::v7(Wall(1_000), &mut entropy);
        assert!(Uuid::v7(Wall(1_001), &mut entropy) > earlier);
    }
}
