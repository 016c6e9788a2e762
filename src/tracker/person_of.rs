//! Whom an entry of the journal is about: the stored identity of its visitor, followed through what its page has said since.

use crate::event::json::{Object, Value};
use crate::event::{id_text, is_legal_distinct_id};
use crate::person::{Identity, IdentityBootstrap};

/// Who an event is about, where that is settled before it is made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// The id of the person.
    pub distinct_id: String,
    /// What stands for the browser.
    pub device_id: String,
    /// Whether the person is known.
    pub is_identified: bool,
}

impl Person {
    /// Reads whom an entry is about: `visitor` is the stored identity, `said` the calls by which its page has changed it since, a JSON
    /// array of arrays of name, argument and uuid. `None`, where somebody has damaged the identity.
    ///
    /// # Example
    /// ```
    /// use posthog_booking_tracker::tracker::Person;
    /// let visitor = r#"{"distinct_id":"d","device_id":"d","identified":false}"#;
    /// let person = Person::read(visitor, r#"[["identify","ada","u-1"]]"#).unwrap_or_default();
    /// assert_eq!((person.distinct_id.as_str(), person.is_identified), ("ada", true));
    /// ```
    #[must_use]
    pub fn read(visitor: &str, said: &str) -> Option<Self> {
        let mut identity = Identity::read(visitor)?;
        for call in Value::read(said).unwrap_or_default().items() {
            let parts: Vec<Value<'_>> = call.items().collect();
            if let [name, given, uuid] = parts[..] {
                identity = follow(identity, &name.text().unwrap_or_default(), given, &uuid.text().unwrap_or_default());
            }
        }
        let Identity { distinct_id, device_id, is_identified, .. } = identity;
        Some(Self { distinct_id, device_id, is_identified })
    }

    /// What is stored of it as the visitor of an entry.
    #[must_use]
    pub fn visitor(&self) -> String {
        let identity = Identity {
            distinct_id: self.distinct_id.clone(),
            device_id: self.device_id.clone(),
            is_identified: self.is_identified,
            ..Identity::default()
        };
        identity.text()
    }
}

fn follow(identity: Identity, name: &str, given: Value<'_>, uuid: &str) -> Identity {
    if name == "identify" {
        // A bootstrap, which is no call and has no uuid, leaves a known person who it is.
        let id = id_text(given).filter(|id| is_legal_distinct_id(id) && (!uuid.is_empty() || !identity.is_identified));
        return id.map_or_else(|| identity.clone(), |id| identity.named(&id));
    }
    let options = Object::of(given).unwrap_or_default();
    let bootstrap = bootstrap_of(&options);
    let fresh = Identity::begun(&bootstrap, uuid.to_owned());
    let is_new_device = options.get("newDevice").and_then(Value::boolean) == Some(true);
    if is_new_device { fresh } else { Identity { device_id: identity.device_id, ..fresh } }
}

/// Who the next visitor is, as the options of `reset` say.
pub(crate) fn bootstrap_of(options: &Object) -> IdentityBootstrap {
    let given = options.get("bootstrap").and_then(Object::of).unwrap_or_default();
    let text = |name| given.get(name).and_then(Value::text).map(std::borrow::Cow::into_owned);
    IdentityBootstrap {
        distinct_id: given.get("distinctId").and_then(id_text).filter(|id| is_legal_distinct_id(id)),
        is_identified: given.get("isIdentified").and_then(Value::boolean) == Some(true),
        session_id: text("sessionId"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VISITOR: &str = r#"{"distinct_id":"d","device_id":"d","identified":false}"#;

    fn read(said: &str) -> (String, String, bool) {
        let person = Person::read(VISITOR, said).unwrap_or_default();
        (person.distinct_id, person.device_id, person.is_identified)
    }

    #[test]
    fn what_a_page_has_said_is_followed_in_its_order() {
        let cases = [
            ("[]", ("d", "d", false)),
            (r#"[["identify","ada","u"]]"#, ("ada", "d", true)),
            (r#"[["identify","null","u"],["identify",true,"u"]]"#, ("d", "d", false)),
            (r#"[["identify",7,"u"]]"#, ("7", "d", true)),
            (r#"[["identify","ada","u"],["reset",null,"u-2"]]"#, ("u-2", "d", false)),
            (r#"[["reset",{"newDevice":true},"u-2"]]"#, ("u-2", "u-2", false)),
            (r#"[["reset",{"bootstrap":{"distinctId":"x","isIdentified":true}},"u-2"]]"#, ("x", "d", true)),
            (r#"[["identify","ada","u"],["identify","eve",""]]"#, ("ada", "d", true)),
            (r#"[["identify","eve",""]]"#, ("eve", "d", true)),
            ("{", ("d", "d", false)),
        ];
        for (said, (distinct_id, device_id, is_identified)) in cases {
            assert_eq!(read(said), (distinct_id.to_owned(), device_id.to_owned(), is_identified), "{said}");
        }
        assert_eq!(Person::read("{}", "[]"), None);
    }
}
