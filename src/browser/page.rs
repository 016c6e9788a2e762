//! Where the page is and where its visitor came from.

use crate::engine::Page;

/// The page's address and referrer, whole: the engine reduces them before it stores anything.
pub(crate) fn page() -> Page {
    let Some(window) = web_sys::window() else {
        return Page::default();
    };
    Page {
        url: window.location().href().unwrap_or_default(),
        referrer: window.document().map(|document| document.referrer()).unwrap_or_default(),
    }
}
