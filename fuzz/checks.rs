//! What holds for every text: each check takes bytes, and panics where something does not hold. The fuzzer looks for such bytes;
//! the tests of the host play again what it has found (`tests/fuzz_seeds.rs`).
#![allow(clippy::unwrap_used, clippy::panic, dead_code, reason = "a check states its expectations by failing")]

#[path = "whole_tracker.rs"]
mod whole_tracker;

use std::collections::BTreeMap;

use posthog_booking_tracker::event::json::{DEPTH_MAX, Flaw, ObjectWriter, Value, object};
use posthog_booking_tracker::event::whole_event;
use posthog_booking_tracker::flags::{Flag, FlagsAnswer};
use posthog_booking_tracker::outbox::{
    Config, DropReason, EVENT_BYTES_MAX, Input, LockAnswer, MemoryStore, Monotonic, Now, Outbox, Output, Wall,
    record_key,
};
use serde::Deserialize;
use serde_json::{Map, Value as Tree};

/// The scanner takes what serde takes, but for what is too deep and for lone surrogates, and reads the same in it.
pub(crate) fn scan(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let theirs = serde_json::from_str::<Tree>(text);
    let value = match Value::read(text) {
        Ok(value) => value,
        Err(Flaw::TooDeep) => return assert!(depth(text) > DEPTH_MAX, "{text:?} is not that deep"),
        Err(_) => return assert!(theirs.is_err() || is_at_the_edge(text), "refused here, read by serde: {text:?}"),
    };
    assert!(depth(text) <= DEPTH_MAX, "{text:?} is too deep");
    let out = value.well_formed();
    let read = tree(value);
    match theirs {
        Ok(theirs) => assert_eq!(read, theirs),
        Err(_) => assert_ne!(out, value.raw(), "read here, refused by serde: {text:?}"),
    }
    assert_eq!(Value::read(&out).unwrap().well_formed(), out, "nothing is left to replace");
    reads_the_same(value, &read);
}

/// What the writer writes, serde reads.
pub(crate) fn write(bytes: &[u8]) {
    let parts: Vec<_> = bytes.split(|byte| *byte == 0xff).map(|part| String::from_utf8_lossy(part)).collect();
    let pairs: Vec<(&str, &str)> = parts.chunks_exact(2).map(|pair| (&*pair[0], &*pair[1])).collect();
    let mut expected = Map::new();
    let written = object(&mut |out| pairs.iter().for_each(|pair| add_member(out, *pair, &mut expected)));
    assert_eq!(serde_json::from_str::<Map<String, Tree>>(&written).unwrap(), expected, "{written}");
}

/// An event is sent as it is, or with U+FFFD for its lone surrogates, where PostHog takes it, and torn where it does not.
pub(crate) fn event(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let (sent, torn) = sent_of(&format!("s\t\t{text}"));
    match whole_event(text) {
        Some(event) => {
            let name = serde_json::from_str::<PostHogEvent>(&event).map(|event| event.event);
            assert!(name.as_ref().is_ok_and(|name| !name.is_empty()), "{event:?}: {name:?}");
            assert_eq!(torn, text.contains('\t'), "{text:?}");
            assert_eq!(sent.is_none(), torn || event.len() > EVENT_BYTES_MAX, "{text:?}");
            assert!(sent.is_none_or(|sent| sent == event), "{text:?}");
        }
        None => {
            assert!(torn && sent.is_none(), "{text:?}");
            let is_json = serde_json::from_str::<Tree>(text).is_ok();
            let is_taken = serde_json::from_str::<PostHogEvent>(text).is_ok_and(|event| !event.event.is_empty());
            let is_refused = depth(text) > DEPTH_MAX || is_at_the_edge(text) || text.contains('\\');
            assert!(!is_json || !is_taken || is_refused, "torn, and PostHog takes it: {text:?}");
        }
    }
    // As the value of a record, with whatever marks.
    if let (Some(sent), _) = sent_of(text) {
        assert!(serde_json::from_str::<PostHogEvent>(&sent).is_ok(), "{sent:?}");
    }
}

/// What is kept of an answer of the `/flags` endpoint is JSON, and is read again as it was.
pub(crate) fn flags(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let Some(answer) = FlagsAnswer::read(text) else { return };
    assert!(tree(Value::read(text).unwrap())["flags"].is_object(), "{text:?}");
    for (key, flag) in answer.flags() {
        let stored = flag.stored();
        let kept: Tree = serde_json::from_str(stored.text()).unwrap();
        assert!(kept["value"].is_boolean() || kept["value"].is_string(), "{kept}");
        assert_eq!(Flag::read(stored.value()).as_ref(), Some(&flag), "{stored:?}");
        let _ = answer.is_on_for_group(&key);
    }
}

/// Whatever lies in the journal: at most one event comes of an entry, and the page's own event is sent.
pub(crate) fn journal(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let key = "phbt:journal:1fuzz:mjwaidke:0:0190b3a2-7c1e-7a3b-9f00-0123456789ab".to_owned();
    let sent = whole_tracker::sent_from(BTreeMap::from([(key, text.to_owned())]));
    assert!((1..=2).contains(&sent.len()), "{sent:?}");
}

