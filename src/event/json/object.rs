//! An object that is kept: its text, of which members are read, set and removed.

use super::write::{push_integer, quoted};
use super::{Value, push_text};

/// A JSON object as its text. Each name stands in it once, in the one way in which [`push_text`] writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    text: String,
    /// Where its members stand, so that nobody has to look for them again.
    places: Vec<Place>,
}

/// Where a member stands in its object: its name, and behind a colon its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    name: usize,
    colon: usize,
    end: usize,
}

impl Default for Object {
    fn default() -> Self {
        Self { text: "{}".to_owned(), places: Vec::new() }
    }
}

impl Object {
    /// Reads a text; `None`, where it is no JSON object. Where it names a member twice, the last one counts.
    ///
    /// # Example
    /// ```
    /// use posthog_booking_tracker::event::json::Object;
    /// assert_eq!(Object::read(r#" {"a": 1, "\u0061": 2} "#).map(|object| object.text().to_owned()), Some(r#"{"a":2}"#.into()));
    /// assert_eq!(Object::read("[1]"), None);
    /// ```
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        Self::of(Value::read(text).ok()?)
    }

    /// The object that a value is; `None`, where it is another one.
    #[must_use]
    pub fn of(value: Value<'_>) -> Option<Self> {
        let mut object = Self::default();
        for (name, value) in value.members()? {
            object.set(&name.text()?, value);
        }
        Some(object)
    }

    /// The text of the object.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it has no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The object as a value.
    #[must_use]
    pub fn value(&self) -> Value<'_> {
        Value::of_writer(&self.text)
    }

    /// The members, in their order: name and value.
    #[must_use]
    pub fn members(&self) -> ObjectMembers<'_> {
        ObjectMembers { text: &self.text, places: self.places.iter() }
    }

    /// The value of a member; `None`, where there is no such member.
    ///
    /// # Example
    /// ```
    /// use posthog_booking_tracker::event::json::Object;
    /// let object = Object::read(r#"{"a":1}"#).unwrap_or_default();
    /// assert_eq!(object.get("a").and_then(|value| value.integer()), Some(1));
    /// assert_eq!(object.get("b"), None);
    /// ```
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Value<'_>> {
        let name = quoted(name);
        self.members().find(|(other, _)| other.raw() == name).map(|(_, value)| value)
    }

    /// Gives a member a value: in its place, where there is one of this name, else behind all others. U+FFFD stands for each lone
    /// surrogate in the value.
    ///
    /// # Example
    /// ```
    /// use posthog_booking_tracker::event::json::{Object, Value};
    /// let mut object = Object::read(r#"{"a":1,"b":2}"#).unwrap_or_default();
    /// object.set("a", Value::read("[3]")?);
    /// object.set_text("c", "x");
    /// assert_eq!(object.text(), r#"{"a":[3],"b":2,"c":"x"}"#);
    /// # Ok::<(), posthog_booking_tracker::event::json::Flaw>(())
    /// ```
    pub fn set(&mut self, name: &str, value: Value<'_>) {
        self.set_raw(name, &value.well_formed());
    }

    /// Gives a member a text.
    pub fn set_text(&mut self, name: &str, text: &str) {
        self.set_raw(name, &quoted(text));
    }

    /// Gives a member a whole number.
    pub fn set_integer(&mut self, name: &str, number: i64) {
        let mut raw = String::new();
        push_integer(&mut raw, number);
        self.set_raw(name, &raw);
    }

    /// Gives a member a boolean.
    pub fn set_boolean(&mut self, name: &str, value: bool) {
        self.set_raw(name, if value { "true" } else { "false" });
    }

    /// Gives a member an array of texts.
    pub fn set_texts(&mut self, name: &str, texts: &[String]) {
        let mut raw = String::from("[");
        for text in texts {
            if raw.len() > 1 {
                raw.push_str(",");
            }
            push_text(&mut raw, text);
        }
        raw.push_str("]");
        self.set_raw(name, &raw);
    }

    /// Gives a member an object.
    pub fn set_object(&mut self, name: &str, object: &Self) {
        self.set_raw(name, &object.text);
    }

    /// Takes a member away.
    ///
    /// # Example
    /// ```
    /// use posthog_booking_tracker::event::json::Object;
    /// let mut object = Object::read(r#"{"a":1,"b":2}"#).unwrap_or_default();
    /// object.remove("a");
    /// assert_eq!(object.text(), r#"{"b":2}"#);
    /// ```
    pub fn remove(&mut self, name: &str) {
        let name = quoted(name);
        self.retain(&mut |other, _| other.raw() != name);
    }

    /// Keeps the members that `keep` says.
    pub fn retain(&mut self, keep: &mut dyn FnMut(Value<'_>, Value<'_>) -> bool) {
        let kept: Vec<_> = self.members().filter(|(name, value)| keep(*name, *value)).collect();
        *self = joined(&kept);
    }

    /// Puts the members of another object over those of the same name.
    ///
    /// # Example
    /// ```
    /// use posthog_booking_tracker::event::json::Object;
    /// let mut object = Object::read(r#"{"a":1,"b":2}"#).unwrap_or_default();
    /// object.merge(&Object::read(r#"{"b":3,"c":4}"#).unwrap_or_default());
    /// assert_eq!(object.text(), r#"{"a":1,"b":3,"c":4}"#);
    /// ```
    pub fn merge(&mut self, over: &Self) {
        if self.is_empty() {
            self.clone_from(over);
        } else if !over.is_empty() {
            *self = layered(&[self, over], &|_| true);
        }
    }

    fn set_raw(&mut self, name: &str, raw: &str) {
        let name = quoted(name);
        let Some(known) = self.members().position(|(other, _)| other.raw() == name) else {
            return self.push(&name, raw);
        };
        let mut members: Vec<_> = self.members().collect();
        members[known].1 = Value::of_writer(raw);
        *self = joined(&members);
    }

    /// Adds a member behind all others; there is none of this name.
    fn push(&mut self, name: &str, value: &str) {
        self.text.pop();
        if !self.is_empty() {
            self.text.push_str(",");
        }
        let start = self.text.len();
        let colon = start + name.len();
        for part in [name, ":", value] {
            self.text.push_str(part);
        }
        self.places.push(Place { name: start, colon, end: self.text.len() });
        self.text.push_str("}");
    }
}

