//! The page on which a person edits a look-alike's records: one file, no build step, no outside resource.

pub(super) const HTML: &str = include_str!("page.html");
