//! `page`: how one read goes on.

#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

use crate::spec::slot::{Expression, Spanned};

/// How a read is cut into pages. With `sorted_by` and neither `next` nor `next_url`, the read goes on after the last record.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// Records asked for, seen as `page.size`. Default: the vendor's.
    #[serde(default)]
    pub size: Option<Spanned<u32>>,
    /// The first `page.token`: 0 or 1 for offsets and page numbers. Default: none.
    #[serde(default)]
    pub first: Option<Spanned<u64>>,
    /// The next page token; null ends. The same token twice is an error. Example: `body.paging.next.after`.
    #[serde(default)]
    pub next: Option<Expression>,
    /// The URL of the next page, followed byte for byte inside `hosts`; null ends. Example: `body.nextRecordsUrl`.
    #[serde(default)]
    pub next_url: Option<Expression>,
    /// What one query can give at most: then the read starts again after the last record, else the window is halved. Default: no end.
    #[serde(default)]
    pub cap: Option<Spanned<u32>>,
}

/// Long lists of fields go in several calls, joined by key. One of the two is given.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, schemars(extend("minProperties" = 1, "maxProperties" = 1)))]
pub struct FieldsPerCall {
    /// Most characters of all names together. Example: `12000`.
    #[serde(default)]
    pub characters: Option<Spanned<u32>>,
    /// Most names.
    #[serde(default)]
    pub count: Option<Spanned<u32>>,
}