/// The object with the members of all layers, of which each lies over those before it, as far as `keep` says of their names.
#[must_use]
pub fn layered(layers: &[&Object], keep: &dyn Fn(Value<'_>) -> bool) -> Object {
    let mut members: Vec<(Value<'_>, Value<'_>)> = Vec::new();
    for layer in layers {
        let below = members.len();
        for (name, value) in layer.members().filter(|(name, _)| keep(*name)) {
            let known = members[..below].iter_mut().find(|(other, _)| *other == name);
            match known {
                Some((_, known)) => *known = value,
                None => members.push((name, value)),
            }
        }
    }
    joined(&members)
}

/// The members of an object that is kept, in their order: name and value.
#[derive(Debug, Clone)]
pub struct ObjectMembers<'a> {
    text: &'a str,
    places: core::slice::Iter<'a, Place>,
}

impl<'a> Iterator for ObjectMembers<'a> {
    type Item = (Value<'a>, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let Place { name, colon, end } = *self.places.next()?;
        Some((Value::of_writer(&self.text[name..colon]), Value::of_writer(&self.text[colon + 1..end])))
    }
}

/// The object of these members.
fn joined(members: &[(Value<'_>, Value<'_>)]) -> Object {
    let mut object = Object::default();
    for (name, value) in members {
        object.push(name.raw(), value.raw());
    }
    object
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test states its expectations by failing")]

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn object(members: &[(String, i64)]) -> Object {
        let mut object = Object::default();
        for (name, number) in members {
            object.set_integer(name, *number);
        }
        object
    }

    fn map(object: &Object) -> serde_json::Map<String, serde_json::Value> {
        serde_json::from_str(object.text()).unwrap()
    }

    proptest! {
        #[test]
        fn prop_it_does_what_a_map_does(
            under in vec((".{0,3}", any::<i64>()), 0..6),
            over in vec((".{0,3}", any::<i64>()), 0..6),
            removed in ".{0,3}",
        ) {
            let mut expected = map(&object(&under));
            let mut merged = object(&under);
            merged.merge(&object(&over));
            expected.extend(map(&object(&over)));
            prop_assert_eq!(map(&merged), expected.clone());
            merged.remove(&removed);
            expected.remove(&removed);
            prop_assert_eq!(map(&merged), expected.clone());
            for (name, value) in &expected {
                prop_assert_eq!(merged.get(name).and_then(Value::integer), value.as_i64());
            }
            prop_assert_eq!(Object::read(merged.text()), Some(merged));
        }
    }
}
