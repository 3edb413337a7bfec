//! The page on which a person edits a look-alike's records and switches its faults: plain files inside the binary, no build step, nothing from outside.

use axum::response::Response;
use serde::Serialize;

use super::call::Reply;

/// Browsers refuse whatever is not of this page.
const OWN_ONLY: &str = "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Name, content type and text of each file.
const FILES: [(&str, &str, &str); 7] = [
    ("index.html", "text/html; charset=utf-8", include_str!("page/index.html")),
    ("look.css", "text/css; charset=utf-8", include_str!("page/look.css")),
    ("ask.js", "text/javascript; charset=utf-8", include_str!("page/ask.js")),
    ("faults.js", "text/javascript; charset=utf-8", include_str!("page/faults.js")),
    ("page.js", "text/javascript; charset=utf-8", include_str!("page/page.js")),
    ("records.js", "text/javascript; charset=utf-8", include_str!("page/records.js")),
    ("values.js", "text/javascript; charset=utf-8", include_str!("page/values.js")),
];

/// Whose page it is, and where those of the others are.
#[derive(Clone, Debug, Serialize)]
pub(super) struct About {
    pub system: &'static str,
    pub vendor: &'static str,
    pub places: Vec<Neighbour>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Neighbour {
    pub system: &'static str,
    pub page: String,
}

/// One of the page's files.
pub(super) fn file(name: &str) -> Response {
    match FILES.iter().find(|(known, ..)| *known == name) {
        Some((_, kind, text)) => Reply::text(200, kind, *text)
            .with("content-security-policy", OWN_ONLY)
            .with("cache-control", "no-cache")
            .with("x-content-type-options", "nosniff")
            .into(),
        None => Reply::text(404, "text/plain", format!("The sandbox has no page {name}; the first one is /_sandbox/.")).into(),
    }
}

#[cfg(test)]
mod tests;
