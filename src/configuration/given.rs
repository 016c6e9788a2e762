//! The options as a page has passed them: of each, as much as a check looks at. The edge reads them (`src/browser/page_options.rs`).

use crate::event::json::Object;

/// What a page passes for an option.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    /// Nothing.
    Absent,
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// A function.
    Function,
    /// An array of this many functions.
    Functions(u32),
    /// Another array.
    Array,
    /// An object that is neither an array nor a function.
    Object,
    /// A value that no option takes, a symbol for example.
    Other,
    /// Reading it throws.
    Unreadable,
}

/// A URL, taken apart as the URL standard does it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Url {
    /// The whole of it.
    pub href: String,
    /// With a colon at the end.
    pub protocol: String,
    /// Protocol, host and port.
    pub origin: String,
    /// The path.
    pub pathname: String,
}

/// The two arguments of a constructor, as an edge reads them.
pub trait GivenOptions {
    /// The project key.
    fn api_key(&self) -> Given;

    /// The names of the options; `None`, where what is passed cannot hold options.
    fn names(&self) -> Option<Vec<String>>;

    /// An option. Each is read once.
    fn option(&mut self, name: &'static str) -> Given;

    /// An option that was read, as the text of an id: empty for none, `None` for what is no id.
    fn text_of_id(&self, name: &'static str) -> Option<String>;

    /// A member of an option that was read as [`Given::Object`].
    fn member(&self, name: &'static str, member: &str) -> Given;

    /// A copy of an option that was read as [`Given::Object`].
    fn object(&self, name: &'static str) -> Object;

    /// A URL, relative to that of the page where `is_relative`; `None`, where it is none.
    fn url(&self, text: &str, is_relative: bool) -> Option<Url>;
}
