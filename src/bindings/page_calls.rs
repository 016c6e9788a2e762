//! What a page calls, by the names and with the arguments that it knows (`js/src/booking-tracker.ts`).

use wasm_bindgen::prelude::*;

use super::Engine;
use super::read_out::CapturedEvent;
use crate::browser::value::{id_of, is_given, member, object_of, plain_text, texts_of, time_of};
use crate::event::json::Object;
use crate::event::{CaptureOptions, clean, is_legal_distinct_id, is_uuid};
use crate::person::IdentityBootstrap;
use crate::tracker::{Call, Capture, GroupKey, Original, Step, Warning};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("page_calls.d.ts");

#[wasm_bindgen]
impl Engine {
    /// Somebody has asked for a booking; begins an attempt.
    #[wasm_bindgen(js_name = trackBookingStarted, unchecked_return_type = "CapturedEvent | undefined")]
    pub fn track_booking_started(&self, properties: &JsValue) -> JsValue {
        self.track("booking_started", properties, Step::Begins)
    }

    /// The booking exists.
    #[wasm_bindgen(js_name = trackBookingCompleted, unchecked_return_type = "CapturedEvent | undefined")]
    pub fn track_booking_completed(&self, properties: &JsValue) -> JsValue {
        self.track("booking_completed", properties, Step::Joins)
    }

    /// The booking could not be made.
    #[wasm_bindgen(js_name = trackBookingFailed, unchecked_return_type = "CapturedEvent | undefined")]
    pub fn track_booking_failed(&self, properties: &JsValue) -> JsValue {
        self.track("booking_failed", properties, Step::Joins)
    }

    /// Any other event.
    #[wasm_bindgen(unchecked_return_type = "CapturedEvent | undefined")]
    pub fn capture(&self, event: &JsValue, properties: &JsValue, options: &JsValue) -> JsValue {
        let capture = Capture { name: event.as_string(), properties: cleaned(properties), ..Capture::default() };
        // Most calls have no options, and to ask nothing for its members would throw, which is slow.
        self.make_capture(if options.is_object() { self.with_options(capture, options) } else { capture })
    }

    /// The page knows who its visitor is.
    pub fn identify(&self, distinct_id: &JsValue, set: &JsValue, set_once: &JsValue) {
        self.make(Call::Identify {
            distinct_id: self.id_given(distinct_id),
            set: object(set),
            set_once: object(set_once),
        });
    }

    /// Two ids are one person.
    pub fn alias(&self, alias: &JsValue, original: &JsValue) {
        let of = match self.id_given(original) {
            Some(id) => Original::Id(id),
            None if original.is_undefined() || original.is_null() => Original::Present,
            None => Original::Invalid,
        };
        self.make(Call::Alias { alias: self.id_given(alias), original: of });
    }

    /// Sets properties of the person.
    #[wasm_bindgen(js_name = setPersonProperties)]
    pub fn set_person_properties(&self, set: &JsValue, set_once: &JsValue, unset: &JsValue) {
        self.make(Call::SetPersonProperties { set: object(set), set_once: object(set_once), unset: texts_of(unset) });
    }

    /// PostHog keeps a profile of this visitor.
    #[wasm_bindgen(js_name = createPersonProfile)]
    pub fn create_person_profile(&self) {
        self.make(Call::CreatePersonProfile);
    }

    /// The visitor belongs to this group.
    pub fn group(&self, kind: &JsValue, key: &JsValue, properties: &JsValue) {
        self.make(Call::Group { is_join: true, group: group_of(kind, key), properties: group_properties(properties) });
    }

    /// Sets properties of a group.
    #[wasm_bindgen(js_name = groupIdentify)]
    pub fn group_identify(&self, kind: &JsValue, key: &JsValue, properties: &JsValue) {
        self.make(Call::Group { is_join: false, group: group_of(kind, key), properties: group_properties(properties) });
    }

    /// The visitor belongs to no group any more.
    #[wasm_bindgen(js_name = resetGroups)]
    pub fn reset_groups(&self) {
        self.make(Call::ResetGroups);
    }

    /// Puts properties on every event.
    pub fn register(&self, properties: &JsValue) {
        self.make(Call::Register(cleaned(properties)));
    }

    /// The same, but leaves alone what has a value.
    #[wasm_bindgen(js_name = registerOnce)]
    pub fn register_once(&self, properties: &JsValue) {
        self.make(Call::RegisterOnce(cleaned(properties)));
    }

    /// Takes a property off again.
    pub fn unregister(&self, name: &JsValue) {
        self.make(Call::Unregister(plain_text(name)));
    }

    /// Puts properties on every event of this tab until the session ends.
    #[wasm_bindgen(js_name = registerForSession)]
    pub fn register_for_session(&self, properties: &JsValue) {
        self.make(Call::RegisterForSession(cleaned(properties)));
    }

    /// Somebody else uses the page from now on.
    pub fn reset(&self, options: &JsValue) {
        let bootstrap = member(options, "bootstrap");
        let mut identity = IdentityBootstrap::read(&object_of(&bootstrap));
        let given = member(&bootstrap, "distinctId");
        let is_legal = self.id_given(&given).is_some_and(|id| is_legal_distinct_id(&id));
        let is_illegal = !given.is_undefined() && !is_legal;
        if is_illegal {
            (identity.distinct_id, identity.is_identified) = (None, false);
        }
        self.make(Call::Reset {
            is_purge: is_given(&member(options, "purge")),
            is_new_device: is_given(&member(options, "newDevice")),
            bootstrap: identity,
            is_illegal,
        });
    }

