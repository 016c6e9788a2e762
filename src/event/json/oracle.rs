//! The scanner and the writer held against `serde_json`, which the browser build cannot afford. The fuzzer does the same with
//! texts that it finds for itself (`fuzz/`); what it has found is played again by `tests/fuzz_seeds.rs`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test states its expectations by failing")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Value as Tree;

use super::{DEPTH_MAX, Flaw, Value, object, push_text};

/// Any JSON value up to a few levels, with numbers from the edges of the double's range.
fn tree() -> impl Strategy<Value = Tree> {
    let number = prop_oneof![
        any::<i64>().prop_map(Tree::from),
        any::<u64>().prop_map(Tree::from),
        any::<f64>().prop_map(Tree::from),
        Just(Tree::from(f64::MAX)),
        Just(Tree::from(f64::MIN)),
        Just(Tree::from(f64::MIN_POSITIVE)),
    ];
    let leaf = prop_oneof![Just(Tree::Null), any::<bool>().prop_map(Tree::from), number, ".*".prop_map(Tree::from)];
    leaf.prop_recursive(5, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Tree::from),
            prop::collection::btree_map(".*", inner, 0..8).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

/// The pieces of a text that is nearly JSON.
const PIECES: &str = r#"{ } [ ] , : "a" "\ud83d\ude00" "\ud800" "\udc00x" "\ud800\u0041" "\u00" "\x" "é" " - -0 0 01 1.5 1. .5
    1e 1e+ 1e308 1.7976931348623157e308 1.79769313486231570000e308 1.7976931348623159e308 17976931348623159e292 2e308 0e999
    0.0001e312 0.0001e313 1e-999 1E+2 123456789012345678901234567890 1e99999999999999999999 true tru nul null NaN Infinity"#;

fn nearly_json() -> impl Strategy<Value = String> {
    let pieces: Vec<&str> = PIECES.split_whitespace().chain([" ", "\n\t", "\u{b}", "\u{1}", "\u{2028}"]).collect();
    prop::collection::vec(prop::sample::select(pieces), 0..12).prop_map(|pieces| pieces.concat())
}

fn well_formed(text: &str) -> Result<String, Flaw> {
    Value::read(text).map(Value::well_formed)
}

proptest! {
    #[test]
    fn prop_what_serde_writes_stays_as_it_is(tree in tree()) {
        for text in [serde_json::to_string(&tree).unwrap(), serde_json::to_string_pretty(&tree).unwrap()] {
            prop_assert_eq!(well_formed(&text).unwrap(), text);
        }
    }

    #[test]
    fn prop_members_are_those_of_serde(map in prop::collection::btree_map(".*", tree(), 0..8)) {
        let text = serde_json::to_string_pretty(&map).unwrap();
        let members = Value::read(&text).unwrap().members().unwrap();
        let seen: BTreeMap<String, Tree> =
            members.map(|(name, value)| (name.text().unwrap().into_owned(), serde_json::from_str(value.raw()).unwrap())).collect();
        prop_assert_eq!(seen, map);
    }

    #[test]
    fn prop_leaves_are_those_of_serde(tree in tree()) {
        let text = tree.to_string();
        let value = Value::read(&text).unwrap();
        let text = value.text();
        prop_assert_eq!(text.as_deref(), tree.as_str());
        prop_assert_eq!(value.boolean(), tree.as_bool());
        prop_assert_eq!(value.integer(), tree.as_i64());
        prop_assert_eq!(value.number(), tree.as_f64());
        prop_assert_eq!(value.members().is_some(), tree.is_object());
    }

    #[test]
    fn prop_a_written_text_is_read_back_by_both(text in any::<String>()) {
        let mut out = String::new();
        push_text(&mut out, &text);
        prop_assert_eq!(Value::read(&out).unwrap().text().unwrap(), text.as_str());
        prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
    }

    #[test]
    fn prop_a_written_object_is_read_back_by_serde(
        names in prop::collection::btree_set(any::<String>(), 5),
        text: String, number: i64, flag: bool, tree in tree(),
    ) {
        let names: Vec<&String> = names.iter().collect();
        let inner = tree.to_string();
        let written = object(&mut |out| {
            out.text(names[0], &text);
            out.integer(names[1], number);
            out.boolean(names[2], flag);
            out.value(names[3], Value::read(&inner).unwrap());
            out.object(names[4], &mut |out| out.object(&text, &mut |_| ()));
        });
        let expected = serde_json::json!({
            names[0]: text, names[1]: number, names[2]: flag, names[3]: tree, names[4]: { text.clone(): {} },
        });
        prop_assert_eq!(serde_json::from_str::<Tree>(&written).unwrap(), expected);
    }

    #[test]
    fn prop_every_cut_of_an_object_is_refused(map in prop::collection::btree_map("[a-zé\"]{0,4}", tree(), 1..4)) {
        let text = serde_json::to_string(&map).unwrap();
        for cut in (0..text.len()).filter(|cut| text.is_char_boundary(*cut)) {
            prop_assert_eq!(Value::read(&text[..cut]), Err(Flaw::Malformed));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn prop_what_is_read_here_serde_reads_and_the_rest_it_refuses(text in prop_oneof![nearly_json(), ".*"]) {
        let theirs = serde_json::from_str::<Tree>(&text);
        match well_formed(&text) {
            Ok(out) => {
                let read: Tree = serde_json::from_str(&out).unwrap();
                // Only a lone surrogate may have made the original unreadable.
                prop_assert!(out.contains("\\ufffd") || theirs.as_ref().ok() == Some(&read), "{text:?}");
            }
            Err(_) => prop_assert!(theirs.is_err(), "refused here, read by serde: {text:?}"),
        }
    }
}

#[test]
fn depth_is_bounded_for_arrays_and_objects() {
    let nest = |depth: usize, open: &str, inside: &str, close: &str| {
        format!("{}{inside}{}", open.repeat(depth), close.repeat(depth))
    };
    for (open, inside, close) in [("[", "1", "]"), ("[", "", "]"), ("{\"a\":", "1", "}"), ("[{\"a\":", "[]", "}]")] {
        let levels = open.matches(['[', '{']).count();
        let below = inside.matches('[').count();
        let limit = (DEPTH_MAX - below) / levels;
        assert!(Value::read(&nest(limit, open, inside, close)).is_ok(), "{open}");
        assert_eq!(Value::read(&nest(limit + 1, open, inside, close)), Err(Flaw::TooDeep), "{open}");
        assert_eq!(Value::read(&nest(200_000, open, inside, close)), Err(Flaw::TooDeep), "{open}");
    }
}

#[test]
fn lone_surrogates_become_the_replacement_character() {
    for (text, expected) in [
        (r#""\ud800""#, "\u{fffd}"),
        (r#""\udc00\ud800""#, "\u{fffd}\u{fffd}"),
        (r#""\ud83d\ude00""#, "😀"),
        (r#""\ud83d\ud83d\ude00""#, "\u{fffd}😀"),
        (r#""\uD83D\u0041""#, "\u{fffd}A"),
        (r#""\\ud83d""#, "\\ud83d"),
        (r#""\ud83d\\ude00""#, "\u{fffd}\\ude00"),
    ] {
        let out = well_formed(text).unwrap();
        assert_eq!(serde_json::from_str::<String>(&out).unwrap(), expected, "{text}");
        assert_eq!(Value::read(text).unwrap().text().unwrap(), expected, "{text}");
    }
}

#[test]
fn numbers_are_those_that_a_double_can_hold() {
    for number in ["1.7976931348623157e308", "-1.79769313486231570e308", "0e9999999999999999999", "1e-400", "0.01e310"]
    {
        assert!(Value::read(number).is_ok(), "{number}");
    }
    for number in ["1.7976931348623159e308", "1e309", "-2e308", "1e99999999999999999999", "10e308", "0.01e311", "NaN"] {
        assert_eq!(Value::read(number), Err(Flaw::Malformed), "{number}");
    }
}

#[test]
fn a_member_that_is_named_twice_comes_twice() {
    let value = Value::read(r#"{"a":1,"b":2,"\u0061":3}"#).unwrap();
    let seen: Vec<_> =
        value.members().unwrap().map(|(name, value)| format!("{}{}", name.text().unwrap(), value.raw())).collect();
    assert_eq!(seen, ["a1", "b2", "a3"]);
}
