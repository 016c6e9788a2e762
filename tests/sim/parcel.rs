//! A body on the wire, read the way a server reads it and kept to the byte, so that two copies can be compared.

use serde_json::Value;

/// One event in a body.
#[derive(Debug, Clone)]
pub(crate) struct WireEvent {
    /// Exactly as it lies in the body.
    pub(crate) text: String,
    pub(crate) name: String,
    pub(crate) uuid: String,
    pub(crate) distinct_id: String,
    pub(crate) timestamp_ms: u64,
    /// What the server refuses with 400.
    pub(crate) is_poisoned: bool,
    /// What something in front of the server refuses with 403.
    pub(crate) is_forbidden: bool,
}

/// One body.
#[derive(Debug, Clone)]
pub(crate) struct Parcel {
    pub(crate) bytes: usize,
    pub(crate) sent_at_ms: u64,
    pub(crate) events: Vec<WireEvent>,
}

impl Parcel {
    /// # Errors
    /// What is wrong with the body.
    pub(crate) fn read(body: &str) -> Result<Self, String> {
        let (head, rest) = body.split_once("\"batch\":").ok_or("no batch")?;
        let head: Value =
            serde_json::from_str(&format!("{head}\"end\":0}}")).map_err(|error| format!("{error} in {head}"))?;
        let batch = rest.strip_suffix('}').ok_or("no end")?;
        let sent_at_ms = head["sent_at"].as_str().and_then(ms_of).ok_or("no sent_at")?;
        let events = elements(batch).into_iter().map(WireEvent::read).collect::<Result<Vec<_>, _>>()?;
        if events.is_empty() {
            return Err("an empty batch".to_owned());
        }
        let texts: Vec<&str> = events.iter().map(|event| event.text.as_str()).collect();
        if batch != format!("[{}]", texts.join(",")) {
            return Err(format!("something else than commas stands between the events of {batch}"));
        }
        Ok(Self { bytes: body.len(), sent_at_ms, events })
    }

    pub(crate) fn uuids(&self) -> impl Iterator<Item = &str> {
        self.events.iter().map(|event| event.uuid.as_str())
    }
}

impl WireEvent {
    /// What PostHog merges copies by.
    pub(crate) fn row(&self) -> (&str, &str, &str, u64) {
        (&self.name, &self.uuid, &self.distinct_id, self.timestamp_ms)
    }

    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let event: Value = serde_json::from_str(text).map_err(|error| format!("{error} in {text}"))?;
        let string = |name: &str| event[name].as_str().map(str::to_owned).ok_or(format!("no {name} in {text}"));
        let is = |name: &str| event["properties"][name] == Value::Bool(true);
        Ok(Self {
            name: string("event")?,
            uuid: string("uuid")?,
            distinct_id: string("distinct_id")?,
            timestamp_ms: ms_of(&string("timestamp")?).ok_or(format!("no time in {text}"))?,
            is_poisoned: is("poison"),
            is_forbidden: is("forbidden"),
            text: text.to_owned(),
        })
    }
}

/// The elements of an array of objects, as text.
fn elements(array: &str) -> Vec<&str> {
    let (mut depth, mut start, mut in_string, mut escaped) = (0_u32, 0, false, false);
    let mut found = Vec::new();
    for (at, byte) in array.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => {
                depth += 1;
                if depth == 2 {
                    start = at;
                }
            }
            b'}' | b']' => {
                depth -= 1;
                if depth == 1 {
                    found.push(&array[start..=at]);
                }
            }
            _ => {}
        }
    }
    found
}

/// Milliseconds since 1970 of `2026-01-02T03:04:05.678Z`, by counting years and months.
pub(crate) fn ms_of(text: &str) -> Option<u64> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u64>().ok();
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let (year, month) = (number(0, 4)?, number(5, 7)?);
    let mut days: u64 = (1970..year).map(|year| if leap(year) { 366 } else { 365 }).sum();
    let lengths = [31, if leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    days += lengths.iter().take(usize::try_from(month).ok()? - 1).sum::<u64>() + number(8, 10)? - 1;
    Some(((days * 24 + number(11, 13)?) * 60 + number(14, 16)?) * 60_000 + number(17, 19)? * 1_000 + number(20, 23)?)
}