    /// The page is about this team from now on.
    #[wasm_bindgen(js_name = setTeam)]
    pub fn set_team(&self, team: &JsValue) {
        self.make(Call::SetTeam(id_of(team)));
    }

    /// Evaluates flags by these properties of the person.
    #[wasm_bindgen(js_name = setPersonPropertiesForFlags)]
    pub fn set_person_properties_for_flags(&self, properties: &JsValue) {
        if let Some(properties) = object(properties) {
            self.make(Call::SetPersonPropertiesForFlags(properties));
        }
    }

    /// Evaluates flags by what PostHog knows of the person alone.
    #[wasm_bindgen(js_name = resetPersonPropertiesForFlags)]
    pub fn reset_person_properties_for_flags(&self) {
        self.make(Call::ResetPersonPropertiesForFlags);
    }

    /// Evaluates flags by these properties of groups.
    #[wasm_bindgen(js_name = setGroupPropertiesForFlags)]
    pub fn set_group_properties_for_flags(&self, groups: &JsValue) {
        self.make(Call::SetGroupPropertiesForFlags(object_of(groups)));
    }

    /// Evaluates flags by what PostHog knows of the groups alone.
    #[wasm_bindgen(js_name = resetGroupPropertiesForFlags)]
    pub fn reset_group_properties_for_flags(&self, kind: &JsValue) {
        let kind = (!kind.is_undefined()).then(|| plain_text(kind));
        self.make(Call::ResetGroupPropertiesForFlags(kind));
    }

    /// The visitor agrees to be tracked.
    #[wasm_bindgen(js_name = optIn)]
    pub fn opt_in(&self) {
        self.make(Call::Answer { is_granted: true });
    }

    /// The visitor does not want to be tracked.
    #[wasm_bindgen(js_name = optOut)]
    pub fn opt_out(&self) {
        self.make(Call::Answer { is_granted: false });
    }

    /// Logs what is dropped and why, from now on; not any more, with `false`.
    pub fn debug(&self, is_on: &JsValue) {
        self.make(Call::Debug(is_on.as_bool() != Some(false)));
    }

    fn track(&self, name: &str, properties: &JsValue, step: Step) -> JsValue {
        self.make_capture(Capture {
            name: Some(name.to_owned()),
            properties: cleaned(properties),
            step,
            ..Capture::default()
        })
    }

    fn make_capture(&self, capture: Capture) -> JsValue {
        let captured = self.driver.call(Call::Capture(Box::new(capture)), self.given.take());
        captured.map(CapturedEvent::out).unwrap_or_default()
    }

    /// The capture with the options that the page has passed.
    fn with_options(&self, capture: Capture, options: &JsValue) -> Capture {
        let distinct_id = member(options, "distinctId");
        let legal_id = self.id_given(&distinct_id).filter(|id| is_legal_distinct_id(id));
        let given = |name: &str| Some(member(options, name)).filter(is_given).map(|object| cleaned(&object));
        Capture {
            is_about_nobody: !distinct_id.is_undefined() && legal_id.is_none(),
            options: CaptureOptions {
                timestamp: time_of(&member(options, "timestamp")),
                distinct_id: legal_id,
                set: given("$set"),
                set_once: given("$setOnce"),
                groups: given("groups").unwrap_or_default(),
                disable_geoip: is_given(&member(options, "disableGeoip")),
                send_instantly: member(options, "sendInstantly").as_bool() == Some(true),
            },
            uuid: member(options, "uuid").as_string().filter(|uuid| is_uuid(uuid)),
            ..capture
        }
    }

    /// The id of a person that the page has passed. A number is taken as its text, with a warning: PostHog's ids are texts.
    fn id_given(&self, id: &JsValue) -> Option<String> {
        if id.as_f64().is_some() {
            let _ = self.driver.with(|tracker, _| tracker.warn_once(Warning::NumberAsId));
            return Some(plain_text(id));
        }
        id.as_string()
    }

    pub(super) fn make(&self, call: Call) {
        self.driver.call(call, self.given.take());
    }
}

/// What a page says of an event or a person, cleaned.
fn cleaned(value: &JsValue) -> Object {
    let mut object = object_of(value);
    clean(&mut object);
    object
}

/// The same; `None`, where the page has passed nothing.
fn object(value: &JsValue) -> Option<Object> {
    (!value.is_undefined() && !value.is_null()).then(|| cleaned(value))
}

/// What a page says of a group; `None`, where it has passed nothing.
fn group_properties(value: &JsValue) -> Option<Object> {
    (!value.is_undefined() && !value.is_null()).then(|| object_of(value))
}

/// Type and key of a group; `None`, where the page has passed none.
fn group_of(kind: &JsValue, key: &JsValue) -> Option<(String, GroupKey)> {
    let kind = kind.as_string().filter(|kind| !kind.is_empty())?;
    let key = if key.is_bigint() { None } else { id_of(key) }.filter(|key| !key.is_empty())?;
    Some((kind, GroupKey(key)))
}
