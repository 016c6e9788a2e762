//! The scanner and the writer held against `serde_json`, which the browser build cannot afford.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test states its expectations by failing")]

use proptest::prelude::*;
use serde_json::Value;

use super::{DEPTH_MAX, JsonError, copy, members, push_string, string};

fn copied(text: &str) -> Result<String, JsonError> {
    let mut out = String::new();
    copy(text, &mut out).map(|()| out)
}

/// Any JSON value up to a few levels, with numbers from the edges of the double's range.
fn value() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(Value::from(f64::MAX)),
        Just(Value::from(f64::MIN_POSITIVE)),
    ];
    let leaf = prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), number, ".*".prop_map(Value::from)];
    leaf.prop_recursive(5, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::btree_map(".*", inner, 0..8).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

/// Text that is nearly JSON: pieces of the grammar in any order.
fn nearly_json() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just(","),
        Just(":"),
        Just("\"a\""),
        Just("\"\\ud83d\\ude00\""),
        Just("\"\\ud800\""),
        Just("\"\\udc00x\""),
        Just("\"\\u00\""),
        Just("\"\\x\""),
        Just("\"é\u{2028}\""),
        Just("\""),
        Just("-"),
        Just("0"),
        Just("01"),
        Just("1.5"),
        Just("1."),
        Just("1e308"),
        Just("1.7976931348623157e308"),
        Just("1.7976931348623159e308"),
        Just("2e308"),
        Just("0e999"),
        Just("1e-999"),
        Just("123456789012345678901234567890"),
        Just("true"),
        Just("nul"),
        Just("null"),
        Just(" "),
        Just("\u{b}"),
        Just("\u{1}"),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn prop_what_serde_writes_is_copied_to_the_letter(value in value()) {
        for text in [serde_json::to_string(&value).unwrap(), serde_json::to_string_pretty(&value).unwrap()] {
            prop_assert_eq!(copied(&text).unwrap(), text);
        }
    }

    #[test]
    fn prop_what_is_copied_serde_reads_and_the_rest_it_refuses(text in prop_oneof![nearly_json(), ".*"]) {
        match copied(&text) {
            Ok(out) => {
                let read: Value = serde_json::from_str(&out).unwrap();
                if let Ok(direct) = serde_json::from_str::<Value>(&text) {
                    prop_assert_eq!(direct, read);
                } else {
                    // Only a lone surrogate may make the original unreadable where the copy is fine.
                    prop_assert!(text.contains("\\u"), "refused by serde, copied by us: {text:?}");
                }
            }
            Err(_) => prop_assert!(serde_json::from_str::<Value>(&text).is_err(), "refused by us, read by serde: {text:?}"),
        }
    }

    #[test]
    fn prop_members_are_those_of_serde(value in prop::collection::btree_map(".*", value(), 0..8)) {
        let text = serde_json::to_string(&value).unwrap();
        let mut seen = std::collections::BTreeMap::new();
        members(&text, &mut |name, raw| {
            seen.insert(name.to_owned(), serde_json::from_str(raw).unwrap());
        })
        .unwrap();
        // Doubles are compared after one trip through text, because serde reads them less exactly than it writes them.
        let again: std::collections::BTreeMap<String, Value> = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(seen, again);
    }

    #[test]
    fn prop_a_written_string_is_read_back_by_both(text in any::<String>()) {
        let mut out = String::new();
        push_string(&mut out, &text);
        prop_assert_eq!(string(&out).unwrap(), text.as_str());
        prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
    }

    #[test]
    fn prop_no_text_makes_the_readers_panic(text in any::<String>()) {
        let _ = copied(&text);
        let _ = string(&text);
        let _ = members(&text, &mut |_, _| {});
    }

    #[test]
    fn prop_every_cut_of_an_object_is_refused(value in prop::collection::btree_map("[a-zé\"]{0,4}", value(), 1..4)) {
        let text = serde_json::to_string(&value).unwrap();
        for cut in (0..text.len()).filter(|cut| text.is_char_boundary(*cut)) {
            prop_assert!(copied(&text[..cut]).is_err());
            let refused = members(&text[..cut], &mut |_, _| {}).is_err();
            prop_assert!(refused);
        }
    }
}

#[test]
fn depth_is_bounded_for_arrays_and_objects() {
    let nest = |depth: usize, open: &str, close: &str| format!("{}1{}", open.repeat(depth), close.repeat(depth));
    let limit = DEPTH_MAX as usize;
    assert!(copied(&nest(limit, "[", "]")).is_ok());
    assert_eq!(copied(&nest(limit + 1, "[", "]")), Err(JsonError::TooDeep));
    assert!(copied(&nest(limit, "{\"a\":", "}")).is_ok());
    assert_eq!(copied(&nest(limit + 1, "{\"a\":", "}")), Err(JsonError::TooDeep));
    assert_eq!(copied(&nest(200_000, "[", "]")), Err(JsonError::TooDeep));
}

#[test]
fn lone_surrogates_become_the_replacement_character() {
    for (text, expected) in [
        (r#""\ud800""#, "\u{fffd}"),
        (r#""\udc00\ud800""#, "\u{fffd}\u{fffd}"),
        (r#""\ud83d\ude00""#, "😀"),
        (r#""\ud83d\ud83d\ude00""#, "\u{fffd}😀"),
        (r#""\uD83D\u0041""#, "\u{fffd}A"),
    ] {
        let out = copied(text).unwrap();
        assert_eq!(serde_json::from_str::<String>(&out).unwrap(), expected, "{text}");
        assert_eq!(string(text).unwrap(), expected, "{text}");
    }
}