/// Whatever is stored of the visitor, each part of the text under one of its keys: the page's own event is sent.
pub(crate) fn stored(bytes: &[u8]) {
    let nouns = ["identity", "session", "properties", "flags", "gate", "quarantine", "reach", "sentinel"];
    let parts = bytes.split(|byte| *byte == 0xff).map(String::from_utf8_lossy);
    let entries = nouns.iter().zip(parts).map(|(noun, part)| (format!("phbt:{noun}:1fuzz"), part.into_owned()));
    assert_eq!(whole_tracker::sent_from(entries.collect()).len(), 1);
}

/// An event as PostHog's capture server declares it: one that says a member twice is refused with its whole body.
#[derive(Deserialize)]
struct PostHogEvent {
    event: String,
    uuid: Option<Tree>,
    distinct_id: Option<Tree>,
    timestamp: Option<Tree>,
    properties: Option<Tree>,
    #[serde(rename = "$set")]
    set: Option<Tree>,
    #[serde(rename = "$set_once")]
    set_once: Option<Tree>,
}

/// What a page sends of a record with this value, and whether it takes it for torn.
fn sent_of(value: &str) -> (Option<String>, bool) {
    let captured = Wall(1_767_323_045_678);
    let key = record_key("1fuzz", captured, 0, "0190b3a2-7c1e-7a3b-9f00-0123456789ab");
    let config = Config {
        project: "1fuzz".to_owned(),
        flush_at: 20,
        flush_interval_ms: 10_000,
        max_retries: 10,
        request_timeout_ms: 10_000,
    };
    let store = MemoryStore { entries: BTreeMap::from([(key, value.to_owned())]), ..MemoryStore::default() };
    let mut outbox = Outbox::new(config, store);
    let now = Now { wall: Wall(captured.0 + 86_400_000), monotonic: Monotonic(0), entropy: 1 };
    outbox.handle(now, Input::Started { quarantined: Vec::new() });
    outbox.handle(now, Input::LockAnswered(LockAnswer::Missing));
    let sent = outbox.take_outputs().into_iter().find_map(|output| match output {
        Output::Send { events, .. } => Some(events),
        _ => None,
    });
    assert!(outbox.stats().balances(), "{:?}", outbox.stats());
    assert_eq!(outbox.stats().adopted, 1);
    (sent, outbox.stats().dropped(DropReason::Torn) == 1)
}

/// A value as serde reads it.
fn tree(value: Value<'_>) -> Tree {
    let out = value.well_formed();
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("read here, refused by serde: {out:?}: {error}"))
}

fn reads_the_same(value: Value<'_>, tree: &Tree) {
    let text = value.text();
    assert_eq!(text.as_deref(), tree.as_str());
    assert_eq!(value.boolean(), tree.as_bool());
    assert_eq!(value.number(), tree.as_f64());
    // serde reads minus zero as a double.
    if value.raw() != "-0" {
        assert_eq!(value.integer(), tree.as_i64());
    }
    let members = value.members().map(|members| {
        members.map(|(name, value)| (name.text().unwrap().into_owned(), value)).collect::<BTreeMap<_, _>>()
    });
    assert_eq!(members.is_some(), tree.is_object());
    for (members, trees) in members.iter().zip(tree.as_object()) {
        assert!(members.keys().eq(trees.keys()), "{members:?} are not {trees:?}");
        members.iter().for_each(|(name, value)| reads_the_same(*value, &trees[name]));
    }
}

/// Adds a member whose kind hangs on the length of its name.
fn add_member(out: &mut ObjectWriter<'_>, (name, content): (&str, &str), expected: &mut Map<String, Tree>) {
    let read = Value::read(content);
    let number = content.bytes().fold(i64::MIN, |number, byte| number.rotate_left(7) ^ i64::from(byte));
    let tree = match (name.len() % 4, read) {
        (0, _) => {
            out.integer(name, number);
            Tree::from(number)
        }
        (1, _) => {
            out.boolean(name, number > 0);
            Tree::from(number > 0)
        }
        (2, Ok(value)) => {
            out.value(name, value);
            tree(value)
        }
        (3, _) => {
            let mut inside = Map::new();
            out.object(name, &mut |out| add_member(out, (content, ""), &mut inside));
            Tree::from(inside)
        }
        _ => {
            out.text(name, content);
            Tree::from(content)
        }
    };
    expected.insert(name.to_owned(), tree);
}

/// How deep the brackets of a text are nested at most, up to where it ends or closes what was never open.
fn depth(text: &str) -> usize {
    let (mut open, mut most, mut in_text, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => open += 1,
            b']' | b'}' if !in_text => open = open.saturating_sub(1),
            _ => {}
        }
        most = most.max(open);
    }
    most
}

/// Whether there may be a number in it that is a little larger than the largest double, and that exact readers round down to it.
/// It is refused here: not every reader is exact.
fn is_at_the_edge(text: &str) -> bool {
    text.replace('.', "").contains("179769313486231")
}
