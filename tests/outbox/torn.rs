//! Events that somebody has damaged: one of them would have the whole body refused that carries it.

use posthog_booking_tracker::outbox::{DropReason, Input, LockAnswer, MemoryStore, Notice};

use crate::page::{DAY, Page, START, open_gate, own_key, record_value, started, store_with, uuid};

/// An event, around what follows its name.
fn event(rest: &str) -> String {
    format!(r#"{{"event":"booking_completed","uuid":"{}"{rest}}}"#, uuid(1))
}

fn nested(depth: usize) -> String {
    let inside = depth - 1;
    event(&format!(
        r#","properties":{}{}"#,
        r#"{"a":"#.repeat(inside - 1) + "[",
        "]".to_owned() + &"}".repeat(inside - 1)
    ))
}

/// What is no event, each with a word on why.
fn damaged() -> Vec<(&'static str, String)> {
    let whole = event(r#","properties":{"n":1}"#);
    let cut = format!("{}}}", &whole[..whole.len() - 4]);
    vec![
        ("cut in the middle, behind a brace", cut),
        ("cut before its end", whole[..whole.len() - 1].to_owned()),
        ("a control character in a text", event(",\"properties\":{\"a\":\"\u{1}\"}")),
        ("a line break in a text", event(",\"properties\":{\"a\":\"\n\"}")),
        ("a tabulator, by which records are cut", event(",\t\"properties\":{}")),
        ("an escape that is none", event(r#","properties":{"a":"\x"}"#)),
        ("a cut escape", event(r#","properties":{"a":"\u12"}"#)),
        ("65 levels", nested(65)),
        ("NaN", event(r#","properties":{"a":NaN}"#)),
        ("a number that no double can hold", event(r#","properties":{"a":1e309}"#)),
        ("a number with a zero before it", event(r#","properties":{"a":01}"#)),
        ("trailing text", whole.clone() + "{}"),
        ("a trailing comma", event(",")),
        ("a trailing tabulator", whole.clone() + "\t"),
        ("a name that comes twice", event(r#","event":"booking_completed""#)),
        ("properties that come twice", event(r#","properties":{},"properties":{}"#)),
        ("a root member that may be any", event(r#","\u0075uid":"x""#)),
        ("no name", whole.replace("event", "name")),
        ("an empty name", whole.replace("booking_completed", "")),
        ("a name that is no text", whole.replace("\"booking_completed\"", "7")),
        ("an array", format!("[{whole}]")),
        ("nothing", String::new()),
    ]
}

/// What looks odd and is whole, with how it is sent.
fn odd() -> Vec<(&'static str, String, String)> {
    let same = |why, text: String| (why, text.clone(), text);
    vec![
        same("64 levels", nested(64)),
        same("a pair of surrogates", event(r#","properties":{"a":"\ud83d\ude00"}"#)),
        same("a property that comes twice", event(r#","properties":{"a":1,"a":2}"#)),
        same("the largest number", event(r#","properties":{"a":1.7976931348623157e+308}"#)),
        same("spaces between its parts", event(r#" , "properties" : { "a" : [ ] } "#)),
        same("a root member of a later version", event(r#","later":1,"later":2"#)),
        (
            "lone surrogates",
            event(r#","properties":{"a":"\ud83d x \uDE00","\udfff":"\\ud800"}"#),
            event(r#","properties":{"a":"\ufffd x \ufffd","\ufffd":"\\ud800"}"#),
        ),
    ]
}

/// A page that finds a record in storage or, like `mirrored`, in the mirror alone, beside one that is whole.
fn page_with(value: &str, mirrored: bool) -> Page {
    let found = (own_key(START, 0, &uuid(1)), value.to_owned());
    let other = (own_key(START, 1, &uuid(2)), record_value("s", "42", r#"{"event":"slot_selected"}"#));
    let mut page = Page::made(open_gate(), MemoryStore::default(), START + DAY);
    page.lock = None;
    if mirrored {
        page.input(started());
        page.input(Input::Mirrored(vec![found, other]));
    } else {
        *page.store() = store_with(&[found, other]);
        page.input(started());
    }
    page.input(Input::LockAnswered(LockAnswer::Missing));
    page
}

#[test]
fn a_damaged_event_is_torn_wherever_it_is_found_and_takes_no_other_with_it() {
    for (why, event) in damaged() {
        for (marks, mirrored) in [("s", false), ("r", false), ("sm", true)] {
            let mut page = page_with(&record_value(marks, "42", &event), mirrored);
            let stats = page.stats();
            assert_eq!((stats.dropped(DropReason::Torn), stats.dropped_total(), stats.waiting), (1, 1, 1), "{why}");
            assert_eq!(page.notice_count(Notice::Dropped(DropReason::Torn)), 1, "{why}");
            assert_eq!(page.records().len(), 1, "nobody finds it again: {why}");
            assert_eq!(page.sent().body.names(), ["slot_selected"], "{why}");
            page.ends();
        }
    }
}

#[test]
fn an_event_that_only_looks_odd_is_sent_as_every_reader_takes_it() {
    for (why, event, sent) in odd() {
        for (marks, mirrored) in [("s", false), ("r", false), ("s", true)] {
            let mut page = page_with(&record_value(marks, "42", &event), mirrored);
            assert_eq!((page.stats().waiting, page.stats().dropped_total()), (2, 0), "{why}");
            let send = page.sent();
            assert!(send.body.batch_text().contains(&sent), "{why}: {}", send.body.batch_text());
            page.confirm(&send);
            page.ends();
        }
    }
}

#[test]
fn what_another_page_has_stored_of_an_entry_that_is_replayed_may_be_damaged_too() {
    let mut page = Page::open(open_gate(), MemoryStore::default(), START + DAY);
    let replayed = Page::open(open_gate(), MemoryStore::default(), START).event("booking_completed", "{}", None);
    let torn = record_value("s", "42", &replayed.body[..replayed.body.len() - 1]);
    page.store().entries.insert(replayed.key.clone(), torn);
    page.input(Input::Replayed(replayed));
    assert_eq!((page.stats().adopted, page.stats().dropped(DropReason::Torn)), (1, 1));
    page.sends_nothing();
    page.ends();
}

#[test]
fn a_seal_that_somebody_has_damaged_does_not_count() {
    let mut page = Page::fresh();
    let key = page.capture_raw("booking_completed");
    let body = page.records()[0].1.split('\t').nth(2).unwrap().replace("visitor", "ada");
    let torn = record_value("sm", "42", &body[..body.len() - 1]);
    page.store().entries.insert(key.clone(), torn);
    page.input(Input::Sealed { key, body });
    let send = page.sent();
    assert_eq!(send.body.texts("distinct_id"), ["ada"]);
    page.confirm(&send);
    page.ends();
}
