//! UUIDs of version 7 (RFC 9562 §5.7).

use crate::outbox::Entropy;

/// How many characters a UUID has, its hyphens included.
pub const UUID_LENGTH: usize = 36;

/// Whether a text is a UUID with its hyphens, of any version and in either case: PostHog refuses a body for any other.
///
/// # Example
/// ```
/// use posthog_booking_tracker::event::is_uuid;
/// assert!(is_uuid("019b7c8b-1e2e-7a3b-9f00-0123456789ab"));
/// assert!(!is_uuid("019b7c8b1e2e7a3b9f000123456789ab"));
/// ```
#[must_use]
pub fn is_uuid(text: &str) -> bool {
    let fits = |(index, byte): (usize, u8)| match index {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == UUID_LENGTH && text.bytes().enumerate().all(fits)
}

/// A new UUID: 48 bits of `ms`, the version, and 74 random bits around the variant.
///
/// # Example
/// ```
/// use posthog_booking_tracker::outbox::Entropy;
/// use posthog_booking_tracker::event::{is_uuid, uuid_ms, uuid_v7};
/// let uuid = uuid_v7(1_767_323_045_678, &mut Entropy::new(7));
/// assert!(is_uuid(&uuid));
/// assert_eq!(uuid_ms(&uuid), Some(1_767_323_045_678));
/// ```
#[must_use]
pub fn uuid_v7(ms: u64, entropy: &mut Entropy) -> String {
    let random = (u128::from(entropy.next_u64()) << 64) | u128::from(entropy.next_u64());
    let bits =
        (u128::from(ms) << 80) | (0x7 << 76) | (random >> 52 & 0xfff) << 64 | 0b10 << 62 | (random & (u128::MAX >> 66));
    let mut text = String::with_capacity(UUID_LENGTH);
    for place in 0..32 {
        if matches!(place, 8 | 12 | 16 | 20) {
            text.push_str("-");
        }
        let digit = (bits >> (124 - 4 * place) & 0xf) as usize;
        text.push_str(&"0123456789abcdef"[digit..=digit]);
    }
    text
}

/// The milliseconds that a UUID of version 7 carries; `None`, where the text is none.
#[must_use]
pub fn uuid_ms(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    let is_v7 =
        is_uuid(text) && bytes[14] == b'7' && matches!(bytes[19].to_ascii_lowercase(), b'8' | b'9' | b'a' | b'b');
    let digits = bytes.iter().take(13).filter_map(|byte| char::from(*byte).to_digit(16));
    is_v7.then(|| digits.fold(0, |ms, digit| ms << 4 | u64::from(digit)))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_bit_that_may_vary_does() {
        let mut entropy = Entropy::new(1);
        let uuids: HashSet<String> = (0..1_000).map(|_| uuid_v7(0, &mut entropy)).collect();
        assert_eq!(uuids.len(), 1_000);
        for uuid in &uuids {
            assert!(uuid.starts_with("00000000-0000-7"), "{uuid}");
            assert!(matches!(uuid.as_bytes()[19], b'8' | b'9' | b'a' | b'b'), "{uuid}");
        }
        for place in (15..36).filter(|place| !matches!(place, 18 | 19 | 23)) {
            let seen: HashSet<u8> = uuids.iter().map(|uuid| uuid.as_bytes()[place]).collect();
            assert_eq!(seen.len(), 16, "{place}");
        }
    }

    #[test]
    fn only_version_seven_carries_a_time() {
        assert_eq!(uuid_ms("019b7c8b-1e2e-7a3b-9f00-0123456789AB"), Some(0x019b_7c8b_1e2e));
        for other in ["019b7c8b-1e2e-4a3b-9f00-0123456789ab", "019b7c8b-1e2e-7a3b-cf00-0123456789ab", "x", ""] {
            assert_eq!(uuid_ms(other), None, "{other}");
        }
    }
}
