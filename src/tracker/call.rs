//! What a page calls, as values.

use crate::event::CaptureOptions;
use crate::event::json::Object;
use crate::person::IdentityBootstrap;

/// A call that changes something. What the page has passed that is not what the method takes is `None` or empty here.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// Captures an event.
    Capture(Box<Capture>),
    /// Names the visitor.
    Identify {
        /// Its id; `None`, where the page has passed no text.
        distinct_id: Option<String>,
        /// Properties of the person that are set.
        set: Option<Object>,
        /// Properties of the person that are set where they have no value.
        set_once: Option<Object>,
    },
    /// Says that two ids are one person's.
    Alias {
        /// The one; `None`, where the page has passed no text.
        alias: Option<String>,
        /// The other: the visitor's present one, where the page names none.
        original: Original,
    },
    /// Sets properties of the person.
    SetPersonProperties {
        /// Those that are set.
        set: Option<Object>,
        /// Those that are set where they have no value.
        set_once: Option<Object>,
        /// The names of those that are removed.
        unset: Vec<String>,
    },
    /// Has PostHog keep a profile of the visitor.
    CreatePersonProfile,
    /// Puts the visitor into a group, or says something of one.
    Group {
        /// What the page has called, for those who want to know what was wrong with it.
        is_join: bool,
        /// Type and key of the group; `None`, where the page has passed none.
        group: Option<(String, GroupKey)>,
        /// Properties of the group.
        properties: Option<Object>,
    },
    /// Takes the visitor out of every group.
    ResetGroups,
    /// Puts properties on every event from now on.
    Register(Object),
    /// The same, but leaves alone what has a value already.
    RegisterOnce(Object),
    /// Takes a property off again.
    Unregister(String),
    /// Puts properties on every event of this tab until the session ends.
    RegisterForSession(Object),
    /// Somebody else uses the page from now on.
    Reset {
        /// Whether what waits is given up.
        is_purge: bool,
        /// Whether the browser counts as another one.
        is_new_device: bool,
        /// Who the next visitor is.
        bootstrap: IdentityBootstrap,
        /// Whether the page names somebody whom PostHog does not take.
        is_illegal: bool,
    },
    /// The page is about this team from now on; about none, where it is empty. `None`, where the page has passed no id.
    SetTeam(Option<String>),
    /// Adds to what persons' flags are evaluated by.
    SetPersonPropertiesForFlags(Object),
    /// Forgets what was added.
    ResetPersonPropertiesForFlags,
    /// Adds to what groups' flags are evaluated by: properties by types.
    SetGroupPropertiesForFlags(Object),
    /// Forgets what was added for groups of a type, or of every type.
    ResetGroupPropertiesForFlags(Option<String>),
    /// The visitor meets a flag.
    MeetFlag(String),
    /// The visitor agrees to be tracked, or does not.
    Answer {
        /// Whether it agrees.
        is_granted: bool,
    },
    /// Says more on the console, or less.
    Debug(bool),
}

/// An event that a page captures.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Capture {
    /// What it is called; `None`, where the page has passed no text.
    pub name: Option<String>,
    /// What the page says of it, cleaned.
    pub properties: Object,
    /// How it differs from others.
    pub options: CaptureOptions,
    /// The uuid that the page has given it, where PostHog takes that.
    pub uuid: Option<String>,
    /// What it does to the attempt at a booking.
    pub step: Step,
    /// Whether the page names somebody whom the event is about and whom PostHog does not take.
    pub is_about_nobody: bool,
}

/// What an event does to the attempt at a booking.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Step {
    /// It has nothing to do with one.
    #[default]
    None,
    /// It begins one.
    Begins,
    /// It belongs to the one that goes on.
    Joins,
}

/// The other id of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Original {
    /// The visitor's present one.
    Present,
    /// This one.
    Id(String),
    /// The page has passed something that is no text.
    Invalid,
}

/// The key of a group: a text, or the text of a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupKey(pub String);
