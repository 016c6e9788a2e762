//! Where the page is and where its visitor came from.

use wasm_bindgen::prelude::*;

use crate::engine::Page;

#[wasm_bindgen]
extern "C" {
    type Location;
    type Document;
    #[wasm_bindgen(thread_local_v2, js_name = location)]
    static LOCATION: Location;
    #[wasm_bindgen(thread_local_v2, js_name = document)]
    static DOCUMENT: Document;
    #[wasm_bindgen(method, getter)]
    fn href(this: &Location) -> String;
    #[wasm_bindgen(method, getter)]
    fn referrer(this: &Document) -> String;
}

/// The page's address and referrer, whole: the engine reduces them before it stores anything.
pub(crate) fn page() -> Page {
    Page { url: LOCATION.with(Location::href), referrer: DOCUMENT.with(Document::referrer) }
}
