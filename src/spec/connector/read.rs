//! `list`, `get`, `find`: reading records.

#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

use super::outcome::Outcomes;
use super::page::{FieldsPerCall, Page};
use super::request::Request;
use crate::spec::entries::{OneOrMany, Tree};
use crate::spec::slot::{DurationSlot, Expression, Name, Spanned, TextSlot};

/// A read of records, page by page.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Read {
    /// The records of an answer: a list; null is none. One of `records` and `record` is required. Example: `body.value`.
    #[serde(default)]
    pub records: Option<Expression>,
    /// The one record of an answer; null in `get` is "gone, or never was". Example: `body.data`.
    #[serde(default)]
    pub record: Option<Expression>,
    /// How the read goes on. Default: one page.
    #[serde(default)]
    pub page: Option<Page>,
    /// The order asked for: `key` or `time, key`. Makes a cut read resumable. Default: none.
    #[serde(default)]
    pub sorted_by: Option<Name>,
    /// The time it is sorted by. Default: the object's `time`. Example: `record.SystemModstamp`.
    #[serde(default)]
    pub sort_time: Option<Expression>,
    /// What `after.key` is at first. Required where `after.key` is used. Example: `"0"`.
    #[serde(default)]
    pub first_key: Option<TextSlot>,
    /// Long lists of fields go in several calls. Default: one call.
    #[serde(default)]
    pub fields_per_call: Option<FieldsPerCall>,
    /// Says of a record that it tells of a delete. Default: none does.
    #[serde(default)]
    pub tombstone: Option<Expression>,
    /// Which records to use, where the vendor cannot filter. Default: all.
    #[serde(default)]
    pub keep: Option<Expression>,
    /// The record key, where it differs from the object's (reads of keys alone). Default: the object's `key`.
    #[serde(default)]
    pub key: Option<Expression>,
    /// When it happened, where that differs from the object's (feeds of deletes). Default: the object's `time`.
    #[serde(default)]
    pub time: Option<Expression>,
    /// The request.
    #[serde(default, rename = "*")]
    #[cfg_attr(test, schemars(flatten))]
    pub request: Request,
}

/// `get`: records by their keys.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Get {
    /// How many keys one call takes, seen as `keys`. Default: one, seen as `key`.
    #[serde(default)]
    pub batch: Option<Spanned<u32>>,
    /// What is sent for each key, seen together as `items`. Default: nothing.
    #[serde(default)]
    pub item: Option<Tree>,
    /// Where the answer says what became of each. Default: the object's `outcomes`, if `item` is given.
    #[serde(default)]
    pub outcomes: Option<Outcomes>,
    /// The read.
    #[serde(default, rename = "*")]
    #[cfg_attr(test, schemars(flatten))]
    pub read: Read,
}

/// `find`: records by one field's value, seen as `match.field` and `match.value`. Of two hits none is chosen.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Find {
    /// Which fields can be looked up: `any_field`, `unique`, or names. Required. Example: `[external_key, email]`.
    pub by: OneOrMany<Name>,
    /// How late a new record is found. Default: `0s`.
    #[serde(default)]
    pub lag: Option<DurationSlot>,
    /// The read.
    #[serde(default, rename = "*")]
    #[cfg_attr(test, schemars(flatten))]
    pub read: Read,
}
